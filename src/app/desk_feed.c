#include "app/desk_feed.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/log.h"
#include "base/utc.h"
#include "mtasts/policy.h"
#include "net/handover.h"
#include "service/demo_data.h"
#include "service/publish.h"
#include "store/settings.h"

#define TRIES 300
#define TRY_PAUSE_MS 100
#define ANSWER_MS 20000
#define HEAD_MAX 1024
#define CLAIM_LENGTH 8u
#define TAG_LENGTH 20u
#define DONE_MARK "demo.reports"

struct feed {
	struct desk *d;
	int64_t now;
	pthread_t thread;
	atomic_bool stop, done;
	int quit; /* eventfd: readable once stop is set, for whoever waits */
	struct arena *arena;
	size_t sent;
};

static enum err add_past(struct feed *f, int64_t domain, const struct demo_domain *dd,
                         const struct demo_policy *dp)
{
	struct slice mx[16];
	struct policy p = { .max_age = dp->max_age, .mx = mx };
	struct policies_saved saved = { 0 };
	struct db *db = f->d->db;
	int64_t at = f->now - (int64_t)dp->days_ago * UTC_DAY;
	enum err e = policy_mode_parse(slice_str(dp->mode), &p.mode);

	while (p.mx_count < ARRAY_LEN(mx) && dd->mx[p.mx_count] != NULL) {
		mx[p.mx_count] = slice_str(dd->mx[p.mx_count]);
		p.mx_count++;
	}
	if (e == OK)
		e = policies_save(db, domain, POLICIES_SAVE, &p, at, f->arena, &saved);
	if (e == OK)
		e = policies_mark_offered(db, saved.newest.id, 0, at);
	if (e == OK)
		e = policies_mark_served(db, saved.newest.id, at + 1);
	if (e == OK)
		e = policies_mark_fetched(db, saved.newest.id, at + 1);
	if (e == OK)
		e = policies_mark_announced(db, saved.newest.id, at + 2);
	return e == OK ? policies_mark_seen(db, saved.newest.id, at + 2, (int64_t)f->d->set.ttl)
	               : e;
}

static enum err add_domain(struct feed *f, const struct demo_domain *dd)
{
	const struct demo_policy *last = &dd->policies[dd->policy_count - 1];
	char claim[CLAIM_LENGTH + 1], tag[TAG_LENGTH + 1];
	struct domain row = { .tenant = TENANT_ONLY,
		              .name = dd->name,
		              .stage = strcmp(last->mode, "enforce") == 0 ? STAGE_ENFORCE
		                                                          : STAGE_TESTING,
		              .profile = f->d->set.profile,
		              .rua = "",
		              .tag = tag,
		              .tag_before = "",
		              .claim = claim,
		              .hosted = true };
	int64_t id;

	enc_random_label(claim, CLAIM_LENGTH);
	enc_random_label(tag, TAG_LENGTH);
	enum err e = domains_add(f->d->db, &row,
	                         f->now - (int64_t)dd->policies[0].days_ago * UTC_DAY, &id);
	for (size_t i = 0; e == OK && i < dd->policy_count; i++)
		e = add_past(f, id, dd, &dd->policies[i]);
	return e;
}

static enum err add_domains(struct feed *f)
{
	enum err e = db_begin(f->d->db);

	if (e != OK)
		return e;
	for (size_t i = 0; e == OK && i < demo_domain_count; i++)
		e = add_domain(f, &demo_domains[i]);
	return db_end(f->d->db, e);
}

/* Once in the life of a state, so that a domain somebody removed stays away. */
static bool is_marked(struct feed *f, const char *mark)
{
	struct slice value;

	return settings_get(f->d->db, mark, f->arena, &value) == OK;
}

static enum err prepare(struct feed *f)
{
	int64_t seq;
	enum err e = OK;

	desk_lock(f->d);
	if (!is_marked(f, "demo.domains")) {
		e = add_domains(f);
		if (e == OK)
			e = settings_set(f->d->db, "demo.domains", S("1"));
	}
	if (e == OK)
		e = publish_all(f->d, f->now, &seq);
	desk_unlock(f->d);
	return e;
}

/* Until the descriptor is ready; false: the time is over, or the feed is to end. */
static bool await(const struct feed *f, int fd, short events)
{
	struct pollfd p[] = { { .fd = fd, .events = events }, { .fd = f->quit, .events = POLLIN } };

	return poll(p, ARRAY_LEN(p), ANSWER_MS) > 0 && p[1].revents == 0;
}

static bool write_all(const struct feed *f, int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		if (!await(f, fd, POLLOUT))
			return false;
		ssize_t n = send(fd, bytes.p, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			return false;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return true;
}

/* The start of the answer; 0: none came in time. */
static size_t read_some(const struct feed *f, int fd, char *out, size_t size)
{
	ssize_t n = await(f, fd, POLLIN) ? recv(fd, out, size, 0) : 0;

	return n < 0 ? 0 : (size_t)n;
}

static const char *tag_of(struct feed *f, const char *name)
{
	struct domain d = { .tag = "" };
	enum err e;

	desk_lock(f->d);
	e = domains_by_name(f->d->db, TENANT_ONLY, slice_str(name), f->arena, &d);
	desk_unlock(f->d);
	return e == OK ? d.tag : "";
}

static bool post(struct feed *f, int fd, const struct demo_report *report)
{
	char head[HEAD_MAX], answer[64];
	int n = snprintf(
	        head, sizeof(head),
	        "POST /v1/report/%s HTTP/1.1\r\nHost: %s\r\nContent-Type: "
	        "application/tlsrpt+%s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
	        tag_of(f, report->domain->name), f->d->set.report_host,
	        report->gzip ? "gzip" : "json", report->bytes.len);

	return n > 0 && (size_t)n < sizeof(head) && write_all(f, fd, slice_of(head, (size_t)n)) &&
	       write_all(f, fd, report->bytes) && read_some(f, fd, answer, sizeof(answer)) > 12 &&
	       answer[9] != '5' && memcmp(answer + 9, "429", 3) != 0;
}

/* A mail comes as a file, as the command line passes it. */
static bool ingest(const struct feed *f, int fd, struct slice mail)
{
	static char op[] = "{\"op\":\"ingest\"}\n";
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec io = { op, sizeof(op) - 1 };
	struct msghdr msg = { .msg_iov = &io,
		              .msg_iovlen = 1,
		              .msg_control = control.bytes,
		              .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int file = memfd_create("mail", MFD_CLOEXEC);
	char answer[512];
	bool good = file >= 0 && write(file, mail.p, mail.len) == (ssize_t)mail.len &&
	            lseek(file, 0, SEEK_SET) == 0;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(file));
	memcpy(CMSG_DATA(c), &file, sizeof(file));
	good = good && sendmsg(fd, &msg, MSG_NOSIGNAL) > 0 && shutdown(fd, SHUT_WR) == 0;
	size_t n = good ? read_some(f, fd, answer, sizeof(answer)) : 0;
	if (file >= 0)
		(void)close(file); /* memory only */
	return n > 0 && slice_find_slice(slice_of(answer, n), S("\"again\"")) == SIZE_MAX;
}

static bool send_one(struct feed *f, const struct demo_report *report)
{
	struct hand h = { .duty = report->form == DEMO_MAIL ? HAND_INGEST : HAND_POST };
	bool good = false;
	int ends[2];

	(void)snprintf(h.sni, sizeof(h.sni), "%s", f->d->set.report_host); /* a name fits */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	if (hand_send(f->d->hand_intake, &h, ends[1]) == OK) {
		(void)close(ends[1]); /* intake has its own copy */
		ends[1] = -1;
		good = report->form == DEMO_MAIL ? ingest(f, ends[0], report->bytes)
		                                 : post(f, ends[0], report);
	}
	if (ends[1] >= 0)
		(void)close(ends[1]); /* nothing was written */
	(void)close(ends[0]);
	return good;
}

/* intake may be starting, or busy: the same bytes again add nothing. */
static enum err on_report(void *arg, const struct demo_report *report)
{
	struct feed *f = arg;

	for (int i = 0; i < TRIES && !f->stop; i++) {
		if (send_one(f, report)) {
			f->sent++;
			arena_reset(f->arena);
			return OK;
		}
		struct pollfd quit = { .fd = f->quit, .events = POLLIN };
		(void)poll(&quit, 1, TRY_PAUSE_MS); /* only passes time */
	}
	return ERR_UNAVAILABLE;
}

static void *run(void *arg)
{
	struct feed *f = arg;
	char to[512];

	(void)snprintf(to, sizeof(to), "r-%s@%s", tag_of(f, demo_domains[0].name),
	               f->d->set.report_host); /* a tag and a name fit */
	enum err e = demo_reports(f->now, DEMO_SEED, slice_str(to), on_report, f);
	if (e == OK) {
		desk_lock(f->d);
		e = settings_set(f->d->db, DONE_MARK, S("1"));
		desk_unlock(f->d);
	}
	if (e == OK)
		log_info("demonstration fed", FN("reports", f->sent));
	else if (!f->stop)
		log_error("demonstration not fed", F("why", err_name(e)));
	f->done = true;
	return NULL;
}

static void release(struct feed *f)
{
	if (f->quit >= 0)
		(void)close(f->quit); /* nothing was written but the end */
	arena_free(f->arena);
	mem_free(f);
}

struct feed *feed_new(struct desk *d, int64_t now)
{
	struct feed *f = mem_alloc(sizeof(*f));
	bool fed;

	f->d = d;
	f->now = now;
	f->arena = arena_new();
	f->quit = eventfd(0, EFD_CLOEXEC);
	enum err e = f->quit < 0 ? ERR_IO : prepare(f);
	desk_lock(d);
	fed = is_marked(f, DONE_MARK);
	desk_unlock(d);
	if (e != OK)
		log_error("demonstration's domains not made", F("why", err_name(e)));
	if (e == OK && !fed && pthread_create(&f->thread, NULL, run, f) == 0)
		return f;
	release(f);
	return NULL;
}

bool feed_done(struct feed *f)
{
	return f->done;
}

void feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	f->stop = true;
	(void)eventfd_write(f->quit, 1);     /* its count is far from full */
	(void)pthread_join(f->thread, NULL); /* it ends because of stop */
	release(f);
}

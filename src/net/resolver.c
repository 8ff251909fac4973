#include "net/resolver.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/dns_answer.h"
#include "net/loop.h"

#define SILENT_MS 700u /* patience while nobody answers */
#define SYSTEM_ANCHOR "/usr/share/dns/root.key"

/*
 * One question.  The asker and the resolver's thread share it; whoever is last to let go frees
 * it, since an asker may give up before libunbound does.
 */
struct question {
	struct question *next; /* in the queue of new ones */
	struct resolver *r;
	char name[RESOLVER_NAME_SIZE + 1];
	enum dns_type type;
	unsigned holders;
	bool done;
	int rcode, sec;
	char *packet, *why; /* copies; NULL: none */
	size_t packet_len;
};

struct resolver {
	struct loop *loop;
	struct loop_watch wake;
	struct ub_ctx *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	int bell;
	bool stop;
	bool silent; /* the last question got no answer in time: the next ones wait less */
	struct question *fresh;
};

static void question_release(struct question *q) /* with the lock held */
{
	if (--q->holders > 0)
		return;
	mem_free(q->packet);
	mem_free(q->why);
	mem_free(q);
}

/* Called by libunbound in the resolver's thread; packet lives until it returns. */
static void on_answer(void *arg, int rcode, void *packet, int packet_len, int sec, char *why,
                      int limited)
{
	struct question *q = arg;
	struct resolver *r = q->r;

	(void)limited;
	(void)pthread_mutex_lock(&r->lock);
	q->rcode = rcode;
	q->sec = sec;
	if (packet != NULL && packet_len > 0) {
		q->packet = mem_alloc((size_t)packet_len);
		memcpy(q->packet, packet, (size_t)packet_len);
		q->packet_len = (size_t)packet_len;
	}
	q->why = why == NULL ? NULL : mem_strdup(why);
	q->done = true;
	question_release(q);
	(void)pthread_cond_broadcast(&r->answered);
	(void)pthread_mutex_unlock(&r->lock);
}

/* Runs in the resolver's thread: takes up what was asked since. */
static void on_wake(void *arg, unsigned ready)
{
	struct resolver *r = arg;
	uint64_t n;

	(void)ready;
	(void)!read(r->bell, &n, sizeof(n)); /* only empties the counter */
	(void)pthread_mutex_lock(&r->lock);
	struct question *q = r->fresh;
	r->fresh = NULL;
	if (r->stop)
		loop_stop(r->loop);
	(void)pthread_mutex_unlock(&r->lock);
	while (q != NULL) {
		struct question *next = q->next;
		int e = ub_resolve_event(r->ctx, q->name, (int)q->type, 1, q, on_answer, NULL);
		if (e != 0)
			on_answer(q, 2, NULL, 0, 0, NULL, 0);
		q = next;
	}
}

static void *run(void *arg)
{
	struct resolver *r = arg;

	loop_run(r->loop);
	return NULL;
}

static void ring(struct resolver *r)
{
	uint64_t one = 1;

	(void)!write(r->bell, &one, sizeof(one)); /* full: it is awake anyway */
}

static struct timespec until(unsigned timeout_ms)
{
	struct timespec t = { 0 };
	int64_t at = clock_mono_ms() + timeout_ms;

	t.tv_sec = (time_t)(at / 1000);
	t.tv_nsec = (long)(at % 1000) * 1000000;
	return t;
}

static void unknown(struct dns_answer *out, const char *why)
{
	*out = (struct dns_answer){ .state = DNS_UNKNOWN, .why = why };
}

static void read_answer(const struct question *q, struct arena *a, struct dns_answer *out)
{
	struct slice packet = slice_of(q->packet, q->packet_len);

	if (q->sec == 1) {
		*out = (struct dns_answer){ .state = DNS_BOGUS };
		out->why = arena_printf(a, "DNSSEC validation failed%s%s",
		                        q->why == NULL ? "" : ": ", q->why == NULL ? "" : q->why);
		return;
	}
	if (q->packet == NULL) {
		unknown(out, "no name server could be asked");
		return;
	}
	dns_answer_read(packet, q->type, a, out);
	out->secure = q->sec == 2 && out->state != DNS_UNKNOWN;
}

void resolver_ask(struct resolver *r, struct arena *a, const char *name, enum dns_type type,
                  unsigned timeout_ms, struct dns_answer *out)
{
	const char *end;
	struct timespec t;
	int waited = 0;

	if (r == NULL) {
		unknown(out, "this installation asks no DNS");
		return;
	}
	end = name + strlen(name);
	if (end == name || (size_t)(end - name) >= RESOLVER_NAME_SIZE) {
		unknown(out, "the name cannot be asked");
		return;
	}
	struct question *q = mem_alloc(sizeof(*q));
	(void)snprintf(q->name, sizeof(q->name), "%s%s", name, end[-1] == '.' ? "" : ".");
	q->type = type;
	q->r = r;
	q->holders = 2;
	(void)pthread_mutex_lock(&r->lock);
	t = until(r->silent && timeout_ms > SILENT_MS ? SILENT_MS : timeout_ms);
	q->next = r->fresh;
	r->fresh = q;
	ring(r);
	while (!q->done && !r->stop && waited == 0)
		waited = pthread_cond_timedwait(&r->answered, &r->lock, &t);
	if (timeout_ms >= SILENT_MS) /* a caller in more haste proves nothing */
		r->silent = !q->done;
	if (q->done)
		read_answer(q, a, out);
	else
		unknown(out, r->stop ? "the service is stopping" : "no answer in time");
	question_release(q);
	(void)pthread_mutex_unlock(&r->lock);
}

static struct slice next_word(struct slice *rest)
{
	struct slice word;

	do {
		size_t n = 0;
		while (n < rest->len && strchr(" ,\t\n", rest->p[n]) == NULL)
			n++;
		word = slice_head(*rest, n);
		*rest = slice_skip(*rest, n + 1);
	} while (word.len == 0 && rest->len > 0);
	return word;
}

/* libunbound writes ports behind an at sign. */
static bool server_text(struct slice text, char out[DIAL_TEXT_SIZE + 8], struct dial_addr *a)
{
	char host[DIAL_TEXT_SIZE];

	if (dial_addr_parse(text, 53, a) != OK)
		return false;
	(void)dial_addr_format(a, true, host);
	unsigned port = ntohs(a->u.sa.sa_family == AF_INET ? a->u.v4.sin_port : a->u.v6.sin6_port);
	(void)snprintf(out, DIAL_TEXT_SIZE + 8, "%s@%u", host, port); /* room for both */
	return true;
}

static enum err set_forward(struct ub_ctx *ctx, struct slice list, struct diag *diag)
{
	char server[DIAL_TEXT_SIZE + 8];
	struct dial_addr a;

	for (struct slice w = next_word(&list); w.len > 0; w = next_word(&list)) {
		if (!server_text(w, server, &a))
			return diag_set(diag, ERR_SYNTAX, 0, "forward: not an address");
		if (ub_ctx_set_fwd(ctx, server) != 0)
			return diag_set(diag, ERR_IO, 0, "the resolver refuses a forward address");
	}
	return OK;
}

static enum err set_stubs(struct ub_ctx *ctx, struct slice list, struct diag *diag)
{
	char server[DIAL_TEXT_SIZE + 8], zone_name[RESOLVER_NAME_SIZE];
	struct slice zone, addr;
	struct dial_addr a;

	for (struct slice w = next_word(&list); w.len > 0; w = next_word(&list)) {
		if (!slice_cut(w, '=', &zone, &addr) || zone.len == 0 ||
		    zone.len >= sizeof(zone_name) || !server_text(addr, server, &a))
			return diag_set(diag, ERR_SYNTAX, 0, "stub: not zone=address");
		(void)snprintf(zone_name, sizeof(zone_name), "%.*s", SLICE_ARGS(zone));
		if (ub_ctx_set_stub(ctx, zone_name, server, 0) != 0)
			return diag_set(diag, ERR_IO, 0, "the resolver refuses a stub");
	}
	return OK;
}

static enum err set_anchor(struct ub_ctx *ctx, struct slice file, struct diag *diag)
{
	char path[4096];

	if (slice_eq(file, S("off")))
		return OK;
	if (file.len >= sizeof(path))
		return diag_set(diag, ERR_SYNTAX, 0, "trust_anchor: path too long");
	(void)snprintf(path, sizeof(path), "%.*s", SLICE_ARGS(file));
	if (file.len == 0)
		(void)snprintf(path, sizeof(path), "%s", SYSTEM_ANCHOR);
	/* The system's anchor may be missing: then nothing is secure, and nothing is bogus. */
	if (access(path, R_OK) != 0)
		return file.len == 0 ? OK
		                     : diag_set(diag, ERR_IO, 0, "trust_anchor: cannot be read");
	return ub_ctx_add_ta_file(ctx, path) == 0
	               ? OK
	               : diag_set(diag, ERR_IO, 0, "trust_anchor: not a trust anchor");
}

/* The library's defaults are made for one question at a time. */
static bool set_options(struct ub_ctx *ctx, bool local)
{
	static const char *const options[][2] = {
		{ "outgoing-range:", "256" },
		{ "num-queries-per-thread:", "256" },
		{ "msg-cache-size:", "8m" },
		{ "rrset-cache-size:", "16m" },
		{ "cache-max-negative-ttl:", "60" },
		{ "cache-max-ttl:", "300" },
		{ "edns-buffer-size:", "1232" },
		{ "qname-minimisation:", "yes" },
		{ "module-config:", "validator iterator" },
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (ub_ctx_set_option(ctx, options[i][0], options[i][1]) != 0)
			return false;
	return !local || ub_ctx_set_option(ctx, "do-not-query-localhost:", "no") == 0;
}

/* Servers that are not named by the configuration come from strangers' zones. */
static bool refuse_private_servers(struct ub_ctx *ctx, const struct dial_rules *rules)
{
	static const char *const nets[] = {
		"0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10",  "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24",   "192.168.0.0/16", "198.18.0.0/15",
		"224.0.0.0/3",   "fc00::/7",       "fe80::/10",      "ff00::/8",
		"::ffff:0:0/96", "64:ff9b:1::/48",
	};

	if (rules != NULL && rules->net_count > 0)
		return true; /* an installation of its own network decides for itself */
	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		if (ub_ctx_set_option(ctx, "do-not-query-address:", nets[i]) != 0)
			return false;
	return true;
}

static enum err configure(struct ub_ctx *ctx, const struct resolver_conf *conf, struct diag *diag)
{
	bool named = conf->forward.len > 0 || conf->stub.len > 0;

	if (!set_options(ctx, named))
		return diag_set(diag, ERR_IO, 0, "libunbound refuses an option");
	if (!named && !refuse_private_servers(ctx, conf->rules))
		return diag_set(diag, ERR_IO, 0, "libunbound refuses an option");
	enum err e = set_anchor(ctx, conf->trust_anchor, diag);
	if (e == OK)
		e = set_forward(ctx, conf->forward, diag);
	return e == OK ? set_stubs(ctx, conf->stub, diag) : e;
}

static void release(struct resolver *r)
{
	if (r->ctx != NULL)
		ub_ctx_delete(r->ctx);
	if (r->bell >= 0) {
		loop_watch_fini(&r->wake);
		(void)close(r->bell); /* nothing was written */
	}
	loop_free(r->loop);
	(void)pthread_cond_destroy(&r->answered); /* nobody waits */
	(void)pthread_mutex_destroy(&r->lock);
	mem_free(r);
}

static void init_locks(struct resolver *r)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&r->lock, NULL); /* cannot fail with these arguments */
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&r->answered, &attr);
	(void)pthread_condattr_destroy(&attr);
}

enum err resolver_open(const struct resolver_conf *conf, struct resolver **out, struct diag *diag)
{
	struct resolver *r = mem_alloc(sizeof(*r));
	enum err e = ERR_IO;

	init_locks(r);
	r->loop = loop_new();
	r->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->ctx = ub_ctx_create_event(loop_base(r->loop));
	if (r->bell < 0 || r->ctx == NULL) {
		(void)diag_set(diag, e, 0, "libunbound could not be started");
		goto done;
	}
	loop_watch_init(&r->wake, r->loop, r->bell, on_wake, r);
	loop_watch_want(&r->wake, LOOP_READ);
	e = configure(r->ctx, conf, diag);
	if (e == OK && pthread_create(&r->thread, NULL, run, r) != 0)
		e = diag_set(diag, ERR_IO, 0, "no thread for the resolver");
done:
	if (e != OK)
		release(r);
	else
		*out = r;
	return e;
}

void resolver_close(struct resolver *r)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_cond_broadcast(&r->answered);
	ring(r);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL); /* it ends because of stop */
	release(r);
}

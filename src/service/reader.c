#include "service/reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/bundle.h"
#include "tlsrpt/facts.h"

/* A reader whose intake died in the middle of a message would otherwise never end. */
#define ALARM_S (2u * READER_TIME_MS / 1000u)
#define INPUT_MAX (ARCHIVE_BYTES_MAX + READER_BATCH_MAX * 512u) /* one of the largest alone */
#define KEPT_MAX (1u << 20) /* bytes of a buffer that the next request may use again */

struct work {
	struct reader_request request;
	int in, out; /* -1: none came */
	struct arena *arena;
	struct buf answer; /* to one message */
	struct buf all;
};

/* Something in the mail is a report or was meant as one. */
static bool is_report_mail(const struct reports *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].fault.code != FAULT_NO_REPORT)
			return all->is_mail;
	return false;
}

void reader_read(struct slice bytes, enum archive_kind kind, struct slice name, struct arena *arena,
                 struct buf *out)
{
	struct report_item large = { .fault = { .code = FAULT_TOO_LARGE } };
	enum report_form form = report_sniff(slice_head(bytes, 4096));
	struct dkim_scan *signatures = NULL;
	struct reports all;

	/* Content decides; what looks like nothing at all came at least by a mail's way. */
	if (kind == ARCHIVE_MAIL && form == FORM_UNKNOWN)
		form = FORM_MAIL;
	reports_read(bytes, form, name, arena, &all);
	if (is_report_mail(&all)) {
		signatures = arena_alloc(arena, sizeof(*signatures));
		dkim_scan(bytes, arena, signatures);
	}
	if (facts_format(&all, signatures, out) == OK)
		return;
	buf_reset(out);
	all = (struct reports){ .items = &large, .count = 1 };
	(void)!facts_format(&all, NULL, out); /* this little fits */
}

/* Two descriptors or none; others of a datagram are closed. */
static void take_descriptors(struct msghdr *msg, struct work *w)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fds[2];

	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(fds)))
		return;
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	w->in = fds[0];
	w->out = fds[1];
}

static volatile sig_atomic_t asked_to_end;

static void on_term(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

/* SIGTERM comes while the reader waits, never in the middle of a request. */
static enum err hold_term(sigset_t *waiting_out)
{
	const struct sigaction act = { .sa_handler = on_term };
	sigset_t term;

	if (sigemptyset(&term) != 0 || sigaddset(&term, SIGTERM) != 0 ||
	    sigprocmask(SIG_BLOCK, &term, waiting_out) != 0 ||
	    sigdelset(waiting_out, SIGTERM) != 0 || sigaction(SIGTERM, &act, NULL) != 0)
		return ERR_IO;
	return OK;
}

/* Until a request is there, also one that came just before the wish to end.  ERR_CLOSED, ERR_IO. */
static enum err await_request(int fd, const sigset_t *waiting)
{
	static const struct timespec now = { 0 };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = ppoll(&p, 1, asked_to_end ? &now : NULL, waiting);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_IO;
	return n == 0 ? ERR_CLOSED : OK;
}

/* OK, ERR_CLOSED, ERR_IO. */
static enum err receive(int fd, struct work *w)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { &w->request, sizeof(w->request) };
	struct msghdr msg;
	ssize_t n;

	do {
		msg = (struct msghdr){ .msg_iov = &part,
			               .msg_iovlen = 1,
			               .msg_control = control.bytes,
			               .msg_controllen = sizeof(control.bytes) };
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return ERR_CLOSED;
	if (n != (ssize_t)sizeof(w->request))
		return ERR_IO;
	w->in = w->out = -1;
	take_descriptors(&msg, w);
	return OK;
}

static enum err reply(int fd, const struct reader_reply *r)
{
	ssize_t n;

	do
		n = send(fd, r, sizeof(*r), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*r) ? OK : ERR_IO;
}

static enum err write_out(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.p, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		text = slice_skip(text, (size_t)n);
	}
	return OK;
}

/* Reads messages until the request, the reader's life or the room for answers ends. */
static void read_messages(struct work *w, struct slice input, struct reader_reply *r)
{
	struct bundle_item message;

	while (r->done < w->request.count && r->left > 0 && w->all.len < READER_ANSWER_MAX &&
	       bundle_next(&input, &message) == OK) {
		buf_reset(&w->answer);
		reader_read(message.bytes, (enum archive_kind)message.kind, message.name, w->arena,
		            &w->answer);
		bundle_add(&(struct bundle_item){ .bytes = buf_slice(&w->answer) }, &w->all);
		arena_reset(w->arena);
		r->done++;
		r->left--;
	}
}

/* A huge answer's memory goes with it. */
static void keep_small(struct buf *b)
{
	if (b->cap > KEPT_MAX)
		buf_fini(b);
}

static enum reader_status do_work(struct work *w, struct reader_reply *r)
{
	struct stat st;
	enum err e;
	void *map;

	if (fstat(w->in, &st) != 0 || st.st_size < 0 || st.st_size > (off_t)INPUT_MAX)
		return READER_FAILED;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, w->in, 0);
	if (map == MAP_FAILED)
		return READER_FAILED;
	buf_reset(&w->all);
	read_messages(w, slice_of(map, (size_t)st.st_size), r);
	e = write_out(w->out, buf_slice(&w->all));
	r->length = w->all.len;
	keep_small(&w->answer);
	keep_small(&w->all);
	(void)munmap(map, (size_t)st.st_size); /* the arguments are those of mmap */
	return e == OK ? READER_DONE : READER_FAILED;
}

/* Memory that serves one request after the other. */
static void work_init(struct work *w)
{
	*w = (struct work){ .in = -1, .out = -1, .arena = arena_new() };
	buf_init(&w->answer, FACTS_MAX);
	buf_init(&w->all, READER_ANSWER_MAX + FACTS_MAX + BUNDLE_HEAD_SIZE);
}

static void work_fini(struct work *w)
{
	arena_free(w->arena);
	buf_fini(&w->answer);
	buf_fini(&w->all);
}

static void close_both(const struct work *w)
{
	if (w->in >= 0)
		(void)close(w->in); /* only read */
	if (w->out >= 0)
		(void)close(w->out); /* memory */
}

/* One request and its answer.  *left: messages that are still taken. */
static enum err serve(int fd, struct work *w, uint32_t *left)
{
	struct reader_reply r;
	enum err e = receive(fd, w);

	if (e != OK)
		return e;
	r = (struct reader_reply){ .id = w->request.id, .status = READER_HELLO, .left = *left };
	if (w->request.count != 0) {
		(void)alarm(ALARM_S);
		r.status = do_work(w, &r);
		(void)alarm(0);
	}
	*left = r.left;
	close_both(w);
	return reply(fd, &r);
}

enum err reader_run(int fd)
{
	struct reader_reply hello = { .status = READER_HELLO, .left = READER_MESSAGES_MAX };
	uint32_t left = READER_MESSAGES_MAX;
	sigset_t waiting;
	struct work w;
	enum err e = hold_term(&waiting);

	if (e == OK)
		e = reply(fd, &hello);
	work_init(&w);
	while (e == OK && left > 0) {
		e = await_request(fd, &waiting);
		if (e == OK)
			e = serve(fd, &w, &left);
	}
	work_fini(&w);
	return e == ERR_CLOSED && asked_to_end ? OK : e;
}

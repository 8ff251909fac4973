#include "service/intake_pool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "service/bundle.h"
#include "tlsrpt/facts.h"

enum slot_state {
	SLOT_ABSENT, /* no hello yet, or not since the last one ended */
	SLOT_IDLE,
	SLOT_BUSY,
};

struct slot {
	struct pool *pool;
	int fd, pidfd; /* pidfd -1: nobody to watch */
	pid_t pid;
	enum slot_state state;
	struct loop_watch watch, death;
	struct loop_timer timer;
	uint64_t id; /* of the request under way */
	void *jobs[READER_BATCH_MAX];
	size_t job_count;
	int out;       /* its output memory */
	bool overtime; /* killed by us */
};

struct pool {
	struct loop *loop;
	struct pool_owner owner;
	struct slot *slots;
	size_t count;
	uint64_t next_id;
	struct loop_timer retry; /* reports submissions that could not be sent */
};

/*
 * Reports the end of the slot's request: the answers first, then result for the others.  state is
 * already what it shall be.
 */
static void finish(struct slot *s, struct slice answers, enum pool_result result)
{
	const struct pool_owner *owner = &s->pool->owner;
	struct bundle_item answer;
	void *jobs[READER_BATCH_MAX];
	size_t count = s->job_count, i = 0;

	memcpy(jobs, s->jobs, count * sizeof(*jobs));
	s->job_count = 0;
	s->overtime = false;
	loop_timer_fini(&s->timer);
	if (s->out >= 0)
		(void)close(s->out); /* memory */
	s->out = -1;
	while (i < count && bundle_next(&answers, &answer) == OK)
		owner->done(owner->arg, jobs[i++], POOL_READ, answer.bytes);
	while (i < count)
		owner->done(owner->arg, jobs[i++], result, (struct slice){ NULL, 0 });
}

static void forget_process(struct slot *s)
{
	if (s->pidfd >= 0) {
		loop_watch_fini(&s->death);
		(void)close(s->pidfd); /* nothing is written to it */
	}
	s->pidfd = -1;
	s->pid = 0;
}

/* False: the socket took no more, so that no answer will come. */
static bool ask_hello(const struct slot *s)
{
	struct reader_request hello = { .count = 0 };

	return send(s->fd, &hello, sizeof(hello), MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)sizeof(hello);
}

/* What ended one may have ended all: a message shall not meet another that is gone already. */
static void doubt_others(const struct slot *dead)
{
	struct pool *p = dead->pool;

	for (size_t i = 0; i < p->count; i++) {
		struct slot *s = &p->slots[i];

		if (s != dead && s->state == SLOT_IDLE && ask_hello(s))
			s->state = SLOT_ABSENT;
	}
}

/* The process behind the slot is gone. */
static void gone(struct slot *s)
{
	bool busy = s->state == SLOT_BUSY;
	enum pool_result result = s->job_count > 1 ? POOL_ALONE
	                          : s->overtime    ? POOL_TIMEOUT
	                                           : POOL_DIED;

	forget_process(s);
	s->state = SLOT_ABSENT;
	if (!busy)
		return;
	doubt_others(s);
	finish(s, (struct slice){ NULL, 0 }, result);
}

static void drain(struct slot *s);

static void on_death(void *arg, unsigned ready)
{
	struct slot *s = arg;
	pid_t pid = s->pid;

	(void)ready;
	drain(s); /* what it said before it ended counts; its successor may have spoken, too */
	if (s->pid == pid && pid != 0)
		gone(s);
}

static void on_overtime(void *arg)
{
	struct slot *s = arg;

	s->overtime = true;
	log_warn("reader took too long", FN("pid", s->pid));
	/* Without a pidfd the reader's own alarm ends it; its message is given up now. */
	if (s->pidfd < 0 || pidfd_send_signal(s->pidfd, SIGKILL, NULL, 0) != 0)
		gone(s);
}

static void on_hello(struct slot *s, pid_t pid)
{
	if (s->pid != 0 && pid != s->pid)
		gone(s);
	if (s->pid == 0) {
		s->pid = pid;
		s->pidfd = pidfd_open(pid, 0);
		if (s->pidfd >= 0) {
			loop_watch_init(&s->death, s->pool->loop, s->pidfd, on_death, s);
			loop_watch_want(&s->death, LOOP_READ);
		}
	}
	if (s->state == SLOT_ABSENT)
		s->state = SLOT_IDLE;
}

/* The answers, copied out of memory that the reader could still write to. */
static void on_done(struct slot *s, const struct reader_reply *r)
{
	const size_t max = READER_ANSWER_MAX + FACTS_MAX + BUNDLE_HEAD_SIZE;
	struct buf answers;
	ssize_t n = 0;

	buf_init(&answers, max);
	if (r->status == READER_DONE && r->length > 0 && r->length <= max) {
		answers.p = mem_realloc(answers.p, (size_t)r->length);
		answers.cap = (size_t)r->length;
		n = pread(s->out, answers.p, (size_t)r->length, 0);
	}
	s->state = r->left == 0 ? SLOT_ABSENT : SLOT_IDLE;
	if (n > 0 && (uint64_t)n == r->length)
		answers.len = (size_t)n;
	/* Progress is made: a reader that says it has done nothing gets nothing again. */
	finish(s, buf_slice(&answers), r->done > 0 ? POOL_AGAIN : POOL_FAILED);
	buf_fini(&answers);
}

/* One datagram and who sent it.  ERR_AGAIN: none; ERR_CLOSED: the parent let the socket go. */
static enum err receive(int fd, struct reader_reply *r, pid_t *pid)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec part = { r, sizeof(*r) };
	struct msghdr msg = { .msg_iov = &part,
		              .msg_iovlen = 1,
		              .msg_control = control.bytes,
		              .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;
	struct ucred cred;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_CLOSED;
	if (n == 0)
		return ERR_CLOSED;
	c = CMSG_FIRSTHDR(&msg);
	if (n != (ssize_t)sizeof(*r) || c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_CREDENTIALS)
		return ERR_SYNTAX;
	memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	*pid = cred.pid;
	return OK;
}

static void drain(struct slot *s)
{
	struct reader_reply r = { .id = 0 };
	pid_t pid = 0;
	enum err e;

	while ((e = receive(s->fd, &r, &pid)) != ERR_AGAIN) {
		if (e == ERR_CLOSED) {
			loop_watch_want(&s->watch, 0);
			return;
		}
		if (e != OK)
			continue;
		if (r.status == READER_HELLO)
			on_hello(s, pid);
		else if (s->state == SLOT_BUSY && r.id == s->id)
			on_done(s, &r);
	}
}

static void on_readable(void *arg, unsigned ready)
{
	struct slot *s = arg;
	struct pool *p = s->pool;

	(void)ready;
	drain(s);
	if (pool_has_idle(p))
		p->owner.idle(p->owner.arg);
}

static void open_slot(struct pool *p, struct slot *s, int fd)
{
	int on = 1;

	*s = (struct slot){ .pool = p, .fd = fd, .pidfd = -1, .out = -1 };
	loop_watch_init(&s->watch, p->loop, fd, on_readable, s);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
		log_fatal("the reader's socket does not tell who speaks");
	loop_watch_want(&s->watch, LOOP_READ);
	/* A reader that starts says hello by itself; one that was there before we were is asked. */
	(void)ask_hello(s); /* one request at a time never fills it */
}

static void on_retry(void *arg)
{
	struct pool *p = arg;

	for (size_t i = 0; i < p->count; i++) {
		struct slot *s = &p->slots[i];

		if (s->state == SLOT_BUSY && s->id == 0) {
			s->state = SLOT_IDLE;
			finish(s, (struct slice){ NULL, 0 }, POOL_FAILED);
		}
	}
}

struct pool *pool_new(struct loop *loop, const int *fds, size_t count,
                      const struct pool_owner *owner)
{
	struct pool *p = mem_alloc(sizeof(*p));

	p->loop = loop;
	p->owner = *owner;
	p->count = count;
	p->slots = mem_calloc(count, sizeof(*p->slots));
	/* Answers to an intake that is gone may still wait in the sockets: start elsewhere. */
	randombytes_buf(&p->next_id, sizeof(p->next_id));
	p->next_id >>= 1; /* never reaches the 0 of a request that was not sent */
	for (size_t i = 0; i < count; i++)
		open_slot(p, &p->slots[i], fds[i]);
	loop_timer_init(&p->retry, loop, on_retry, p);
	return p;
}

void pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++) {
		struct slot *s = &p->slots[i];

		forget_process(s);
		loop_timer_fini(&s->timer);
		loop_watch_fini(&s->watch);
		if (s->out >= 0)
			(void)close(s->out); /* memory */
		(void)close(s->fd);          /* the parent holds it, too */
	}
	loop_timer_fini(&p->retry);
	mem_free(p->slots);
	mem_free(p);
}

static struct slot *idle_slot(const struct pool *p)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->slots[i].state == SLOT_IDLE)
			return &p->slots[i];
	}
	return NULL;
}

bool pool_has_idle(const struct pool *p)
{
	return idle_slot(p) != NULL;
}

/* Three parts of each message: its head, name and bytes. */
struct parts {
	unsigned char heads[READER_BATCH_MAX][BUNDLE_HEAD_SIZE];
	struct iovec list[3 * READER_BATCH_MAX];
	size_t count;
};

static struct iovec part_of(struct slice s)
{
	return (struct iovec){ (void *)(uintptr_t)s.p, s.len }; /* only read */
}

static void fill_parts(const struct pool_message *list, size_t count, struct parts *out)
{
	out->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct bundle_item item = { (uint32_t)list[i].kind,
			                    slice_head(list[i].name, ARCHIVE_HINT_MAX),
			                    list[i].bytes };

		bundle_head(&item, out->heads[i]);
		out->list[out->count++] = part_of(slice_of(out->heads[i], sizeof(out->heads[i])));
		out->list[out->count++] = part_of(item.name);
		out->list[out->count++] = part_of(item.bytes);
	}
}

static bool write_parts(int fd, struct parts *p)
{
	struct iovec *at = p->list, *end = p->list + p->count;

	while (at < end) {
		ssize_t n = writev(fd, at, (int)(end - at));

		if (n < 0)
			return false;
		for (; at < end && (size_t)n >= at->iov_len; at++)
			n -= (ssize_t)at->iov_len;
		if (at < end)
			*at = part_of(slice_skip(slice_of(at->iov_base, at->iov_len), (size_t)n));
	}
	return true;
}

/* Sealed memory with the messages in it; -1: there is none. */
static int input_memory(const struct pool_message *list, size_t count)
{
	struct parts parts;
	int fd = memfd_create("messages", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	fill_parts(list, count, &parts);
	if (fd >= 0 && write_parts(fd, &parts) &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd); /* given up */
	return -1;
}

static bool send_request(const struct slot *s, const struct reader_request *request, int in)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct reader_request copy = *request;
	struct iovec part = { &copy, sizeof(copy) };
	struct msghdr msg = { .msg_iov = &part,
		              .msg_iovlen = 1,
		              .msg_control = control.bytes,
		              .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[2] = { in, s->out };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(copy);
}

void pool_submit(struct pool *p, const struct pool_message *list, size_t count)
{
	struct slot *s = idle_slot(p);
	struct reader_request request = { .id = ++p->next_id, .count = (uint32_t)count };
	int in = input_memory(list, count);

	assert(s != NULL);
	s->out = memfd_create("facts", MFD_CLOEXEC);
	s->state = SLOT_BUSY;
	s->job_count = count;
	for (size_t i = 0; i < count; i++)
		s->jobs[i] = list[i].job;
	s->id = request.id;
	loop_timer_init(&s->timer, p->loop, on_overtime, s);
	if (in >= 0 && s->out >= 0 && send_request(s, &request, in)) {
		loop_timer_set(&s->timer, READER_TIME_MS);
	} else {
		s->id = 0;
		loop_timer_set(&p->retry, 0);
	}
	if (in >= 0)
		(void)close(in); /* the reader has its own */
}

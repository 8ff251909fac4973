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
#include "net/resolver_internal.h"

#define SILENT_MS 700u /* patience while nobody answers */

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
	int sec;
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
	q->sec = sec;
	/* After a failure (never after NXDOMAIN, whose rcode here is 0) the buffer holds whatever
	 * was in it before. */
	if (rcode == 0 && packet != NULL && packet_len > 0) {
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

void resolver_read(const struct resolver_reply *reply, enum dns_type type, struct arena *a,
                   struct dns_answer *out)
{
	if (reply->sec == 1) {
		*out = (struct dns_answer){ .state = DNS_BOGUS };
		out->why = arena_printf(a, "DNSSEC validation failed%s%s",
		                        reply->why == NULL ? "" : ": ",
		                        reply->why == NULL ? "" : reply->why);
		return;
	}
	if (reply->packet.p == NULL) {
		unknown(out, "no name server gave an answer (SERVFAIL)");
		return;
	}
	dns_answer_read(reply->packet, type, a, out);
	out->secure = reply->sec == 2 && out->state != DNS_UNKNOWN;
}

static void read_answer(const struct question *q, struct arena *a, struct dns_answer *out)
{
	struct resolver_reply reply = { q->sec, slice_of(q->packet, q->packet_len), q->why };

	resolver_read(&reply, q->type, a, out);
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
	e = resolver_configure(r->ctx, conf, diag);
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

#include "net/lookup.h"

#include <stdio.h>
#include <unbound-event.h>
#include <unbound.h>

#include "net/resolver_internal.h"

struct lookup {
	struct lookup *next;
	struct lookups *all;
	lookup_fn fn;
	void *arg;
	struct loop_timer timer; /* the deadline; when there is an answer, now */
	int id;                  /* of libunbound's question */
	bool asked, done;
	int sec;
	char *packet, *why; /* copies; NULL: none */
	size_t packet_len;
};

struct lookups {
	struct loop *loop;
	struct ub_ctx *ctx;
	struct lookup *first;
	size_t count;
};

static void drop(struct lookup *q)
{
	struct lookup **at = &q->all->first;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->all->count--;
	if (q->asked && !q->done)
		(void)ub_cancel(q->all->ctx, q->id); /* on_answer is not called any more */
	loop_timer_fini(&q->timer);
	mem_free(q->packet);
	mem_free(q->why);
	mem_free(q);
}

static void on_timer(void *arg)
{
	struct lookup *q = arg;
	struct resolver_reply reply = { q->sec, slice_of(q->packet, q->packet_len), q->why };
	struct dns_answer answer = { .state = DNS_UNKNOWN, .why = "no answer in time" };
	struct arena *a = arena_new();
	struct txt_set *set = arena_alloc(a, sizeof(*set));
	lookup_fn fn = q->fn;
	void *to = q->arg;

	if (q->done)
		resolver_read(&reply, DNS_TXT, a, &answer);
	resolver_texts(&answer, a, set);
	set->why = answer.why == NULL ? NULL : arena_str(a, slice_str(answer.why));
	drop(q); /* the answer's records lie in the arena */
	fn(to, set);
	arena_free(a);
}

/* packet lives until this returns; libunbound may call it from inside of ub_resolve_event. */
static void on_answer(void *arg, int rcode, void *packet, int packet_len, int sec, char *why,
                      int limited)
{
	struct lookup *q = arg;

	(void)limited;
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
	loop_timer_set(&q->timer, 0);
}

void lookup_txt(struct lookups *l, const char *name, unsigned timeout_ms, lookup_fn fn, void *arg)
{
	struct lookup *q = mem_alloc(sizeof(*q));
	char text[RESOLVER_NAME_SIZE + 1];
	size_t len = strlen(name);

	q->all = l;
	q->fn = fn;
	q->arg = arg;
	q->next = l->first;
	l->first = q;
	l->count++;
	loop_timer_init(&q->timer, l->loop, on_timer, q);
	loop_timer_set(&q->timer, timeout_ms);
	(void)snprintf(text, sizeof(text), "%s%s", name,
	               len > 0 && name[len - 1] == '.' ? "" : "."); /* shorter, as promised */
	if (ub_resolve_event(l->ctx, text, DNS_TXT, 1, q, on_answer, &q->id) == 0)
		q->asked = true;
	else
		on_answer(q, 2, NULL, 0, 0, NULL, 0);
}

size_t lookups_count(const struct lookups *l)
{
	return l->count;
}

enum err lookups_open(struct loop *loop, const struct resolver_conf *conf, struct lookups **out,
                      struct diag *diag)
{
	struct lookups *l = mem_alloc(sizeof(*l));
	enum err e;

	l->loop = loop;
	l->ctx = ub_ctx_create_event(loop_base(loop));
	e = l->ctx == NULL ? diag_set(diag, ERR_IO, 0, "libunbound could not be started")
	                   : resolver_configure(l->ctx, conf, diag);
	if (e != OK)
		lookups_close(l);
	else
		*out = l;
	return e;
}

void lookups_close(struct lookups *l)
{
	if (l == NULL)
		return;
	while (l->first != NULL)
		drop(l->first);
	if (l->ctx != NULL)
		ub_ctx_delete(l->ctx);
	mem_free(l);
}

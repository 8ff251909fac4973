#include "service/supply.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"

#define STACK_SIZE (1u << 20)

enum ask_kind { ASK_LOAD, ASK_SAVE, ASK_GIVE, ASK_END };

/* What a thread wants from the loop; it lies on the thread's stack until it is done. */
struct ask {
	struct ask *next;
	enum ask_kind kind;
	const char *row_kind, *row_name;
	struct arena *arena;
	struct supply_row *row;
	const struct supply_row *save;
	struct supply_parcel *parcels;
	size_t count, left;
	enum err result;
	bool done;
	struct supplies *all;
};

struct supply {
	struct supply *next;
	struct supplies *all;
	pthread_t thread;
	void (*fn)(struct supply *s, void *arg);
	void *arg;
};

struct supplies {
	struct intake *in;
	struct supply *list;
	atomic_bool stop;
	int wake; /* never read: readable from the moment of the end on */
	int bell; /* a thread asks something */
	struct loop_watch watch;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool closing;
	struct ask *asks, **asks_last;
};

static void lock(struct supplies *all)
{
	(void)pthread_mutex_lock(&all->lock); /* fails for misuse only */
}

static void unlock(struct supplies *all)
{
	(void)pthread_mutex_unlock(&all->lock); /* as above */
}

static void finish(struct ask *a, enum err result)
{
	struct supplies *all = a->all;

	lock(all);
	a->result = result;
	a->done = true; /* from here on its memory is the thread's again */
	(void)pthread_cond_broadcast(&all->changed);
	unlock(all);
}

struct given {
	struct ask *ask;
	struct supply_parcel *parcel;
};

static void on_given(void *arg, const struct item *it, enum err e)
{
	struct given *g = arg;
	struct ask *a = g->ask;

	g->parcel->result = e;
	if (e == OK)
		g->parcel->counts = it->counts;
	mem_free(g);
	if (--a->left > 0)
		return;
	for (size_t i = 0; i < a->count; i++)
		if (a->parcels[i].result != OK)
			e = ERR_UNAVAILABLE;
	finish(a, e == OK ? OK : ERR_UNAVAILABLE);
}

static void start_giving(struct supplies *all, struct ask *a)
{
	a->left = a->count;
	for (size_t i = 0; i < a->count; i++) {
		struct supply_parcel *p = &a->parcels[i];
		struct item *it = p->item;
		struct given *g = mem_alloc(sizeof(*g));

		*g = (struct given){ a, p };
		p->item = NULL;
		it->done = on_given;
		it->arg = g;
		intake_submit(all->in, it);
	}
}

static void answer(struct supplies *all, struct ask *a)
{
	switch (a->kind) {
	case ASK_LOAD:
		finish(a, supplies_get(all->in->db, a->row_kind, a->row_name, a->arena, a->row));
		break;
	case ASK_SAVE:
		finish(a, supplies_put(all->in->db, a->save));
		break;
	case ASK_GIVE:
		start_giving(all, a);
		break;
	case ASK_END:
		intake_drain(all->in);
		finish(a, OK);
		break;
	}
}

static void on_bell(void *arg, unsigned ready)
{
	struct supplies *all = arg;
	struct ask *asks;
	uint64_t n;

	(void)ready;
	(void)!read(all->bell, &n, sizeof(n)); /* only to make it silent */
	lock(all);
	asks = all->asks;
	all->asks = NULL;
	all->asks_last = &all->asks;
	unlock(all);
	while (asks != NULL) {
		struct ask *next = asks->next; /* an answered ask may be gone */

		answer(all, asks);
		asks = next;
	}
}

struct supplies *supplies_new(struct intake *in)
{
	struct supplies *all = mem_alloc(sizeof(*all));

	all->in = in;
	all->asks_last = &all->asks;
	all->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->wake < 0 || all->bell < 0)
		log_fatal("no descriptor for events");
	(void)pthread_mutex_init(&all->lock, NULL); /* cannot fail with these arguments */
	(void)pthread_cond_init(&all->changed, NULL);
	loop_watch_init(&all->watch, in->loop, all->bell, on_bell, all);
	loop_watch_want(&all->watch, LOOP_READ);
	return all;
}

static void *run(void *arg)
{
	struct supply *s = arg;

	s->fn(s, s->arg);
	return NULL;
}

void supplies_start(struct supplies *all, void (*fn)(struct supply *s, void *arg), void *arg)
{
	struct supply *s = mem_alloc(sizeof(*s));
	pthread_attr_t attr;

	*s = (struct supply){ .next = all->list, .all = all, .fn = fn, .arg = arg };
	if (pthread_attr_init(&attr) != 0 || pthread_attr_setstacksize(&attr, STACK_SIZE) != 0 ||
	    pthread_create(&s->thread, &attr, run, s) != 0)
		log_fatal("a thread cannot be started");
	(void)pthread_attr_destroy(&attr); /* holds nothing */
	all->list = s;
}

void supplies_stop(struct supplies *all)
{
	uint64_t one = 1;

	if (all == NULL)
		return;
	atomic_store(&all->stop, true);
	(void)!write(all->wake, &one, sizeof(one)); /* full is as good */
}

void supplies_free(struct supplies *all)
{
	if (all == NULL)
		return;
	supplies_stop(all);
	lock(all);
	all->closing = true;
	(void)pthread_cond_broadcast(&all->changed);
	unlock(all);
	while (all->list != NULL) {
		struct supply *next = all->list->next;

		(void)pthread_join(all->list->thread, NULL); /* it is ours and not yet joined */
		mem_free(all->list);
		all->list = next;
	}
	loop_watch_fini(&all->watch);
	(void)close(all->wake); /* nothing was written that matters */
	(void)close(all->bell);
	mem_free(all);
}

bool supply_must_end(const struct supply *s)
{
	return atomic_load(&s->all->stop);
}

const atomic_bool *supply_stop_flag(const struct supply *s)
{
	return &s->all->stop;
}

int supply_wake(const struct supply *s)
{
	return s->all->wake;
}

bool supply_sleep(struct supply *s, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms, left;

	while (!supply_must_end(s) && (left = until - clock_mono_ms()) > 0) {
		struct pollfd p = { .fd = s->all->wake, .events = POLLIN };

		(void)!poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left); /* early is fine */
	}
	return !supply_must_end(s);
}

/* Sleeps until the loop has answered. */
static enum err ask(struct supply *s, struct ask *a)
{
	struct supplies *all = s->all;
	uint64_t one = 1;
	enum err e = ERR_UNAVAILABLE;

	a->all = all;
	lock(all);
	if (!all->closing) {
		*all->asks_last = a;
		all->asks_last = &a->next;
		(void)!write(all->bell, &one, sizeof(one)); /* full is as good */
	}
	while (!a->done && !all->closing)
		(void)pthread_cond_wait(&all->changed, &all->lock); /* as above */
	if (a->done)
		e = a->result;
	unlock(all);
	return e;
}

enum err supply_load(struct supply *s, const char *kind, const char *name, struct arena *a,
                     struct supply_row *out)
{
	struct ask q = {
		.kind = ASK_LOAD, .row_kind = kind, .row_name = name, .arena = a, .row = out
	};

	return ask(s, &q);
}

enum err supply_save(struct supply *s, const struct supply_row *row)
{
	struct ask q = { .kind = ASK_SAVE, .save = row };

	return ask(s, &q);
}

void supply_keep_reach(struct supply *s, const struct reach *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ask q = { .kind = ASK_END };

		if (supply_must_end(s) || !reach_is_lost(&paths[i]))
			continue;
		log_info("a path of the settings was replaced: intake begins anew to reach it",
		         F("path", paths[i].path));
		(void)ask(s, &q); /* it ends already, else */
	}
}

static void complete(struct item *it)
{
	it->record.bytes = buf_slice(&it->store);
	it->record.received = clock_now_s();
	it->trust = intake_way_trust(it->record.way);
	enc_sha256(it->record.bytes, it->record.sha256);
}

enum err supply_give(struct supply *s, struct supply_parcel *parcels, size_t count)
{
	struct ask q = { .kind = ASK_GIVE, .parcels = parcels, .count = count };
	enum err e;

	if (count == 0)
		return OK;
	for (size_t i = 0; i < count; i++) {
		parcels[i].result = ERR_UNAVAILABLE;
		complete(parcels[i].item);
	}
	e = ask(s, &q);
	for (size_t i = 0; i < count; i++) {
		/* Never handed over: intake ended before. */
		if (parcels[i].item != NULL)
			item_free(parcels[i].item);
		parcels[i].item = NULL;
	}
	return e;
}

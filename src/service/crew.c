#include "service/crew.h"

#include <poll.h>

#include "net/clock.h"

#define PAUSE_MS 250

/* Nothing was there a moment ago: asking costs more than waiting for the next moment. */
static bool is_idle(struct crew *c)
{
	return clock_mono_ms() < atomic_load(&c->idle_until_ms);
}

static void be_idle(struct crew *c)
{
	int64_t left = atomic_load(&c->idle_until_ms) - clock_mono_ms();

	if (left <= 0) {
		left = PAUSE_MS;
		atomic_store(&c->idle_until_ms, clock_mono_ms() + PAUSE_MS);
	}
	(void)poll(NULL, 0, (int)left + 1); /* only passes time */
}

static void *work(void *arg)
{
	struct crew *c = arg;
	struct arena *a = arena_new();

	while (!atomic_load(&c->stop)) {
		arena_reset(a);
		if (is_idle(c) || !c->turn(c->arg, a))
			be_idle(c);
	}
	arena_free(a);
	return NULL;
}

enum err crew_start(struct crew *c, unsigned want, crew_turn_fn turn, void *arg)
{
	c->turn = turn;
	c->arg = arg;
	while (c->count < want && c->count < CREW_MAX &&
	       pthread_create(&c->threads[c->count], NULL, work, c) == 0)
		c->count++;
	return c->count > 0 ? OK : ERR_IO;
}

void crew_end(struct crew *c)
{
	atomic_store(&c->stop, true);
	for (size_t i = 0; i < c->count; i++)
		(void)pthread_join(c->threads[i], NULL); /* ours */
	c->count = 0;
}

#include "service/crew.h"

#include <poll.h>

#define PAUSE_MS 250

static void *work(void *arg)
{
	struct crew *c = arg;
	struct arena *a = arena_new();

	while (!atomic_load(&c->stop)) {
		arena_reset(a);
		if (!c->turn(c->arg, a))
			(void)poll(NULL, 0, PAUSE_MS); /* only passes time */
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

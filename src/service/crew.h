/* Threads that take one piece of work after the other, until they are told to end. */
#ifndef SERVICE_CREW_H
#define SERVICE_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

#define CREW_MAX 4u

/* One turn, in an arena that is empty again for the next.  False: there was nothing to do, and the
 * next turn comes a moment later. */
typedef bool (*crew_turn_fn)(void *arg, struct arena *a);

/* Lies in what the turns work on; begun as zeros. */
struct crew {
	pthread_t threads[CREW_MAX];
	size_t count;
	atomic_bool stop; /* long work of a turn looks at it */
	/* One of them found nothing to do: until then the others need not look. */
	_Atomic int64_t idle_until_ms;
	crew_turn_fn turn;
	void *arg;
};

/* Begins up to want threads, at most CREW_MAX.  ERR_IO: the system gives none. */
enum err crew_start(struct crew *c, unsigned want, crew_turn_fn turn, void *arg) MUST_USE;
/* Tells them to end and waits for their turns; nothing when none was started. */
void crew_end(struct crew *c);

#endif

/*
 * The event loop: one base, one thread, descriptors and timers (libevent core).
 *
 * A watch or a timer is storage of the caller's, so that a pool can hold it.  It
 * must be finished before its storage or its descriptor goes away.  Callbacks may
 * finish any watch or timer, their own included.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

struct loop;

/* LOOP_READ, LOOP_WRITE or both: what to wait for, and what is ready. */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void (*loop_ready_fn)(void *arg, unsigned ready);
typedef void (*loop_timer_fn)(void *arg);

struct loop_watch {
	struct event ev;
	struct loop *loop;
	loop_ready_fn fn;
	void *arg;
	int fd;
	unsigned want;
};

struct loop_timer {
	struct event ev;
	loop_timer_fn fn;
	void *arg;
};

/* Make it after fork.  Ends the process when the system has no poll facility. */
struct loop *loop_new(void);
void loop_free(struct loop *l); /* NULL does nothing */
/* For libraries that plug into libevent (libcurl, libunbound). */
struct event_base *loop_base(struct loop *l);
/* Returns after loop_stop, or when nothing is left to wait for. */
void loop_run(struct loop *l);
/* One turn: waits for at least one event and runs what is ready. */
void loop_turn(struct loop *l);
void loop_stop(struct loop *l);

/* Nothing is waited for yet; the descriptor stays the caller's. */
void loop_watch_init(struct loop_watch *w, struct loop *l, int fd, loop_ready_fn fn, void *arg);
/* Replaces what is waited for; 0: nothing.  Stays until changed (level-triggered). */
void loop_watch_want(struct loop_watch *w, unsigned want);
void loop_watch_fini(struct loop_watch *w);

void loop_timer_init(struct loop_timer *t, struct loop *l, loop_timer_fn fn, void *arg);
/* Fires once, after ms; a pending time is replaced. */
void loop_timer_set(struct loop_timer *t, int64_t ms);
void loop_timer_fini(struct loop_timer *t);

#endif

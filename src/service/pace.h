/*
 * The pace of work that nobody waits for: of much that is wanted soon, each gets a moment of its
 * own, so that the work of all is spread evenly; while there is little, it is done when it is
 * wanted.
 */
#ifndef SERVICE_PACE_H
#define SERVICE_PACE_H

#include <stdatomic.h>
#include <stdint.h>

struct pace {
	_Atomic int64_t next_ms; /* the first moment that is free; zeroed: all are */
};

/*
 * In how many seconds that is done which is wanted in wanted seconds: then, or later, so that at
 * most a_second of them come in one second.  now_ms is monotonic.  From any thread.
 */
int64_t pace_take(struct pace *p, int64_t now_ms, int64_t wanted, int64_t a_second);

#endif

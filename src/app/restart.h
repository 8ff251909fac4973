/*
 * When a process that died is started again.  Pure: times are arguments.
 *
 * The first death is answered at once.  An edge is started at once twice within
 * ten seconds; from its third death on its listener is closed meanwhile, unless
 * it was the last live edge, which waits a second at most and keeps listening, so that
 * connections queue instead of being refused.  A life of a minute clears the record.
 */
#ifndef APP_RESTART_H
#define APP_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_WINDOW_MS 10000
#define RESTART_LIFE_MS 60000 /* a life this long clears the record */
#define RESTART_WAIT_MAX_MS 30000
#define RESTART_LAST_MAX_MS 1000 /* of the last live edge */

struct restart {
	unsigned deaths;      /* in a row, none of them after a long life */
	int64_t recent_ms[2]; /* the two deaths before the last one; 0: none */
};

struct restart_plan {
	int64_t wait_ms;
	bool close_listener;
};

/* A process that was born at born_ms died at now_ms. */
struct restart_plan restart_after(struct restart *r, int64_t born_ms, int64_t now_ms, bool is_edge,
                                  bool is_last_edge);

#endif

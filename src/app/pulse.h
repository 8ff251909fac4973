/*
 * Whether a process that has not beaten for a while hangs.  Pure: times are arguments.
 *
 * Silence of its patience is its end, unless the machine is busy: one that gets a little of the
 * processor, and less than it takes to beat, is only slow, and has six times as long.  (So has one
 * whose other threads work on a little while the one that beats waits for ever.)
 */
#ifndef APP_PULSE_H
#define APP_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define PULSE_MS 5000        /* from one beat to the next */
#define PULSE_BIRTH_MS 30000 /* until the first */
#define PULSE_SLOW 6         /* times as long when the machine is busy */

struct pulse {
	int64_t looked_ms; /* when it was looked at last, in milliseconds of silence; 0: it beats */
	int64_t first_us;  /* of the processor, what it had used by the first look */
	int64_t last_us;   /* and by the last */
};

/* Silent for so long, patience_ms given, and so much used since it started (-1: not known). */
bool pulse_is_there(struct pulse *p, int64_t silent_ms, int64_t patience_ms, int64_t used_us);

#endif

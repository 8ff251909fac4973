/*
 * Whether a process that has not beaten for a while hangs.  Pure: times are arguments.
 *
 * Five seconds of silence are its end, unless the machine is busy: one that gets a little of the
 * processor, and less than it takes to beat, is only slow, and has half a minute.  (So has one
 * whose other threads work on a little while the one that beats waits for ever.)
 */
#ifndef APP_PULSE_H
#define APP_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define PULSE_SILENT_MS 5000
#define PULSE_LOOK_MS 2500 /* from one look at what it has used to the next */
#define PULSE_BUSY_MS \
	2500 /* of the processor; who does not beat within so much does not beat at all */
#define PULSE_SILENT_MAX_MS 30000 /* also until its first beat */

struct pulse {
	int64_t looked_ms; /* when it was looked at last, in milliseconds of silence; 0: it beats */
	int64_t first_us,
	        last_us; /* of the processor it had used at the first look, and at the last */
};

/* Silent for so long, and so much used of the processor since it started (negative: not known). */
bool pulse_is_there(struct pulse *p, int64_t silent_ms, int64_t used_us);

#endif

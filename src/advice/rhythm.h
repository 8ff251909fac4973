/*
 * How often a sender reports, and whether it has fallen silent.  Pure.
 *
 * Reports come a day late, and small senders write only about days with mail.  So a sender is
 * silent only when it has been away for three days that are due, for longer than twice its usual
 * step, and for longer than ever before in the range that was looked at.
 */
#ifndef ADVICE_RHYTHM_H
#define ADVICE_RHYTHM_H

#include <stddef.h>
#include <stdint.h>

#define RHYTHM_DAYS_MIN 5u /* fewer days with a report tell nothing */
#define RHYTHM_LATE_DAYS 1 /* the day before may still be on its way */
#define RHYTHM_SILENT_MIN 3

struct rhythm {
	int64_t every;  /* days from one reported day to the next, usually; 0: cannot be told */
	int64_t silent; /* days that are due and missing, when that is unusual; else 0 */
};

/*
 * days: midnights of the days with a report, ascending, none twice; today: the midnight of the day
 * that is not over.
 */
struct rhythm rhythm_of(const int64_t *days, size_t count, int64_t today);

/* "daily", "every 3 days", "weekly"; "irregular" for 0. */
const char *rhythm_words(int64_t every, char out[32]);

#endif

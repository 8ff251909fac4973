/*
 * Civil time in UTC, pure: seconds since 1970 in, text out, and back.
 * The clock itself is net/clock.h.
 */
#ifndef BASE_UTC_H
#define BASE_UTC_H

#include "base/slice.h"

#define UTC_DAY 86400
#define UTC_TEXT_SIZE 24 /* room for any text made here, NUL included */

struct utc_date {
	int64_t year;                        /* astronomical, 1970 is 1970 */
	unsigned month, day, hour, min, sec; /* month and day from 1 */
};

struct utc_date utc_civil(int64_t t);
/* Fields must be in range; the day of the month is checked against the month. */
enum err utc_from_civil(const struct utc_date *d, int64_t *out) MUST_USE;

/* "2026-05-12T00:00:00Z"; years outside 0..9999 are written as the nearest of them. */
const char *utc_format(int64_t t, char out[UTC_TEXT_SIZE]);
/* "2026-05-12" */
const char *utc_format_day(int64_t t, char out[UTC_TEXT_SIZE]);
/* "20260512000000", the form of policy ids */
const char *utc_format_compact(int64_t t, char out[UTC_TEXT_SIZE]);

/* Start of the UTC day that t lies in. */
int64_t utc_day_start(int64_t t);

/*
 * RFC 3339 date-time; T and Z in either case, any offset, a fraction is read and
 * dropped.  *zoned_out is false when no zone was written (read as UTC; some TLS
 * reporters do that).  A date alone ("2026-05-12") is its midnight, not zoned.
 * ERR_SYNTAX: anything else, or a field out of range.
 */
enum err utc_parse(struct slice s, int64_t *out, bool *zoned_out) MUST_USE;
/* "2026-05-12" only. */
enum err utc_parse_day(struct slice s, int64_t *out) MUST_USE;

#endif

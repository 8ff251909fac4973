#include "base/utc.h"

#include <stdio.h>

#include "base/num.h"

/* Days since 1970-01-01 of a proleptic Gregorian date, by eras of 400 years. */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

int64_t utc_day_start(int64_t t)
{
	int64_t in_day = t % UTC_DAY;

	return t - (in_day < 0 ? in_day + UTC_DAY : in_day);
}

struct utc_date utc_civil(int64_t t)
{
	int64_t start = utc_day_start(t), rest = t - start;
	int64_t z = start / UTC_DAY + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

	return (struct utc_date){
		.year = yoe + era * 400 + (month <= 2),
		.month = month,
		.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
		.hour = (unsigned)(rest / 3600),
		.min = (unsigned)(rest / 60 % 60),
		.sec = (unsigned)(rest % 60),
	};
}

static unsigned month_days(int64_t y, unsigned m)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && leap ? 29 : days[m - 1];
}

enum err utc_from_civil(const struct utc_date *d, int64_t *out)
{
	if (d->month < 1 || d->month > 12 || d->day < 1 || d->day > month_days(d->year, d->month) ||
	    d->hour > 23 || d->min > 59 || d->sec > 60)
		return ERR_SYNTAX;
	*out = days_from_civil(d->year, d->month, d->day) * UTC_DAY + (int64_t)d->hour * 3600 +
	       (int64_t)d->min * 60 + (int64_t)d->sec;
	return OK;
}

static struct utc_date printable(int64_t t)
{
	struct utc_date d = utc_civil(t);

	if (d.year < 0)
		d = (struct utc_date){ .year = 0, .month = 1, .day = 1 };
	if (d.year > 9999)
		d = (struct utc_date){ 9999, 12, 31, 23, 59, 59 };
	return d;
}

const char *utc_format(int64_t t, char out[UTC_TEXT_SIZE])
{
	struct utc_date d = printable(t);

	(void)snprintf(out, UTC_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	               (unsigned)d.year % 10000, d.month % 100, d.day % 100, d.hour % 100,
	               d.min % 100, d.sec % 100); /* fits */
	return out;
}

const char *utc_format_day(int64_t t, char out[UTC_TEXT_SIZE])
{
	(void)utc_format(t, out); /* returns its argument */
	out[10] = '\0';
	return out;
}

const char *utc_format_compact(int64_t t, char out[UTC_TEXT_SIZE])
{
	struct utc_date d = printable(t);

	(void)snprintf(out, UTC_TEXT_SIZE, "%04u%02u%02u%02u%02u%02u", (unsigned)d.year % 10000,
	               d.month % 100, d.day % 100, d.hour % 100, d.min % 100,
	               d.sec % 100); /* fits */
	return out;
}

/* Exactly n digits off the front of *s. */
static bool take_digits(struct slice *s, size_t n, unsigned *out)
{
	uint64_t v;

	if (s->len < n || num_parse_u64(slice_head(*s, n), 9999, &v) != OK)
		return false;
	*out = (unsigned)v;
	*s = slice_skip(*s, n);
	return true;
}

static bool take_char(struct slice *s, const char *any_of)
{
	if (s->len == 0 || s->p[0] == '\0' || strchr(any_of, s->p[0]) == NULL)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static bool take_day(struct slice *s, struct utc_date *d)
{
	unsigned year;

	if (!take_digits(s, 4, &year) || !take_char(s, "-") || !take_digits(s, 2, &d->month) ||
	    !take_char(s, "-") || !take_digits(s, 2, &d->day))
		return false;
	d->year = year;
	return true;
}

static bool take_clock(struct slice *s, struct utc_date *d)
{
	if (!take_digits(s, 2, &d->hour) || !take_char(s, ":") || !take_digits(s, 2, &d->min) ||
	    !take_char(s, ":") || !take_digits(s, 2, &d->sec))
		return false;
	if (!take_char(s, "."))
		return true;
	if (s->len == 0 || s->p[0] < '0' || s->p[0] > '9')
		return false;
	while (s->len > 0 && s->p[0] >= '0' && s->p[0] <= '9')
		*s = slice_skip(*s, 1);
	return true;
}

/* "Z", "+hh:mm" or nothing; seconds east of Greenwich. */
static bool take_zone(struct slice *s, int64_t *east_out, bool *zoned_out)
{
	unsigned h, m;

	*east_out = 0;
	*zoned_out = s->len > 0;
	if (s->len == 0 || take_char(s, "Zz"))
		return true;
	int64_t sign = s->p[0] == '-' ? -1 : 1;
	if (!take_char(s, "+-") || !take_digits(s, 2, &h) || !take_char(s, ":") ||
	    !take_digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*east_out = sign * (int64_t)(h * 3600 + m * 60);
	return true;
}

enum err utc_parse_day(struct slice s, int64_t *out)
{
	struct utc_date d = { 0 };

	if (!take_day(&s, &d) || s.len != 0)
		return ERR_SYNTAX;
	return utc_from_civil(&d, out);
}

enum err utc_parse(struct slice s, int64_t *out, bool *zoned_out)
{
	struct utc_date d = { 0 };
	int64_t t, east = 0;
	bool zoned = false;

	if (!take_day(&s, &d))
		return ERR_SYNTAX;
	if (s.len > 0 &&
	    (!take_char(&s, "Tt ") || !take_clock(&s, &d) || !take_zone(&s, &east, &zoned)))
		return ERR_SYNTAX;
	if (s.len != 0 || utc_from_civil(&d, &t) != OK)
		return ERR_SYNTAX;
	*out = t - east;
	*zoned_out = zoned;
	return OK;
}

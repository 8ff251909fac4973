/*
 * Fetches of policies, counted by publication, UTC day, status and the network of the client.
 *
 * A network is text like "192.0.2.0/24"; it is kept for FETCH_KEEP_DAYS whole days, then only the
 * counts are (network "").  Who asks from ever new networks adds no row beyond the ceilings: what
 * is over is counted without its network.  The days of a month that ended more than
 * FETCH_DAYS_KEPT days ago are one row, whose day is the month's first.
 *
 * The service looks at its policies from outside, too, and edges cannot tell that from a sender's
 * fetch, since whatever told it apart could be sent by anybody.  So whoever looks notes it
 * (fetches_add_own), and the number stands beside those that it is part of.
 */
#ifndef STORE_FETCHES_H
#define STORE_FETCHES_H

#include "store/db.h"

#define FETCH_OWN 0 /* in the place of a status */
#define FETCH_KEEP_DAYS 14
#define FETCH_NETWORKS_MAX 256 /* of one publication and day */
#define FETCH_NAMED_MAX 500000 /* rows with a network at once, of all domains */
#define FETCH_FOLD_ROWS 500u   /* one call of fetches_fold, or of fetches_roll */
#define FETCH_ROLL_IDS 100     /* publications that one call of fetches_roll looks at */
#define FETCH_DAYS_KEPT 400
#define FETCH_NETWORK_SIZE 64u /* an IPv6 network as text */

struct fetch_row {
	int64_t publication; /* its key; the domain is the publication's */
	int64_t day;         /* its first second */
	unsigned status;     /* of the answer */
	const char *network; /* "": not known, or not kept any more */
	int64_t count;
	int64_t first, last;   /* moments of the first and the last of them */
	const char *policy_id; /* read only */
};

/* By day and status, newest day first. */
struct fetch_day {
	int64_t day;
	unsigned status;
	int64_t count;
	int64_t networks; /* that were seen, while they are kept */
	int64_t own;      /* of count: looks of this service itself; status 200 only */
};

struct fetch_total {
	unsigned
	        status; /* FETCH_OWN: looks of this service itself, which another row counts, too */
	int64_t count;
};

/* Where a listing goes on: behind this row; all 0 and "": from the start. */
struct fetch_cursor {
	int64_t day, publication;
	unsigned status;
	const char *network;
};

/*
 * Adds all of these counts or none; neighbours with the same status share a statement.  A
 * publication that is not there (any more) adds to the totals only.  *named is how many rows carry
 * a network (fetches_named); it is brought up to date, and to be asked for anew after a failure.
 */
enum err fetches_add(struct db *db, const struct fetch_row *rows, size_t count,
                     int64_t *named) MUST_USE;
enum err fetches_named(struct db *db, int64_t *out) MUST_USE;

/* One look of this service, which its own edges answered with the policy. */
enum err fetches_add_own(struct db *db, int64_t publication, int64_t now) MUST_USE;

/*
 * Takes the network off rows whose day is more than FETCH_KEEP_DAYS days before that of now, some
 * at once; *left_out: there may be more.
 */
enum err fetches_fold(struct db *db, int64_t now, bool *left_out) MUST_USE;

/* Days before this one are kept by month: the first of that month which is not old enough yet. */
int64_t fetches_months_before(int64_t now);
/* Whether a row of that day stands for its month, as all of its days do by now. */
bool fetch_is_month(int64_t day, int64_t now);
/*
 * Makes days before that one into months, of some publications behind *after (0: from the start),
 * which becomes the last of them; *left_out: there may be more.
 */
enum err fetches_roll(struct db *db, int64_t before, int64_t *after, bool *left_out) MUST_USE;

/* Rows of a domain of the days from..to, newest day first; strings live in a. */
enum err fetches_list(struct db *db, int64_t domain, int64_t from, int64_t to,
                      const struct fetch_cursor *after, size_t limit, struct arena *a,
                      struct fetch_row **out, size_t *count_out) MUST_USE;
enum err fetches_days(struct db *db, int64_t domain, int64_t from, int64_t to, struct arena *a,
                      struct fetch_day **out, size_t *count_out) MUST_USE;
/* Of all domains and times, by status. */
enum err fetches_totals(struct db *db, struct arena *a, struct fetch_total **out,
                        size_t *count_out) MUST_USE;

#endif

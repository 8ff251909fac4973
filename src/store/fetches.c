#include "store/fetches.h"

#include "base/utc.h"
#include "store/db_internal.h"

/* Binds the key of a row as $1 to $4. */
static struct query key_query(struct db *db, enum sql statement, const struct fetch_row *r)
{
	struct query q = db_query(db, statement);

	query_int(&q, 1, r->publication);
	query_int(&q, 2, r->day);
	query_int(&q, 3, (int64_t)r->status);
	query_str(&q, 4, r->network);
	return q;
}

static struct query row_query(struct db *db, enum sql statement, const struct fetch_row *r)
{
	struct query q = key_query(db, statement, r);

	query_int(&q, 5, r->count);
	query_int(&q, 6, r->first);
	query_int(&q, 7, r->last);
	return q;
}

static enum err number(struct query *q, int64_t *out)
{
	if (query_row(q))
		*out = query_get_int(q, 0);
	return query_end(q);
}

enum err fetches_named(struct db *db, int64_t *out)
{
	struct query q = db_query(db, SQL_FETCH_NAMED);

	return number(&q, out);
}

/* Whether one more network may be kept for the row's publication and day. */
static enum err has_room(struct db *db, const struct fetch_row *r, int64_t named, bool *out)
{
	int64_t networks = 0;
	struct query q = db_query(db, SQL_FETCH_NETWORKS);

	query_int(&q, 1, r->publication);
	query_int(&q, 2, r->day);
	enum err e = number(&q, &networks);
	*out = networks < FETCH_NETWORKS_MAX && named < FETCH_NAMED_MAX;
	return e;
}

/* ERR_NOTFOUND: there is no such row yet. */
static enum err add_to_row(struct db *db, const struct fetch_row *r)
{
	struct query q = row_query(db, SQL_FETCH_MORE, r);

	return query_run_one(&q);
}

static enum err put_row(struct db *db, const struct fetch_row *r)
{
	struct query q = row_query(db, SQL_FETCH_ADD, r);

	return query_run(&q);
}

static enum err put_total(struct db *db, unsigned status, int64_t count)
{
	struct query q = db_query(db, SQL_FETCH_TOTAL_ADD);

	query_int(&q, 1, (int64_t)status);
	query_int(&q, 2, count);
	return query_run(&q);
}

static enum err add_row(struct db *db, const struct fetch_row *in, int64_t *named)
{
	struct fetch_row r = *in;
	bool room = false;
	enum err e = add_to_row(db, &r);

	if (e != ERR_NOTFOUND)
		return e;
	e = OK;
	if (r.network[0] != '\0') {
		e = has_room(db, &r, *named, &room);
		if (room)
			(*named)++; /* one too many for a publication that is gone; counted anew
			               later */
		else
			r.network = "";
	}
	return e == OK ? put_row(db, &r) : e;
}

/* The sum of a run of rows with the same status is one statement. */
static enum err add_all(struct db *db, const struct fetch_row *rows, size_t count, int64_t *named)
{
	int64_t sum = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		e = add_row(db, &rows[i], named);
		sum += rows[i].count;
		if (e == OK && (i + 1 == count || rows[i + 1].status != rows[i].status)) {
			e = put_total(db, rows[i].status, sum);
			sum = 0;
		}
	}
	return e;
}

enum err fetches_add(struct db *db, const struct fetch_row *rows, size_t count, int64_t *named)
{
	enum err e = db_begin(db);

	return e == OK ? db_end(db, add_all(db, rows, count, named)) : e;
}

enum err fetches_add_own(struct db *db, int64_t publication, int64_t now)
{
	const struct fetch_row r = { .publication = publication,
		                     .day = utc_day_start(now),
		                     .status = FETCH_OWN,
		                     .network = "",
		                     .count = 1,
		                     .first = now,
		                     .last = now };
	int64_t named = 0; /* it has no network */

	return fetches_add(db, &r, 1, &named);
}

/* Strings live in a. */
static struct fetch_row read_row(struct query *q, struct arena *a)
{
	return (struct fetch_row){
		.publication = query_get_int(q, 0),
		.day = query_get_int(q, 1),
		.status = (unsigned)query_get_int(q, 2),
		.network = query_copy_str(q, 3, a),
		.count = query_get_int(q, 4),
		.first = query_get_int(q, 5),
		.last = query_get_int(q, 6),
		.policy_id = query_copy_str(q, 7, a),
	};
}

static enum err read_rows(struct query *q, struct arena *a, struct fetch_row **out,
                          size_t *count_out)
{
	struct rows r = ROWS(struct fetch_row);

	while (query_row(q)) {
		struct fetch_row *row = rows_add(&r, a);

		*row = read_row(q, a);
	}
	enum err e = query_end(q);
	if (e == OK) {
		*out = r.items;
		*count_out = r.count;
	}
	return e;
}

/* The row's counts go to its status' row of that day which has no network. */
static enum err fold_row(struct db *db, const struct fetch_row *row, int64_t day)
{
	struct fetch_row plain = *row;
	struct query q = key_query(db, SQL_FETCH_DROP, row);
	enum err e = query_run(&q);

	plain.network = "";
	plain.day = day;
	return e == OK ? put_row(db, &plain) : e;
}

static enum err fold(struct db *db, int64_t before, struct arena *a, size_t *count_out)
{
	struct fetch_row *rows = NULL;
	struct query q = db_query(db, SQL_FETCH_OLD);

	query_int(&q, 1, before);
	query_int(&q, 2, FETCH_FOLD_ROWS);
	enum err e = read_rows(&q, a, &rows, count_out);
	for (size_t i = 0; e == OK && i < *count_out; i++)
		e = fold_row(db, &rows[i], rows[i].day);
	return e;
}

enum err fetches_fold(struct db *db, int64_t now, bool *left_out)
{
	int64_t before = utc_day_start(now) - (int64_t)FETCH_KEEP_DAYS * UTC_DAY;
	struct arena *a = arena_new();
	size_t count = 0;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, fold(db, before, a, &count));
	*left_out = e == OK && count == FETCH_FOLD_ROWS;
	arena_free(a);
	return e;
}

static int64_t month_start(int64_t day)
{
	return utc_day_start(day) - (int64_t)(utc_civil(day).day - 1) * UTC_DAY;
}

int64_t fetches_months_before(int64_t now)
{
	return month_start(now - (int64_t)FETCH_DAYS_KEPT * UTC_DAY);
}

bool fetch_is_month(int64_t day, int64_t now)
{
	return day < fetches_months_before(now) && day == month_start(day);
}

/* All old days of one publication: there are few, since it is done every month. */
static enum err roll_one(struct db *db, int64_t publication, int64_t before, struct arena *a,
                         size_t *rolled)
{
	struct query q = db_query(db, SQL_FETCH_DAYS_OLD);
	struct fetch_row *rows = NULL;
	size_t count = 0;

	query_int(&q, 1, publication);
	query_int(&q, 2, before);
	enum err e = read_rows(&q, a, &rows, &count);
	for (size_t i = 0; e == OK && i < count; i++) {
		int64_t month = month_start(rows[i].day);

		if (month == rows[i].day)
			continue; /* where the others go */
		e = fold_row(db, &rows[i], month);
		(*rolled)++;
	}
	return e;
}

/* The first publication behind that one; ERR_NOTFOUND. */
static enum err next_publication(struct db *db, int64_t after, int64_t *out)
{
	struct query q = db_query(db, SQL_FETCH_NEXT);

	query_int(&q, 1, after);
	bool found = query_row(&q);
	if (found)
		*out = query_get_int(&q, 0);
	enum err e = query_end(&q);
	return e == OK && !found ? ERR_NOTFOUND : e;
}

static enum err roll(struct db *db, int64_t before, struct arena *a, int64_t *after)
{
	size_t rolled = 0;
	enum err e = OK;

	for (int n = 0; e == OK && n < FETCH_ROLL_IDS && rolled < FETCH_FOLD_ROWS; n++) {
		e = next_publication(db, *after, after);
		if (e == OK)
			e = roll_one(db, *after, before, a, &rolled);
	}
	return e;
}

enum err fetches_roll(struct db *db, int64_t before, int64_t *after, bool *left_out)
{
	struct arena *a = arena_new();
	int64_t last = *after;
	enum err e = db_begin(db), done = OK;

	if (e == OK) {
		done = roll(db, before, a, &last);
		e = db_end(db, done == ERR_NOTFOUND ? OK : done);
	}
	if (e == OK) {
		*after = last;
		*left_out = done == OK;
	}
	arena_free(a);
	return e;
}

enum err fetches_list(struct db *db, int64_t domain, int64_t from, int64_t to,
                      const struct fetch_cursor *after, size_t limit, struct arena *a,
                      struct fetch_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_FETCH_LIST);

	query_int(&q, 1, domain);
	query_int(&q, 2, from);
	query_int(&q, 3, after->day != 0 ? after->day : to);
	query_int(&q, 4, after->day != 0 ? after->publication : 0);
	query_int(&q, 5, (int64_t)after->status);
	query_str(&q, 6, after->network);
	query_int(&q, 7, (int64_t)db_limit(limit));
	return read_rows(&q, a, out, count_out);
}

enum err fetches_days(struct db *db, int64_t domain, int64_t from, int64_t to, struct arena *a,
                      struct fetch_day **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_FETCH_DAYS);
	struct rows r = ROWS(struct fetch_day);
	int64_t own = 0, own_day = 0;

	query_int(&q, 1, domain);
	query_int(&q, 2, from);
	query_int(&q, 3, to);
	while (query_row(&q)) {
		const struct fetch_day row = { .day = query_get_int(&q, 0),
			                       .status = (unsigned)query_get_int(&q, 1),
			                       .count = query_get_int(&q, 2),
			                       .networks = query_get_int(&q, 3) };

		if (row.status == FETCH_OWN) { /* the first of its day */
			own = row.count;
			own_day = row.day;
			continue;
		}
		struct fetch_day *d = rows_add(&r, a);
		*d = row;
		if (row.status == 200 && row.day == own_day)
			d->own = own < row.count ? own : row.count;
	}
	enum err e = query_end(&q);
	if (e == OK) {
		*out = r.items;
		*count_out = r.count;
	}
	return e;
}

enum err fetches_totals(struct db *db, struct arena *a, struct fetch_total **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_FETCH_TOTALS);
	struct rows r = ROWS(struct fetch_total);

	while (query_row(&q)) {
		struct fetch_total *t = rows_add(&r, a);

		*t = (struct fetch_total){ (unsigned)query_get_int(&q, 0), query_get_int(&q, 1) };
	}
	enum err e = query_end(&q);
	if (e == OK) {
		*out = r.items;
		*count_out = r.count;
	}
	return e;
}

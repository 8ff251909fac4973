#include "store/held.h"

#include "store/reports_internal.h"

enum err held_put(struct db *db, const struct held_row *row)
{
	struct query q = db_query(db, SQL_HELD_PUT);

	query_str(&q, 1, row->sha256);
	query_str(&q, 2, row->author);
	db_bind_place(&q, 3, &row->place);
	query_int(&q, 6, row->arrived);
	query_int(&q, 7, row->due);
	query_int(&q, 8, row->tries);
	return query_run(&q);
}

static void read_row(struct query *q, struct arena *a, struct held_row *row)
{
	db_read_digest(q, 0, row->sha256);
	row->author = query_copy_str(q, 1, a);
	row->place = db_read_place(q, 2);
	row->arrived = query_get_int(q, 5);
	row->due = query_get_int(q, 6);
	row->tries = query_get_int(q, 7);
}

enum err held_get(struct db *db, const char *sha256, struct arena *a, struct held_row *out)
{
	struct query q = db_query(db, SQL_HELD_GET);
	struct held_row row = { .due = 0 };

	query_str(&q, 1, sha256);
	bool found = query_row(&q);
	if (found)
		read_row(&q, a, &row);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = row;
	return e;
}

enum err held_drop(struct db *db, const char *sha256)
{
	struct query q = db_query(db, SQL_HELD_DROP);

	query_str(&q, 1, sha256);
	return query_run(&q);
}

enum err held_due(struct db *db, int64_t now, size_t limit, struct arena *a, struct held_row **out,
                  size_t *count_out)
{
	struct query q = db_query(db, SQL_HELD_DUE);
	struct rows r = ROWS(struct held_row);

	query_int(&q, 1, now);
	query_int(&q, 2, (int64_t)db_limit(limit));
	while (query_row(&q))
		read_row(&q, a, rows_add(&r, a));
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

enum err held_wake(struct db *db, int64_t now)
{
	struct query q = db_query(db, SQL_HELD_WAKE);

	query_int(&q, 1, now);
	return query_run(&q);
}

enum err held_count(struct db *db, int64_t *count_out, int64_t *due_out)
{
	struct query q = db_query(db, SQL_HELD_COUNT);
	int64_t count = 0, due = INT64_MAX;

	if (query_row(&q)) {
		count = query_get_int(&q, 0);
		due = query_get_int(&q, 1);
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*count_out = count;
	*due_out = count == 0 ? INT64_MAX : due;
	return OK;
}

enum err held_count_author(struct db *db, const char *author, int64_t *out)
{
	struct query q = db_query(db, SQL_HELD_COUNT_AUTHOR);
	int64_t count = 0;

	query_str(&q, 1, author);
	if (query_row(&q))
		count = query_get_int(&q, 0);
	enum err e = query_end(&q);
	if (e == OK)
		*out = count;
	return e;
}

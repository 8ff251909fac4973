#include "store/quarantine.h"

#include "store/reports_internal.h"

static enum err raise_trust(struct db *db, const struct quarantine_row *row)
{
	struct query q = db_query(db, SQL_QUARANTINE_RAISE);

	query_str(&q, 1, row->sha256);
	query_int(&q, 2, (int64_t)row->trust);
	return query_run(&q);
}

static enum err put(struct db *db, const struct quarantine_row *row, struct arena *a, bool *added)
{
	struct query q = db_query(db, SQL_QUARANTINE_ADD);

	query_str(&q, 1, row->sha256);
	query_str(&q, 2, row->reason);
	query_text(&q, 3, db_clean(row->message, REPORTS_TEXT_MAX, a));
	query_str(&q, 4, row->way);
	query_str(&q, 5, row->kind);
	query_int(&q, 6, (int64_t)row->trust);
	query_text(&q, 7, db_clean(row->name, REPORTS_TEXT_MAX, a));
	query_text(&q, 8, db_clean(row->domain, REPORTS_TEXT_MAX, a));
	db_bind_place(&q, 9, &row->place);
	query_int(&q, 12, row->arrived);
	query_int(&q, 13, row->tried);
	query_int(&q, 14, row->tries);
	query_str(&q, 15, row->program);
	enum err e = query_run_one(&q);
	*added = e == OK;
	return e == ERR_NOTFOUND ? raise_trust(db, row) : e;
}

enum err quarantine_put(struct db *db, const struct quarantine_row *row, bool *new_out)
{
	struct arena *a = arena_new();
	bool added = false;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, put(db, row, a, &added));
	arena_free(a);
	if (e == OK && new_out != NULL)
		*new_out = added;
	return e;
}

static void read_row(struct query *q, struct arena *a, struct quarantine_row *row)
{
	db_read_digest(q, 0, row->sha256);
	row->reason = query_copy_str(q, 1, a);
	row->message = query_copy(q, 2, a);
	row->way = query_copy_str(q, 3, a);
	row->kind = query_copy_str(q, 4, a);
	row->trust = db_read_trust(q, 5);
	row->name = query_copy(q, 6, a);
	row->domain = query_copy(q, 7, a);
	row->place = db_read_place(q, 8);
	row->arrived = query_get_int(q, 11);
	row->tried = query_get_int(q, 12);
	row->tries = query_get_int(q, 13);
	row->program = query_copy_str(q, 14, a);
}

enum err quarantine_get(struct db *db, struct slice sha256, struct arena *a,
                        struct quarantine_row *out)
{
	struct query q = db_query(db, SQL_QUARANTINE_GET);
	struct quarantine_row row = { 0 };

	query_text(&q, 1, sha256);
	bool found = query_row(&q);
	if (found)
		read_row(&q, a, &row);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = row;
	return e;
}

static enum err read_rows(struct query *q, struct arena *a, struct quarantine_row **out,
                          size_t *count_out)
{
	struct rows r = ROWS(struct quarantine_row);

	while (query_row(q))
		read_row(q, a, rows_add(&r, a));
	enum err e = query_end(q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

enum err quarantine_list(struct db *db, struct slice domain, struct slice after, size_t limit,
                         struct arena *a, struct quarantine_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_QUARANTINE_LIST);

	query_text(&q, 1, after);
	query_int(&q, 2, (int64_t)db_limit(limit));
	query_text(&q, 3, domain);
	return read_rows(&q, a, out, count_out);
}

enum err quarantine_others(struct db *db, const char *program, struct slice after, size_t limit,
                           struct arena *a, struct quarantine_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_QUARANTINE_OTHERS);

	query_str(&q, 1, program);
	query_text(&q, 2, after);
	query_int(&q, 3, (int64_t)db_limit(limit));
	return read_rows(&q, a, out, count_out);
}

enum err quarantine_purge(struct db *db, int64_t before)
{
	struct query q = db_query(db, SQL_QUARANTINE_PURGE);

	query_int(&q, 1, before);
	return query_run(&q);
}

enum err quarantine_count(struct db *db, struct slice domain, int64_t *out)
{
	struct query q = db_query(db, SQL_QUARANTINE_COUNT);
	int64_t count = 0;

	query_text(&q, 1, domain);
	if (query_row(&q))
		count = query_get_int(&q, 0);
	enum err e = query_end(&q);
	if (e == OK)
		*out = count;
	return e;
}

enum err quarantine_retried(struct db *db, const struct quarantine_row *row)
{
	struct arena *a = arena_new();
	struct query q = db_query(db, SQL_QUARANTINE_RETRIED);

	query_str(&q, 1, row->sha256);
	query_str(&q, 2, row->reason);
	query_text(&q, 3, db_clean(row->message, REPORTS_TEXT_MAX, a));
	query_int(&q, 4, row->tried);
	query_str(&q, 5, row->program);
	enum err e = query_run_one(&q);
	arena_free(a);
	return e;
}

enum err quarantine_resolve(struct db *db, struct slice sha256)
{
	struct query q = db_query(db, SQL_QUARANTINE_DROP);

	query_text(&q, 1, sha256);
	return query_run_one(&q);
}

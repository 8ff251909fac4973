#include "store/pushes.h"

#include "store/db_internal.h"

static enum err follow_one(struct db *db, const struct domain *d, int record)
{
	bool ours = d->way[record] == WAY_UPDATE && (d->hosted || record == RECORD_REPORTS);
	struct query q = db_query(db, ours ? SQL_PUSH_ADD : SQL_PUSH_DROP);

	query_int(&q, 1, d->id);
	query_int(&q, 2, record);
	return query_run(&q);
}

enum err pushes_follow(struct db *db, const struct domain *d)
{
	enum err e = OK;

	for (int i = 0; e == OK && i < RECORD_COUNT; i++)
		e = follow_one(db, d, i);
	return e;
}

enum err pushes_reset(struct db *db, int64_t domain)
{
	struct query q = db_query(db, SQL_PUSH_RESET);

	query_int(&q, 1, domain);
	return query_run(&q);
}

enum err pushes_hurry(struct db *db, int64_t domain, enum domain_record record)
{
	struct query q = db_query(db, SQL_PUSH_HURRY);

	query_int(&q, 1, domain);
	query_int(&q, 2, (int64_t)record);
	return query_run(&q);
}

static enum err read_one(struct query *q, struct arena *a, struct push_row *out)
{
	struct push_row r = { .content = "", .why = "" };
	bool found = query_row(q);

	if (found) {
		int64_t record = query_get_int(q, 1);

		r.domain = query_get_int(q, 0);
		r.record = record > 0 && record < RECORD_COUNT ? (enum domain_record)record
		                                               : RECORD_HOST;
		r.content = query_copy_str(q, 2, a);
		r.why = query_copy_str(q, 3, a);
		r.due = query_get_int(q, 4);
		r.tries = query_get_int(q, 5);
		r.pushed = query_get_int(q, 6);
	}
	enum err e = query_run(q);
	if (e == OK && !found)
		e = ERR_NOTFOUND;
	if (e == OK)
		*out = r;
	return e;
}

enum err pushes_get(struct db *db, int64_t domain, enum domain_record record, struct arena *a,
                    struct push_row *out)
{
	struct query q = db_query(db, SQL_PUSH_GET);

	query_int(&q, 1, domain);
	query_int(&q, 2, (int64_t)record);
	return read_one(&q, a, out);
}

enum err pushes_claim(struct db *db, int64_t now, int64_t until, struct arena *a,
                      struct push_row *out)
{
	struct query q = db_query(db, SQL_PUSH_CLAIM);

	query_int(&q, 1, now);
	query_int(&q, 2, until);
	return read_one(&q, a, out);
}

enum err pushes_unclaim_all(struct db *db)
{
	struct query q = db_query(db, SQL_PUSH_UNCLAIM);

	return query_run(&q);
}

enum err pushes_put(struct db *db, const struct push_row *row)
{
	struct query q = db_query(db, SQL_PUSH_PUT);

	query_int(&q, 1, row->domain);
	query_int(&q, 2, (int64_t)row->record);
	query_str(&q, 3, row->content == NULL ? "" : row->content);
	query_str(&q, 4, row->why);
	query_int(&q, 5, row->due);
	query_int(&q, 6, row->tries);
	query_int(&q, 7, row->pushed);
	query_int(&q, 8, row->content != NULL ? 1 : 0);
	return query_run(&q);
}

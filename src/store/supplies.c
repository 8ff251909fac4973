#include "store/supplies.h"

#include "store/db_internal.h"

static void read_row(struct query *q, struct arena *a, struct supply_row *r)
{
	r->kind = query_copy_str(q, 0, a);
	r->name = query_copy_str(q, 1, a);
	r->identity = query_copy_str(q, 2, a);
	r->mark = query_get_int(q, 3);
	r->place = query_get_int(q, 4);
	r->stuck = query_get_int(q, 5);
	r->tries = query_get_int(q, 6);
	r->why = query_copy_str(q, 7, a);
	r->note = query_copy_str(q, 8, a);
	r->polled = query_get_int(q, 9);
	r->good = query_get_int(q, 10);
	r->looked = query_get_int(q, 11);
	r->taken = query_get_int(q, 12);
	r->skipped = query_get_int(q, 13);
}

enum err supplies_get(struct db *db, const char *kind, const char *name, struct arena *a,
                      struct supply_row *out)
{
	struct query q = db_query(db, SQL_SUPPLY_GET);
	struct supply_row row = { 0 };

	query_str(&q, 1, kind);
	query_str(&q, 2, name);
	bool found = query_row(&q);
	if (found)
		read_row(&q, a, &row);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = row;
	return e;
}

static enum err put(struct db *db, const struct supply_row *in, struct arena *a)
{
	struct query q = db_query(db, SQL_SUPPLY_PUT);

	query_str(&q, 1, in->kind);
	query_str(&q, 2, in->name);
	query_str(&q, 3, in->identity);
	query_int(&q, 4, in->mark);
	query_int(&q, 5, in->place);
	query_int(&q, 6, in->stuck);
	query_int(&q, 7, in->tries);
	query_text(&q, 8, db_clean(slice_str(in->why), SUPPLY_TEXT_MAX, a));
	query_text(&q, 9, db_clean(slice_str(in->note), SUPPLY_TEXT_MAX, a));
	query_int(&q, 10, in->polled);
	query_int(&q, 11, in->good);
	query_int(&q, 12, in->looked);
	query_int(&q, 13, in->taken);
	query_int(&q, 14, in->skipped);
	return query_run(&q);
}

enum err supplies_put(struct db *db, const struct supply_row *in)
{
	struct arena *a = arena_new();
	enum err e = put(db, in, a);

	arena_free(a);
	return e;
}

enum err supplies_unlist(struct db *db)
{
	struct query q = db_query(db, SQL_SUPPLY_UNUSED);

	return query_run(&q);
}

enum err supplies_list(struct db *db, struct arena *a, struct supply_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_SUPPLY_LIST);
	struct rows r = ROWS(struct supply_row);

	while (query_row(&q))
		read_row(&q, a, rows_add(&r, a));
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

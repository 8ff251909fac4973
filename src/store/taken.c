#include "store/taken.h"

#include "store/db_internal.h"

enum err taken_add(struct db *db, int64_t day, const struct taken *t)
{
	struct query q = db_query(db, SQL_TAKEN_ADD);

	query_int(&q, 1, day);
	query_str(&q, 2, t->way);
	query_str(&q, 3, t->outcome);
	query_int(&q, 4, t->count);
	return query_run(&q);
}

enum err taken_list(struct db *db, struct arena *a, struct taken **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_TAKEN_LIST);
	struct rows r = ROWS(struct taken);

	while (query_row(&q)) {
		struct taken *t = rows_add(&r, a);

		t->way = query_copy_str(&q, 0, a);
		t->outcome = query_copy_str(&q, 1, a);
		t->count = query_get_int(&q, 2);
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

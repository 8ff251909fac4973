#include "store/looks.h"

#include "store/db_internal.h"
#include "store/jobs.h"

enum err looks_put(struct db *db, const struct look *l)
{
	struct query q = db_query(db, SQL_LOOK_PUT);

	query_str(&q, 1, l->host);
	query_int(&q, 2, l->checked);
	query_int(&q, 3, l->faults);
	query_str(&q, 4, l->why);
	query_int(&q, 5, l->not_after);
	query_str(&q, 6, l->issuer);
	return query_run(&q);
}

enum err looks_get(struct db *db, struct slice host, struct arena *a, struct look *out)
{
	struct query q = db_query(db, SQL_LOOK_GET);
	struct look l = { .checked = 0 };

	query_text(&q, 1, host);
	bool found = query_row(&q);
	if (found) {
		l.host = query_copy_str(&q, 0, a);
		l.checked = query_get_int(&q, 1);
		l.faults = query_get_int(&q, 2);
		l.why = query_copy_str(&q, 3, a);
		l.not_after = query_get_int(&q, 4);
		l.issuer = query_copy_str(&q, 5, a);
	}
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = l;
	return e;
}

enum err looks_drop(struct db *db, struct slice host)
{
	struct query q = db_query(db, SQL_LOOK_DROP);

	query_text(&q, 1, host);
	return query_run(&q);
}

static enum err missing(struct db *db, const char *kind, struct arena *a, const char ***hosts,
                        size_t *count)
{
	struct query q = db_query(db, SQL_LOOK_MISSING);
	struct rows r = ROWS(const char *);

	query_str(&q, 1, kind);
	while (query_row(&q))
		*(const char **)rows_add(&r, a) = query_copy_str(&q, 0, a);
	*hosts = r.items;
	*count = r.count;
	return query_end(&q);
}

static enum err add_jobs(struct db *db, const char *kind, const char *const *hosts, size_t count,
                         int64_t now)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++)
		e = jobs_add(db, kind, hosts[i], S(""), now, now, NULL);
	return e;
}

/* Reads first: nobody else writes these tables, and mostly there is nothing to write. */
enum err looks_follow(struct db *db, const char *kind, int64_t now)
{
	struct arena *a = arena_new();
	const char **hosts = NULL;
	size_t count = 0;
	enum err e = missing(db, kind, a, &hosts, &count);

	if (e == OK && count > 0) {
		e = db_begin(db);
		if (e == OK)
			e = db_end(db, add_jobs(db, kind, hosts, count, now));
	}
	arena_free(a);
	return e;
}

#include "store/checks.h"

#include "store/db_internal.h"
#include "store/jobs.h"

#include <stdio.h>

void checks_note_id(struct check *c, const char *id, int64_t now)
{
	bool first = c->definite == 0;

	if (now < c->definite)
		return;
	if (first || strcmp(id, c->id) != 0) {
		if (!first)
			c->other_last = c->definite;
		c->id = id;
		c->id_since = now;
	}
	c->definite = now;
}

enum err checks_put(struct db *db, const struct check *c)
{
	struct query q;

	if (c->facts.len > CHECK_FACTS_MAX)
		return ERR_LIMIT;
	q = db_query(db, SQL_CHECK_PUT);
	query_int(&q, 1, c->domain);
	query_int(&q, 2, c->checked);
	query_text(&q, 3, c->facts);
	query_str(&q, 4, c->id);
	query_int(&q, 5, c->id_since);
	query_int(&q, 6, c->other_last);
	query_str(&q, 7, c->rua_kept);
	query_int(&q, 8, c->seen_since);
	query_int(&q, 9, c->host_seen);
	query_int(&q, 10, c->adopted);
	query_int(&q, 11, c->definite);
	return query_run(&q);
}

enum err checks_get(struct db *db, int64_t domain, struct arena *a, struct check *out)
{
	struct query q = db_query(db, SQL_CHECK_GET);
	struct check c = { .domain = domain };

	query_int(&q, 1, domain);
	bool found = query_row(&q);
	if (found) {
		c.checked = query_get_int(&q, 0);
		c.facts = query_copy(&q, 1, a);
		c.id = query_copy_str(&q, 2, a);
		c.id_since = query_get_int(&q, 3);
		c.other_last = query_get_int(&q, 4);
		c.rua_kept = query_copy_str(&q, 5, a);
		c.seen_since = query_get_int(&q, 6);
		c.host_seen = query_get_int(&q, 7);
		c.adopted = query_get_int(&q, 8);
		c.definite = query_get_int(&q, 9);
	}
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = c;
	return e;
}

static enum err missing(struct db *db, const char *kind, struct arena *a, int64_t **ids,
                        size_t *count)
{
	struct query q = db_query(db, SQL_CHECK_MISSING);
	struct rows r = ROWS(int64_t);

	query_str(&q, 1, kind);
	while (query_row(&q))
		*(int64_t *)rows_add(&r, a) = query_get_int(&q, 0);
	*ids = r.items;
	*count = r.count;
	return query_end(&q);
}

static enum err add_jobs(struct db *db, const char *kind, const int64_t *ids, size_t count,
                         int64_t now)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		char key[32];
		(void)snprintf(key, sizeof(key), "%lld", (long long)ids[i]); /* it fits */
		e = jobs_add(db, kind, key, S(""), now + (int64_t)i / CHECKS_A_SECOND, now, NULL);
	}
	return e;
}

/* Reads first: nobody else writes these tables, and mostly there is nothing to write. */
enum err checks_follow(struct db *db, const char *kind, int64_t now)
{
	struct arena *a = arena_new();
	int64_t *ids = NULL;
	size_t count = 0;
	enum err e = missing(db, kind, a, &ids, &count);

	if (e == OK && count > 0) {
		e = db_begin(db);
		if (e == OK)
			e = db_end(db, add_jobs(db, kind, ids, count, now));
	}
	arena_free(a);
	return e;
}

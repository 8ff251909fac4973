#include "store/jobs.h"

#include "store/db_internal.h"

static enum err sooner(struct db *db, const char *kind, const char *key, int64_t run_at)
{
	struct query q = db_query(db, SQL_JOB_SOONER);

	query_str(&q, 1, kind);
	query_str(&q, 2, key);
	query_int(&q, 3, run_at);
	return query_run(&q);
}

static enum err add(struct db *db, const char *kind, const char *key, struct slice payload,
                    int64_t run_at, int64_t now, bool *added)
{
	struct query q = db_query(db, SQL_JOB_ADD);

	query_int(&q, 1, db_new_id(db, now));
	query_str(&q, 2, kind);
	query_str(&q, 3, key);
	query_blob(&q, 4, payload);
	query_int(&q, 5, run_at);
	query_int(&q, 6, now);
	enum err e = query_run_one(&q);
	*added = e == OK;
	return e == ERR_NOTFOUND ? sooner(db, kind, key, run_at) : e;
}

enum err jobs_add(struct db *db, const char *kind, const char *key, struct slice payload,
                  int64_t run_at, int64_t now, bool *new_out)
{
	bool added = false;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, add(db, kind, key, payload, run_at, now, &added));
	if (e == OK && new_out != NULL)
		*new_out = added;
	return e;
}

/* id 0: none is due, and nothing changed. */
static enum err claim(struct db *db, const char *kind, int64_t now, int64_t lease_s,
                      struct arena *a, struct job *out)
{
	struct query q = db_query(db, kind == NULL ? SQL_JOB_CLAIM : SQL_JOB_CLAIM_KIND);
	struct job job = { 0 };

	query_int(&q, 1, now);
	query_int(&q, 2, now + lease_s);
	if (kind != NULL)
		query_str(&q, 3, kind);
	if (query_row(&q)) {
		job.id = query_get_int(&q, 0);
		job.kind = query_copy_str(&q, 1, a);
		job.key = query_copy_str(&q, 2, a);
		job.payload = query_copy(&q, 3, a);
		job.run_at = query_get_int(&q, 4);
		job.claimed_until = query_get_int(&q, 5);
		job.attempts = query_get_int(&q, 6);
		job.last_error = query_copy_str(&q, 7, a);
	}
	*out = job;
	return query_run(&q);
}

enum err jobs_claim(struct db *db, const char *kind, int64_t now, int64_t lease_s, struct arena *a,
                    struct job *out)
{
	struct job job = { 0 };
	enum err e = db_begin_light(db);

	if (e == OK)
		e = db_end(db, claim(db, kind, now, lease_s, a, &job));
	if (e != OK)
		return e;
	if (job.id == 0)
		return ERR_NOTFOUND;
	*out = job;
	return OK;
}

enum err jobs_done(struct db *db, int64_t id)
{
	struct query q = db_query(db, SQL_JOB_DONE);

	query_int(&q, 1, id);
	return query_run_one(&q);
}

static enum err put_back(struct db *db, int64_t id, int64_t run_at, const char *why)
{
	struct query q = db_query(db, SQL_JOB_AGAIN);

	query_int(&q, 1, id);
	query_int(&q, 2, run_at);
	query_str(&q, 3, why);
	return query_run_one(&q);
}

enum err jobs_again(struct db *db, int64_t id, int64_t run_at, const char *why)
{
	enum err e = db_begin_light(db);

	return e == OK ? db_end(db, put_back(db, id, run_at, why)) : e;
}

enum err jobs_next(struct db *db, int64_t *run_at_out)
{
	struct query q = db_query(db, SQL_JOB_NEXT);
	int64_t at = 0;
	bool found = query_row(&q);

	if (found)
		at = query_get_int(&q, 0);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*run_at_out = at;
	return e;
}

#include "base/utc.h"
#include "store/reports_internal.h"

#define SINCE_FAILURES 10000u /* failure rows after which an answer of reports_since ends */

static void read_row(struct query *q, struct arena *a, struct report_row *r)
{
	r->id = query_get_int(q, 0);
	r->domain = query_get_int(q, 1);
	r->organization = query_copy(q, 2, a);
	r->report_id = query_copy(q, 3, a);
	r->contact = query_copy(q, 4, a);
	r->signer = query_copy(q, 5, a);
	r->trust = db_read_trust(q, 6);
	r->start = query_get_int(q, 7);
	r->end = query_get_int(q, 8);
	r->day = query_get_int(q, 9);
	r->arrived = query_get_int(q, 10);
	r->successful = query_get_int(q, 11);
	r->failed = query_get_int(q, 12);
	r->notes = query_copy(q, 13, a);
	db_read_digest(q, 14, r->raw_sha256);
	r->place = db_read_place(q, 15);
}

enum err reports_list(struct db *db, int64_t domain, unsigned trusts,
                      const struct report_cursor *after, size_t limit, struct arena *a,
                      struct report_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_REPORT_LIST);
	bool start = after == NULL || (after->day == 0 && after->id == 0);
	struct rows r = ROWS(struct report_row);

	query_int(&q, 1, domain);
	db_bind_trusts(&q, 2, trusts);
	query_int(&q, 6, start ? INT64_MAX : after->day);
	query_int(&q, 7, start ? INT64_MAX : after->id);
	query_int(&q, 8, (int64_t)db_limit(limit));
	while (query_row(&q))
		read_row(&q, a, rows_add(&r, a));
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

enum err reports_read_policies(struct db *db, int64_t report, struct arena *a,
                               struct report_policy_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_REPORT_POLICIES);
	struct slice text = S("");

	query_int(&q, 1, report);
	if (query_row(&q))
		text = query_copy(&q, 0, a);
	enum err e = query_end(&q);
	if (e == OK)
		policies_parse(text, a, out, count_out);
	return e;
}

/* The rows alone; their policies are read once this query has ended. */
static enum err since_rows(struct db *db, int64_t tenant, const struct report_cursor *after,
                           size_t limit, struct arena *a, struct rows *out)
{
	struct query q = db_query(db, SQL_REPORT_SINCE);

	query_int(&q, 1, after->day);
	query_int(&q, 2, after->id);
	query_int(&q, 3, tenant);
	query_int(&q, 4, (int64_t)db_limit(limit));
	while (query_row(&q)) {
		struct report_row *r = rows_add(out, a);

		read_row(&q, a, r);
		r->domain_name = query_copy_str(&q, 18, a);
	}
	return query_end(&q);
}

static size_t failure_rows(const struct report_row *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->policy_count; i++)
		n += r->policies[i].failure_count;
	return n;
}

static enum err since_all(struct db *db, int64_t tenant, const struct report_cursor *after,
                          size_t limit, struct arena *a, struct rows *out)
{
	enum err e = since_rows(db, tenant, after, limit, a, out);
	struct report_row *list = out->items;
	size_t done = 0, failures = 0;

	while (e == OK && done < out->count && failures < SINCE_FAILURES) {
		e = reports_read_policies(db, list[done].id, a, &list[done].policies,
		                          &list[done].policy_count);
		if (e == OK)
			failures += failure_rows(&list[done++]);
	}
	out->count = done;
	return e;
}

enum err reports_since(struct db *db, int64_t tenant, int64_t since,
                       const struct report_cursor *after, size_t limit, struct arena *a,
                       struct report_row **out, size_t *count_out)
{
	/* Ids are greater than 0: behind that place is whatever arrived at since or later. */
	const struct report_cursor start = { since, 0 };
	bool goes_on = after != NULL && after->day >= since;
	struct rows r = ROWS(struct report_row);
	enum err e = db_begin_read(db);

	if (e == OK)
		e = db_end(db, since_all(db, tenant, goes_on ? after : &start, limit, a, &r));
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

static enum err get(struct db *db, int64_t id, struct arena *a, struct report_row *out)
{
	struct query q = db_query(db, SQL_REPORT_GET);

	query_int(&q, 1, id);
	bool found = query_row(&q);
	if (found)
		read_row(&q, a, out);
	enum err e = query_end_found(&q, found);
	return e == OK ? reports_read_policies(db, id, a, &out->policies, &out->policy_count) : e;
}

enum err reports_get(struct db *db, int64_t id, struct arena *a, struct report_row *out)
{
	struct report_row row = { 0 };
	enum err e = db_begin_read(db);

	if (e == OK)
		e = db_end(db, get(db, id, a, &row));
	if (e == OK)
		*out = row;
	return e;
}

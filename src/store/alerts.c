#include "store/alerts.h"

#include "store/db_internal.h"
#include "store/reports.h"

static void put_text(struct query *q, int at, const char *text, struct arena *a)
{
	query_text(q, at, db_clean(slice_str(text), ALERT_TEXT_MAX, a));
}

enum err alerts_put(struct db *db, const struct alert_row *row)
{
	struct query q = db_query(db, SQL_ALERT_PUT);
	struct arena *a = arena_new();

	query_int(&q, 1, row->tenant);
	query_str(&q, 2, row->name);
	query_str(&q, 3, alert_code(row->cause));
	query_int(&q, 4, row->domain);
	query_int(&q, 5, row->state.level);
	query_int(&q, 6, row->state.extent);
	put_text(&q, 7, row->state.subject, a);
	put_text(&q, 8, row->detail, a);
	put_text(&q, 9, row->step, a);
	put_text(&q, 10, row->command, a);
	query_int(&q, 11, row->state.opened);
	query_int(&q, 12, row->state.closed);
	query_int(&q, 13, alert_rank(row->state.level, row->state.extent));
	enum err e = query_run(&q);
	arena_free(a);
	return e;
}

static void read_row(struct query *q, enum alert_cause cause, struct arena *a,
                     struct alert_row *out)
{
	*out = (struct alert_row){
		.tenant = query_get_int(q, 0),
		.name = query_copy_str(q, 1, a),
		.cause = cause,
		.domain = query_get_int(q, 3),
		.state = { .level = (unsigned)query_get_int(q, 4),
		           .extent = (unsigned)query_get_int(q, 5),
		           .subject = query_copy_str(q, 6, a),
		           .opened = query_get_int(q, 10),
		           .closed = query_get_int(q, 11),
		           .said = query_get_int(q, 12),
		           .said_subject = query_copy_str(q, 13, a),
		           .said_at = query_get_int(q, 14),
		           .peak = query_get_int(q, 15) },
		.detail = query_copy_str(q, 7, a),
		.step = query_copy_str(q, 8, a),
		.command = query_copy_str(q, 9, a),
	};
}

enum err alerts_get(struct db *db, int64_t tenant, const char *name, enum alert_cause cause,
                    struct arena *a, struct alert_row *out)
{
	struct query q = db_query(db, SQL_ALERT_GET);
	struct alert_row row = { 0 };

	query_int(&q, 1, tenant);
	query_str(&q, 2, name);
	query_str(&q, 3, alert_code(cause));
	bool found = query_row(&q);
	if (found)
		read_row(&q, cause, a, &row);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = row;
	return e;
}

enum err alerts_drop(struct db *db, int64_t domain)
{
	struct query q = db_query(db, SQL_ALERT_DROP);

	query_int(&q, 1, domain);
	enum err e = query_run(&q);
	if (e != OK)
		return e;
	q = db_query(db, SQL_SELF_CHECK_DROP);
	query_int(&q, 1, domain);
	return query_run(&q);
}

enum err alerts_drop_hosts(struct db *db, int64_t tenant, const char *const hosts[2])
{
	struct query q = db_query(db, SQL_ALERT_DROP_HOSTS);

	query_int(&q, 1, tenant);
	query_str(&q, 2, hosts[0]);
	query_str(&q, 3, hosts[1]);
	return query_run(&q);
}

static enum err collect(struct query *q, struct arena *a, struct alert_row **out, size_t *count_out)
{
	struct rows r = ROWS(struct alert_row);
	enum alert_cause cause;

	while (query_row(q))
		if (alert_cause_parse(query_get(q, 2), &cause) == OK)
			read_row(q, cause, a, rows_add(&r, a));
	enum err e = query_end(q);
	if (e == OK) {
		*out = r.items;
		*count_out = r.count;
	}
	return e;
}

enum err alerts_list(struct db *db, int64_t tenant, bool closed, const struct alert_cursor *after,
                     size_t limit, struct arena *a, struct alert_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_ALERT_LIST);

	query_int(&q, 1, tenant);
	query_int(&q, 2, closed ? 0 : 1);
	query_text(&q, 3, after->name);
	query_text(&q, 4, after->code);
	query_int(&q, 5, (int64_t)db_limit(limit));
	return collect(&q, a, out, count_out);
}

enum err alerts_of_name(struct db *db, int64_t tenant, const char *name, struct arena *a,
                        struct alert_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_ALERT_OF_NAME);

	query_int(&q, 1, tenant);
	query_str(&q, 2, name);
	return collect(&q, a, out, count_out);
}

enum err alerts_count(struct db *db, int64_t counts_out[ALERT_CAUSES][3])
{
	struct query q = db_query(db, SQL_ALERT_COUNT);
	int64_t counts[ALERT_CAUSES][3] = { 0 };

	while (query_row(&q)) {
		int64_t level = query_get_int(&q, 1);
		enum alert_cause cause;

		if (alert_cause_parse(query_get(&q, 0), &cause) == OK && level >= 1 && level <= 3)
			counts[cause][level - 1] = query_get_int(&q, 2);
	}
	enum err e = query_end(&q);
	if (e == OK)
		memcpy(counts_out, counts, sizeof(counts));
	return e;
}

void alerts_sums(int64_t counts[ALERT_CAUSES][3], int64_t sums_out[2])
{
	sums_out[0] = sums_out[1] = 0;
	for (unsigned i = 0; i < ALERT_CAUSES; i++)
		for (unsigned level = 1; level <= 3; level++)
			sums_out[alert_is_fail((enum alert_cause)i, level) ? 1 : 0] +=
			        counts[i][level - 1];
}

static struct alert_row copy_lean(const struct alert_row *row, struct arena *a)
{
	struct alert_row copy = *row;

	copy.name = arena_printf(a, "%s", row->name);
	copy.state.subject = arena_printf(a, "%s", row->state.subject);
	copy.state.said_subject = arena_printf(a, "%s", row->state.said_subject);
	copy.detail = copy.step = copy.command = "";
	return copy;
}

static void keep(struct rows *r, const struct alert_row *row, enum alert_keep k, struct arena *a)
{
	struct alert_row *out = k == ALERT_LEAVE ? NULL : rows_add(r, a);

	if (out == NULL)
		return;
	*out = copy_lean(row, a);
	if (k != ALERT_WHOLE)
		return;
	out->detail = arena_printf(a, "%s", row->detail);
	out->step = arena_printf(a, "%s", row->step);
	out->command = arena_printf(a, "%s", row->command);
}

enum err alerts_unsaid(struct db *db, alert_choose *choose, void *ctx, struct arena *a,
                       struct alert_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_ALERT_UNSAID);
	struct rows r = ROWS(struct alert_row);
	struct arena *scratch = arena_new();
	enum alert_cause cause;

	query_str(&q, 1, alert_code(ALERT_TYPING)); /* of these another subject is said as well */
	while (query_row(&q)) {
		struct alert_row row = { 0 };

		arena_reset(scratch);
		if (alert_cause_parse(query_get(&q, 2), &cause) != OK)
			continue;
		read_row(&q, cause, scratch, &row);
		keep(&r, &row, choose(ctx, &row), a);
	}
	arena_free(scratch);
	*out = r.items;
	*count_out = r.count;
	return query_end(&q);
}

enum err self_check_put(struct db *db, const struct self_check *row)
{
	struct query q = db_query(db, SQL_SELF_CHECK_PUT);
	struct arena *a = arena_new();

	query_int(&q, 1, row->domain);
	query_int(&q, 2, row->checked);
	query_int(&q, 3, row->policy);
	query_int(&q, 4, row->policy_bad);
	query_int(&q, 5, row->policy_since);
	query_int(&q, 6, row->policy_good);
	put_text(&q, 7, row->policy_why, a);
	query_int(&q, 8, row->seen);
	put_text(&q, 9, row->seen_id, a);
	put_text(&q, 10, row->seen_why, a);
	query_int(&q, 11, row->mx);
	query_int(&q, 12, row->mx_count);
	query_text(&q, 13, db_clean(slice_str(row->mx_unmatched), 4 * ALERT_TEXT_MAX, a));
	put_text(&q, 14, row->mx_why, a);
	enum err e = query_run(&q);
	arena_free(a);
	return e;
}

static enum alert_look look_at(struct query *q, int at)
{
	int64_t look = query_get_int(q, at);

	return look == ALERT_GOOD || look == ALERT_BAD ? (enum alert_look)look : ALERT_UNKNOWN;
}

enum err self_check_get(struct db *db, int64_t domain, struct arena *a, struct self_check *out)
{
	struct query q = db_query(db, SQL_SELF_CHECK_GET);
	struct self_check r = { .domain = domain };

	query_int(&q, 1, domain);
	bool found = query_row(&q);
	if (found) {
		r.checked = query_get_int(&q, 0);
		r.policy = look_at(&q, 1);
		r.policy_bad = query_get_int(&q, 2);
		r.policy_since = query_get_int(&q, 3);
		r.policy_good = query_get_int(&q, 4);
		r.policy_why = query_copy_str(&q, 5, a);
		r.seen = look_at(&q, 6);
		r.seen_id = query_copy_str(&q, 7, a);
		r.seen_why = query_copy_str(&q, 8, a);
		r.mx = look_at(&q, 9);
		r.mx_count = query_get_int(&q, 10);
		r.mx_unmatched = query_copy_str(&q, 11, a);
		r.mx_why = query_copy_str(&q, 12, a);
	}
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = r;
	return e;
}

static enum err all_due(struct db *db, const char *kind, int64_t now, int64_t *count)
{
	struct query q = db_query(db, SQL_SELF_CHECK_RESET);
	enum err e = query_run(&q);

	if (e != OK)
		return e;
	q = db_query(db, SQL_JOB_KIND_NOW);
	query_str(&q, 1, kind);
	query_int(&q, 2, now);
	e = query_run(&q);
	if (e != OK)
		return e;
	q = db_query(db, SQL_DOMAIN_COUNT_HOSTED);
	if (query_row(&q))
		*count = query_get_int(&q, 0);
	return query_end(&q);
}

enum err self_check_all_due(struct db *db, const char *kind, int64_t now, int64_t *count_out)
{
	enum err e = db_begin(db);

	return e == OK ? db_end(db, all_due(db, kind, now, count_out)) : e;
}

enum err self_check_count(struct db *db, int64_t since, struct self_check_counts *out)
{
	struct query q = db_query(db, SQL_SELF_CHECK_COUNT);
	struct self_check_counts c = { 0 };

	query_int(&q, 1, since);
	if (query_row(&q))
		c = (struct self_check_counts){ query_get_int(&q, 0), query_get_int(&q, 1),
			                        query_get_int(&q, 2) };
	enum err e = query_end(&q);
	if (e == OK)
		*out = c;
	return e;
}

enum err alerts_days(struct db *db, int64_t domain, size_t limit, struct arena *a,
                     const int64_t **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_ALERT_DAYS);
	int64_t *days = arena_calloc(a, db_limit(limit), sizeof(*days));
	size_t count = 0;

	query_int(&q, 1, domain);
	query_int(&q, 2, (int64_t)db_limit(limit));
	while (query_row(&q) && count < db_limit(limit))
		days[count++] = query_get_int(&q, 0);
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	for (size_t i = 0; i < count / 2; i++) {
		int64_t day = days[i];
		days[i] = days[count - 1 - i];
		days[count - 1 - i] = day;
	}
	*out = days;
	*count_out = count;
	return OK;
}

enum err alerts_failures(struct db *db, int64_t domain, int64_t from, struct arena *a,
                         const struct alert_failure **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_ALERT_FAILURES);
	struct rows r = ROWS(struct alert_failure);

	query_int(&q, 1, domain);
	query_int(&q, 2, from);
	while (query_row(&q)) {
		struct alert_failure *f = rows_add(&r, a);

		f->day = query_get_int(&q, 0);
		f->result_type = query_copy(&q, 1, a);
		f->sessions = query_get_int(&q, 2);
		f->trusted = query_get_int(&q, 3) <= TRUST_IMPORTED;
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

#include "store/figures.h"

#include <stdlib.h>

#include "store/reports_internal.h"

#define SUCCESSFUL "successful"
#define KEYS_MAX 256u /* a report with more keys than this has its figures kept more coarsely */

/* One entry of a share, before equal ones are put together. */
struct entry {
	struct slice a, b, c; /* figure: policy type, mx host, result; failure: result, reason */
	enum { KIND_OTHER, KIND_TLSA, KIND_STS, KIND_COUNT } kind;
	int64_t sessions[KIND_COUNT];
};

static int entry_cmp(const void *x, const void *y)
{
	const struct entry *p = x, *q = y;
	int d = slice_cmp(p->a, q->a);

	if (d == 0)
		d = slice_cmp(p->b, q->b);
	return d == 0 ? slice_cmp(p->c, q->c) : d;
}

static int64_t capped(int64_t a, int64_t b)
{
	const int64_t top = (INT64_C(1) << 53) - 1;

	return a > top - b ? top : a + b;
}

/* Sorts and puts equal entries together; returns how many are left. */
static size_t merge(struct entry *e, size_t count)
{
	size_t used = 0;

	if (count > 0)
		qsort(e, count, sizeof(*e), entry_cmp);
	for (size_t i = 0; i < count; i++) {
		if (used == 0 || entry_cmp(&e[used - 1], &e[i]) != 0) {
			e[used++] = e[i];
			continue;
		}
		for (int k = 0; k < KIND_COUNT; k++)
			e[used - 1].sessions[k] = capped(e[used - 1].sessions[k], e[i].sessions[k]);
	}
	return used;
}

/* A stranger's result type cannot pass for success. */
static struct slice result_of(const struct report_failure_row *f)
{
	return slice_eq(f->result_type, S(SUCCESSFUL)) ? S("other") : f->result_type;
}

/* Failed sessions of a policy that its report does not detail. */
#define NOT_DETAILED "not-detailed"

/*
 * What the details of p leave out of its summary, which counts.  They may well add up to more:
 * kinds of failure do not exclude each other (RFC 8460, 4).
 */
static int64_t not_detailed(const struct report_policy_row *p)
{
	int64_t sum = 0;

	for (size_t j = 0; j < p->failure_count; j++)
		sum = capped(sum, p->failures[j].sessions);
	return p->failed > sum ? p->failed - sum : 0;
}

static bool names_one_host(const struct report_policy_row *p)
{
	return p->mx_hosts.len > 0 && slice_find(p->mx_hosts, '\n') == SIZE_MAX;
}

static struct entry *entry_add(struct rows *r, struct arena *a, struct slice x, struct slice y,
                               int64_t sessions)
{
	struct entry *e = rows_add(r, a);

	e->a = x;
	e->b = y;
	e->c = S("");
	e->sessions[KIND_OTHER] = sessions;
	return e;
}

static struct rows figure_entries(const struct figure_share *share, struct arena *a)
{
	struct rows r = ROWS(struct entry);

	for (size_t i = 0; i < share->policy_count; i++) {
		const struct report_policy_row *p = &share->policies[i];

		if (p->successful > 0)
			entry_add(&r, a, p->type, names_one_host(p) ? p->mx_hosts : S(""),
			          p->successful)
			        ->c = S(SUCCESSFUL);
		for (size_t j = 0; j < p->failure_count; j++)
			if (p->failures[j].sessions > 0)
				entry_add(&r, a, p->type, p->failures[j].receiving_mx,
				          p->failures[j].sessions)
				        ->c = result_of(&p->failures[j]);
		if (not_detailed(p) > 0)
			entry_add(&r, a, p->type, names_one_host(p) ? p->mx_hosts : S(""),
			          not_detailed(p))
			        ->c = S(NOT_DETAILED);
	}
	r.count = merge(r.items, r.count);
	struct entry *e = r.items;
	if (r.count > KEYS_MAX) {
		for (size_t i = 0; i < r.count; i++)
			e[i].b = S("");
		r.count = merge(e, r.count);
	}
	if (r.count > KEYS_MAX) {
		for (size_t i = 0; i < r.count; i++) {
			e[i].a = S("other");
			e[i].c = slice_eq(e[i].c, S(SUCCESSFUL)) ? e[i].c : S("other");
		}
		r.count = merge(e, r.count);
	}
	return r;
}

static struct rows failure_entries(const struct figure_share *share, struct arena *a)
{
	struct rows r = ROWS(struct entry);

	for (size_t i = 0; i < share->policy_count; i++) {
		const struct report_policy_row *p = &share->policies[i];
		int kind = slice_eq(p->type, S("tlsa"))  ? KIND_TLSA
		           : slice_eq(p->type, S("sts")) ? KIND_STS
		                                         : KIND_OTHER;

		for (size_t j = 0; j < p->failure_count; j++) {
			const struct report_failure_row *f = &p->failures[j];

			if (f->sessions > 0)
				entry_add(&r, a, result_of(f), f->reason_code, 0)->sessions[kind] =
				        f->sessions;
		}
		if (not_detailed(p) > 0)
			entry_add(&r, a, S(NOT_DETAILED), S(""), 0)->sessions[kind] =
			        not_detailed(p);
	}
	r.count = merge(r.items, r.count);
	struct entry *e = r.items;
	if (r.count > KEYS_MAX) {
		for (size_t i = 0; i < r.count; i++)
			e[i].b = S("");
		r.count = merge(e, r.count);
	}
	if (r.count > KEYS_MAX) {
		for (size_t i = 0; i < r.count; i++)
			e[i].a = S("other");
		r.count = merge(e, r.count);
	}
	return r;
}

static void bind_key(struct query *q, const struct figure_key *key)
{
	query_int(q, 1, key->domain);
	query_int(q, 2, key->day);
	query_text(q, 3, key->organization);
	query_int(q, 4, (int64_t)key->trust);
}

static enum err apply_total(struct db *db, const struct figure_key *key,
                            const struct figure_share *share, int sign)
{
	struct query q = db_query(db, SQL_FIGURE_TOTAL_ADD);

	bind_key(&q, key);
	query_int(&q, 5, sign);
	query_int(&q, 6, sign * share->successful);
	query_int(&q, 7, sign * share->failed);
	return query_run(&q);
}

static enum err apply_figures(struct db *db, const struct figure_key *key, struct rows r, int sign)
{
	const struct entry *e = r.items;
	enum err err = OK;

	for (size_t i = 0; err == OK && e != NULL && i < r.count; i++) {
		struct query q = db_query(db, SQL_FIGURE_ADD);

		bind_key(&q, key);
		query_text(&q, 5, e[i].a);
		query_text(&q, 6, e[i].b);
		query_text(&q, 7, e[i].c);
		query_int(&q, 8, sign * e[i].sessions[KIND_OTHER]);
		err = query_run(&q);
	}
	return err;
}

/* A session refused under tlsa and under sts is one session: the larger number counts. */
static enum err apply_failures(struct db *db, const struct figure_key *key, struct rows r, int sign)
{
	const struct entry *e = r.items;
	enum err err = OK;

	for (size_t i = 0; err == OK && e != NULL && i < r.count; i++) {
		struct query q = db_query(db, SQL_FIGURE_FAILURE_ADD);
		const int64_t *n = e[i].sessions;
		int64_t both = n[KIND_TLSA] > n[KIND_STS] ? n[KIND_TLSA] : n[KIND_STS];

		bind_key(&q, key);
		query_text(&q, 5, e[i].a);
		query_text(&q, 6, e[i].b);
		query_int(&q, 7, sign * capped(n[KIND_OTHER], both));
		err = query_run(&q);
	}
	return err;
}

static enum err sweep(struct db *db, const struct figure_key *key)
{
	static const enum sql sweeps[] = { SQL_FIGURE_TOTAL_SWEEP, SQL_FIGURE_SWEEP,
		                           SQL_FIGURE_FAILURE_SWEEP };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(sweeps); i++) {
		struct query q = db_query(db, sweeps[i]);

		bind_key(&q, key);
		e = query_run(&q);
	}
	return e;
}

enum err figures_apply(struct db *db, const struct figure_key *key,
                       const struct figure_share *share, int sign, struct arena *a)
{
	enum err e = apply_total(db, key, share, sign);

	if (e == OK)
		e = apply_figures(db, key, figure_entries(share, a), sign);
	if (e == OK)
		e = apply_failures(db, key, failure_entries(share, a), sign);
	if (e == OK && sign < 0)
		e = sweep(db, key);
	return e;
}

enum err figures_list(struct db *db, int64_t domain, int64_t from, int64_t to, unsigned trusts,
                      struct arena *a, struct figure_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_FIGURE_LIST);
	struct rows r = ROWS(struct figure_row);

	query_int(&q, 1, domain);
	query_int(&q, 2, from);
	query_int(&q, 3, to);
	db_bind_trusts(&q, 4, trusts);
	while (query_row(&q)) {
		struct figure_row *f = rows_add(&r, a);

		f->day = query_get_int(&q, 0);
		f->organization = query_copy(&q, 1, a);
		f->trust = db_read_trust(&q, 2);
		f->policy_type = query_copy(&q, 3, a);
		f->mx_host = query_copy(&q, 4, a);
		f->result_type = query_copy(&q, 5, a);
		f->sessions = query_get_int(&q, 6);
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

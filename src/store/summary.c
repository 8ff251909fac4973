#include "store/summary.h"

#include "base/utc.h"
#include "store/reports_internal.h"

/* What every query of a summary asks for. */
struct range {
	struct db *db;
	int64_t domain, from, to;
	unsigned trusts;
	struct arena *a;
};

static struct query start(const struct range *r, enum sql statement)
{
	struct query q = db_query(r->db, statement);

	query_int(&q, 1, r->domain);
	query_int(&q, 2, r->from);
	query_int(&q, 3, r->to);
	if (statement != SQL_SUMMARY_TRUST)
		db_bind_trusts(&q, 4, r->trusts);
	return q;
}

static struct summary_counts counts_at(struct query *q, int column)
{
	return (struct summary_counts){ query_get_int(q, column), query_get_int(q, column + 1),
		                        query_get_int(q, column + 2) };
}

static int64_t capped(int64_t a, int64_t b)
{
	const int64_t top = (INT64_C(1) << 53) - 1;

	return a > top - b ? top : a + b;
}

static enum err read_trusts(const struct range *r, struct summary *s)
{
	struct query q = start(r, SQL_SUMMARY_TRUST);

	while (query_row(&q)) {
		enum report_trust t = db_read_trust(&q, 0);
		struct summary_counts c = counts_at(&q, 1);

		s->trust[t] = c;
		if ((r->trusts & TRUST_BIT(t)) == 0)
			continue;
		s->total.reports = capped(s->total.reports, c.reports);
		s->total.successful = capped(s->total.successful, c.successful);
		s->total.failed = capped(s->total.failed, c.failed);
	}
	return query_end(&q);
}

static enum err read_days(const struct range *r, struct summary *s)
{
	struct query q = start(r, SQL_SUMMARY_DAYS);
	struct rows rows = ROWS(struct summary_day);

	while (query_row(&q)) {
		struct summary_day *d = rows_add(&rows, r->a);

		d->day = query_get_int(&q, 0);
		d->counts = counts_at(&q, 1);
	}
	s->days = rows.items;
	s->day_count = rows.count;
	return query_end(&q);
}

static enum err read_organizations(const struct range *r, struct summary *s)
{
	struct query q = start(r, SQL_SUMMARY_ORGANIZATIONS);
	struct rows rows = ROWS(struct summary_organization);

	query_int(&q, 8, SUMMARY_ROWS_MAX);
	while (query_row(&q)) {
		struct summary_organization *o = rows_add(&rows, r->a);

		o->name = query_copy(&q, 0, r->a);
		o->signer = query_copy(&q, 1, r->a);
		o->counts = counts_at(&q, 2);
		o->first = query_get_int(&q, 5);
		o->last = query_get_int(&q, 6);
		for (int t = 0; t < TRUST_COUNT; t++)
			o->trusts |= query_get_int(&q, 7 + t) != 0 ? TRUST_BIT(t) : 0;
		o->key = query_copy(&q, 11, r->a);
		o->is_signed = query_get_int(&q, 12) == 0;
	}
	s->organizations = rows.items;
	s->organization_count = rows.count;
	return query_end(&q);
}

/* The reported days of one sender, while its rows go by. */
struct sender_days {
	struct slice key;
	bool is_signed;
	int64_t days[SUMMARY_DAYS_MAX];
	size_t count;
};

static void take_rhythm(struct summary *s, const struct sender_days *d)
{
	for (size_t i = 0; d->count > 0 && i < s->organization_count; i++) {
		struct summary_organization *o = &s->organizations[i];

		if (o->is_signed == d->is_signed && slice_eq(o->key, d->key))
			o->rhythm = rhythm_of(d->days, d->count, s->to);
	}
}

static enum err read_rhythms(const struct range *r, struct summary *s)
{
	struct query q = start(r, SQL_SUMMARY_RHYTHMS);
	struct sender_days *d = arena_alloc(r->a, sizeof(*d));

	while (query_row(&q)) {
		bool is_signed = query_get_int(&q, 1) == 0;

		if (d->count == 0 || d->is_signed != is_signed ||
		    !slice_eq(d->key, query_get(&q, 0))) {
			take_rhythm(s, d);
			d->key = query_copy(&q, 0, r->a);
			d->is_signed = is_signed;
			d->count = 0;
		}
		if (d->count < SUMMARY_DAYS_MAX)
			d->days[d->count++] = query_get_int(&q, 2);
	}
	take_rhythm(s, d);
	return query_end(&q);
}

/* Days outside the range count, too. */
static enum err read_lifetimes(const struct range *r, struct summary *s)
{
	struct query q = db_query(r->db, SQL_SUMMARY_LIFETIMES);

	query_int(&q, 1, r->domain);
	while (query_row(&q)) {
		bool is_signed = query_get_int(&q, 1) == 0;

		for (size_t i = 0; i < s->organization_count; i++) {
			struct summary_organization *o = &s->organizations[i];

			if (o->is_signed != is_signed || !slice_eq(o->key, query_get(&q, 0)))
				continue;
			o->since = query_get_int(&q, 2);
			o->until = query_get_int(&q, 3);
		}
	}
	return query_end(&q);
}

/* Of all sessions of the domain; by doubles, since the numbers go up to 2^53. */
static void set_shares(struct summary *s)
{
	double all = (double)s->total.successful + (double)s->total.failed;

	for (size_t i = 0; all > 0 && i < s->organization_count; i++) {
		struct summary_organization *o = &s->organizations[i];

		o->share = (unsigned)(((double)o->counts.successful + (double)o->counts.failed) /
		                              all * 1000 +
		                      0.5);
	}
}

static enum err read_mx(const struct range *r, struct summary *s)
{
	struct query q = start(r, SQL_SUMMARY_MX);
	struct rows rows = ROWS(struct summary_mx);

	query_int(&q, 8, SUMMARY_ROWS_MAX);
	while (query_row(&q)) {
		struct summary_mx *m = rows_add(&rows, r->a);

		m->host = query_copy(&q, 0, r->a);
		m->successful = query_get_int(&q, 1);
		m->failed = query_get_int(&q, 2);
		m->first = query_get_int(&q, 3);
		m->last = query_get_int(&q, 4);
	}
	s->mx_hosts = rows.items;
	s->mx_count = rows.count;
	return query_end(&q);
}

static enum err read_failures(const struct range *r, struct summary *s)
{
	struct query q = start(r, SQL_SUMMARY_FAILURES);
	struct rows rows = ROWS(struct summary_failure);

	query_int(&q, 8, SUMMARY_ROWS_MAX);
	while (query_row(&q)) {
		struct summary_failure *f = rows_add(&rows, r->a);

		f->result_type = query_copy(&q, 0, r->a);
		f->reason_code = query_copy(&q, 1, r->a);
		f->sessions = query_get_int(&q, 2);
		f->first = query_get_int(&q, 3);
		f->last = query_get_int(&q, 4);
	}
	s->failures = rows.items;
	s->failure_count = rows.count;
	return query_end(&q);
}

static enum err read_all(const struct range *r, struct summary *s)
{
	static enum err (*const parts[])(const struct range *, struct summary *) = {
		read_trusts,    read_days, read_organizations, read_rhythms,
		read_lifetimes, read_mx,   read_failures,
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(parts); i++)
		e = parts[i](r, s);
	set_shares(s);
	return e;
}

static enum err check_range(int64_t from, int64_t to)
{
	return to < from || (to - from) / UTC_DAY >= SUMMARY_DAYS_MAX ? ERR_LIMIT : OK;
}

enum err summary_read(struct db *db, int64_t domain, int64_t from, int64_t to, unsigned trusts,
                      struct arena *a, struct summary *out)
{
	struct range r = { db, domain, utc_day_start(from), utc_day_start(to), trusts, a };
	struct summary s = { .from = r.from, .to = r.to };
	enum err e = check_range(r.from, r.to);

	if (e == OK)
		e = db_begin_read(db);
	if (e == OK)
		e = db_end(db, read_all(&r, &s));
	if (e == OK)
		*out = s;
	return e;
}

enum err summary_line_read(struct db *db, int64_t domain, int64_t from, int64_t to, unsigned trusts,
                           struct summary_line *out)
{
	struct range r = { db, domain, utc_day_start(from), utc_day_start(to), trusts, NULL };
	struct summary_line line = { 0 };
	enum err e = check_range(r.from, r.to);

	if (e != OK)
		return e;
	struct query q = start(&r, SQL_SUMMARY_LINE);
	if (query_row(&q))
		line = (struct summary_line){ counts_at(&q, 0), query_get_int(&q, 3),
			                      query_get_int(&q, 4) };
	e = query_end(&q);
	if (e == OK)
		*out = line;
	return e;
}

#include "store/reports.h"

#include "base/utc.h"
#include "store/reports_part.h"

static const char *const trusts[] = {
	[TRUST_DKIM] = "dkim",
	[TRUST_IMPORTED] = "imported",
	[TRUST_POSTED] = "posted",
	[TRUST_UNSIGNED] = "unsigned",
};

const char *report_trust_name(enum report_trust t)
{
	return trusts[t];
}

enum err report_trust_parse(struct slice s, enum report_trust *out)
{
	size_t i = 0;
	enum err e = db_word(s, trusts, ARRAY_LEN(trusts), &i);

	if (e == OK)
		*out = (enum report_trust)i;
	return e;
}

void db_bind_trusts(struct query *q, int n, unsigned set)
{
	for (int t = 0; t < TRUST_COUNT; t++)
		query_int(q, n + t, (set & TRUST_BIT(t)) != 0 ? t : -1);
}

/* What is stored under a part's key already. */
struct stored {
	int64_t id;
	enum report_trust trust;
	struct slice signer, content;
	struct figure_key figure;
	struct figure_share share;
};

static enum err add_failures(struct db *db, int64_t report, size_t policy,
                             const struct report_policy_row *p)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < p->failure_count; i++) {
		struct query q = db_query(db, SQL_REPORT_FAILURE_ADD);
		const struct report_failure_row *f = &p->failures[i];

		query_int(&q, 1, report);
		query_int(&q, 2, (int64_t)policy);
		query_int(&q, 3, (int64_t)i);
		query_text(&q, 4, f->result_type);
		query_text(&q, 5, f->reason_code);
		query_text(&q, 6, f->sending_mta_ip);
		query_text(&q, 7, f->receiving_mx);
		query_text(&q, 8, f->receiving_helo);
		query_text(&q, 9, f->receiving_ip);
		query_text(&q, 10, f->additional);
		query_int(&q, 11, f->sessions);
		e = query_run(&q);
	}
	return e;
}

static enum err add_policies(struct db *db, int64_t report, const struct figure_share *share)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < share->policy_count; i++) {
		struct query q = db_query(db, SQL_REPORT_POLICY_ADD);
		const struct report_policy_row *p = &share->policies[i];

		query_int(&q, 1, report);
		query_int(&q, 2, (int64_t)i);
		query_text(&q, 3, p->type);
		query_text(&q, 4, p->domain);
		query_text(&q, 5, p->strings);
		query_text(&q, 6, p->mx_hosts);
		query_int(&q, 7, p->successful);
		query_int(&q, 8, p->failed);
		e = query_run(&q);
		if (e == OK)
			e = add_failures(db, report, i, p);
	}
	return e;
}

static enum err note_reporter(struct db *db, const struct part *p)
{
	struct query q = db_query(db, SQL_REPORTER_NOTE);

	query_int(&q, 1, p->tenant);
	query_text(&q, 2, p->organization);
	query_text(&q, 3, p->display);
	query_text(&q, 4, p->signer);
	return query_run(&q);
}

/* Policies, failures and figures of a part whose report row stands. */
static enum err add_rest(struct db *db, int64_t report, const struct part *p, struct arena *a)
{
	enum err e = add_policies(db, report, &p->share);

	if (e == OK)
		e = note_reporter(db, p);
	return e == OK ? figures_apply(db, &p->figure, &p->share, 1, a) : e;
}

static enum err add_new(struct db *db, const struct part *p, struct arena *a)
{
	struct query q = db_query(db, SQL_REPORT_ADD);
	const struct report *r = &p->model;
	int64_t id = db_new_id(db, p->in->arrived);

	query_int(&q, 1, id);
	query_int(&q, 2, p->domain);
	query_text(&q, 3, p->organization);
	query_text(&q, 4, p->key);
	query_text(&q, 5, p->display);
	query_text(&q, 6, db_clean(r->report_id, REPORT_ID_MAX, a));
	query_text(&q, 7, db_clean(r->contact, REPORTS_TEXT_MAX, a));
	query_text(&q, 8, p->signer);
	query_int(&q, 9, (int64_t)p->trust);
	query_str(&q, 10, p->content);
	query_int(&q, 11, r->has_start ? r->start : 0);
	query_int(&q, 12, r->has_end ? r->end : 0);
	query_int(&q, 13, p->figure.day);
	query_int(&q, 14, p->in->arrived);
	query_int(&q, 15, utc_day_start(p->in->arrived));
	query_int(&q, 16, p->share.successful);
	query_int(&q, 17, p->share.failed);
	query_text(&q, 18, part_notes(r, a));
	query_str(&q, 19, p->raw);
	db_bind_place(&q, 20, &p->in->place);
	query_text(&q, 23, p->claimed);
	enum err e = query_run(&q);
	return e == OK ? add_rest(db, id, p, a) : e;
}

/* Runs q, which asks for STORED_COLUMNS.  ERR_NOTFOUND. */
static enum err read_stored(struct query *q, const struct part *p, struct arena *a,
                            struct stored *out)
{
	bool found = query_row(q);

	if (found) {
		out->id = query_get_int(q, 0);
		out->trust = db_read_trust(q, 1);
		out->signer = query_copy(q, 2, a);
		out->content = query_copy(q, 3, a);
		out->figure = (struct figure_key){ p->domain, query_get_int(q, 4),
			                           query_copy(q, 7, a), out->trust };
		out->share.successful = query_get_int(q, 5);
		out->share.failed = query_get_int(q, 6);
	}
	enum err e = query_end(q);
	return e == OK && !found ? ERR_NOTFOUND : e;
}

static enum err find_under(struct db *db, const struct part *p, struct slice organization,
                           struct arena *a, struct stored *out)
{
	struct query q = db_query(db, SQL_REPORT_FIND);

	query_int(&q, 1, p->domain);
	query_text(&q, 2, organization);
	query_text(&q, 3, p->key);
	return read_stored(&q, p, a, out);
}

/* A signed report that states the part's organization-name, for a part that is not signed. */
static enum err find_signed(struct db *db, const struct part *p, struct arena *a,
                            struct stored *out)
{
	struct query q = db_query(db, SQL_REPORT_FIND_CLAIMED);

	query_int(&q, 1, p->domain);
	query_text(&q, 2, p->key);
	query_text(&q, 3, part_claimed(REPORT_CLAIM_PROVED, p->stated, a));
	query_text(&q, 4, part_claimed(REPORT_CLAIM_OPEN, p->stated, a));
	query_str(&q, 5, p->content);
	return read_stored(&q, p, a, out);
}

/* A report that is not signed and states the organization-name of the part, which is signed. */
static enum err find_unsigned(struct db *db, const struct part *p, struct arena *a,
                              struct stored *out)
{
	enum err e = ERR_NOTFOUND;

	if (p->in->claim != REPORT_CLAIM_REFUSED)
		e = find_under(db, p, p->stated, a, out);
	if (e != OK)
		return e;
	return out->trust != TRUST_DKIM && (p->in->claim == REPORT_CLAIM_PROVED ||
	                                    slice_eq(out->content, slice_str(p->content)))
	               ? OK
	               : ERR_NOTFOUND;
}

/* Another copy of the same report.  ERR_NOTFOUND: there is none. */
static enum err find(struct db *db, const struct part *p, struct arena *a, struct stored *out)
{
	enum err e = find_under(db, p, p->organization, a, out);

	if (e != ERR_NOTFOUND)
		return e;
	return p->trust == TRUST_DKIM ? find_unsigned(db, p, a, out) : find_signed(db, p, a, out);
}

/* Takes what the stored report added out of the figures. */
static enum err take_out(struct db *db, struct stored *s, struct arena *a)
{
	struct report_policy_row *policies = NULL;
	enum err e = reports_read_policies(db, s->id, a, &policies, &s->share.policy_count);

	s->share.policies = policies;
	return e == OK ? figures_apply(db, &s->figure, &s->share, -1, a) : e;
}

/* The same content with better trust: the figures move, the rows stay. */
static enum err raise_trust(struct db *db, const struct part *p, struct stored *s, struct arena *a)
{
	enum err e = take_out(db, s, a);

	if (e != OK)
		return e;
	struct query q = db_query(db, SQL_REPORT_RAISE);
	query_int(&q, 1, s->id);
	query_int(&q, 2, (int64_t)p->trust);
	query_text(&q, 3, p->signer);
	query_str(&q, 4, p->raw);
	db_bind_place(&q, 5, &p->in->place);
	query_text(&q, 8, p->organization);
	query_text(&q, 9, p->claimed);
	query_text(&q, 10, p->display);
	e = query_run(&q);
	if (e == OK)
		e = note_reporter(db, p);
	s->figure.trust = p->trust;
	s->figure.organization = p->organization;
	return e == OK ? figures_apply(db, &s->figure, &s->share, 1, a) : e;
}

static enum err drop_rows(struct db *db, int64_t report)
{
	struct query failures = db_query(db, SQL_REPORT_FAILURE_DROP);

	query_int(&failures, 1, report);
	enum err e = query_run(&failures);
	if (e != OK)
		return e;
	struct query policies = db_query(db, SQL_REPORT_POLICY_DROP);
	query_int(&policies, 1, report);
	return query_run(&policies);
}

static enum err replace(struct db *db, const struct part *p, struct stored *s, struct arena *a)
{
	const struct report *r = &p->model;
	enum err e = take_out(db, s, a);

	if (e == OK)
		e = drop_rows(db, s->id);
	if (e != OK)
		return e;
	struct query q = db_query(db, SQL_REPORT_REPLACE);
	query_int(&q, 1, s->id);
	query_text(&q, 2, p->display);
	query_text(&q, 3, db_clean(r->report_id, REPORT_ID_MAX, a));
	query_text(&q, 4, db_clean(r->contact, REPORTS_TEXT_MAX, a));
	query_text(&q, 5, p->signer);
	query_int(&q, 6, (int64_t)p->trust);
	query_str(&q, 7, p->content);
	query_int(&q, 8, r->has_start ? r->start : 0);
	query_int(&q, 9, r->has_end ? r->end : 0);
	query_int(&q, 10, p->figure.day);
	query_int(&q, 11, p->share.successful);
	query_int(&q, 12, p->share.failed);
	query_text(&q, 13, part_notes(r, a));
	query_str(&q, 14, p->raw);
	db_bind_place(&q, 15, &p->in->place);
	query_text(&q, 18, p->organization);
	query_text(&q, 19, p->claimed);
	e = query_run(&q);
	return e == OK ? add_rest(db, s->id, p, a) : e;
}

static bool may_replace(const struct part *p, const struct stored *s)
{
	if (p->trust != s->trust)
		return p->trust < s->trust;
	return p->trust == TRUST_DKIM && p->signer.len > 0 && slice_eq(p->signer, s->signer);
}

static enum err has_room(struct db *db, const struct part *p, bool *out)
{
	if (p->trust != TRUST_DKIM || p->in->signer_room == 0)
		return OK;
	struct query q = db_query(db, SQL_REPORT_OF_SIGNER);
	query_int(&q, 1, p->domain);
	query_text(&q, 2, p->organization);
	query_text(&q, 3, p->signer);
	query_int(&q, 4, utc_day_start(p->in->arrived));
	if (query_row(&q))
		*out = query_get_int(&q, 0) < p->in->signer_room;
	return query_end(&q);
}

enum err part_store(struct db *db, struct part *p, struct arena *a, struct report_outcome *out)
{
	struct stored s = { 0 };

	part_finish(p, a);
	enum err e = find(db, p, a, &s);
	if (e == ERR_NOTFOUND) {
		bool room = true;

		e = has_room(db, p, &room);
		out->over = out->over || (e == OK && !room);
		if (e != OK || !room)
			return e;
		out->result = REPORT_NEW;
		out->domain = arena_str(a, p->name);
		return add_new(db, p, a);
	}
	if (e != OK)
		return e;
	if (slice_eq(s.content, slice_str(p->content))) {
		if (p->trust >= s.trust)
			return OK;
		out->replaced = true;
		out->domain = arena_str(a, p->name);
		return raise_trust(db, p, &s, a);
	}
	if (!may_replace(p, &s)) {
		out->refused = true;
		return OK;
	}
	out->replaced = true;
	out->domain = arena_str(a, p->name);
	return replace(db, p, &s, a);
}

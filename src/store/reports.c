#include "store/reports.h"

#include <limits.h>

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

static enum err note_reporter(struct db *db, const struct part *p)
{
	struct known_reporter note = { p->tenant, p->organization, p->display, p->signer };

	if (known_reporter_again(db->known, &note))
		return OK;
	struct query q = db_query(db, SQL_REPORTER_NOTE);

	query_int(&q, 1, p->tenant);
	query_text(&q, 2, p->organization);
	query_text(&q, 3, p->display);
	query_text(&q, 4, p->signer);
	return query_run(&q);
}

/* What follows from a part whose report row stands. */
static enum err add_rest(struct db *db, const struct part *p, struct arena *a)
{
	enum err e = note_reporter(db, p);

	return e == OK ? figures_apply(db, &p->figure, &p->share, 1, a) : e;
}

/* Runs q with the part's policies and failures as parameter n. */
static enum err run_with_policies(struct query *q, int n, const struct part *p)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 2); /* a report's own ceilings bound it */
	policies_format(p->share.policies, p->share.policy_count, &text);
	query_text(q, n, buf_slice(&text));
	enum err e = query_run(q);
	buf_fini(&text);
	return e;
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
	query_int(&q, 24, p->identity);
	enum err e = run_with_policies(&q, 25, p);
	return e == OK ? add_rest(db, p, a) : e;
}

static void read_stored(struct query *q, const struct part *p, struct arena *a, struct stored *out)
{
	out->id = query_get_int(q, 0);
	out->trust = db_read_trust(q, 1);
	out->signer = query_copy(q, 2, a);
	out->content = query_copy(q, 3, a);
	out->figure = (struct figure_key){ p->domain, query_get_int(q, 4), query_copy(q, 7, a),
		                           out->trust };
	out->share.successful = query_get_int(q, 5);
	out->share.failed = query_get_int(q, 6);
}

/* How near a row of SQL_REPORT_FIND... is to the part; the smallest number is its other copy. */
static int distance(struct query *q, const struct part *p)
{
	if (slice_eq(query_get(q, 7), p->organization))
		return 0;
	return slice_eq(query_get(q, 3), slice_str(p->content)) ? 1 : 2;
}

/*
 * Reports of one key with the part's organisation; for a signed part also one that is not signed
 * and states its organization-name, for another a signed one that states it.
 */
static struct query others(struct db *db, const struct part *p, struct arena *a)
{
	bool is_signed = p->trust == TRUST_DKIM;
	struct query q = db_query(db, is_signed ? SQL_REPORT_FIND_UNSIGNED : SQL_REPORT_FIND);

	query_int(&q, 1, p->identity);
	query_int(&q, 2, p->domain);
	query_text(&q, 3, p->key);
	query_text(&q, 4, p->organization);
	query_str(&q, 5, p->content);
	if (is_signed) {
		query_text(&q, 6,
		           p->in->claim == REPORT_CLAIM_REFUSED ? p->organization : p->stated);
		query_int(&q, 7, p->in->claim == REPORT_CLAIM_PROVED);
	} else {
		query_text(&q, 6, part_claimed(REPORT_CLAIM_PROVED, p->stated, a));
		query_text(&q, 7, part_claimed(REPORT_CLAIM_OPEN, p->stated, a));
	}
	return q;
}

/* Another copy of the same report; of several equally near the oldest.  ERR_NOTFOUND: none. */
static enum err find(struct db *db, const struct part *p, struct arena *a, struct stored *out)
{
	const int none = INT_MAX;
	struct query q = others(db, p, a);
	int best = none;

	while (query_row(&q)) {
		int d = distance(&q, p);

		if (d >= best)
			continue;
		best = d;
		read_stored(&q, p, a, out);
	}
	enum err e = query_end(&q);
	return e == OK && best == none ? ERR_NOTFOUND : e;
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

static enum err replace(struct db *db, const struct part *p, struct stored *s, struct arena *a)
{
	const struct report *r = &p->model;
	enum err e = take_out(db, s, a);

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
	e = run_with_policies(&q, 20, p);
	return e == OK ? add_rest(db, p, a) : e;
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
	query_text(&q, 2, p->signer);
	query_int(&q, 3, utc_day_start(p->in->arrived));
	if (query_row(&q))
		*out = query_get_int(&q, 0) < p->in->signer_room;
	return query_end(&q);
}

static enum err store_new(struct db *db, const struct part *p, struct arena *a,
                          struct report_outcome *out)
{
	bool room = true, gone = false;
	enum err e = part_is_gone(db, p, &gone);

	if (e == OK && !gone)
		e = has_room(db, p, &room);
	out->over = out->over || (e == OK && !room);
	if (e != OK || gone || !room)
		return e;
	out->result = REPORT_NEW;
	out->domain = arena_str(a, p->name);
	return add_new(db, p, a);
}

enum err part_store(struct db *db, struct part *p, struct arena *a, struct report_outcome *out)
{
	struct stored s = { 0 };

	part_finish(p, a);
	enum err e = find(db, p, a, &s);
	if (e == ERR_NOTFOUND)
		return store_new(db, p, a, out);
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

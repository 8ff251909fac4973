#include "store/policies.h"

#include "base/enc.h"
#include "base/utc.h"
#include "mtasts/horizon.h"
#include "mtasts/policy.h"
#include "store/db_internal.h"
#include "store/policies_internal.h"

const char *publication_state_name(enum publication_state s)
{
	static const char *const names[] = {
		[PUBLICATION_STAGED] = "staged",
		[PUBLICATION_SERVED] = "served",
		[PUBLICATION_ANNOUNCED] = "announced",
		[PUBLICATION_ENDED] = "ended",
	};

	return names[s];
}

static enum publication_state state_of(const struct publication *p)
{
	if (p->end != END_NOT)
		return PUBLICATION_ENDED;
	if (p->announced != 0)
		return PUBLICATION_ANNOUNCED;
	return p->served != 0 ? PUBLICATION_SERVED : PUBLICATION_STAGED;
}

bool publication_needs_fetch(const struct publication *p)
{
	return p->first || p->hosting != HOSTING_HERE;
}

int64_t publication_alone_from(const struct publication *p)
{
	return p->hosting == HOSTING_HERE ? p->served : p->served + HORIZON_LEFTOVER;
}

bool publication_may_answer(const struct publication *p, int64_t now)
{
	return p->end == END_NOT && p->served != 0 && p->ahead == 0 &&
	       (p->fetched != 0 || !publication_needs_fetch(p)) && publication_alone_from(p) <= now;
}

static void read_row(struct query *q, struct arena *a, struct publication *p)
{
	struct slice id = slice_head(query_get(q, 3), POLICY_ID_TEXT_MAX);
	struct policy *policy = arena_alloc(a, sizeof(*policy));

	p->id = query_get_int(q, 0);
	p->domain = query_get_int(q, 1);
	p->version = query_get_int(q, 2);
	memcpy(p->policy_id, id.p, id.len);
	p->staged = query_get_int(q, 4);
	p->offered = query_get_int(q, 5);
	p->served = query_get_int(q, 6);
	p->announced = query_get_int(q, 7);
	p->ended = query_get_int(q, 8);
	p->end = (enum publication_end)query_get_int(q, 9);
	p->id_seen = query_get_int(q, 10);
	p->ttl = query_get_int(q, 11);
	p->seq = query_get_int(q, 12);
	p->text = query_copy(q, 13, a);
	p->sha256 = query_copy_str(q, 14, a);
	p->fetched = query_get_int(q, 15);
	p->ahead = query_get_int(q, 16);
	p->tries = query_get_int(q, 17);
	p->why = query_copy_str(q, 18, a);
	p->first = query_get_int(q, 19) != 0;
	/* A word of a newer program is refused when the database is opened. */
	if (domain_hosting_parse(query_get(q, 20), &p->hosting) != OK)
		p->hosting = HOSTING_EXTERNAL;
	p->state = state_of(p);
	/* Only what our own writer made is stored; were it not readable, nobody would be served. */
	if (policy_parse(a, p->text, policy, NULL) != OK)
		*policy = (struct policy){ .mode = POLICY_NONE };
	p->policy = policy;
}

static enum err read_one(struct query *q, struct arena *a, struct publication *out)
{
	struct publication p = { 0 };
	bool found = query_row(q);

	if (found)
		read_row(q, a, &p);
	enum err e = query_end_found(q, found);
	if (e == OK)
		*out = p;
	return e;
}

static enum err read_all(struct query *q, struct arena *a, struct publication **out,
                         size_t *count_out)
{
	struct rows r = ROWS(struct publication);

	while (query_row(q))
		read_row(q, a, rows_add(&r, a));
	enum err e = query_end(q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

static enum err read_by(struct db *db, enum sql statement, int64_t key, struct arena *a,
                        struct publication *out)
{
	struct query q = db_query(db, statement);

	query_int(&q, 1, key);
	return read_one(&q, a, out);
}

enum err policies_newest(struct db *db, int64_t domain, struct arena *a, struct publication *out)
{
	return read_by(db, SQL_PUBLICATION_NEWEST, domain, a, out);
}

enum err policies_served(struct db *db, int64_t domain, struct arena *a, struct publication *out)
{
	return read_by(db, SQL_PUBLICATION_SERVED, domain, a, out);
}

enum err policies_by_id(struct db *db, int64_t publication, struct arena *a,
                        struct publication *out)
{
	return read_by(db, SQL_PUBLICATION_BY_ID, publication, a, out);
}

enum err policies_history(struct db *db, int64_t domain, struct arena *a, struct publication **out,
                          size_t *count_out)
{
	struct query q = db_query(db, SQL_PUBLICATION_HISTORY);

	query_int(&q, 1, domain);
	return read_all(&q, a, out, count_out);
}

enum err policies_answered(struct db *db, int64_t domain, int64_t now, struct arena *a,
                           struct publication *out)
{
	struct publication *list = NULL, *last = NULL;
	size_t count = 0;
	enum err e = policies_history(db, domain, a, &list, &count);

	for (size_t i = 0; e == OK && i < count; i++) {
		if (list[i].end == END_STOPPED)
			last = NULL;
		else if (list[i].announced != 0 || publication_may_answer(&list[i], now))
			last = &list[i];
	}
	if (e == OK && last == NULL)
		e = ERR_NOTFOUND;
	if (e == OK)
		*out = *last;
	return e;
}

enum err policies_offered(struct db *db, int64_t seq, size_t limit, struct arena *a,
                          struct publication **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_PUBLICATION_OFFERED);

	query_int(&q, 1, seq);
	query_int(&q, 2, (int64_t)db_limit(limit));
	return read_all(&q, a, out, count_out);
}

enum err policies_id_holder(struct db *db, int64_t domain, struct slice id, int64_t *out)
{
	struct query q = db_query(db, SQL_PUBLICATION_ID_USED);

	query_int(&q, 1, domain);
	query_text(&q, 2, id);
	bool found = query_row(&q);
	if (found)
		*out = query_get_int(&q, 0);
	return query_end_found(&q, found);
}

static enum err number_of(struct db *db, enum sql statement, int64_t key, int64_t *out)
{
	struct query q = db_query(db, statement);

	query_int(&q, 1, key);
	if (query_row(&q))
		*out = query_get_int(&q, 0);
	return query_end(&q);
}

/* max(now, last + 1 s), and further while an adopted id happens to be the same. */
static enum err id_allocate(struct db *db, int64_t domain, int64_t now, int64_t *time_out,
                            char text[UTC_TEXT_SIZE])
{
	int64_t last = 0, holder;
	enum err e = number_of(db, SQL_PUBLICATION_LAST_TIME, domain, &last);
	int64_t at = last >= now ? last + 1 : now;

	while (e == OK) {
		e = policies_id_holder(db, domain, slice_str(utc_format_compact(at, text)),
		                       &holder);
		if (e == OK)
			at++;
	}
	if (e != ERR_NOTFOUND)
		return e;
	*time_out = at;
	return OK;
}

static enum err add_version(struct db *db, int64_t domain, const struct policy *p,
                            struct slice text, int64_t now, int64_t *id_out)
{
	struct query q = db_query(db, SQL_VERSION_ADD);
	char digest[SHA256_HEX_SIZE];
	struct buf mx;

	buf_init(&mx, POLICY_TEXT_MAX); /* the rendered text holds it and fits */
	for (size_t i = 0; i < p->mx_count; i++) {
		if (i > 0)
			buf_add_char(&mx, '\n');
		buf_add(&mx, p->mx[i]);
	}
	*id_out = db_new_id(db, now);
	query_int(&q, 1, *id_out);
	query_int(&q, 2, domain);
	query_str(&q, 3, policy_mode_name(p->mode));
	query_int(&q, 4, p->max_age);
	query_text(&q, 5, buf_slice(&mx));
	query_text(&q, 6, text);
	query_str(&q, 7, enc_sha256_hex(text, digest));
	query_int(&q, 8, now);
	enum err e = query_run(&q);
	buf_fini(&mx);
	return e;
}

static enum err add_publication(struct db *db, int64_t domain, int64_t version, int64_t now)
{
	char id[UTC_TEXT_SIZE];
	int64_t at = 0, number = 0;
	enum err e = id_allocate(db, domain, now, &at, id);

	if (e == OK)
		e = number_of(db, SQL_PUBLICATION_LAST_NUMBER, domain, &number);
	if (e != OK)
		return e;

	struct query q = db_query(db, SQL_PUBLICATION_ADD);
	query_int(&q, 1, db_new_id(db, now));
	query_int(&q, 2, domain);
	query_int(&q, 3, version);
	query_int(&q, 4, number + 1);
	query_str(&q, 5, id);
	query_int(&q, 6, at);
	query_int(&q, 7, now);
	return query_run(&q);
}

/* A publication that is still staged gives way; told by its id. */
static enum err supersede(struct db *db, const struct publication *newest, int64_t now,
                          int64_t *superseded)
{
	if (newest->id == 0 || newest->state != PUBLICATION_STAGED)
		return OK;

	struct query q = db_query(db, SQL_PUBLICATION_SUPERSEDE);
	query_int(&q, 1, newest->domain);
	query_int(&q, 2, now);
	*superseded = newest->id;
	return query_run(&q);
}

struct save {
	int64_t domain, now;
	enum policies_how how;
	const struct policy *policy;
	struct slice text; /* rendered; empty for a bump */
};

/* The version to publish: the newest one again, or a new one.  0: nothing is to be done. */
static enum err choose_version(struct db *db, const struct save *s,
                               const struct publication *newest, int64_t *version)
{
	bool same = newest->id != 0 && (s->how == POLICIES_BUMP || slice_eq(newest->text, s->text));

	if (!same)
		return add_version(db, s->domain, s->policy, s->text, s->now, version);
	*version = s->how == POLICIES_BUMP || newest->end != END_NOT ? newest->version : 0;
	return OK;
}

static enum err save(struct db *db, const struct save *s, struct arena *a,
                     struct policies_saved *out)
{
	struct publication newest = { 0 };
	int64_t version = 0;
	enum err e = policies_newest(db, s->domain, a, &newest);

	if (e == ERR_NOTFOUND && s->how == POLICIES_SAVE)
		e = OK;
	if (e == OK)
		e = choose_version(db, s, &newest, &version);
	if (e != OK)
		return e;
	if (version == 0) {
		out->newest = newest;
		return OK;
	}
	out->changed = true;
	e = supersede(db, &newest, s->now, &out->superseded);
	if (e == OK)
		e = add_publication(db, s->domain, version, s->now);
	return e == OK ? policies_newest(db, s->domain, a, &out->newest) : e;
}

enum err policies_save(struct db *db, int64_t domain, enum policies_how how, const struct policy *p,
                       int64_t now, struct arena *a, struct policies_saved *out)
{
	struct save s = { .domain = domain, .now = now, .how = how, .policy = p };
	struct policies_saved saved = { 0 };
	struct buf text;
	enum err e = OK;

	buf_init(&text, POLICY_TEXT_MAX);
	if (how == POLICIES_SAVE)
		e = policy_format(p, &text, NULL);
	s.text = buf_slice(&text);
	if (e == OK)
		e = db_begin(db);
	if (e == OK) {
		e = save(db, &s, a, &saved);
		/* The only foreign key that a caller can break: no such domain. */
		e = db_end(db, e == ERR_CONFLICT ? ERR_NOTFOUND : e);
	}
	buf_fini(&text);
	if (e == OK)
		*out = saved;
	return e;
}

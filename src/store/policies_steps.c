/* What becomes of a publication once it is saved: its steps, who takes the next, adopted ids. */
#include <stdio.h>

#include "base/utc.h"
#include "mtasts/policy.h"
#include "store/db_internal.h"
#include "store/policies_internal.h"

#define ID_DIGITS 14u /* YYYYMMDDhhmmss */
/* Later moments are no clock's: an adopted id that spells one does not push ours along. */
#define ID_TIME_TOP INT64_C(253370764800) /* the year 9999 */

/* A mark that changed no row: the publication is unknown, or not in a state for it. */
static enum err mark(struct db *db, struct query *q, int64_t publication)
{
	struct arena *a = arena_new();
	struct publication p;
	enum err e = query_run_one(q);

	if (e == ERR_NOTFOUND && policies_by_id(db, publication, a, &p) == OK)
		e = ERR_CONFLICT;
	arena_free(a);
	return e;
}

static enum err mark_two(struct db *db, enum sql statement, int64_t publication, int64_t first,
                         int64_t second)
{
	struct query q = db_query(db, statement);

	query_int(&q, 1, publication);
	query_int(&q, 2, first);
	query_int(&q, 3, second);
	return mark(db, &q, publication);
}

enum err policies_mark_offered(struct db *db, int64_t publication, int64_t seq, int64_t now)
{
	return mark_two(db, SQL_PUBLICATION_MARK_OFFERED, publication, seq, now);
}

static enum err end_before(struct db *db, int64_t publication, int64_t now)
{
	struct query q = db_query(db, SQL_PUBLICATION_END_BEFORE);

	query_int(&q, 1, publication);
	query_int(&q, 2, now);
	return query_run(&q);
}

static enum err mark_served(struct db *db, int64_t publication, int64_t now)
{
	struct query q = db_query(db, SQL_PUBLICATION_MARK_SERVED);

	query_int(&q, 1, publication);
	query_int(&q, 2, now);
	enum err e = mark(db, &q, publication);
	return e == OK ? end_before(db, publication, now) : e;
}

enum err policies_mark_served(struct db *db, int64_t publication, int64_t now)
{
	enum err e = db_begin(db);

	return e == OK ? db_end(db, mark_served(db, publication, now)) : e;
}

static enum err mark_at(struct db *db, enum sql statement, int64_t publication, int64_t now)
{
	struct query q = db_query(db, statement);

	query_int(&q, 1, publication);
	query_int(&q, 2, now);
	return mark(db, &q, publication);
}

enum err policies_mark_fetched(struct db *db, int64_t publication, int64_t now)
{
	return mark_at(db, SQL_PUBLICATION_MARK_FETCHED, publication, now);
}

static enum err announce(struct db *db, int64_t publication, int64_t now, struct arena *a)
{
	struct publication p;
	enum err e = policies_by_id(db, publication, a, &p);

	if (e == OK && p.announced == 0 && !publication_may_answer(&p, now))
		e = ERR_CONFLICT;
	return e == OK ? mark_at(db, SQL_PUBLICATION_MARK_ANNOUNCED, publication, now) : e;
}

enum err policies_mark_announced(struct db *db, int64_t publication, int64_t now)
{
	struct arena *a = arena_new();
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, announce(db, publication, now, a));
	arena_free(a);
	return e;
}

/* A text of before that a sender may hold, under whatever id. */
static enum err was_offered_before(struct db *db, const struct publication *p, struct arena *a,
                                   bool *out)
{
	struct publication *list = NULL;
	size_t count = 0;
	enum err e = policies_history(db, p->domain, a, &list, &count);

	*out = false;
	for (size_t i = 0; e == OK && i < count && list[i].id != p->id; i++)
		*out = *out || list[i].offered != 0;
	return e;
}

static enum err mark_ahead(struct db *db, int64_t publication, int64_t now, struct arena *a,
                           bool *noted)
{
	struct publication p;
	bool before = false;
	enum err e = policies_by_id(db, publication, a, &p);

	if (e == OK)
		e = was_offered_before(db, &p, a, &before);
	if (e != OK || !before || p.end != END_NOT || p.announced != 0 ||
	    (p.served != 0 && publication_alone_from(&p) <= now))
		return e;
	*noted = true;
	return mark_at(db, SQL_PUBLICATION_MARK_AHEAD, publication, now);
}

enum err policies_mark_ahead(struct db *db, int64_t publication, int64_t now, bool *noted_out)
{
	struct arena *a = arena_new();
	bool noted = false;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, mark_ahead(db, publication, now, a, &noted));
	arena_free(a);
	if (e == OK)
		*noted_out = noted;
	return e;
}

/* id 0: none is due, and nothing changed. */
static enum err claim(struct db *db, int64_t now, int64_t until, int64_t *id)
{
	struct query q = db_query(db, SQL_PUBLICATION_CLAIM);

	query_int(&q, 1, now);
	query_int(&q, 2, until);
	*id = query_row(&q) ? query_get_int(&q, 0) : 0;
	return query_run(&q);
}

enum err policies_claim(struct db *db, int64_t now, int64_t until, struct arena *a,
                        struct publication *out)
{
	int64_t id = 0;
	enum err e = db_begin_light(db);

	if (e == OK)
		e = db_end(db, claim(db, now, until, &id));
	if (e != OK)
		return e;
	return id == 0 ? ERR_NOTFOUND : policies_by_id(db, id, a, out);
}

static enum err put_back(struct db *db, int64_t publication, int64_t due, const char *why,
                         bool failed)
{
	struct query q = db_query(db, SQL_PUBLICATION_AGAIN);

	query_int(&q, 1, publication);
	query_int(&q, 2, due);
	query_str(&q, 3, why);
	query_int(&q, 4, failed ? 1 : 0);
	return query_run(&q);
}

enum err policies_again(struct db *db, int64_t publication, int64_t due, const char *why,
                        bool failed)
{
	enum err e = db_begin_light(db);

	return e == OK ? db_end(db, put_back(db, publication, due, why, failed)) : e;
}

enum err policies_hurry(struct db *db, int64_t domain)
{
	struct query q = db_query(db, SQL_PUBLICATION_HURRY);

	query_int(&q, 1, domain);
	return query_run(&q);
}

enum err policies_all_due(struct db *db)
{
	struct query q = db_query(db, SQL_PUBLICATION_ALL_DUE);

	return query_run(&q);
}

enum err policies_mark_seen(struct db *db, int64_t publication, int64_t seen, int64_t ttl)
{
	return mark_two(db, SQL_PUBLICATION_MARK_SEEN, publication, seen, ttl);
}

enum err policies_mark_stopped(struct db *db, int64_t domain, int64_t now)
{
	struct query q = db_query(db, SQL_PUBLICATION_STOP);

	query_int(&q, 1, domain);
	query_int(&q, 2, now);
	return query_run(&q);
}

/* The moment that an id of our own form spells; 0 for any other. */
static int64_t id_time(struct slice id)
{
	char again[UTC_TEXT_SIZE], full[UTC_TEXT_SIZE + 1];
	int64_t at = 0;
	bool zoned;

	if (id.len != ID_DIGITS)
		return 0;
	(void)snprintf(full, sizeof(full), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", id.p, id.p + 4,
	               id.p + 6, id.p + 8, id.p + 10, id.p + 12); /* 20 bytes */
	if (utc_parse(slice_str(full), &at, &zoned) != OK || at >= ID_TIME_TOP || at < 0)
		return 0;
	return slice_eq(slice_str(utc_format_compact(at, again)), id) ? at : 0;
}

static bool id_is_valid(struct slice id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return false;
	}
	return id.len >= 1 && id.len <= POLICY_ID_TEXT_MAX;
}

static enum err take_id(struct db *db, int64_t publication, struct slice id)
{
	struct query q = db_query(db, SQL_PUBLICATION_ADOPT);

	query_int(&q, 1, publication);
	query_text(&q, 2, id);
	query_int(&q, 3, id_time(id));
	return query_run_one(&q);
}

static enum err continue_as(struct db *db, int64_t publication, struct slice id, int64_t now)
{
	struct query q = db_query(db, SQL_PUBLICATION_CONTINUE);
	int64_t further = db_new_id(db, now);

	query_int(&q, 1, publication);
	query_text(&q, 2, id);
	query_int(&q, 3, id_time(id));
	query_int(&q, 4, further);
	enum err e = query_run_one(&q);
	return e == OK ? end_before(db, further, now) : e;
}

/* A refusal comes before anything is written: it is none of the transaction's. */
static enum err adopt(struct db *db, int64_t domain, struct slice id, int64_t now, struct arena *a,
                      enum err *refused)
{
	struct publication newest;
	int64_t holder = 0;
	enum err e = policies_newest(db, domain, a, &newest);

	if (e == ERR_NOTFOUND)
		*refused = e;
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	e = policies_id_holder(db, domain, id, &holder);
	if (e == OK && holder != newest.id)
		*refused = ERR_CONFLICT;
	if (e == OK)
		return OK;
	if (e != ERR_NOTFOUND)
		return e;
	return newest.announced == 0 ? take_id(db, newest.id, id)
	                             : continue_as(db, newest.id, id, now);
}

enum err policies_adopt_id(struct db *db, int64_t domain, struct slice id, int64_t now)
{
	if (!id_is_valid(id))
		return ERR_SYNTAX;

	struct arena *a = arena_new();
	enum err refused = OK, e = db_begin(db);
	if (e == OK)
		e = db_end(db, adopt(db, domain, id, now, a, &refused));
	arena_free(a);
	return e == OK ? refused : e;
}

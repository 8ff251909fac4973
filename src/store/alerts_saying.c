/* What mails say, while they are under way and behind them. */
#include "store/alerts.h"
#include "store/db_internal.h"

static enum err mark(struct db *db, int64_t mail, const struct alert_row *row)
{
	struct query q = db_query(db, SQL_ALERT_SAYING);

	query_int(&q, 1, mail);
	query_int(&q, 2, row->tenant);
	query_str(&q, 3, row->name);
	query_str(&q, 4, alert_code(row->cause));
	query_int(&q, 5, alert_rank(row->state.level, row->state.extent));
	query_str(&q, 6, row->state.subject);
	return query_run(&q);
}

static enum err mark_pace(struct db *db, const struct alert_going *g)
{
	struct query q = db_query(db, SQL_ALERT_PACE_SAYING);

	query_str(&q, 1, alert_code(g->kind.cause));
	query_int(&q, 2, g->kind.event);
	query_int(&q, 3, g->kind.refuses ? 1 : 0);
	query_int(&q, 4, g->mail);
	query_int(&q, 5, g->pause);
	return query_run(&q);
}

enum err alerts_saying(struct db *db, const struct alert_going *g)
{
	enum err e = db_begin(db);

	if (e != OK)
		return e;
	e = mark_pace(db, g);
	for (size_t i = 0; e == OK && i < g->count; i++)
		e = mark(db, g->mail, &g->rows[i]);
	return db_end(db, e);
}

static void read_pace(struct query *q, struct alert_paces *all)
{
	int64_t event = query_get_int(q, 1), refuses = query_get_int(q, 2);
	enum alert_cause cause;

	if (alert_cause_parse(query_get(q, 0), &cause) != OK || event < 0 || event > ALERT_CLOSED)
		return;
	all->of[cause][event][refuses == 0 ? 0 : 1] = (struct alert_pace){
		.said_at = query_get_int(q, 3),
		.pause = (unsigned)query_get_int(q, 4),
	};
}

enum err alerts_paces(struct db *db, struct alert_paces *out)
{
	struct query q = db_query(db, SQL_ALERT_PACES);
	struct alert_paces all = { 0 };

	while (query_row(&q))
		read_pace(&q, &all);
	enum err e = query_end(&q);
	if (e == OK)
		*out = all;
	return e;
}

enum err alerts_under_way(struct db *db, int64_t *mail_out)
{
	struct query q = db_query(db, SQL_ALERT_UNDER_WAY);
	int64_t mail = 0;
	bool found = query_row(&q);

	if (found)
		mail = query_get_int(&q, 0);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*mail_out = mail;
	return e;
}

static enum err run_said(struct db *db, enum sql sql, int64_t mail, int64_t now)
{
	struct query q = db_query(db, sql);

	query_int(&q, 1, mail);
	query_int(&q, 2, now);
	return query_run(&q);
}

enum err alerts_said(struct db *db, int64_t mail, int64_t now)
{
	static const enum sql parts[] = { SQL_ALERT_SAID, SQL_ALERT_PACE_SAID };
	enum err e = db_begin(db);

	if (e != OK)
		return e;
	for (size_t i = 0; e == OK && i < ARRAY_LEN(parts); i++)
		e = run_said(db, parts[i], mail, now);
	return db_end(db, e);
}

enum err alerts_not_said(struct db *db, int64_t mail)
{
	struct query q = db_query(db, SQL_ALERT_NOT_SAID);

	query_int(&q, 1, mail);
	return query_run(&q);
}

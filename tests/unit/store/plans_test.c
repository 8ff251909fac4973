/*
 * How SQLite goes about the statements: which of them walk through a whole table.  With a hundred
 * thousand domains such a walk takes seconds, and desk holds its lock meanwhile.
 */
#include "fixture.h"

/*
 * Statements that may walk, and why.  Whoever adds one says what keeps it short, or how seldom it
 * runs.
 */
static const struct walk {
	enum sql sql;
	const char *why;
} walks[] = {
	{ SQL_DOMAIN_COUNT, "counts an index" },
	{ SQL_DOMAIN_COUNT_STAGES, "counts" },
	{ SQL_DOMAIN_COUNT_HOSTED, "somebody asks for looks at all domains" },
	{ SQL_PUBLICATION_ALL_DUE, "only what is not announced, at a start" },
	{ SQL_PUSH_UNCLAIM, "at a start" },
	{ SQL_ORDER_UNCLAIM, "at a start" },
	{ SQL_ORDER_CLEAR, "ordering is switched off" },
	{ SQL_ORDER_FORGET, "the same" },
	{ SQL_ORDER_COUNT, "counts" },
	{ SQL_ORDER_SPENT, "tenants are few" },
	{ SQL_SUPPLY_UNUSED, "mailboxes and folders are few" },
	{ SQL_SUPPLY_LIST, "the same" },
	{ SQL_HELD_COUNT, "counts what waits" },
	{ SQL_QUARANTINE_COUNT, "counts what could not be read" },
	{ SQL_QUARANTINE_PURGE, "once a day" },
	{ SQL_TAKEN_LIST, "a row for each day and way" },
	{ SQL_JOB_CLAIM, "jobs of any kind, which the service never asks for" },
	{ SQL_JOB_NEXT, "the same" },
	{ SQL_CHECK_MISSING, "twice in half a minute" },
	{ SQL_LOOK_MISSING, "every ten seconds" },
	{ SQL_ALERT_DROP, "when a domain goes" },
	{ SQL_ALERT_DROP_HOSTS, "once a day" },
	{ SQL_ALERT_COUNT, "counts" },
	{ SQL_ALERT_UNSAID, "one thread, now and then" },
	{ SQL_ALERT_UNDER_WAY, "the same" },
	{ SQL_ALERT_SAID, "after a mail" },
	{ SQL_ALERT_NOT_SAID, "the same" },
	{ SQL_ALERT_PACES, "a row for each kind of mails" },
	{ SQL_ALERT_PACE_SAID, "the same" },
	{ SQL_SELF_CHECK_COUNT, "counts" },
	{ SQL_SELF_CHECK_RESET, "somebody asks for looks at all domains" },
	{ SQL_AUDIT_LAST, "ends at its first row" },
	{ SQL_AUDIT_PURGE, "once a day" },
	{ SQL_AUDIT_CHAIN, "the whole log is what is asked for" },
	{ SQL_SESSION_PURGE, "sessions are few" },
	{ SQL_FETCH_NAMED, "counts an index" },
	{ SQL_FETCH_TOTALS, "a row for each status" },
};

/* What a statement that a page asks for, or that runs all the time, must find its rows by. */
static const struct key {
	enum sql sql;
	const char *by;
} keys[] = {
	{ SQL_DOMAIN_LIST, "(tenant=? AND name>?)" },
	{ SQL_CERT_HOSTED, "(tenant=? AND name>?)" },
	{ SQL_CERT_HOSTED, "(tenant=? AND host=?)" },
	{ SQL_SUMMARY_LINE, "(domain=? AND day>? AND day<?)" },
	{ SQL_REPORT_SINCE, "report_when (arrived>?" },
	{ SQL_REPORT_PURGE, "report_when (arrived<?)" },
	{ SQL_REPORT_DAY_PURGED, "report_day (domain=? AND day=?)" },
	{ SQL_FETCH_DAYS_OLD, "(publication=? AND day<?)" },
	{ SQL_ALERT_LIST, "(tenant=? AND (name,cause)>(?,?))" },
	{ SQL_ALERT_OF_NAME, "(tenant=? AND name=?)" },
	{ SQL_ORDER_DROP_SERVICE, "cert_order_service (domain=?)" },
	{ SQL_ORDER_DROP_DOMAINS, "domain_order (ordered=?)" },
	{ SQL_ORDER_ADD_DOMAINS, "domain_order (ordered=?)" },
	{ SQL_ORDER_FOLLOWED, "domain_order (ordered>?)" },
};

/* The lines of a plan, one below the other; lives until the next one. */
static const char *plan_of(struct fixture *f, enum sql sql)
{
	static char text[4096];
	char *explain = sqlite3_mprintf("explain query plan %s", sql_table[sql].text);
	sqlite3_stmt *st = NULL;
	size_t used = 0;

	text[0] = '\0';
	assert_non_null(explain);
	assert_int_equal(sqlite3_prepare_v2(f->db->conn.handle, explain, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW && used < sizeof(text))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n",
		                         (const char *)sqlite3_column_text(st, 3));
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	sqlite3_free(explain);
	return text;
}

/* What a query within the statement gives is as short as that query's own lines say. */
static bool is_of_query(const char *plan, struct slice name)
{
	char line[100];

	(void)snprintf(line, sizeof(line), "CO-ROUTINE %.*s\n", SLICE_ARGS(name));
	return strstr(plan, line) != NULL;
}

/* A tenant has everything: what is found by it alone is a walk, too. */
static bool is_walk(const char *plan, struct slice line)
{
	bool scan = slice_starts(line, S("SCAN ")) &&
	            slice_find_slice(line, S("CONSTANT ROW")) == SIZE_MAX &&
	            !is_of_query(plan, slice_skip(line, 5));

	return scan || slice_ends(line, S("(tenant=?)"));
}

static bool has_walk(const char *plan)
{
	struct slice rest = slice_str(plan), line;
	bool found = false;

	while (slice_next_line(&rest, &line))
		found = found || is_walk(plan, line);
	return found;
}

static bool may_walk(enum sql sql)
{
	for (size_t i = 0; i < ARRAY_LEN(walks); i++)
		if (walks[i].sql == sql)
			return true;
	return false;
}

TEST(no_other_statement_walks)
{
	struct fixture f;

	fixture_open(&f);
	for (int i = 0; i < SQL_COUNT; i++) {
		const char *plan = plan_of(&f, (enum sql)i);

		if (has_walk(plan) && !may_walk((enum sql)i)) {
			EXPECT(false, sql_table[i].name);
			(void)fprintf(stderr, "%s", plan);
		}
	}
	fixture_close(&f);
}

/* An exception that is none any more hides the next one. */
TEST(each_of_these_walks)
{
	struct fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(walks); i++)
		EXPECT(has_walk(plan_of(&f, walks[i].sql)), sql_table[walks[i].sql].name);
	fixture_close(&f);
}

TEST(rows_are_found_by_their_key)
{
	struct fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *plan = plan_of(&f, keys[i].sql);

		EXPECT(strstr(plan, keys[i].by) != NULL, sql_table[keys[i].sql].name);
	}
	fixture_close(&f);
}

TEST_MAIN(UNIT(no_other_statement_walks), UNIT(each_of_these_walks),
          UNIT(rows_are_found_by_their_key))

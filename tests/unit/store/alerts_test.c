/* What somebody is told of, and looks from outside. */
#include "store/alerts.h"

#include <stdio.h>

#include "store/domains.h"
#include "store/jobs.h"
#include "unit/store/fixture.h"

static struct alert_row row_of(const char *name, enum alert_cause cause, unsigned level,
                               const char *subject)
{
	return (struct alert_row){ .tenant = TENANT_ONLY,
		                   .name = name,
		                   .cause = cause,
		                   .domain = 7,
		                   .state = { .level = level,
		                              .extent = 1,
		                              .subject = subject,
		                              .opened = NOON,
		                              .said_subject = "" },
		                   .detail = "d",
		                   .step = "s",
		                   .command = "" };
}

static enum alert_keep whole(void *ctx, const struct alert_row *row)
{
	(void)ctx;
	(void)row;
	return ALERT_WHOLE;
}

static enum err saying(struct fixture *f, int64_t mail, const struct alert_row *rows, size_t count)
{
	const struct alert_going g = { mail, { ALERT_MX, ALERT_OPENED, false }, 2, rows, count };

	return alerts_saying(f->db, &g);
}

static size_t unsaid(struct fixture *f)
{
	struct alert_row *rows;
	size_t count = 99;

	EXPECT(alerts_unsaid(f->db, whole, NULL, f->a, &rows, &count) == OK, "it is read");
	return count;
}

#define MANY (DB_LIST_MAX + 500u)

/* Of the first ones nothing is to be said, then one whole and the others lean. */
static enum alert_keep some(void *ctx, const struct alert_row *row)
{
	size_t *seen = ctx;

	(void)row;
	(*seen)++;
	return *seen <= DB_LIST_MAX       ? ALERT_LEAVE
	       : *seen == DB_LIST_MAX + 1 ? ALERT_WHOLE
	                                  : ALERT_LEAN;
}

/* What hits many names at the same time is one mail; those it is silent about hold up nobody. */
TEST(very_many)
{
	struct alert_row row = row_of("", ALERT_MX, 1, "mx2"), *rows;
	size_t count = 0, seen = 0;
	struct fixture f;
	char name[40];

	fixture_open(&f);
	assert_int_equal(db_begin(f.db), OK);
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "n%05u.example", i);
		row.name = name;
		assert_int_equal(alerts_put(f.db, &row), OK);
	}
	assert_int_equal(db_end(f.db, OK), OK);
	assert_int_equal(alerts_unsaid(f.db, some, &seen, f.a, &rows, &count), OK);
	EXPECT(seen == MANY && count == MANY - DB_LIST_MAX, "all of them are asked about");
	EXPECT_SLICE(slice_str(rows[0].detail), S("d"), "a whole one");
	EXPECT_SLICE(slice_str(rows[1].detail), S(""), "a lean one");
	EXPECT_SLICE(slice_str(rows[1].state.subject), S("mx2"), "with what it is about");
	EXPECT(saying(&f, 42, rows, count) == OK && alerts_said(f.db, 42, NOON) == OK &&
	               unsaid(&f) == DB_LIST_MAX,
	       "one mail says them");
	fixture_close(&f);
}

/* Opening, worsening, closing: each goes from unsaid over a mail to said. */
TEST(from_unsaid_to_said)
{
	struct alert_row row = row_of("a.example", ALERT_MX, 1, "mx2"), got;
	struct fixture f;
	int64_t mail;

	fixture_open(&f);
	EXPECT(unsaid(&f) == 0 && alerts_under_way(f.db, &mail) == ERR_NOTFOUND,
	       "nothing at first");
	EXPECT(alerts_put(f.db, &row) == OK && unsaid(&f) == 1, "opened");
	EXPECT(saying(&f, 42, &row, 1) == OK, "marked");
	EXPECT(alerts_under_way(f.db, &mail) == OK && mail == 42, "with its mail");
	EXPECT(unsaid(&f) == 1, "that is not known to be gone");
	EXPECT(alerts_not_said(f.db, 42) == OK && unsaid(&f) == 1, "it was not");
	EXPECT(alerts_under_way(f.db, &mail) == ERR_NOTFOUND, "the mark is off");
	EXPECT(saying(&f, 43, &row, 1) == OK, "the next mail");
	row.state.level = 2; /* meanwhile */
	EXPECT(alerts_put(f.db, &row) == OK, "it got worse");
	EXPECT(alerts_said(f.db, 42, NOON) == OK && unsaid(&f) == 1, "another mail says nothing");
	EXPECT(alerts_said(f.db, 43, NOON + 5) == OK, "it was said");
	EXPECT(alerts_get(f.db, TENANT_ONLY, "a.example", ALERT_MX, f.a, &got) == OK, "read");
	EXPECT(got.state.said == alert_rank(1, 1) && got.state.said_at == NOON + 5 &&
	               got.state.peak == alert_rank(1, 1) && got.state.level == 2,
	       "what the mail said, not what came after it");
	EXPECT_SLICE(slice_str(got.state.said_subject), S("mx2"), "and of what");
	EXPECT(unsaid(&f) == 1, "so that it got worse is still to be said");
	EXPECT(saying(&f, 44, &row, 1) == OK && alerts_said(f.db, 44, NOON + 6) == OK &&
	               unsaid(&f) == 0,
	       "said");
	row.state.level = 1;
	EXPECT(alerts_put(f.db, &row) == OK && unsaid(&f) == 0, "better is not said");
	row.state.level = 0;
	row.state.closed = NOON + 9;
	EXPECT(alerts_put(f.db, &row) == OK && unsaid(&f) == 1, "closed");
	EXPECT(saying(&f, 45, &row, 1) == OK && alerts_said(f.db, 45, NOON + 10) == OK &&
	               unsaid(&f) == 0,
	       "said");
	EXPECT(alerts_get(f.db, TENANT_ONLY, "a.example", ALERT_MX, f.a, &got) == OK &&
	               got.state.said == 0 && got.state.peak == alert_rank(2, 1) &&
	               got.state.said_at == NOON + 10,
	       "how bad it was is remembered");
	fixture_close(&f);
}

/* A mail counts when it is known to be gone, also to whoever opens the database after a crash. */
TEST(paces)
{
	struct alert_row row = row_of("a.example", ALERT_MX, 1, "mx2");
	const struct alert_kind k = { ALERT_MX, ALERT_OPENED, false };
	struct alert_paces all;
	struct fixture f;

	fixture_open(&f);
	assert_int_equal(alerts_put(f.db, &row), OK);
	EXPECT(alerts_paces(f.db, &all) == OK && alert_pace(&all, &k)->said_at == 0,
	       "none at first");
	EXPECT(saying(&f, 42, &row, 1) == OK && alerts_paces(f.db, &all) == OK &&
	               alert_pace(&all, &k)->said_at == 0,
	       "under way");
	EXPECT(alerts_not_said(f.db, 42) == OK && alerts_paces(f.db, &all) == OK &&
	               alert_pace(&all, &k)->said_at == 0,
	       "one that did not go makes nobody wait");
	EXPECT(saying(&f, 43, &row, 1) == OK, "the next one");
	fixture_reopen(&f);
	EXPECT(alerts_said(f.db, 43, NOON + 5) == OK && alerts_paces(f.db, &all) == OK &&
	               alert_pace(&all, &k)->said_at == NOON + 5 &&
	               alert_pace(&all, &k)->pause == 2,
	       "which is gone");
	EXPECT(saying(&f, 44, &row, 1) == OK && alerts_paces(f.db, &all) == OK &&
	               alert_pace(&all, &k)->said_at == NOON + 5,
	       "one under way again changes nothing");
	EXPECT(all.of[ALERT_MX][ALERT_OPENED][1].said_at == 0 &&
	               all.of[ALERT_MX][ALERT_CLOSED][0].said_at == 0,
	       "other kinds were not said");
	fixture_close(&f);
}

TEST(another_line_to_type)
{
	struct alert_row row = row_of("a.example", ALERT_TYPING, 1, "id1"),
	                 mx = row_of("a.example", ALERT_MX, 1, "mx1");
	struct fixture f;

	fixture_open(&f);
	EXPECT(alerts_put(f.db, &row) == OK && alerts_put(f.db, &mx) == OK, "opened");
	EXPECT(saying(&f, 1, &row, 1) == OK && saying(&f, 1, &mx, 1) == OK &&
	               alerts_said(f.db, 1, NOON) == OK && unsaid(&f) == 0,
	       "both are said");
	row.state.subject = "id2";
	mx.state.subject = "mx2";
	EXPECT(alerts_put(f.db, &row) == OK && alerts_put(f.db, &mx) == OK && unsaid(&f) == 1,
	       "another id is said, another host alone is not");
	fixture_close(&f);
}

TEST(lists)
{
	const struct alert_cursor from = { S(""), S("") },
	                          behind = { S("a.example"), S("mx-not-matched") };
	struct alert_row rows[] = { row_of("b.example", ALERT_MX, 2, ""),
		                    row_of("a.example", ALERT_POLICY, 1, ""),
		                    row_of("a.example", ALERT_MX, 1, ""),
		                    row_of("c.example", ALERT_ID, 0, "") };
	const char *const hosts[2] = { "host.example", "" };
	struct alert_row *list, host = row_of("host.example", ALERT_CERT, 1, "");
	int64_t counts[ALERT_CAUSES][3], sums[2];
	struct fixture f;
	size_t count;

	fixture_open(&f);
	rows[0].domain = 8;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(alerts_put(f.db, &rows[i]) == OK, "put");
	EXPECT(alerts_list(f.db, TENANT_ONLY, false, &from, 10, f.a, &list, &count) == OK &&
	               count == 3 && strcmp(list[0].name, "a.example") == 0 &&
	               list[0].cause == ALERT_MX && list[1].cause == ALERT_POLICY,
	       "open ones by name and code");
	EXPECT(alerts_list(f.db, TENANT_ONLY, true, &from, 10, f.a, &list, &count) == OK &&
	               count == 4,
	       "closed ones too");
	EXPECT(alerts_of_name(f.db, TENANT_ONLY, "a.example", f.a, &list, &count) == OK &&
	               count == 2,
	       "of one name");
	EXPECT(alerts_list(f.db, TENANT_ONLY, false, &behind, 1, f.a, &list, &count) == OK &&
	               count == 1 && list[0].cause == ALERT_POLICY,
	       "behind a cursor");
	EXPECT(alerts_count(f.db, counts) == OK && counts[ALERT_MX][0] == 1 &&
	               counts[ALERT_MX][1] == 1 && counts[ALERT_ID][0] == 0,
	       "counted by level");
	alerts_sums(counts, sums);
	EXPECT(sums[0] == 1 && sums[1] == 2, "and by severity");
	EXPECT(alerts_drop(f.db, 7) == OK && alerts_count(f.db, counts) == OK &&
	               counts[ALERT_MX][0] == 0 && counts[ALERT_MX][1] == 1,
	       "a domain goes, others stay");
	host.domain = 0;
	EXPECT(alerts_put(f.db, &host) == OK && alerts_drop_hosts(f.db, TENANT_ONLY, hosts) == OK &&
	               alerts_count(f.db, counts) == OK && counts[ALERT_CERT][0] == 1,
	       "a host that is ours stays");
	EXPECT(alerts_drop_hosts(f.db, TENANT_ONLY, (const char *const[2]){ "", "" }) == OK &&
	               alerts_count(f.db, counts) == OK && counts[ALERT_CERT][0] == 0,
	       "one that is not goes");
	fixture_close(&f);
}

TEST(looks)
{
	struct domain d = { .tenant = TENANT_ONLY,
		            .name = "example.com",
		            .profile = "default",
		            .rua = "",
		            .tag = "t",
		            .tag_before = "",
		            .claim = "c",
		            .hosted = true };
	struct self_check o = { .checked = NOON,
		                .policy = ALERT_BAD,
		                .policy_bad = 2,
		                .policy_since = NOON - 9,
		                .policy_good = NOON - 99,
		                .policy_why = "no answer",
		                .seen = ALERT_GOOD,
		                .seen_id = "a1",
		                .seen_why = "",
		                .mx = ALERT_UNKNOWN,
		                .mx_count = 3,
		                .mx_unmatched = "a\nb\n",
		                .mx_why = "w" },
	                  got;
	struct self_check_counts c;
	struct fixture f;
	struct job job;
	int64_t count;

	fixture_open(&f);
	assert_int_equal(domains_add(f.db, &d, NOON, &o.domain), OK);
	EXPECT(self_check_get(f.db, o.domain, f.a, &got) == ERR_NOTFOUND, "never");
	EXPECT(self_check_put(f.db, &o) == OK && self_check_put(f.db, &o) == OK,
	       "stored, and again");
	EXPECT(self_check_get(f.db, o.domain, f.a, &got) == OK && got.checked == NOON &&
	               got.policy == ALERT_BAD && got.policy_bad == 2 &&
	               got.policy_since == NOON - 9 && got.policy_good == NOON - 99 &&
	               got.seen == ALERT_GOOD && got.mx == ALERT_UNKNOWN && got.mx_count == 3,
	       "read");
	EXPECT_SLICE(slice_str(got.mx_unmatched), S("a\nb\n"), "hosts");
	EXPECT(self_check_count(f.db, NOON, &c) == OK && c.all == 1 && c.since == 1 &&
	               c.newest == NOON,
	       "since that moment");
	EXPECT(self_check_count(f.db, NOON + 1, &c) == OK && c.all == 1 && c.since == 0,
	       "after it");
	EXPECT(jobs_add(f.db, "alert", "1", S(""), NOON + 300, NOON, NULL) == OK, "a job");
	EXPECT(self_check_all_due(f.db, "alert", NOON, &count) == OK && count == 1, "all at once");
	EXPECT(self_check_get(f.db, o.domain, f.a, &got) == OK && got.checked == 0 &&
	               got.policy_bad == 2,
	       "to be looked at, with what is known");
	EXPECT(jobs_claim(f.db, "alert", NOON, 60, f.a, &job) == OK, "by a job that is due");
	EXPECT(alerts_drop(f.db, o.domain) == OK &&
	               self_check_get(f.db, o.domain, f.a, &got) == ERR_NOTFOUND,
	       "a domain that comes back is looked at anew");
	fixture_close(&f);
}

TEST_MAIN(UNIT(very_many), UNIT(from_unsaid_to_said), UNIT(paces), UNIT(another_line_to_type),
          UNIT(lists), UNIT(looks))

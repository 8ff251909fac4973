#include "store/figures.h"

#include "unit/store/reports_fixture.h"

TEST(sessions_are_not_counted_twice)
{
	static const struct row {
		const char *label, *json;
		int64_t successful, failed, sum; /* sum: of sessions among the failures */
	} rows[] = {
		{ "RPT-28: the same sessions under tlsa and sts",
		  POLICY("tlsa", "example.com", "", 5, 0, "") "," POLICY("sts", "example.com", "",
		                                                         5, 0, ""),
		  5, 0, 0 },
		{ "RPT-28: also the failed ones",
		  POLICY("tlsa", "example.com", "", 3, 2,
		         FAILURE("starttls-not-supported", "m", 2,
		                 "")) "," POLICY("sts", "example.com", "", 3, 2,
		                                 FAILURE("starttls-not-supported", "m", 2, "")),
		  3, 2, 2 },
		{ "failed under one of them only",
		  POLICY("tlsa", "example.com", "", 5, 0,
		         "") "," POLICY("sts", "example.com", "", 4, 1,
		                        FAILURE("certificate-expired", "m", 1, "")),
		  4, 1, 1 },
		{ "two of the same type are added",
		  POLICY("sts", "example.com", "", 5, 0,
		         "") "," POLICY("sts", "example.com", "", 0, 2,
		                        FAILURE("certificate-expired", "m", 2, "")),
		  5, 2, 2 },
		{ "RPT-38: details above the summary, which counts",
		  POLICY("sts", "example.com", "", 5, 3,
		         FAILURE("certificate-expired", "m", 3,
		                 "") "," FAILURE("starttls-not-supported", "m", 2, "")),
		  5, 3, 5 },
		{ "RPT-38: what details leave out of the summary stands apart",
		  POLICY("sts", "example.com", "", 5, 3,
		         FAILURE("certificate-expired", "m", 1, "")),
		  5, 3, 3 },
		{ "RPT-38: no details at all", POLICY("sts", "example.com", "", 5, 3, ""), 5, 3,
		  3 },
		{ "no-policy-found is added",
		  POLICY("no-policy-found", "example.com", "", 5, 0,
		         "") "," POLICY("sts", "example.com", "", 3, 0, ""),
		  8, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct sent sent = { .json = rows[i].json, .trust = TRUST_IMPORTED };
		int64_t sum = 0;

		fixture_open(&f);
		int64_t d = fixture_domain(&f, "example.com");
		(void)send(&f, &sent);
		struct summary s = summary(&f, d, TRUST_HEADLINE);
		EXPECT(s.total.successful == rows[i].successful && s.total.failed == rows[i].failed,
		       rows[i].label);
		for (size_t j = 0; j < s.failure_count; j++)
			sum += s.failures[j].sessions;
		EXPECT(sum == rows[i].sum, rows[i].label);
		fixture_close(&f);
	}
}

/* One sender of each trust. */
static int64_t fill(struct fixture *f)
{
	static const struct sent sents[] = {
		{ .json = TEN_GOOD,
		  .trust = TRUST_DKIM,
		  .signer = "sender.example",
		  .known_as = "Signed" },
		{ .json = NINE_GOOD, .trust = TRUST_IMPORTED, .organization = "Imported" },
		{ .json = TEN_GOOD, .trust = TRUST_POSTED, .organization = "Posted" },
		{ .json = NINE_GOOD, .trust = TRUST_UNSIGNED, .organization = "Unsigned" },
	};
	int64_t d = fixture_domain(f, "example.com");

	for (size_t i = 0; i < ARRAY_LEN(sents); i++)
		(void)send(f, &sents[i]);
	return d;
}

/* Ten days of a signed sender, and one report that only claims its name. */
TEST(senders_have_a_rhythm_and_a_share)
{
	struct fixture f;

	fixture_open(&f);
	int64_t d = fixture_domain(&f, "example.com");
	for (int i = 0; i < 10; i++) {
		struct sent sent = {
			.json = TEN_GOOD,
			.trust = TRUST_DKIM,
			.signer = "sender.example",
			.known_as = "Sender",
			.id = arena_printf(f.a, "day%d", i),
			.range = arena_printf(f.a,
			                      "\"start-datetime\":\"2026-01-%02dT00:00:00Z\","
			                      "\"end-datetime\":\"2026-01-%02dT23:59:59Z\"",
			                      1 + i, 1 + i),
		};
		(void)send(&f, &sent);
	}
	(void)send(&f, &(struct sent){ .json = TEN_GOOD,
	                               .trust = TRUST_IMPORTED,
	                               .organization = "Other" });
	struct summary s = { 0 };
	EXPECT(summary_read(f.db, d, DAY, DAY + 14 * UTC_DAY, ALL, f.a, &s) == OK, "it is read");
	EXPECT(s.organization_count == 2, "two senders");
	EXPECT(s.organizations[0].rhythm.every == 1 && s.organizations[0].rhythm.silent == 3,
	       "daily until the tenth, nothing for three days on the fifteenth");
	EXPECT(s.organizations[0].share == 909 && s.organizations[1].share == 91,
	       "ten of eleven sessions, and one");
	EXPECT(s.organizations[1].rhythm.every == 0, "one report is no rhythm");
	EXPECT(summary_read(f.db, d, DAY + 4 * UTC_DAY, DAY + 5 * UTC_DAY, ALL, f.a, &s) == OK,
	       "two days of it");
	EXPECT(s.organizations[0].first == DAY + 4 * UTC_DAY &&
	               s.organizations[0].last == DAY + 5 * UTC_DAY,
	       "first and last in the range");
	EXPECT(s.organizations[0].since == DAY && s.organizations[0].until == DAY + 9 * UTC_DAY,
	       "first and last report at all");
	fixture_close(&f);
}

TEST(odd_ranges_count_for_the_day_of_their_middle)
{
	static const struct row {
		const char *label, *range;
		int64_t day;
	} rows[] = {
		{ "RPT-21: a day of a zone in the east",
		  "\"start-datetime\":\"2026-01-05T00:00:00+08:00\",\"end-datetime\":"
		  "\"2026-01-05T23:59:59+08:00\"",
		  4 },
		{ "RPT-21: three days",
		  "\"start-datetime\":\"2026-01-05T00:00:00Z\",\"end-datetime\":"
		  "\"2026-01-07T23:59:59Z\"",
		  5 },
		{ "RPT-21: an hour",
		  "\"start-datetime\":\"2026-01-05T23:00:00Z\",\"end-datetime\":"
		  "\"2026-01-05T23:59:59Z\"",
		  4 },
		{ "RPT-20: a start alone", "\"start-datetime\":\"2026-01-05T03:00:00Z\"", 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;

		fixture_open(&f);
		int64_t d = fixture_domain(&f, "example.com");
		(void)send(&f, &(struct sent){ .json = TEN_GOOD,
		                               .trust = TRUST_IMPORTED,
		                               .range = rows[i].range });
		struct summary s = summary(&f, d, TRUST_HEADLINE);
		EXPECT(s.day_count == 1 && s.days[0].day == DAY + rows[i].day * UTC_DAY,
		       rows[i].label);
		fixture_close(&f);
	}
}

/* More untrusted senders, hosts and failures than are listed, all of them larger. */
TEST(untrusted_do_not_crowd_out)
{
	struct fixture f;

	fixture_open(&f);
	int64_t d = fixture_domain(&f, "example.com");
	struct sent signed_one = { .json = NINE_GOOD,
		                   .trust = TRUST_DKIM,
		                   .signer = "sender.example" };
	(void)send(&f, &signed_one);
	struct sent claims = { .json = TEN_GOOD,
		               .trust = TRUST_POSTED,
		               .organization = "sender.example",
		               .id = "r2" };
	(void)send(&f, &claims);
	struct summary s = summary(&f, d, TRUST_HEADLINE);
	EXPECT(s.organization_count == 2, "a name that is a signer's makes no signer");
	EXPECT(s.organizations[0].signer.len > 0 && s.organizations[1].signer.len == 0,
	       "the verified one comes first");
	EXPECT(s.organizations[0].counts.reports == 1 && s.organizations[1].counts.reports == 1,
	       "each counts for itself");
	for (unsigned i = 0; i < SUMMARY_ROWS_MAX; i++) {
		struct sent forged = {
			.trust = TRUST_POSTED,
			.organization = arena_printf(f.a, "Forger %u", i),
			.json = arena_printf(f.a,
			                     POLICY("sts", "example.com", "\"a%u.example\"", 900,
			                            900, FAILURE("x%u", "a.example", 900, "")),
			                     i, i),
		};
		(void)send(&f, &forged);
	}
	s = summary(&f, d, TRUST_HEADLINE);
	EXPECT(s.organization_count == SUMMARY_ROWS_MAX &&
	               slice_eq(s.organizations[0].signer, S("sender.example")),
	       "the sender stays in the list");
	EXPECT(s.mx_count == SUMMARY_ROWS_MAX && slice_eq(s.mx_hosts[0].host, S("mx.example.com")),
	       "its host, too");
	EXPECT(s.failure_count == SUMMARY_ROWS_MAX && s.failures[0].sessions == 1,
	       "its failure, too");
	fixture_close(&f);
}

TEST(summaries)
{
	struct fixture f;
	struct summary_line line;
	struct summary got;

	fixture_open(&f);
	int64_t d = fill(&f);
	struct summary s = summary(&f, d, TRUST_HEADLINE);
	EXPECT(s.total.reports == 3 && s.total.successful == 29 && s.total.failed == 1,
	       "unsigned reports are not in the headline");
	EXPECT(s.trust[TRUST_UNSIGNED].reports == 1 && s.trust[TRUST_UNSIGNED].failed == 1,
	       "but shown apart");
	EXPECT(s.organization_count == 3, "nor among the senders");
	EXPECT_SLICE(s.organizations[0].name, S("Imported"), "senders of as many sessions by name");
	EXPECT_SLICE(s.organizations[1].signer, S("sender.example"), "with their verified signer");
	EXPECT(s.organizations[1].trusts == TRUST_BIT(TRUST_DKIM), "and trust");
	EXPECT_SLICE(s.organizations[2].name, S("Posted"), "and behind them who only says so");
	EXPECT(s.organizations[0].first == DAY && s.organizations[0].last == DAY, "and days");
	EXPECT(s.mx_count == 1 && s.mx_hosts[0].successful == 29 && s.mx_hosts[0].failed == 1,
	       "one host, however it was written");
	EXPECT_SLICE(s.mx_hosts[0].host, S("mx.example.com"), "its name");
	EXPECT(s.failure_count == 1 && s.failures[0].sessions == 1, "one kind of failure");
	EXPECT_SLICE(s.failures[0].reason_code, S("E1"), "its reason");
	EXPECT(s.day_count == 1 && s.days[0].day == DAY && s.days[0].counts.reports == 3,
	       "one day");

	s = summary(&f, d, TRUST_BIT(TRUST_UNSIGNED));
	EXPECT(s.total.reports == 1 && s.organization_count == 1,
	       "the unsigned ones when asked for");
	EXPECT(s.trust[TRUST_DKIM].reports == 1, "each trust apart whatever is asked");
	EXPECT(summary(&f, d, 0).total.reports == 0, "none of them");
	EXPECT(summary_read(f.db, d, DAY, DAY - 1, ALL, f.a, &got) == ERR_LIMIT, "backwards");
	EXPECT(summary_read(f.db, d, DAY, DAY + SUMMARY_DAYS_MAX * (int64_t)UTC_DAY, ALL, f.a,
	                    &got) == ERR_LIMIT,
	       "too long");
	EXPECT(summary_read(f.db, d, DAY, DAY + (SUMMARY_DAYS_MAX - 1) * (int64_t)UTC_DAY, ALL, f.a,
	                    &got) == OK,
	       "as long as may be");
	EXPECT(summary_read(f.db, d, DAY + UTC_DAY, DAY + UTC_DAY, ALL, f.a, &got) == OK &&
	               got.total.reports == 0 && got.day_count == 0,
	       "a day without a report is not listed");
	EXPECT(summary_line_read(f.db, d, DAY, DAY, TRUST_HEADLINE, &line) == OK &&
	               line.counts.successful == 29 && line.last_day == DAY &&
	               line.last_failed == DAY,
	       "the line of the list");
	EXPECT(summary_line_read(f.db, d + 1, DAY, DAY, TRUST_HEADLINE, &line) == OK &&
	               line.counts.reports == 0 && line.last_day == 0 && line.last_failed == 0,
	       "and of a domain without reports");
	fixture_close(&f);
}

TEST(listing)
{
	struct fixture f;
	struct report_row *rows = NULL, one;
	struct report_cursor after = { 0 };
	struct figure_row *figures = NULL;
	size_t count = 0, seen = 0;

	fixture_open(&f);
	int64_t d = fill(&f);
	do {
		EXPECT(reports_list(f.db, d, ALL, &after, 3, f.a, &rows, &count) == OK, "a page");
		seen += count;
		if (count > 0)
			after = (struct report_cursor){ rows[count - 1].day, rows[count - 1].id };
	} while (count > 0);
	EXPECT(seen == 4, "each once");
	EXPECT(reports_list(f.db, d, TRUST_BIT(TRUST_IMPORTED), NULL, 10, f.a, &rows, &count) ==
	                       OK &&
	               count == 1,
	       "of one trust");
	EXPECT(reports_get(f.db, rows[0].id, f.a, &one) == OK && one.policy_count == 1 &&
	               one.policies[0].failure_count == 1 && one.successful == 9,
	       "one report with its rows");
	EXPECT_SLICE(one.policies[0].failures[0].result_type, S("certificate-expired"), "a row");
	EXPECT_SLICE(one.organization, S("Imported"), "its sender");
	EXPECT(one.place.segment == 20260102 && one.place.offset == 100 && one.place.length == 200,
	       "where its bytes lie");
	EXPECT(reports_get(f.db, 1, f.a, &one) == ERR_NOTFOUND, "an unknown one");
	EXPECT(figures_list(f.db, d, DAY, DAY, TRUST_BIT(TRUST_IMPORTED), f.a, &figures, &count) ==
	                       OK &&
	               count == 2,
	       "figures of one trust");
	EXPECT_SLICE(figures[1].result_type, S("successful"), "successes among them");
	EXPECT(figures[1].sessions == 9, "their number");
	fixture_close(&f);
}

/* Which of since and the cursor is later says where an answer begins. */
TEST(reports_since_a_moment)
{
	struct fixture f;
	struct report_row *all = NULL, *rows = NULL;
	size_t count = 0;

	fixture_open(&f);
	(void)fill(&f);
	assert_int_equal(reports_since(f.db, TENANT_ONLY, 0, NULL, 10, f.a, &all, &count), OK);
	assert_int_equal(count, 4);
	const struct report_cursor second = { all[1].arrived, all[1].id };
	const struct row {
		const char *label;
		int64_t tenant, since;
		const struct report_cursor *after;
		size_t want;
	} cases[] = {
		{ "the moment itself is among them", TENANT_ONLY, all[0].arrived, NULL, 4 },
		{ "nothing later", TENANT_ONLY, all[3].arrived + 1, NULL, 0 },
		{ "behind a cursor", TENANT_ONLY, 0, &second, 2 },
		{ "a cursor at since", TENANT_ONLY, second.day, &second, 2 },
		{ "a cursor before since", TENANT_ONLY, all[3].arrived + 1, &second, 0 },
		{ "another tenant", TENANT_ONLY + 1, 0, NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		EXPECT(reports_since(f.db, cases[i].tenant, cases[i].since, cases[i].after, 10, f.a,
		                     &rows, &count) == OK &&
		               count == cases[i].want,
		       cases[i].label);
	fixture_close(&f);
}

/* Numbers and texts that strangers choose neither fail a batch nor pass for something else. */
TEST(hostile_content)
{
	static const char *const jsons[] = {
		POLICY("sts", "example.com", "", 9007199254740991, 0, ""),
		POLICY("successful", "example.com", "\"a\\u0000b\"", 0, 1,
		       FAILURE("successful", "x\\u0000y", 1, "'; drop table report; --")),
		POLICY("sts", "example.com", "\"\\ud83d\\ude00\"", 0, 9007199254740991,
		       FAILURE("<script>", "\\ud83d\\ude00", 9007199254740991, "=1+1")),
	};
	const int64_t top = (INT64_C(1) << 53) - 1;
	struct fixture f;
	int stored = 0;

	fixture_open(&f);
	int64_t d = fixture_domain(&f, "example.com");
	assert_int_equal(db_begin(f.db), OK);
	for (int round = 0; round < 1100; round++) {
		char id[16];
		struct sent sent = { .json = jsons[round % 3], .trust = TRUST_POSTED, .id = id };

		(void)snprintf(id, sizeof(id), "r%d", round);
		stored += send(&f, &sent).result == REPORT_NEW;
	}
	assert_int_equal(db_end(f.db, OK), OK);
	EXPECT(stored == 1100, "every one is stored");
	struct summary s = summary(&f, d, ALL);
	EXPECT(s.total.successful == top && s.total.failed == top, "sums stay at their ceiling");
	EXPECT(s.failure_count == 2, "two kinds of failure");
	for (size_t i = 0; i < s.failure_count; i++)
		EXPECT(!slice_eq(s.failures[i].result_type, S("successful")),
		       "a stranger's result type does not pass for success");
	fixture_close(&f);
}

/* A report with very many keys: figures are kept more coarsely, sums stay. */
TEST(many_hosts)
{
	struct fixture f;
	struct buf rows;

	fixture_open(&f);
	int64_t d = fixture_domain(&f, "example.com");
	buf_init(&rows, 1 << 20);
	for (int i = 0; i < 2000; i++)
		buf_printf(&rows,
		           "%s{\"result-type\":\"certificate-expired\",\"failed-session-count\":1,"
		           "\"receiving-mx-hostname\":\"h%d\",\"failure-reason-code\":\"c%d\"}",
		           i == 0 ? "" : ",", i, i);
	struct sent many = { .json = arena_printf(
		                     f.a,
		                     "{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":"
		                     "\"example.com\"},\"summary\":{"
		                     "\"total-successful-session-count\":0,"
		                     "\"total-failure-session-count\":2000},"
		                     "\"failure-details\":[%s]}",
		                     buf_str(&rows)),
		             .trust = TRUST_UNSIGNED };
	struct sent better = { .json = TEN_GOOD, .trust = TRUST_IMPORTED };
	(void)send(&f, &many);
	EXPECT(fixture_number(&f, "select count(*) from figure") <= 256, "few figures");
	EXPECT(fixture_number(&f, "select count(*) from figure_failure") <= 256, "few reasons");
	EXPECT(fixture_number(&f, "select sum(sessions) from figure") == 2000, "the sum stays");
	EXPECT(fixture_number(&f, "select length(policies) - length(replace(policies, char(10) || "
	                          "'f', char(10))) from report") == 2000,
	       "the rows stay");
	EXPECT(send(&f, &better).replaced, "replaced");
	EXPECT(fixture_number(&f, "select sum(sessions) from figure") == 10 &&
	               fixture_number(&f, "select count(*) from figure_failure") == 0,
	       "and gone without a trace");
	EXPECT(summary(&f, d, ALL).total.failed == 0, "also of the headline");
	buf_fini(&rows);
	fixture_close(&f);
}

TEST_MAIN(UNIT(senders_have_a_rhythm_and_a_share),
          UNIT(odd_ranges_count_for_the_day_of_their_middle), UNIT(sessions_are_not_counted_twice),
          UNIT(untrusted_do_not_crowd_out), UNIT(summaries), UNIT(listing),
          UNIT(reports_since_a_moment), UNIT(hostile_content), UNIT(many_hosts))

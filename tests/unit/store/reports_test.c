#include "store/reports.h"

#include "unit/store/reports_fixture.h"

/*
 * Two arrivals under one identity.  Equal ones are one report with the best trust; with other
 * content better trust replaces, the same verified signer replaces, nothing else does.
 */
TEST(two_arrivals)
{
	static const struct row {
		const char *label;
		struct sent first, second;
		enum report_result result; /* of the second */
		bool replaced, refused;
		int64_t reports, successful, failed; /* afterwards, all trusts together */
		enum report_trust trust;             /* of the one that counts the sessions */
	} rows[] = {
		{ "RPT-23: the same report twice is one",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED }, //
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  REPORT_DUPLICATE,
		  false,
		  false,
		  1,
		  10,
		  0,
		  TRUST_IMPORTED },
		{ "equal with better trust raises it",
		  { .json = TEN_GOOD, .trust = TRUST_UNSIGNED },
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  10,
		  0,
		  TRUST_DKIM },
		{ "equal, posted after unsigned",
		  { .json = TEN_GOOD, .trust = TRUST_UNSIGNED }, //
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  10,
		  0,
		  TRUST_POSTED },
		{ "equal with worse trust changes nothing",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = TEN_GOOD, .trust = TRUST_UNSIGNED },
		  REPORT_DUPLICATE,
		  false,
		  false,
		  1,
		  10,
		  0,
		  TRUST_IMPORTED },
		{ "other content, better trust replaces",
		  { .json = NINE_GOOD, .trust = TRUST_UNSIGNED },
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  10,
		  0,
		  TRUST_POSTED },
		{ "a forged report that came first gives way",
		  { .json = NINE_GOOD, .trust = TRUST_POSTED },
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  10,
		  0,
		  TRUST_DKIM },
		{ "other content, worse trust is refused",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = NINE_GOOD, .trust = TRUST_POSTED },
		  REPORT_DUPLICATE,
		  false,
		  true,
		  1,
		  10,
		  0,
		  TRUST_IMPORTED },
		{ "unsigned never replaces a signed one",
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  { .json = NINE_GOOD, .trust = TRUST_UNSIGNED },
		  REPORT_DUPLICATE,
		  false,
		  true,
		  1,
		  10,
		  0,
		  TRUST_DKIM },
		{ "other content, equal trust without a signer is refused",
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  { .json = NINE_GOOD, .trust = TRUST_POSTED },
		  REPORT_DUPLICATE,
		  false,
		  true,
		  1,
		  10,
		  0,
		  TRUST_POSTED },
		{ "imported after imported is refused",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = NINE_GOOD, .trust = TRUST_IMPORTED },
		  REPORT_DUPLICATE,
		  false,
		  true,
		  1,
		  10,
		  0,
		  TRUST_IMPORTED },
		{ "the same verified signer corrects itself",
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  { .json = NINE_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  9,
		  1,
		  TRUST_DKIM },
		{ "another signer of the same organisation does not",
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  { .json = NINE_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "other.example",
		    .known_as = "Sender" },
		  REPORT_DUPLICATE,
		  false,
		  true,
		  1,
		  10,
		  0,
		  TRUST_DKIM },
		{ "a signer nobody knows counts under its own name",
		  { .json = NINE_GOOD, .trust = TRUST_DKIM, .signer = "evil.example" },
		  { .json = TEN_GOOD, .trust = TRUST_UNSIGNED },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  19,
		  1,
		  TRUST_DKIM },
		{ "and hides nothing of whom it names",
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Sender" },
		  { .json = NINE_GOOD, .trust = TRUST_DKIM, .signer = "evil.example" },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  19,
		  1,
		  TRUST_DKIM },
		{ "a forged copy first: the known signer's replaces it",
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  { .json = NINE_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Known",
		    .claim = REPORT_CLAIM_PROVED },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  9,
		  1,
		  TRUST_DKIM },
		{ "a forged copy second: it neither replaces nor stands beside",
		  { .json = NINE_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "Known",
		    .claim = REPORT_CLAIM_PROVED },
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  REPORT_DUPLICATE,
		  false,
		  true,
		  1,
		  9,
		  1,
		  TRUST_DKIM },
		{ "RPT-77: the same by POST and then by mail counts under its signer",
		  { .json = NINE_GOOD, .trust = TRUST_POSTED },
		  { .json = NINE_GOOD, .trust = TRUST_DKIM, .signer = "sender.example" },
		  REPORT_DUPLICATE,
		  true,
		  false,
		  1,
		  9,
		  1,
		  TRUST_DKIM },
		{ "RPT-77: the same by mail and then by POST",
		  { .json = NINE_GOOD, .trust = TRUST_DKIM, .signer = "sender.example" },
		  { .json = NINE_GOOD, .trust = TRUST_POSTED },
		  REPORT_DUPLICATE,
		  false,
		  false,
		  1,
		  9,
		  1,
		  TRUST_DKIM },
		{ "another's name: a signer does not take over what is imported",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = NINE_GOOD, .trust = TRUST_DKIM, .signer = "evil.example" },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  19,
		  1,
		  TRUST_IMPORTED },
		{ "a known reporter's name: not even an equal one becomes another signer's",
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "evil.example",
		    .claim = REPORT_CLAIM_REFUSED },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  20,
		  0,
		  TRUST_POSTED },
		{ "and it hides nothing that comes later",
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "evil.example",
		    .claim = REPORT_CLAIM_REFUSED },
		  { .json = TEN_GOOD, .trust = TRUST_POSTED },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  20,
		  0,
		  TRUST_POSTED },
		{ "RPT-23: the same id from two organisations is two reports",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = NINE_GOOD, .trust = TRUST_IMPORTED, .organization = "Other" },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  19,
		  1,
		  TRUST_IMPORTED },
		{ "an organisation's name in other capitals is the same",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .organization = " SENDER" },
		  REPORT_DUPLICATE,
		  false,
		  false,
		  1,
		  10,
		  0,
		  TRUST_IMPORTED },
		{ "RPT-77: another id is another report",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED },
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "r2" },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  20,
		  0,
		  TRUST_IMPORTED },
		{ "without an id equal content is the same report",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "" },
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "" },
		  REPORT_DUPLICATE,
		  false,
		  false,
		  1,
		  10,
		  0,
		  TRUST_IMPORTED },
		{ "without an id other content is another report",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "" },
		  { .json = NINE_GOOD, .trust = TRUST_IMPORTED, .id = "" },
		  REPORT_NEW,
		  false,
		  false,
		  2,
		  19,
		  1,
		  TRUST_IMPORTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct fixture f;

		fixture_open(&f);
		int64_t d = fixture_domain(&f, "example.com");
		EXPECT(send(&f, &r->first).result == REPORT_NEW, r->label);
		struct report_outcome out = send(&f, &r->second);
		EXPECT(out.result == r->result, r->label);
		EXPECT(out.replaced == r->replaced && out.refused == r->refused, r->label);
		struct summary s = summary(&f, d, ALL);
		EXPECT(s.total.reports == r->reports && s.total.successful == r->successful &&
		               s.total.failed == r->failed,
		       r->label);
		EXPECT(s.trust[r->trust].reports >= 1, r->label);
		/* The law behind it: a repetition of both changes nothing any more. */
		struct slice before = figures_text(&f);
		if (!out.refused && r->result == REPORT_NEW) {
			EXPECT(send(&f, &r->first).result == REPORT_DUPLICATE, r->label);
			EXPECT(send(&f, &r->second).result == REPORT_DUPLICATE, r->label);
			EXPECT_SLICE(figures_text(&f), before, r->label);
		}
		fixture_close(&f);
	}
}

TEST(one_signer_a_day)
{
	struct fixture f;
	struct sent mail = {
		.json = TEN_GOOD, .trust = TRUST_DKIM, .signer = "flood.example", .signer_room = 3
	};
	struct report_outcome out = { 0 };

	fixture_open(&f);
	int64_t d = fixture_domain(&f, "example.com");
	for (unsigned i = 0; i < 5; i++) {
		mail.id = arena_printf(f.a, "n%u", i);
		out = send(&f, &mail);
		EXPECT(out.over == (i >= 3), "RPT-87: no more than there is room for");
	}
	mail.id = "n1";
	out = send(&f, &mail);
	EXPECT(!out.over && out.result == REPORT_DUPLICATE, "what is there needs no room");
	mail.signer = "other.example";
	out = send(&f, &mail);
	EXPECT(out.result == REPORT_NEW && !out.over, "RPT-87: others have their own");
	mail.trust = TRUST_IMPORTED;
	mail.organization = "Other";
	EXPECT(!send(&f, &mail).over, "and imports need none");
	EXPECT(summary(&f, d, ALL).total.reports == 5, "all that were kept");
	fixture_close(&f);
}

/* Law: figures after any replacement are those of a store that only ever saw the last content. */
TEST(figures_follow_replacements)
{
	static const char *const contents[] = {
		TEN_GOOD,
		NINE_GOOD,
		POLICY("tlsa", "example.com", "\"a\",\"b\"", 4, 2,
		       FAILURE("tlsa-invalid", "a", 1, "") "," FAILURE("dnssec-invalid", "b", 1,
		                                                       "")),
		POLICY("sts", "example.com", "", 0, 3,
		       FAILURE("validation-failure", "", 3, "x")) "," NINE_GOOD,
	};

	for (size_t i = 0; i < ARRAY_LEN(contents); i++)
		for (size_t j = 0; j < ARRAY_LEN(contents); j++) {
			struct sent first = { .json = contents[i], .trust = TRUST_UNSIGNED };
			struct sent second = { .json = contents[j], .trust = TRUST_IMPORTED };
			struct fixture f, g;

			fixture_open(&f);
			fixture_open(&g);
			(void)fixture_domain(&f, "example.com");
			(void)fixture_domain(&g, "example.com");
			assert_int_equal(conn_exec(&f.db->conn, "pragma foreign_keys = off;"
			                                        "update domain set id = 5"),
			                 OK);
			assert_int_equal(conn_exec(&g.db->conn, "pragma foreign_keys = off;"
			                                        "update domain set id = 5"),
			                 OK);
			(void)send(&f, &first);
			(void)send(&f, &second);
			(void)send(&g, &second);
			EXPECT_SLICE(figures_text(&f), figures_text(&g), contents[j]);
			fixture_close(&f);
			fixture_close(&g);
		}
}

TEST(whose_report)
{
	static const struct row {
		const char *label, *json, *domain;
		enum report_result result;
		int64_t com, net; /* sessions counted for example.com, example.net */
		const char *foreign;
	} rows[] = {
		{ "a known domain", TEN_GOOD, "", REPORT_NEW, 10, 0, "" },
		{ "capitals and a final dot", POLICY("sts", "EXAMPLE.com.", "", 3, 0, ""), "",
		  REPORT_NEW, 3, 0, "" },
		{ "an unknown domain is foreign", POLICY("sts", "example.org", "", 3, 0, ""), "",
		  REPORT_FOREIGN, 0, 0, "example.org" },
		{ "the tag's domain does not take what names another",
		  POLICY("sts", "example.org", "", 3, 0, ""), "example.com", REPORT_FOREIGN, 0, 0,
		  "example.org" },
		{ "two known ones each get theirs",
		  TEN_GOOD "," POLICY("sts", "example.net", "", 4, 0, ""), "", REPORT_NEW, 10, 4,
		  "" },
		{ "what is not known of a mixed report is told",
		  TEN_GOOD "," POLICY("sts", "example.org", "", 4, 0, ""), "", REPORT_NEW, 10, 0,
		  "example.org" },
		{ "no name and nothing to go by", POLICY("no-policy-found", "", "", 2, 0, ""), "",
		  REPORT_FOREIGN, 0, 0, "" },
		{ "no name: that of the mail", POLICY("no-policy-found", "", "", 2, 0, ""),
		  "Example.NET", REPORT_NEW, 0, 2, "" },
		{ "no name: the only one of the report",
		  TEN_GOOD "," POLICY("no-policy-found", "", "", 2, 0, ""), "", REPORT_NEW, 12, 0,
		  "" },
		{ "no name: not one of two",
		  TEN_GOOD "," POLICY("sts", "example.net", "", 4, 0,
		                      "") "," POLICY("no-policy-found", "", "", 2, 0, ""),
		  "", REPORT_NEW, 10, 4, "" },
		{ "RPT-94: a TLSA base domain of a provider counts for the report's domain",
		  POLICY("tlsa", "mx.provider.example", "", 2, 0, ""), "example.com", REPORT_NEW, 2,
		  0, "" },
		{ "RPT-94: beside the policy of that domain, without counting twice",
		  TEN_GOOD "," POLICY("tlsa", "mx.provider.example", "", 10, 0, ""), "", REPORT_NEW,
		  10, 0, "" },
		{ "a TLSA base domain is not proposed beside a policy domain",
		  POLICY("tlsa", "mx.provider.example", "", 2, 0,
		         "") "," POLICY("sts", "example.org", "", 2, 0, ""),
		  "", REPORT_FOREIGN, 0, 0, "example.org" },
		{ "what is no name is not proposed", POLICY("sts", "<b>x", "", 1, 0, ""), "",
		  REPORT_FOREIGN, 0, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct sent sent = { .json = rows[i].json,
			             .trust = TRUST_POSTED,
			             .domain = rows[i].domain };

		fixture_open(&f);
		int64_t com = fixture_domain(&f, "example.com"),
		        net = fixture_domain(&f, "example.net");
		struct report_outcome out = send(&f, &sent);
		EXPECT(out.result == rows[i].result, rows[i].label);
		EXPECT(summary(&f, com, ALL).total.successful == rows[i].com, rows[i].label);
		EXPECT(summary(&f, net, ALL).total.successful == rows[i].net, rows[i].label);
		EXPECT(out.foreign_count == (rows[i].foreign[0] == '\0' ? 0 : 1), rows[i].label);
		if (out.foreign_count == 1)
			EXPECT_SLICE(slice_str(out.foreign[0]), slice_str(rows[i].foreign),
			             rows[i].label);
		EXPECT((fixture_number(&f, "select count(*) from report") == 0) ==
		               (out.result == REPORT_FOREIGN),
		       "a foreign report is not stored");
		fixture_close(&f);
	}
}

/* A domain that is added later finds its part of a report that was stored for another. */
TEST(a_domain_added_later)
{
	struct fixture f;
	struct sent both = { .json = TEN_GOOD "," POLICY("sts", "example.net", "", 4, 0, ""),
		             .trust = TRUST_IMPORTED };

	fixture_open(&f);
	(void)fixture_domain(&f, "example.com");
	EXPECT(send(&f, &both).result == REPORT_NEW, "for the one");
	EXPECT(send(&f, &both).result == REPORT_DUPLICATE, "and no more");
	int64_t net = fixture_domain(&f, "example.net");
	EXPECT(send(&f, &both).result == REPORT_NEW, "for the other");
	EXPECT(send(&f, &both).result == REPORT_DUPLICATE, "and no more");
	EXPECT(summary(&f, net, ALL).total.successful == 4, "with its figures");
	EXPECT(domains_remove(f.db, net, NOON) == OK, "removed");
	struct sent one = { .json = POLICY("sts", "example.net", "", 4, 0, ""),
		            .trust = TRUST_IMPORTED,
		            .id = "r9" };
	EXPECT(send(&f, &one).result == REPORT_FOREIGN, "a removed domain is nobody's");
	fixture_close(&f);
}

TEST(days)
{
	static const struct row {
		const char *label, *range, *want;
	} rows[] = {
		{ "a day that ends at its last second",
		  "\"start-datetime\":\"2026-01-03T00:00:00Z\",\"end-datetime\":\"2026-01-03T23:59:"
		  "59Z\"",
		  "2026-01-03" },
		{ "a day that ends at the next midnight",
		  "\"start-datetime\":\"2026-01-03T00:00:00Z\",\"end-datetime\":\"2026-01-04T00:00:"
		  "00Z\"",
		  "2026-01-03" },
		{ "no range: the day of arrival", "", "2026-01-02" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct sent sent = { .json = TEN_GOOD,
			             .trust = TRUST_IMPORTED,
			             .range = rows[i].range };
		char day[UTC_TEXT_SIZE];

		fixture_open(&f);
		int64_t d = fixture_domain(&f, "example.com");
		(void)send(&f, &sent);
		struct summary s = summary(&f, d, ALL);
		EXPECT(s.day_count == 1, rows[i].label);
		if (s.day_count == 1)
			EXPECT_SLICE(slice_str(utc_format_day(s.days[0].day, day)),
			             slice_str(rows[i].want), rows[i].label);
		fixture_close(&f);
	}
}

TEST_MAIN(UNIT(two_arrivals), UNIT(one_signer_a_day), UNIT(figures_follow_replacements),
          UNIT(whose_report), UNIT(a_domain_added_later), UNIT(days))

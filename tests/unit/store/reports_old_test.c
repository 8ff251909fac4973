/* Reports that are not kept any more: figures stay as they are, whatever comes again. */
#include "unit/store/reports_fixture.h"

#define OLD                                            \
	"\"start-datetime\":\"2025-10-01T00:00:00Z\"," \
	"\"end-datetime\":\"2025-10-01T23:59:59Z\""
#define NEXT                                           \
	"\"start-datetime\":\"2025-10-02T00:00:00Z\"," \
	"\"end-datetime\":\"2025-10-02T23:59:59Z\""
#define ARRIVED (NOON + UTC_DAY) /* of all that are sent */

static int64_t stored(struct fixture *f)
{
	int64_t n = -1;

	assert_int_equal(conn_number(&f->db->conn, "select count(*) from report", &n), OK);
	return n;
}

TEST(the_oldest_arrivals_go_a_few_at_a_time)
{
	struct fixture f;
	int64_t count = 0;

	fixture_open(&f);
	fixture_domain(&f, "example.com");
	for (int i = 0; i < 5; i++)
		(void)send(&f, &(struct sent){ .json = TEN_GOOD,
		                               .trust = TRUST_IMPORTED,
		                               .id = arena_printf(f.a, "r%d", i) });
	struct slice before = figures_text(&f);
	EXPECT(reports_purge(f.db, ARRIVED, 10, &count) == OK && count == 0, "none is older");
	EXPECT(reports_purge(f.db, ARRIVED + 1, 3, &count) == OK && count == 3, "some");
	EXPECT(stored(&f) == 2, "the rest is there");
	EXPECT(reports_purge(f.db, ARRIVED + 1, 3, &count) == OK && count == 2, "the rest");
	EXPECT_SLICE(figures_text(&f), before, "figures stay");
	fixture_close(&f);
}

/* What is sent again after the reports of a day were purged. */
TEST(a_day_that_was_purged_gets_no_more)
{
	static const struct row {
		const char *label;
		struct sent again;
		enum report_result result;
	} rows[] = {
		{ "the same",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .range = OLD },
		  REPORT_DUPLICATE },
		{ "with better trust, under another name",
		  { .json = TEN_GOOD,
		    .trust = TRUST_DKIM,
		    .signer = "sender.example",
		    .known_as = "other",
		    .range = OLD },
		  REPORT_DUPLICATE },
		{ "another, which nothing tells from it",
		  { .json = NINE_GOOD, .trust = TRUST_IMPORTED, .id = "r2", .range = OLD },
		  REPORT_DUPLICATE },
		{ "of a day with none",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .range = NEXT },
		  REPORT_NEW },
		{ "of these days",
		  { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "r3" },
		  REPORT_NEW },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sent first = { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .range = OLD };
		struct fixture f;
		int64_t count = 0;

		fixture_open(&f);
		int64_t domain = fixture_domain(&f, "example.com");
		EXPECT(send(&f, &first).result == REPORT_NEW, rows[i].label);
		EXPECT(reports_purge(f.db, ARRIVED + 1, 10, &count) == OK && count == 1,
		       rows[i].label);
		struct slice before = figures_text(&f);
		struct report_outcome out = send(&f, &rows[i].again);
		EXPECT(out.result == rows[i].result && !out.replaced, rows[i].label);
		EXPECT(slice_eq(figures_text(&f), before) == (out.result == REPORT_DUPLICATE),
		       rows[i].label);
		EXPECT(domain != 0 && stored(&f) == (out.result == REPORT_NEW), rows[i].label);
		fixture_close(&f);
	}
}

/* Old ones that come for the first time are as new as others, however many there are of a day. */
TEST(old_reports_are_taken_when_none_was_purged)
{
	struct fixture f;

	fixture_open(&f);
	fixture_domain(&f, "example.com");
	for (int i = 0; i < 3; i++) {
		struct sent s = { .json = TEN_GOOD,
			          .trust = TRUST_IMPORTED,
			          .range = OLD,
			          .id = arena_printf(f.a, "r%d", i) };

		EXPECT(send(&f, &s).result == REPORT_NEW, "new");
		EXPECT(send(&f, &s).result == REPORT_DUPLICATE, "known");
	}
	EXPECT(stored(&f) == 3, "all");
	fixture_close(&f);
}

TEST_MAIN(UNIT(the_oldest_arrivals_go_a_few_at_a_time), UNIT(a_day_that_was_purged_gets_no_more),
          UNIT(old_reports_are_taken_when_none_was_purged))

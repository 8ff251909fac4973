/* Counts of fetches: what is added up, what is kept of clients and for how long, ceilings. */
#include "store/fetches.h"

#include "base/utc.h"
#include "mtasts/policy.h"
#include "store/policies.h"
#include "unit/store/fixture.h"

static const struct slice mx[] = { SLICE_INIT("mx.example.com") };
static const struct policy testing = { POLICY_TESTING, 86400, 1, mx };

struct world {
	struct fixture f;
	int64_t domain, publication, named;
};

static void begin(struct world *w)
{
	struct policies_saved s = { 0 };

	*w = (struct world){ 0 };
	fixture_open(&w->f);
	w->domain = fixture_domain(&w->f, "fetch.example");
	assert_int_equal(
	        policies_save(w->f.db, w->domain, POLICIES_SAVE, &testing, NOON, w->f.a, &s), OK);
	w->publication = s.newest.id;
}

static enum err add(struct world *w, int64_t day, unsigned status, const char *network, int64_t n)
{
	struct fetch_row r = { .publication = w->publication,
		               .day = day,
		               .status = status,
		               .network = network,
		               .count = n,
		               .first = day + 10,
		               .last = day + 20 };

	return fetches_add(w->f.db, &r, 1, &w->named);
}

static size_t list(struct world *w, struct fetch_row **out)
{
	struct fetch_cursor start = { .network = "" };
	size_t count = 0;

	assert_int_equal(fetches_list(w->f.db, w->domain, 0, INT64_MAX / 2, &start, 1000, w->f.a,
	                              out, &count),
	                 OK);
	return count;
}

TEST(counts_are_added_up)
{
	struct world w;
	struct fetch_row *rows, late;
	struct fetch_total *totals;
	struct fetch_day *days;
	size_t count = 0;

	begin(&w);
	EXPECT(add(&w, MIDNIGHT, 200, "192.0.2.0/24", 3) == OK, "first");
	late = (struct fetch_row){ w.publication, MIDNIGHT,      200, "192.0.2.0/24", 4,
		                   MIDNIGHT + 5,  MIDNIGHT + 90, NULL };
	EXPECT(fetches_add(w.f.db, &late, 1, &w.named) == OK, "the same again");
	EXPECT(add(&w, MIDNIGHT, 200, "2001:db8:1::/48", 1) == OK, "another network");
	EXPECT(add(&w, MIDNIGHT, 404, "192.0.2.0/24", 2) == OK, "another status");
	EXPECT(add(&w, MIDNIGHT + UTC_DAY, 200, "192.0.2.0/24", 8) == OK, "another day");
	EXPECT(w.named == 4, "rows with a network are counted");
	count = list(&w, &rows);
	assert_int_equal(count, 4);
	EXPECT(rows[0].day == MIDNIGHT + UTC_DAY && rows[0].count == 8, "the newest day first");
	EXPECT(rows[1].count == 7 && rows[1].first == MIDNIGHT + 5 && rows[1].last == MIDNIGHT + 90,
	       "sums, with the first and the last moment");
	EXPECT_SLICE(slice_str(rows[2].network), S("2001:db8:1::/48"), "in the order of networks");
	EXPECT(rows[3].status == 404 && strlen(rows[3].policy_id) == 14, "then of statuses");

	EXPECT(fetches_days(w.f.db, w.domain, MIDNIGHT, MIDNIGHT, w.f.a, &days, &count) == OK &&
	               count == 2 && days[0].count == 8 && days[0].networks == 2 &&
	               days[1].status == 404,
	       "a day by status");
	EXPECT(fetches_totals(w.f.db, w.f.a, &totals, &count) == OK && count == 2 &&
	               totals[0].count == 16 && totals[1].status == 404 && totals[1].count == 2,
	       "in all");
	w.publication++;
	EXPECT(add(&w, MIDNIGHT, 200, "192.0.2.0/24", 1) == OK && list(&w, &rows) == 4,
	       "a publication that is not there");
	fixture_close(&w.f);
}

TEST(many_at_once)
{
	static const struct {
		const char *network;
		unsigned status;
		int64_t count;
	} in[] = { { "192.0.2.0/24", 200, 1 },
		   { "198.51.100.0/24", 200, 2 },
		   { "192.0.2.0/24", 404, 4 },
		   { "192.0.2.0/24", 200, 8 },
		   { "203.0.113.0/24", 404, 16 } };
	struct fetch_row rows[ARRAY_LEN(in)], *got;
	struct fetch_total *totals;
	struct world w;
	size_t count = 0;

	begin(&w);
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		rows[i] = (struct fetch_row){ .publication = w.publication,
			                      .day = MIDNIGHT,
			                      .status = in[i].status,
			                      .network = in[i].network,
			                      .count = in[i].count,
			                      .first = NOON,
			                      .last = NOON };
	EXPECT(fetches_add(w.f.db, rows, ARRAY_LEN(rows), &w.named) == OK && w.named == 4,
	       "five rows, two of them the same");
	EXPECT(list(&w, &got) == 4 && got[0].count == 9 && got[1].count == 2 && got[2].count == 4 &&
	               got[3].count == 16,
	       "each");
	EXPECT(fetches_totals(w.f.db, w.f.a, &totals, &count) == OK && count == 2 &&
	               totals[0].count == 11 && totals[1].count == 20,
	       "sums of statuses that take turns");
	EXPECT(fetches_add(w.f.db, rows, 0, &w.named) == OK && list(&w, &got) == 4, "none");
	fixture_close(&w.f);
}

TEST(own_looks_stand_beside)
{
	struct world w;
	struct fetch_row *rows;
	struct fetch_total *totals;
	struct fetch_day *days;
	size_t count = 0;

	begin(&w);
	EXPECT(fetches_add_own(w.f.db, w.publication, NOON) == OK &&
	               fetches_add_own(w.f.db, w.publication, NOON + 1) == OK,
	       "two looks");
	EXPECT(list(&w, &rows) == 0, "they are no fetches by themselves");
	EXPECT(fetches_days(w.f.db, w.domain, 0, NOON, w.f.a, &days, &count) == OK && count == 0,
	       "nor a day's");
	EXPECT(add(&w, MIDNIGHT, 404, "192.0.2.0/24", 5) == OK &&
	               add(&w, MIDNIGHT, 200, "192.0.2.0/24", 1) == OK,
	       "what edges counted so far");
	EXPECT(fetches_days(w.f.db, w.domain, 0, NOON, w.f.a, &days, &count) == OK && count == 2 &&
	               days[0].count == 1 && days[0].own == 1 && days[1].own == 0,
	       "never more than there were");
	EXPECT(add(&w, MIDNIGHT, 200, "192.0.2.0/24", 6) == OK &&
	               add(&w, MIDNIGHT + UTC_DAY, 200, "", 1) == OK,
	       "the rest, and another day");
	EXPECT(fetches_days(w.f.db, w.domain, 0, NOON + UTC_DAY, w.f.a, &days, &count) == OK &&
	               count == 3 && days[0].own == 0 && days[1].count == 7 && days[1].own == 2,
	       "by day");
	EXPECT(fetches_totals(w.f.db, w.f.a, &totals, &count) == OK && count == 3 &&
	               totals[0].status == FETCH_OWN && totals[0].count == 2 &&
	               totals[1].count == 8,
	       "in all");
	fixture_close(&w.f);
}

TEST(a_listing_goes_on_behind_its_last_row)
{
	struct world w;
	struct fetch_row *row;
	struct fetch_cursor at = { .network = "" };
	char network[32];
	size_t count = 0, seen = 0;

	begin(&w);
	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(network, sizeof(network), "192.0.%u.0/24", i % 3); /* fits */
		EXPECT(add(&w, MIDNIGHT + (int64_t)(i / 6) * UTC_DAY, i % 2 == 0 ? 200 : 404,
		           network, 1) == OK,
		       "added");
	}
	while (fetches_list(w.f.db, w.domain, 0, NOON + UTC_DAY, &at, 1, w.f.a, &row, &count) ==
	               OK &&
	       count == 1) {
		EXPECT(at.day == 0 || row->day < at.day ||
		               (row->day == at.day && (row->status > at.status ||
		                                       (row->status == at.status &&
		                                        strcmp(row->network, at.network) > 0))),
		       "in order");
		at = (struct fetch_cursor){ row->day, row->publication, row->status, row->network };
		seen++;
	}
	EXPECT(seen == 12, "each once");
	fixture_close(&w.f);
}

/* Addresses are kept for fourteen days, then counts. */
TEST(networks_go_after_their_days)
{
	static const struct {
		const char *label;
		int64_t days; /* between the row's day and now */
		bool kept;
	} rows[] = {
		{ "today", 0, true },
		{ "the last day", FETCH_KEEP_DAYS, true },
		{ "a day more", FETCH_KEEP_DAYS + 1, false },
		{ "long ago", 400, false },
		{ "tomorrow, for a clock that went back", -1, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct fetch_row *got;
		bool left = true;
		int64_t day = MIDNIGHT - rows[i].days * UTC_DAY, named = -1;

		begin(&w);
		EXPECT(add(&w, day, 200, "192.0.2.0/24", 3) == OK &&
		               add(&w, day, 200, "198.51.100.0/24", 4) == OK &&
		               add(&w, day, 200, "", 5) == OK,
		       rows[i].label);
		EXPECT(fetches_fold(w.f.db, NOON, &left) == OK && !left, rows[i].label);
		size_t count = list(&w, &got);
		EXPECT(count == (rows[i].kept ? 3 : 1), rows[i].label);
		EXPECT(rows[i].kept || (got[0].network[0] == '\0' && got[0].count == 12 &&
		                        got[0].first == day + 10 && got[0].last == day + 20),
		       rows[i].label);
		EXPECT(fetches_named(w.f.db, &named) == OK && named == (rows[i].kept ? 2 : 0),
		       rows[i].label);
		fixture_close(&w.f);
	}
}

TEST(many_rows_go_in_several_steps)
{
	struct world w;
	struct fetch_row *got;
	char network[32];
	bool left = false;

	begin(&w);
	for (unsigned i = 0; i <= FETCH_FOLD_ROWS; i++) {
		(void)snprintf(network, sizeof(network), "10.%u.%u.0/24", i / 200,
		               i % 200); /* fits */
		EXPECT(add(&w, MIDNIGHT - (20 + i / 200) * UTC_DAY, 200, network, 1) == OK,
		       network);
	}
	EXPECT(fetches_fold(w.f.db, NOON, &left) == OK && left, "some");
	EXPECT(fetches_fold(w.f.db, NOON, &left) == OK && !left, "the rest");
	EXPECT(list(&w, &got) == 3, "a row for each day stays");
	fixture_close(&w.f);
}

/* Days are kept for more than a year, then months: what is kept for ever is small. */
TEST(days_become_months)
{
	static const struct {
		const char *label;
		int64_t now; /* in days from MIDNIGHT, which is the first of January */
		size_t rows;
	} rows[] = {
		{ "in the same month", 0, 6 },
		{ "not long enough ago", 30 + FETCH_DAYS_KEPT, 6 },
		{ "the month after", 31 + FETCH_DAYS_KEPT, 4 },
		{ "all of it", 59 + FETCH_DAYS_KEPT, 3 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct fetch_row *got;
		bool left = true;
		int64_t after = 0, before = fetches_months_before(NOON + rows[i].now * UTC_DAY);

		begin(&w);
		EXPECT(add(&w, MIDNIGHT, 200, "", 1) == OK &&
		               add(&w, MIDNIGHT + UTC_DAY, 200, "", 2) == OK &&
		               add(&w, MIDNIGHT + 30 * UTC_DAY, 200, "", 4) == OK &&
		               add(&w, MIDNIGHT + 30 * UTC_DAY, 404, "", 8) == OK &&
		               add(&w, MIDNIGHT + 32 * UTC_DAY, 200, "", 16) == OK &&
		               add(&w, MIDNIGHT + 33 * UTC_DAY, 200, "", 32) == OK,
		       rows[i].label);
		for (int again = 0; again < 2; again++, after = 0)
			EXPECT(fetches_roll(w.f.db, before, &after, &left) == OK && !left &&
			               after == w.publication && list(&w, &got) == rows[i].rows,
			       rows[i].label);
		EXPECT(fetch_is_month(MIDNIGHT, NOON + rows[i].now * UTC_DAY) ==
		                       (rows[i].rows < 6) &&
		               !fetch_is_month(MIDNIGHT + UTC_DAY, NOON + rows[i].now * UTC_DAY),
		       rows[i].label);
		EXPECT(rows[i].rows != 3 || (got[0].day == MIDNIGHT + 31 * UTC_DAY &&
		                             got[0].count == 48 && got[1].day == MIDNIGHT &&
		                             got[1].count == 7 && got[1].first == MIDNIGHT + 10 &&
		                             got[1].last == MIDNIGHT + 30 * UTC_DAY + 20 &&
		                             got[2].status == 404 && got[2].count == 8),
		       "sums by month and status");
		fixture_close(&w.f);
	}
}

TEST(months_are_made_in_several_steps)
{
	struct policies_saved s = { 0 };
	struct world w;
	struct fetch_row *got;
	int64_t after = 0, before = MIDNIGHT + 90 * UTC_DAY;
	bool left = false;
	unsigned steps = 0;

	begin(&w);
	for (unsigned i = 0; i <= FETCH_ROLL_IDS; i++) {
		EXPECT(policies_save(w.f.db, w.domain, POLICIES_BUMP, NULL, NOON + i, w.f.a, &s) ==
		               OK,
		       "another publication");
		w.publication = s.newest.id;
		EXPECT(add(&w, MIDNIGHT + UTC_DAY, 200, "", 1) == OK &&
		               add(&w, MIDNIGHT + 2 * UTC_DAY, 200, "", 1) == OK,
		       "two days of it");
	}
	for (left = true; left && steps < 10; steps++)
		EXPECT(fetches_roll(w.f.db, before, &after, &left) == OK, "a step");
	EXPECT(steps == 2 && list(&w, &got) == FETCH_ROLL_IDS + 1, "all of them, in two");
	fixture_close(&w.f);
}

/* Whoever asks from ever new networks fills no disk. */
TEST(ceilings)
{
	struct world w;
	struct fetch_row *rows;
	char network[32];

	begin(&w);
	for (unsigned i = 0; i < FETCH_NETWORKS_MAX + 2; i++) {
		(void)snprintf(network, sizeof(network), "10.%u.%u.0/24", i / 200,
		               i % 200); /* fits */
		EXPECT(add(&w, MIDNIGHT, 200, network, 1) == OK, network);
	}
	EXPECT(list(&w, &rows) == FETCH_NETWORKS_MAX + 1 && rows[0].network[0] == '\0' &&
	               rows[0].count == 2,
	       "what is over is counted without its network");
	EXPECT(add(&w, MIDNIGHT, 200, "10.0.7.0/24", 1) == OK &&
	               list(&w, &rows) == FETCH_NETWORKS_MAX + 1,
	       "a known network is added to");
	w.named = FETCH_NAMED_MAX - 1;
	EXPECT(add(&w, MIDNIGHT + UTC_DAY, 200, "10.0.0.0/24", 1) == OK &&
	               add(&w, MIDNIGHT + UTC_DAY, 200, "10.0.1.0/24", 1) == OK,
	       "beyond all");
	EXPECT(list(&w, &rows) == FETCH_NETWORKS_MAX + 3 && rows[0].network[0] == '\0' &&
	               rows[1].network[0] != '\0',
	       "the last that fits, and one more");
	fixture_close(&w.f);
}

TEST_MAIN(UNIT(counts_are_added_up), UNIT(many_at_once), UNIT(own_looks_stand_beside),
          UNIT(a_listing_goes_on_behind_its_last_row), UNIT(networks_go_after_their_days),
          UNIT(many_rows_go_in_several_steps), UNIT(days_become_months),
          UNIT(months_are_made_in_several_steps), UNIT(ceilings))

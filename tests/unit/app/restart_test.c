#include "app/restart.h"
#include "unit/test.h"

/* One process that dies at these moments; each life begins at the death before. */
static struct restart_plan deaths(const int64_t *at_ms, size_t n, bool is_edge, bool is_last)
{
	struct restart r = { 0 };
	struct restart_plan p = { 0 };
	int64_t born = 1000;

	for (size_t i = 0; i < n; i++) {
		p = restart_after(&r, born, at_ms[i], is_edge, is_last);
		born = at_ms[i];
	}
	return p;
}

static const struct row {
	const char *label;
	size_t n;
	int64_t at_ms[8];
	bool is_edge, is_last;
	int64_t wait_ms;
	bool closes;
} rows[] = {
	{ "a first death is answered at once", 1, { 2000 }, true, false, 0, false },
	{ "a second one too", 2, { 2000, 3000 }, true, false, 0, false },
	{ "the third in ten seconds closes the listener",
	  3,
	  { 2000, 3000, 11999 },
	  true,
	  false,
	  500,
	  true },
	{ "the third after ten seconds does not", 3, { 2000, 3000, 12000 }, true, false, 0, false },
	{ "the fourth waits longer", 4, { 2000, 3000, 4000, 5000 }, true, false, 1000, true },
	{ "the last live edge keeps its listener",
	  3,
	  { 2000, 3000, 4000 },
	  true,
	  true,
	  500,
	  false },
	{ "and waits a second at most",
	  8,
	  { 2000, 2100, 2200, 2300, 2400, 2500, 2600, 2700 },
	  true,
	  true,
	  1000,
	  false },
	{ "another role starts again at once", 1, { 2000 }, false, false, 0, false },
	{ "then backs off", 2, { 2000, 2100 }, false, false, 100, false },
	{ "doubling", 4, { 2000, 2100, 2200, 2300 }, false, false, 400, false },
	{ "a life of a minute clears the record",
	  3,
	  { 2000, 2100, 62100 },
	  false,
	  false,
	  0,
	  false },
	{ "a shorter one does not", 3, { 2000, 2100, 62099 }, false, false, 200, false },
};

TEST(deaths_are_answered)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct restart_plan p =
		        deaths(rows[i].at_ms, rows[i].n, rows[i].is_edge, rows[i].is_last);

		EXPECT(p.wait_ms == rows[i].wait_ms, rows[i].label);
		EXPECT(p.close_listener == rows[i].closes, rows[i].label);
	}
}

TEST(waits_have_a_ceiling)
{
	struct restart r = { 0 };

	for (int64_t t = 1; t < 200; t++) {
		struct restart_plan p = restart_after(&r, t - 1, t, t % 2 == 0, false);

		EXPECT(p.wait_ms >= 0 && p.wait_ms <= RESTART_WAIT_MAX_MS, "0 to 30 s");
	}
}

TEST_MAIN(UNIT(deaths_are_answered), UNIT(waits_have_a_ceiling))

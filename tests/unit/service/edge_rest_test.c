/* Memory goes back when a crowd has gone for good, and not between two of its waves. */
#include "service/edge_rest.h"

#include "base/mem.h"
#include "test.h"

#define START 1000000 /* the clock's first value */
#define TICK 250

/* Waves of `many` connections for up_ms, and of `few` for down_ms: how often memory went back. */
static int waves(size_t many, size_t few, int64_t up_ms, int64_t down_ms, int count)
{
	struct edge_rest r = { 0 };
	int64_t t = START, end = START + (up_ms + down_ms) * count;
	int given = 0;

	for (; t <= end; t += TICK) {
		size_t open = (t - START) % (up_ms + down_ms) < up_ms ? many : few;

		edge_rest_note(&r, open);
		given += edge_rest_due(&r, open, t);
	}
	return given;
}

TEST(only_when_a_crowd_has_gone)
{
	static const struct {
		const char *label;
		size_t many, few;
		int64_t up_ms, down_ms;
		int count, want;
	} rows[] = {
		{ "one crowd, and then nobody", 10000, 0, 5000, 90000, 1, 1 },
		{ "one crowd, and then a few", 10000, 20, 5000, 90000, 1, 1 },
		{ "a quarter is few", 10000, 2500, 5000, 90000, 1, 1 },
		{ "more than a quarter is a crowd", 10000, 2501, 5000, 90000, 1, 0 },
		{ "the least crowd", EDGE_CROWD, 0, 5000, 90000, 1, 1 },
		{ "fewer are none", EDGE_CROWD - 1, 0, 5000, 90000, 5, 0 },
		{ "waves without a rest", 10000, 0, 5000, EDGE_REST_MS - TICK, 20, 0 },
		{ "waves with a rest: once after each", 10000, 0, 5000, EDGE_REST_MS + TICK, 20,
		  20 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT(waves(rows[i].many, rows[i].few, rows[i].up_ms, rows[i].down_ms,
		             rows[i].count) == rows[i].want,
		       rows[i].label);
	}
}

TEST_MAIN(UNIT(only_when_a_crowd_has_gone))

#include "advice/rhythm.h"

#include "base/utc.h"
#include "unit/test.h"

/* A letter for each day, the last one today: x a report, . none. */
static const struct row {
	const char *label, *days;
	int64_t every, silent;
} rows[] = {
	{ "daily", "xxxxxxxxxx..", 1, 0 },
	{ "daily, the report of yesterday has come already", "xxxxxxxxxxx.", 1, 0 },
	{ "daily, nothing for two days that are due", "xxxxxxxxxx....", 1, 0 },
	{ "daily, nothing for three days", "xxxxxxxxxx.....", 1, 3 },
	{ "daily, nothing for ten days", "xxxxxxxxxx............", 1, 10 },
	{ "daily but for weekends", "xxxxx..xxxxx..xxxxx..xxxxx.....", 1, 3 },
	{ "a gap as long as this one has been there before", "xxxxx.....xxxxxxxxxxx......", 1, 0 },
	{ "weekly", "x......x......x......x......x......x.....", 7, 0 },
	{ "weekly, nothing for two weeks and a day",
	  "x......x......x......x......x......x.................", 7, 15 },
	{ "every other day", "x.x.x.x.x.x.x..", 2, 0 },
	{ "every other day, silent", "x.x.x.x.x.x.x.......", 2, 5 },
	{ "too few to tell", "x.x.x.x............", 0, 0 },
	{ "irregular", "x.x.....xx.........x...x...........x..........", 0, 0 },
	{ "no report at all", "......", 0, 0 },
};

TEST(rhythms)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t days[64];
		size_t count = 0, length = strlen(rows[i].days);

		for (size_t d = 0; d < length; d++)
			if (rows[i].days[d] == 'x')
				days[count++] = (int64_t)(20000 + d) * UTC_DAY;
		struct rhythm r = rhythm_of(days, count, (int64_t)(20000 + length - 1) * UTC_DAY);
		EXPECT(r.every == rows[i].every, rows[i].label);
		EXPECT(r.silent == rows[i].silent, rows[i].label);
	}
}

TEST(words)
{
	char out[32];

	EXPECT_SLICE(slice_str(rhythm_words(1, out)), S("daily"), "one day");
	EXPECT_SLICE(slice_str(rhythm_words(7, out)), S("weekly"), "seven days");
	EXPECT_SLICE(slice_str(rhythm_words(3, out)), S("every 3 days"), "three days");
	EXPECT_SLICE(slice_str(rhythm_words(0, out)), S("irregular"), "no rhythm");
}

TEST_MAIN(UNIT(rhythms), UNIT(words))

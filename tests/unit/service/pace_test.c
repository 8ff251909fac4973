#include "service/pace.h"

#include "test.h"

#define NOW_MS INT64_C(5000000)

TEST(little_is_done_when_it_is_wanted)
{
	struct pace p = { 0 };

	for (int64_t s = 0; s < 60; s++)
		EXPECT(pace_take(&p, NOW_MS + s * 1000, 5, 20) == 5, "one each second");
	EXPECT(pace_take(&p, NOW_MS + 60000, 0, 20) == 0, "at once");
}

TEST(much_is_spread)
{
	struct pace p = { 0 };
	unsigned in_second[501] = { 0 };

	for (unsigned i = 0; i < 10000; i++) {
		int64_t in = pace_take(&p, NOW_MS, 5, 20);
		EXPECT(in >= 5 && in <= 500, "within the time that all need");
		in_second[in]++;
	}
	for (size_t s = 6; s < 500; s++)
		EXPECT(in_second[s] == 20, "as many in each second");
	EXPECT(pace_take(&p, NOW_MS, 600, 20) == 600, "what is wanted later comes later");
	EXPECT(pace_take(&p, NOW_MS + 1000000, 5, 20) == 5, "the crowd is over");
}

TEST_MAIN(UNIT(little_is_done_when_it_is_wanted), UNIT(much_is_spread))

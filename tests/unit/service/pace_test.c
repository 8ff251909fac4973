#include "service/pace.h"

#include "test.h"

#define NOW INT64_C(1800000000)

TEST(little_is_done_when_it_is_wanted)
{
	struct pace p = { 0 };

	for (int64_t s = 0; s < 60; s++)
		EXPECT(pace_take(&p, NOW + s, NOW + s + 5, 20) == NOW + s + 5, "one each second");
	EXPECT(pace_take(&p, NOW + 60, NOW, 20) == NOW + 60, "never before now");
}

TEST(much_is_spread)
{
	struct pace p = { 0 };
	unsigned in_second[501] = { 0 };

	for (unsigned i = 0; i < 10000; i++) {
		int64_t at = pace_take(&p, NOW, NOW + 5, 20);
		EXPECT(at >= NOW + 5 && at <= NOW + 500, "within the time that all need");
		in_second[at - NOW]++;
	}
	for (size_t s = 6; s < 500; s++)
		EXPECT(in_second[s] == 20, "as many in each second");
	EXPECT(pace_take(&p, NOW, NOW + 600, 20) == NOW + 600, "what is wanted later comes later");
	EXPECT(pace_take(&p, NOW + 1000, NOW + 1005, 20) == NOW + 1005, "the crowd is over");
}

TEST_MAIN(UNIT(little_is_done_when_it_is_wanted), UNIT(much_is_spread))

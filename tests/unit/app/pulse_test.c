#include "app/pulse.h"
#include "unit/test.h"

/* Looked at four times a second; of each the process uses so much of the processor.  When it is
 * taken for hung. */
static int64_t ends_at(int64_t used_us_a_look)
{
	struct pulse p = { 0 };
	int64_t used = 1000000;

	for (int64_t silent = 0; silent < 100000; silent += 250, used += used_us_a_look)
		if (!pulse_is_there(&p, silent, PULSE_MS, used))
			return silent;
	return -1;
}

static const struct row {
	const char *label;
	int64_t used_us_a_look, ends_ms;
} rows[] = {
	{ "it waits for something", 0, PULSE_MS },
	{ "it goes round and round", 250000, PULSE_MS },
	{ "the same on half a processor", 125000, 7500 },
	{ "it gets next to nothing", 1, PULSE_SLOW *PULSE_MS },
	{ "it gets a fiftieth", 5000, PULSE_SLOW *PULSE_MS },
};

TEST(what_hangs)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(ends_at(rows[i].used_us_a_look) == rows[i].ends_ms, rows[i].label);
}

TEST(what_is_not_known)
{
	struct pulse p = { 0 };

	EXPECT(pulse_is_there(&p, 2500, PULSE_MS, -1) && pulse_is_there(&p, 4999, PULSE_MS, -1),
	       "not yet");
	EXPECT(!pulse_is_there(&p, 5000, PULSE_MS, -1), "as if it used nothing");
}

TEST(a_beat_clears_it)
{
	struct pulse p = { 0 };

	EXPECT(pulse_is_there(&p, 2500, PULSE_MS, 0) && pulse_is_there(&p, 4999, PULSE_MS, 0),
	       "silent");
	EXPECT(pulse_is_there(&p, 100, PULSE_MS, 0), "it has beaten");
	EXPECT(pulse_is_there(&p, 2600, PULSE_MS, 0) && pulse_is_there(&p, 5000, PULSE_MS, 0),
	       "silent anew");
	EXPECT(!pulse_is_there(&p, 5100, PULSE_MS, 0), "so long");
}

TEST_MAIN(UNIT(what_hangs), UNIT(what_is_not_known), UNIT(a_beat_clears_it))

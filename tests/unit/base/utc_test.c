#include "base/utc.h"
#include "test.h"

TEST(parse_rows)
{
	static const struct {
		const char *label;
		struct slice in;
		enum err want;
		int64_t t;
		bool zoned;
	} rows[] = {
		{ "RPT-20: Z", SLICE_INIT("2026-05-12T00:00:00Z"), OK, 1778544000, true },
		{ "RPT-20: lower-case t and z", SLICE_INIT("2026-05-12t00:00:00z"), OK, 1778544000,
		  true },
		{ "RPT-20: offset", SLICE_INIT("2026-05-12T02:00:00+02:00"), OK, 1778544000, true },
		{ "RPT-20: fraction", SLICE_INIT("2026-05-12T00:00:00.123Z"), OK, 1778544000,
		  true },
		{ "RPT-20: no zone is UTC, marked", SLICE_INIT("2026-05-12T00:00:00"), OK,
		  1778544000, false },
		{ "a date alone is its midnight", SLICE_INIT("2026-05-12"), OK, 1778544000, false },
		{ "epoch", SLICE_INIT("1970-01-01T00:00:00Z"), OK, 0, true },
		{ "before the epoch", SLICE_INIT("1969-12-31T23:59:59Z"), OK, -1, true },
		{ "leap day", SLICE_INIT("2024-02-29T00:00:00Z"), OK, 1709164800, true },
		{ "no leap day", SLICE_INIT("2023-02-29T00:00:00Z"), ERR_SYNTAX, 0, false },
		{ "hour 24", SLICE_INIT("2026-05-12T24:00:00Z"), ERR_SYNTAX, 0, false },
		{ "text behind", SLICE_INIT("2026-05-12T00:00:00Zx"), ERR_SYNTAX, 0, false },
		{ "bare dot", SLICE_INIT("2026-05-12T00:00:00.Z"), ERR_SYNTAX, 0, false },
		{ "empty", SLICE_INIT(""), ERR_SYNTAX, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t t = 0;
		bool zoned = false;

		EXPECT(utc_parse(rows[i].in, &t, &zoned) == rows[i].want, rows[i].label);
		EXPECT(t == rows[i].t && zoned == rows[i].zoned, rows[i].label);
	}
}

TEST(format_and_back)
{
	uint64_t seed = 7;
	char text[UTC_TEXT_SIZE];

	for (int i = 0; i < 2000; i++) {
		int64_t t = (int64_t)test_random(&seed) * 40 - 10000000000, back = 0;
		bool zoned;

		EXPECT(utc_parse(slice_str(utc_format(t, text)), &back, &zoned) == OK && back == t,
		       text);
		EXPECT(utc_day_start(t) % UTC_DAY == 0 && t - utc_day_start(t) < UTC_DAY,
		       "day start");
	}
	EXPECT_SLICE(slice_str(utc_format_compact(1778544000, text)), S("20260512000000"),
	             "id form");
	EXPECT_SLICE(slice_str(utc_format_day(1778544000, text)), S("2026-05-12"), "day form");
	EXPECT_SLICE(slice_str(utc_format(INT64_MAX / 2, text)), S("9999-12-31T23:59:59Z"),
	             "capped");
}

TEST_MAIN(UNIT(parse_rows), UNIT(format_and_back))

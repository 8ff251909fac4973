#include "base/num.h"
#include "test.h"

TEST(unsigned_rows)
{
	static const struct {
		const char *label;
		struct slice in;
		uint64_t max;
		enum err want;
		uint64_t value;
	} rows[] = {
		{ "zero", SLICE_INIT("0"), 10, OK, 0 },
		{ "leading zeros", SLICE_INIT("0000604800"), UINT64_MAX, OK, 604800 },
		{ "at the ceiling", SLICE_INIT("10"), 10, OK, 10 },
		{ "above the ceiling", SLICE_INIT("11"), 10, ERR_LIMIT, 0 },
		{ "largest", SLICE_INIT("18446744073709551615"), UINT64_MAX, OK, UINT64_MAX },
		{ "one more wraps", SLICE_INIT("18446744073709551616"), UINT64_MAX, ERR_LIMIT, 0 },
		{ "empty", SLICE_INIT(""), 10, ERR_SYNTAX, 0 },
		{ "sign", SLICE_INIT("+5"), 10, ERR_SYNTAX, 0 },
		{ "blank", SLICE_INIT(" 5"), 10, ERR_SYNTAX, 0 },
		{ "letters", SLICE_INIT("1e6"), 10, ERR_SYNTAX, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t got = 0;

		EXPECT(num_parse_u64(rows[i].in, rows[i].max, &got) == rows[i].want, rows[i].label);
		EXPECT(got == rows[i].value, rows[i].label);
	}
}

TEST(signed_and_saturating)
{
	int64_t n = 0;

	EXPECT(num_parse_i64(S("-12"), &n) == OK && n == -12, "minus");
	EXPECT(num_parse_i64(S("--1"), &n) == ERR_SYNTAX, "two signs");
	EXPECT(num_parse_i64(S("9223372036854775808"), &n) == ERR_LIMIT, "beyond the largest");
	EXPECT(num_add_sat(INT64_MAX, 1) == INT64_MAX, "saturates upwards");
	EXPECT(num_add_sat(INT64_MIN, -1) == INT64_MIN, "saturates downwards");
	EXPECT(num_add_sat(40, 2) == 42, "adds");
}

TEST_MAIN(UNIT(unsigned_rows), UNIT(signed_and_saturating))

#include "test.h"

TEST(utf8_forms)
{
	static const struct {
		const char *label;
		struct slice in;
		bool want;
	} rows[] = {
		{ "empty", SLICE_INIT(""), true },
		{ "ascii", SLICE_INIT("abc"), true },
		{ "two bytes", SLICE_INIT("\xc3\xbc"), true },
		{ "overlong slash", SLICE_INIT("\xc0\xaf"), false },
		{ "overlong in three", SLICE_INIT("\xe0\x80\xaf"), false },
		{ "surrogate", SLICE_INIT("\xed\xa0\x80"), false },
		{ "last code point", SLICE_INIT("\xf4\x8f\xbf\xbf"), true },
		{ "above the last", SLICE_INIT("\xf4\x90\x80\x80"), false },
		{ "cut short", SLICE_INIT("\xe2\x82"), false },
		{ "lone continuation", SLICE_INIT("\x80"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(slice_is_utf8(rows[i].in) == rows[i].want, rows[i].label);
}

TEST(lines)
{
	struct slice rest = S("a\r\nb\n\nc"), line;
	static const struct slice want[] = { SLICE_INIT("a"), SLICE_INIT("b"), SLICE_INIT(""),
		                             SLICE_INIT("c") };

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		EXPECT(slice_next_line(&rest, &line), "a line is left");
		EXPECT_SLICE(line, want[i], "line");
	}
	EXPECT(!slice_next_line(&rest, &line), "no line after the last");
}

TEST(pieces_and_trims)
{
	struct slice before = S("x"), after = S("y");

	EXPECT(!slice_cut(S("abc"), ':', &before, &after), "no separator");
	EXPECT_SLICE(before, S("x"), "outputs are untouched on failure");
	EXPECT(slice_cut(S("a:b:c"), ':', &before, &after), "first separator");
	EXPECT_SLICE(after, S("b:c"), "the rest stays whole");
	EXPECT_SLICE(slice_trim(S(" \t\r\na b\n")), S("a b"), "trim");
	EXPECT_SLICE(slice_trim_wsp(S(" a\n")), S("a\n"), "wsp is not a line end");
	EXPECT(slice_cmp(S("ab"), S("abc")) < 0, "shorter first");
	EXPECT(slice_eq_i(S("MX.Example"), S("mx.eXAMPLE")), "case is folded");
	EXPECT(!slice_eq(slice_of("a\0b", 3), slice_of("a\0c", 3)), "NUL is a byte like any other");
	EXPECT(slice_find_slice(S("abcabd"), S("abd")) == 3, "find");
	EXPECT(slice_ends_i(S("x.GZ"), S(".gz")), "suffix");
}

TEST_MAIN(UNIT(utf8_forms), UNIT(lines), UNIT(pieces_and_trims))

#include "base/utf8.h"

#include "test.h"

static const struct row {
	const char *label, *text;
	size_t len;
	uint32_t code;
	bool deceptive;
} rows[] = {
	{ "a letter", "a", 1, 'a', false },
	{ "a tab shows", "\t", 1, '\t', false },
	{ "a line feed shows", "\n", 1, '\n', false },
	{ "RPT-88: escape", "\x1b[31m", 1, 0x1b, true },
	{ "RPT-88: delete", "\x7f", 1, 0x7f, true },
	{ "two bytes", "\xc3\xa9x", 2, 0xe9, false },
	{ "RPT-88: the one-character CSI", "\xc2\x9b", 2, 0x9b, true },
	{ "the first behind the control characters", "\xc2\xa0", 2, 0xa0, false },
	{ "RPT-88: right to left override", "\xe2\x80\xae", 3, 0x202e, true },
	{ "three bytes", "\xe2\x82\xac", 3, 0x20ac, false },
	{ "four bytes", "\xf0\x9f\x98\x80", 4, 0x1f600, false },
	{ "RPT-88: a tag character", "\xf3\xa0\x80\x81", 4, 0xe0001, true },
	{ "a byte alone", "\x9b", 1, UTF8_BROKEN, false },
	{ "a character cut short", "\xe2\x82", 1, UTF8_BROKEN, false },
	{ "an overlong form", "\xc0\x9b", 1, UTF8_BROKEN, false },
};

TEST(characters)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		uint32_t code = 0;
		size_t n = utf8_next(slice_str(r->text), &code);

		EXPECT(n == r->len && code == r->code, r->label);
		EXPECT(utf8_is_deceptive(code) == r->deceptive, r->label);
	}
}

TEST_MAIN(UNIT(characters))

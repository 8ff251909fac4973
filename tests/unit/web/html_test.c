#include "web/html.h"

#include "test.h"

TEST(escaping)
{
	static const struct {
		const char *label;
		struct slice in;
		const char *want;
	} rows[] = {
		{ "plain text", SLICE_INIT("abc d"), "abc d" },
		{ "RPT-88: markup", SLICE_INIT("<img src=x onerror=alert(1)>"),
		  "&lt;img src=x onerror=alert(1)&gt;" },
		{ "RPT-88: quotes of both kinds", SLICE_INIT("\"'"), "&quot;&#39;" },
		{ "ampersand", SLICE_INIT("a&amp;b"), "a&amp;amp;b" },
		{ "letters of other scripts stay", SLICE_INIT("M\xc3\xbcller \xe6\x97\xa5"),
		  "M\xc3\xbcller \xe6\x97\xa5" },
		{ "RPT-88: terminal escape", SLICE_INIT("\x1b[31m"), "\u2039U+001B\u203a[31m" },
		/* NOLINTBEGIN(misc-misleading-bidirectional): this is what is tested */
		{ "RPT-88: right-to-left override",
		  SLICE_INIT("a\xe2\x80\xae"
		             "b"),
		  "a\u2039U+202E\u203a"
		  "b" },
		{ "isolates", SLICE_INIT("\xe2\x81\xa6"), "\u2039U+2066\u203a" },
		/* NOLINTEND(misc-misleading-bidirectional) */
		{ "invisible blank", SLICE_INIT("\xe2\x80\x8b"), "\u2039U+200B\u203a" },
		{ "tag characters", SLICE_INIT("\xf3\xa0\x81\x81"), "\u2039U+E0041\u203a" },
		{ "next line", SLICE_INIT("\xc2\x85"), "\u2039U+0085\u203a" },
		{ "RPT-88: NUL", SLICE_INIT("a\0b"),
		  "a\u2039U+0000\u203a"
		  "b" },
		{ "a byte that is no UTF-8", SLICE_INIT("a\xff"), "a\u2039FF\u203a" },
		{ "a cut character", SLICE_INIT("\xe6\x97"), "\u2039E6\u203a\u203997\u203a" },
		{ "an overlong form", SLICE_INIT("\xc0\xbc"), "\u2039C0\u203a\u2039BC\u203a" },
		{ "a surrogate", SLICE_INIT("\xed\xa0\x80"),
		  "\u2039ED\u203a\u2039A0\u203a\u203980\u203a" },
		{ "a continuation alone before markup", SLICE_INIT("\xe6<b"),
		  "\u2039E6\u203a&lt;b" },
		{ "CRLF is a line end", SLICE_INIT("a\r\nb"), "a\nb" },
		{ "a CR alone is shown", SLICE_INIT("a\rb"),
		  "a\u2039U+000D\u203a"
		  "b" },
		{ "tab and line feed stay", SLICE_INIT("a\tb\n"), "a\tb\n" },
		{ "empty", SLICE_INIT(""), "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b;
		buf_init(&b, 1000);
		html_text(&b, rows[i].in);
		EXPECT_SLICE(buf_slice(&b), slice_str(rows[i].want), rows[i].label);
		buf_fini(&b);
	}
}

/* Whatever the bytes are, none of the five characters of markup comes through. */
TEST(no_byte_gets_through)
{
	uint64_t seed = 11;
	struct buf b;

	buf_init(&b, 100000);
	for (int round = 0; round < 3000; round++) {
		char in[40];
		size_t n = test_random(&seed) % sizeof(in);
		for (size_t i = 0; i < n; i++)
			in[i] = (char)(test_random(&seed) % 3 == 0
			                       ? "<>&\"'\xe2\x80\xae\r"[test_random(&seed) % 9]
			                       : (char)test_random(&seed));
		buf_reset(&b);
		html_text(&b, slice_of(in, n));
		struct slice out = buf_slice(&b);
		EXPECT(slice_is_utf8(out), "seed 11: UTF-8");
		for (size_t i = 0; i < out.len; i++) {
			unsigned char c = (unsigned char)out.p[i];
			EXPECT(c != '<' && c != '>' && c != '"' && c != '\'' &&
			               (c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f,
			       "seed 11: markup");
		}
	}
	buf_fini(&b);
}

TEST(templates)
{
	struct buf b;

	buf_init(&b, 20000);
	HTML(&b, "<a href=\"/{}\">{}</a> {}", HS(S("x\"><script>")), H("{}"), HN(-42));
	EXPECT_SLICE(buf_slice(&b), S("<a href=\"/x&quot;&gt;&lt;script&gt;\">{}</a> -42"),
	             "holes are filled once and escaped");
	buf_reset(&b);
	html_marked(&b, S("use `a<b` and `c"));
	EXPECT_SLICE(buf_slice(&b), S("use <code>a&lt;b</code> and c"), "marks");
	buf_reset(&b);
	html_peer(&b, S("  "));
	EXPECT(slice_find_slice(buf_slice(&b), S("not stated")) != SIZE_MAX, "empty is said");
	buf_reset(&b);
	char longest[5000];
	memset(longest, 'x', sizeof(longest));
	html_peer(&b, slice_of(longest, sizeof(longest)));
	EXPECT(b.len < 400, "RPT-88: a very long token is cut");
	EXPECT(slice_find_slice(buf_slice(&b), S("and 4840 more bytes")) != SIZE_MAX,
	       "and counted");
	buf_fini(&b);
}

TEST_MAIN(UNIT(escaping), UNIT(no_byte_gets_through), UNIT(templates))

#include "mtasts/policy.h"

#include "finding_test.h"
#include "test.h"

/* The beginning and end of documents whose point is one line. */
#define V "version: STSv1\r\n"
#define HEAD V "mode: enforce\r\nmx: mx1.example.net\r\n"
#define AGE "max_age: 1209600\r\n"
#define NONE FINDING_KIND_COUNT

#define L16 "abcdefghijklmnop"
#define L62 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"
#define L63 L62 "a"

static const struct row {
	const char *label;
	struct slice text;
	bool valid, usable;
	enum finding_kind kind; /* expected among the findings; NONE: no failure and no warning */
} rows[] = {
	{ "STS-21 STS-22: CRLF lines", SLICE_INIT(HEAD AGE), true, true, NONE },
	{ "STS-21: no final line end", SLICE_INIT(HEAD "max_age: 1209600"), true, true, NONE },
	{ "STS-22: LF lines", SLICE_INIT("version: STSv1\nmode: none\nmax_age: 1\n"), true, true,
	  FINDING_POLICY_LINE_END },
	{ "STS-22: mixed lines", SLICE_INIT("version: STSv1\r\nmode: none\nmax_age: 1"), true, true,
	  FINDING_POLICY_LINE_END },
	{ "STS-22: a bare CR ends no line", SLICE_INIT("version: STSv1\rmode: none\rmax_age: 1\r"),
	  false, false, FINDING_POLICY_BARE_CR },
	{ "STS-22: CR CR LF", SLICE_INIT(HEAD "max_age: 1209600\r\r\n"), false, false,
	  FINDING_POLICY_BARE_CR },
	{ "STS-22: a CR at the very end", SLICE_INIT(HEAD "max_age: 1209600\r"), false, false,
	  FINDING_POLICY_BARE_CR },
	{ "STS-21: blanks at the end of a line", SLICE_INIT(HEAD "max_age: 1209600 \t\r\n"), true,
	  true, FINDING_POLICY_TRAILING_BLANK },
	{ "STS-21: a blank line between fields", SLICE_INIT(HEAD "\r\n" AGE), false, false,
	  FINDING_POLICY_BLANK_LINE },
	{ "STS-21: a line of blanks between fields", SLICE_INIT(HEAD " \t\r\n" AGE), false, false,
	  FINDING_POLICY_BLANK_LINE },
	{ "STS-21: blank lines at the end are forgiven by senders only",
	  SLICE_INIT(HEAD AGE "\r\n\n"), false, true, FINDING_POLICY_BLANK_END },
	{ "STS-21: a last line of blanks", SLICE_INIT(HEAD AGE "  "), false, true,
	  FINDING_POLICY_BLANK_END },
	{ "STS-21: a comment", SLICE_INIT("# ours\r\n" HEAD AGE), false, false,
	  FINDING_POLICY_COMMENT },
	{ "STS-21: a comment of another kind", SLICE_INIT(HEAD AGE "// x: y"), false, false,
	  FINDING_POLICY_COMMENT },
	{ "STS-21: a byte order mark", SLICE_INIT("\xef\xbb\xbf" HEAD AGE), false, false,
	  FINDING_POLICY_BOM },
	{ "STS-21: an indented line", SLICE_INIT(HEAD " " AGE), false, false,
	  FINDING_POLICY_INDENTED },
	{ "STS-21: every line indented, nothing else is missed",
	  SLICE_INIT("      " V "      mode: none\r\n      max_age: 1\r\n"), false, false,
	  FINDING_POLICY_INDENTED },
	{ "STS-21: nothing", SLICE_INIT(""), false, false, FINDING_POLICY_EMPTY },
	{ "STS-21: only line ends", SLICE_INIT("\r\n\r\n"), false, false, FINDING_POLICY_EMPTY },
	{ "STS-21: a web page", SLICE_INIT("<!DOCTYPE html>\n<title>404</title>"), false, false,
	  FINDING_POLICY_HTML },
	{ "STS-23: no blank behind the colon",
	  SLICE_INIT("version:STSv1\r\nmode:none\r\nmax_age:1\r\n"), true, true,
	  FINDING_POLICY_MODE_NONE },
	{ "STS-23: a tab behind the colon", SLICE_INIT(V "mode:\tnone\r\nmax_age: \t 1\r\n"), true,
	  true, FINDING_POLICY_MODE_NONE },
	{ "STS-23: a blank before the colon", SLICE_INIT(V "mode : none\r\nmax_age: 1\r\n"), false,
	  false, FINDING_POLICY_BLANK_BEFORE_COLON },
	{ "STS-24: version on the last line", SLICE_INIT("mode: none\r\nmax_age: 1\r\n" V), true,
	  true, FINDING_POLICY_MODE_NONE },
	{ "STS-24: no version", SLICE_INIT("mode: none\r\nmax_age: 1\r\n"), false, false,
	  FINDING_POLICY_VERSION_MISSING },
	{ "STS-24: stsv1", SLICE_INIT("version: stsv1\r\nmode: none\r\nmax_age: 1\r\n"), false,
	  false, FINDING_POLICY_VERSION },
	{ "STS-24: STSv2", SLICE_INIT("version: STSv2\r\nmode: none\r\nmax_age: 1\r\n"), false,
	  false, FINDING_POLICY_VERSION },
	{ "STS-24: STSv1.0", SLICE_INIT("version: STSv1.0\r\nmode: none\r\nmax_age: 1\r\n"), false,
	  false, FINDING_POLICY_VERSION },
	{ "STS-24: STSv10", SLICE_INIT("version: STSv10\r\nmode: none\r\nmax_age: 1\r\n"), false,
	  false, FINDING_POLICY_VERSION },
	{ "STS-25: testing", SLICE_INIT(V "mode: testing\r\nmx: a.example\r\nmax_age: 86400\r\n"),
	  true, true, NONE },
	{ "STS-25: no mode", SLICE_INIT(V "mx: a.example\r\nmax_age: 1\r\n"), false, false,
	  FINDING_POLICY_MODE_MISSING },
	{ "STS-25: Enforce", SLICE_INIT(V "mode: Enforce\r\nmx: a.example\r\nmax_age: 1\r\n"),
	  false, false, FINDING_POLICY_MODE },
	{ "STS-25: report", SLICE_INIT(V "mode: report\r\nmx: a.example\r\nmax_age: 1\r\n"), false,
	  false, FINDING_POLICY_MODE },
	{ "STS-25: enforce;", SLICE_INIT(V "mode: enforce;\r\nmx: a.example\r\nmax_age: 1\r\n"),
	  false, false, FINDING_POLICY_MODE },
	{ "STS-25: empty", SLICE_INIT(V "mode:\r\nmx: a.example\r\nmax_age: 1\r\n"), false, false,
	  FINDING_POLICY_MODE },
	{ "STS-26: no max_age", SLICE_INIT(HEAD), false, false, FINDING_POLICY_MAX_AGE_MISSING },
	{ "STS-27: 0", SLICE_INIT(HEAD "max_age: 0\r\n"), true, true, FINDING_POLICY_AGE_SHORT },
	{ "STS-27: 1", SLICE_INIT(HEAD "max_age: 1\r\n"), true, true, FINDING_POLICY_AGE_SHORT },
	{ "STS-27: leading zeros", SLICE_INIT(HEAD "max_age: 0000604800\r\n"), true, true, NONE },
	{ "STS-27: 11 digits", SLICE_INIT(HEAD "max_age: 00000604800\r\n"), false, false,
	  FINDING_POLICY_MAX_AGE },
	{ "STS-27: -1", SLICE_INIT(HEAD "max_age: -1\r\n"), false, false, FINDING_POLICY_MAX_AGE },
	{ "STS-27: +5", SLICE_INIT(HEAD "max_age: +5\r\n"), false, false, FINDING_POLICY_MAX_AGE },
	{ "STS-27: 1e6", SLICE_INIT(HEAD "max_age: 1e6\r\n"), false, false,
	  FINDING_POLICY_MAX_AGE },
	{ "STS-27: 0x10", SLICE_INIT(HEAD "max_age: 0x10\r\n"), false, false,
	  FINDING_POLICY_MAX_AGE },
	{ "STS-27: 604800s", SLICE_INIT(HEAD "max_age: 604800s\r\n"), false, false,
	  FINDING_POLICY_MAX_AGE },
	{ "STS-27: 6 04800", SLICE_INIT(HEAD "max_age: 6 04800\r\n"), false, false,
	  FINDING_POLICY_MAX_AGE },
	{ "STS-27: 86400.5", SLICE_INIT(HEAD "max_age: 86400.5\r\n"), false, false,
	  FINDING_POLICY_MAX_AGE },
	{ "STS-27: empty", SLICE_INIT(HEAD "max_age:\r\n"), false, false, FINDING_POLICY_MAX_AGE },
	{ "STS-28: the ceiling", SLICE_INIT(HEAD "max_age: 31557600\r\n"), true, true, NONE },
	{ "STS-28: one above", SLICE_INIT(HEAD "max_age: 31557601\r\n"), false, true,
	  FINDING_POLICY_MAX_AGE_RANGE },
	{ "STS-28: 2^32 does not become 0", SLICE_INIT(HEAD "max_age: 4294967296\r\n"), false, true,
	  FINDING_POLICY_MAX_AGE_RANGE },
	{ "STS-28 STS-27: ten nines", SLICE_INIT(HEAD "max_age: 9999999999\r\n"), false, true,
	  FINDING_POLICY_MAX_AGE_RANGE },
	{ "STS-29: none without mx", SLICE_INIT(V "mode: none\r\nmax_age: 1\r\n"), true, true,
	  FINDING_POLICY_MODE_NONE },
	{ "STS-29: none with two mx",
	  SLICE_INIT(V "mode: none\r\nmx: a.example\r\nmx: b.example\r\nmax_age: 1\r\n"), true,
	  true, FINDING_POLICY_MODE_NONE },
	{ "STS-29: enforce without mx", SLICE_INIT(V "mode: enforce\r\n" AGE), false, false,
	  FINDING_POLICY_MX_MISSING },
	{ "STS-29: testing without mx", SLICE_INIT(V "mode: testing\r\n" AGE), false, false,
	  FINDING_POLICY_MX_MISSING },
	{ "STS-30: three lines", SLICE_INIT(HEAD "mx: b.example\r\nmx: *.c.example\r\n" AGE), true,
	  true, NONE },
	{ "STS-30: a list with commas", SLICE_INIT(HEAD "mx: a.example, b.example\r\n" AGE), false,
	  false, FINDING_POLICY_MX },
	{ "STS-30: a list in brackets", SLICE_INIT(HEAD "mx: [a,b]\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-30: a list with blanks", SLICE_INIT(HEAD "mx: a.example b.example\r\n" AGE), false,
	  false, FINDING_POLICY_MX },
	{ "STS-31: a lone star", SLICE_INIT(HEAD "mx: *\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a star and a dot", SLICE_INIT(HEAD "mx: *.\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: two stars", SLICE_INIT(HEAD "mx: *.*.example\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a star inside a label", SLICE_INIT(HEAD "mx: m*.example\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a star behind", SLICE_INIT(HEAD "mx: mx.*.example\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a leading dot", SLICE_INIT(HEAD "mx: .example.net\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a final dot", SLICE_INIT(HEAD "mx: mail.example.net.\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: only a dot", SLICE_INIT(HEAD "mx: .\r\n" AGE), false, false, FINDING_POLICY_MX },
	{ "STS-31: an address", SLICE_INIT(HEAD "mx: [192.0.2.1]\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: an underscore", SLICE_INIT(HEAD "mx: mx_1.example\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a hyphen at the end", SLICE_INIT(HEAD "mx: mx.example-\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: an empty pattern", SLICE_INIT(HEAD "mx:\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a label of 63", SLICE_INIT(HEAD "mx: " L63 ".example\r\n" AGE), true, true,
	  NONE },
	{ "STS-31: a label of 64", SLICE_INIT(HEAD "mx: " L63 "b.example\r\n" AGE), false, false,
	  FINDING_POLICY_MX },
	{ "STS-31: a name of 253",
	  SLICE_INIT(HEAD "mx: " L63 "." L63 "." L63 "." L16 L16 L16 "abcdefghijklm\r\n" AGE), true,
	  true, NONE },
	{ "STS-31: a name of 254", SLICE_INIT(HEAD "mx: " L63 "." L63 "." L63 "." L62 "\r\n" AGE),
	  false, false, FINDING_POLICY_MX },
	{ "STS-31: an address written as a name is doubtful",
	  SLICE_INIT(HEAD "mx: 192.0.2.1\r\n" AGE), true, true, FINDING_POLICY_MX_ADDRESS },
	{ "STS-31: one label is doubtful", SLICE_INIT(HEAD "mx: localhost\r\n" AGE), true, true,
	  FINDING_POLICY_MX_LABEL },
	{ "STS-32: an A-label", SLICE_INIT(HEAD "mx: xn--bcher-kva.example\r\n" AGE), true, true,
	  NONE },
	{ "STS-32: a U-label",
	  SLICE_INIT(HEAD "mx: b\xc3\xbc"
	                  "cher.example\r\n" AGE),
	  false, false, FINDING_POLICY_MX },
	{ "STS-33: an unknown key with blanks and UTF-8",
	  SLICE_INIT(HEAD "x-note: b\xc3\xbcro 7\r\n" AGE), true, true, FINDING_POLICY_EXTENSION },
	{ "STS-33: a name of 32", SLICE_INIT(HEAD L16 L16 ": 1\r\n" AGE), true, true,
	  FINDING_POLICY_EXTENSION },
	{ "STS-33: a name of 33", SLICE_INIT(HEAD L16 L16 "a: 1\r\n" AGE), false, false,
	  FINDING_POLICY_KEY },
	{ "STS-33: a name with all its characters", SLICE_INIT(HEAD "0a_-.: 1\r\n" AGE), true, true,
	  FINDING_POLICY_EXTENSION },
	{ "STS-33: a name that begins with an underscore", SLICE_INIT(HEAD "_a: 1\r\n" AGE), false,
	  false, FINDING_POLICY_KEY },
	{ "STS-33: no name", SLICE_INIT(HEAD ": 1\r\n" AGE), false, false, FINDING_POLICY_KEY },
	{ "STS-33: an empty value", SLICE_INIT(HEAD "x:\r\n" AGE), false, false,
	  FINDING_POLICY_VALUE_EMPTY },
	{ "STS-33: an empty value of blanks", SLICE_INIT(HEAD "x:  \r\n" AGE), false, false,
	  FINDING_POLICY_VALUE_EMPTY },
	{ "STS-33: not UTF-8", SLICE_INIT(HEAD "x: b\xfcro\r\n" AGE), false, false,
	  FINDING_POLICY_ENCODING },
	{ "STS-33: NUL in a value", SLICE_INIT(HEAD "x: a\0b\r\n" AGE), false, false,
	  FINDING_POLICY_CONTROL },
	{ "STS-33: DEL in a value", SLICE_INIT(HEAD "x: a\x7f\r\n" AGE), false, false,
	  FINDING_POLICY_CONTROL },
	{ "STS-33: a tab inside a value", SLICE_INIT(HEAD "x: a\tb\r\n" AGE), false, false,
	  FINDING_POLICY_CONTROL },
	{ "STS-33: CR in a value", SLICE_INIT(HEAD "x: a\rb\r\n" AGE), false, false,
	  FINDING_POLICY_BARE_CR },
	{ "STS-33: no colon", SLICE_INIT(HEAD "nothing\r\n" AGE), false, false,
	  FINDING_POLICY_NO_COLON },
	{ "STS-34: a second max_age may be malformed", SLICE_INIT(HEAD AGE "max_age: bogus\r\n"),
	  true, true, FINDING_POLICY_DUPLICATE },
	{ "STS-34: a second version may be another", SLICE_INIT(HEAD AGE "version: STSv2\r\n"),
	  true, true, FINDING_POLICY_DUPLICATE },
	{ "STS-34: the first one must be good", SLICE_INIT(V "mode: bogus\r\nmode: none\r\n" AGE),
	  false, false, FINDING_POLICY_MODE },
	{ "STS-34: unknown keys too", SLICE_INIT(HEAD "x: 1\r\nx:\r\n" AGE), true, true,
	  FINDING_POLICY_DUPLICATE },
	{ "STS-34: mx repeats", SLICE_INIT(HEAD "mx: MX1.example.net\r\n" AGE), true, true,
	  FINDING_POLICY_MX_DUPLICATE },
	{ "STS-35: Mode is unknown", SLICE_INIT(V "Mode: none\r\n" AGE), false, false,
	  FINDING_POLICY_KEY_CASE },
	{ "STS-35: Mode beside mode", SLICE_INIT(V "mode: none\r\nMode: enforce\r\n" AGE), true,
	  true, FINDING_POLICY_KEY_CASE },
	{ "STS-37: UTF-16", SLICE_INIT("\xff\xfev\0e\0r\0s\0i\0o\0n\0"), false, false,
	  FINDING_POLICY_CONTROL },
	{ "STS-93: enforce below a day", SLICE_INIT(HEAD "max_age: 86399\r\n"), true, true,
	  FINDING_POLICY_AGE_SHORT },
	{ "STS-93: enforce below a week", SLICE_INIT(HEAD "max_age: 86400\r\n"), true, true,
	  FINDING_POLICY_AGE_WEEK },
	{ "STS-93: enforce for a week", SLICE_INIT(HEAD "max_age: 604800\r\n"), true, true, NONE },
	{ "a long testing policy",
	  SLICE_INIT(V "mode: testing\r\nmx: a.example\r\nmax_age: 604801\r\n"), true, true,
	  FINDING_POLICY_AGE_LONG },
	{ "STS-95: a whole top-level domain", SLICE_INIT(HEAD "mx: *.example\r\n" AGE), true, true,
	  FINDING_POLICY_MX_BROAD },
};

TEST(documents)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct policy_reading got;
		struct policy policy = { .max_age = 7 };
		struct diag d = { .why = NULL };
		enum err e = policy_parse(a, r->text, &policy, &d);

		policy_read(r->text, &f, &got);
		EXPECT(got.valid == r->valid, r->label);
		EXPECT(got.usable == r->usable, r->label);
		EXPECT(got.valid == !findings_fail(&f), r->label);
		EXPECT((e == OK) == got.usable, r->label);
		EXPECT(e == OK || (policy.max_age == 7 && d.why != NULL), r->label);
		if (r->kind == NONE)
			EXPECT(!findings_reach(&f, FINDING_WARN), r->label);
		else
			EXPECT(found(&f, r->kind), r->label);
		arena_free(a);
	}
}

TEST(model)
{
	struct arena *a = arena_new();
	struct policy p;

	EXPECT(policy_parse(a, S(HEAD "mx: *.b.example\r\nmax_age: 0000604800"), &p, NULL) == OK &&
	               p.mode == POLICY_ENFORCE && p.max_age == 604800 && p.mx_count == 2,
	       "STS-27 STS-30: what was read");
	EXPECT_SLICE(p.mx[0], S("mx1.example.net"), "STS-30: first pattern");
	EXPECT_SLICE(p.mx[1], S("*.b.example"), "STS-30: second pattern");
	EXPECT(policy_parse(a, S(HEAD "max_age: 4294967296"), &p, NULL) == OK &&
	               p.max_age == POLICY_MAX_AGE_TOP,
	       "STS-28: senders clamp");
	EXPECT(policy_parse(a, S(V "mode: testing\nmode: enforce\nmx: a.example\n" AGE), &p,
	                    NULL) == OK &&
	               p.mode == POLICY_TESTING,
	       "STS-34: the first mode counts");
	EXPECT(policy_parse(a, S(HEAD AGE "max_age: 5"), &p, NULL) == OK && p.max_age == 1209600,
	       "STS-34: the first max_age counts");
	arena_free(a);
}

TEST(places)
{
	struct arena *a = arena_new();
	struct findings f = findings_in(a);
	struct policy_reading got;
	const struct finding *one;

	policy_read(S(V "mode : none\r\nmax_age: 1\r\n"), &f, &got);
	one = found_at(&f, FINDING_POLICY_BLANK_BEFORE_COLON);
	EXPECT(one != NULL && one->line == 2 && one->offset == 5, "STS-23: the column is named");
	arena_free(a);
}

/* A document of exactly size bytes, filled up by an unknown key. */
static void fill(struct buf *b, size_t size)
{
	buf_add_str(b, V "mode: none\r\nmax_age: 1\r\nx: ");
	while (b->len < size)
		buf_add_char(b, 'y');
}

TEST(limits)
{
	struct arena *a = arena_new();
	struct policy p;
	struct diag d = { .why = NULL };
	struct findings f = findings_in(a);
	struct policy_reading got;
	struct buf b;

	buf_init(&b, POLICY_TEXT_MAX + 1);
	fill(&b, POLICY_TEXT_MAX);
	EXPECT(policy_parse(a, buf_slice(&b), &p, NULL) == OK, "STS-52: 65536 bytes are read");
	buf_add_char(&b, 'y');
	EXPECT(policy_parse(a, buf_slice(&b), &p, &d) == ERR_LIMIT, "STS-52: 65537 bytes are not");
	policy_read(buf_slice(&b), &f, &got);
	EXPECT(!got.valid && !got.usable && found(&f, FINDING_POLICY_TOO_LONG),
	       "STS-52: the checker says so");

	buf_reset(&b);
	buf_add_str(&b, V "mode: enforce\nmax_age: 604800\n");
	while (b.len + 7 <= POLICY_TEXT_MAX)
		buf_add_str(&b, "mx:a.b\n");
	EXPECT(policy_parse(a, buf_slice(&b), &p, NULL) == OK && p.mx_count > 9000,
	       "STS-30: as many patterns as fit");
	buf_reset(&b);
	for (size_t i = 0; i < 20000; i++)
		buf_add_char(&b, i % 2 == 0 ? 'x' : '\n');
	f = findings_in(a);
	policy_read(buf_slice(&b), &f, &got);
	EXPECT(f.len == FINDINGS_MAX && f.list[FINDINGS_MAX - 1].kind == FINDING_MORE &&
	               f.count[FINDING_FAIL] > 9000,
	       "findings are cut, their count is not");
	buf_fini(&b);
	arena_free(a);
}

static void own_domain(struct arena *a, const char *domain, bool want, const char *label)
{
	const struct slice mx[] = { S("*.Example.com"), S("mx.example.com") };
	const struct policy p = { .mode = POLICY_ENFORCE, .mx_count = 2, .mx = mx };
	struct findings f = findings_in(a);

	policy_lint_domain(&p, slice_str(domain), &f);
	EXPECT(found(&f, FINDING_POLICY_MX_OWN) == want, label);
}

TEST(own_domain_patterns)
{
	struct arena *a = arena_new();

	own_domain(a, "example.com", true, "STS-95: a star over the own domain");
	own_domain(a, "example.net", false, "STS-95: a star over a provider's zone is no matter");
	arena_free(a);
}

static const struct {
	const char *label;
	enum policy_mode mode;
	uint32_t max_age;
	struct slice mx;
	enum err want;
} formats[] = {
	{ "STS-28: the ceiling is written", POLICY_ENFORCE, 31557600, SLICE_INIT("a.example"), OK },
	{ "STS-28: one above is not", POLICY_ENFORCE, 31557601, SLICE_INIT("a.example"),
	  ERR_LIMIT },
	{ "STS-31: a wildcard is written", POLICY_ENFORCE, 1, SLICE_INIT("*.a.example"), OK },
	{ "STS-31: a final dot is not", POLICY_ENFORCE, 1, SLICE_INIT("a.example."), ERR_SYNTAX },
	{ "STS-31: an address is not", POLICY_NONE, 1, SLICE_INIT("192.0.2.1"), ERR_SYNTAX },
	{ "STS-31: one label is not", POLICY_NONE, 1, SLICE_INIT("mx"), ERR_SYNTAX },
	{ "STS-31: a line end in a pattern", POLICY_NONE, 1, SLICE_INIT("a.example\r\nmode: none"),
	  ERR_SYNTAX },
	{ "STS-32: a U-label is not", POLICY_ENFORCE, 1, SLICE_INIT("b\xc3\xbc.example"),
	  ERR_SYNTAX },
};

TEST(writer_refuses)
{
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		const struct policy p = { formats[i].mode, formats[i].max_age, 1, &formats[i].mx };
		struct diag d = { .why = NULL };

		buf_init(&b, POLICY_TEXT_MAX);
		EXPECT(policy_format(&p, &b, &d) == formats[i].want, formats[i].label);
		EXPECT(formats[i].want == OK || (b.len == 0 && d.why != NULL), formats[i].label);
		buf_fini(&b);
	}
	buf_init(&b, POLICY_TEXT_MAX);
	const struct policy bare = { POLICY_TESTING, 1, 0, NULL };
	EXPECT(policy_format(&bare, &b, NULL) == ERR_SYNTAX, "STS-29: testing without mx");
	const struct policy none = { POLICY_NONE, 1, 0, NULL };
	EXPECT(policy_format(&none, &b, NULL) == OK, "STS-29: none without mx");
	EXPECT_SLICE(buf_slice(&b), S("version: STSv1\r\nmode: none\r\nmax_age: 1\r\n"),
	             "STS-22: CRLF, in the order version, mode, mx, max_age");
	buf_fini(&b);

	struct slice *many = mem_calloc(9000, sizeof(*many));
	for (size_t i = 0; i < 9000; i++)
		many[i] = S("mx.example");
	const struct policy long_one = { POLICY_NONE, 1, 9000, many };
	buf_init(&b, (size_t)4 * POLICY_TEXT_MAX);
	EXPECT(policy_format(&long_one, &b, NULL) == ERR_LIMIT && b.len == 0,
	       "STS-52: more than senders read is not written");
	buf_fini(&b);
	mem_free(many);
}

static struct policy random_policy(struct arena *a, uint64_t *seed)
{
	static const char chars[] = "abcXYZ019";
	size_t count = 1 + test_random(seed) % 6;
	struct slice *mx = arena_calloc(a, count, sizeof(*mx));
	struct policy p = { .mode = (enum policy_mode)(test_random(seed) % 3),
		            .max_age = test_random(seed) % (POLICY_MAX_AGE_TOP + 1),
		            .mx_count = count,
		            .mx = mx };

	for (size_t i = 0; i < count; i++) {
		char c = chars[test_random(seed) % (sizeof(chars) - 1)];
		char d = chars[test_random(seed) % (sizeof(chars) - 1)];

		mx[i] = slice_str(arena_printf(a, "%s%c-%c.%c%c.example",
		                               test_random(seed) % 2 == 0 ? "*." : "", c, d, d, c));
	}
	if (p.mode == POLICY_NONE && test_random(seed) % 2 == 0)
		p.mx_count = 0;
	return p;
}

TEST(format_then_parse)
{
	uint64_t seed = 20260513;

	for (size_t round = 0; round < 2000; round++) {
		uint64_t before = seed;
		struct arena *a = arena_new();
		struct policy x = random_policy(a, &seed), y;
		struct findings f = findings_in(a);
		struct policy_reading got;
		struct buf one, two;
		char label[64];

		(void)snprintf(label, sizeof(label), "parse(format(x)) == x, seed %llu",
		               (unsigned long long)before);
		buf_init(&one, POLICY_TEXT_MAX);
		buf_init(&two, POLICY_TEXT_MAX);
		EXPECT(policy_format(&x, &one, NULL) == OK, label);
		EXPECT(policy_parse(a, buf_slice(&one), &y, NULL) == OK && policy_same(&x, &y),
		       label);
		EXPECT(policy_format(&y, &two, NULL) == OK, label);
		EXPECT_SLICE(buf_slice(&two), buf_slice(&one), label);
		policy_read(buf_slice(&one), &f, &got);
		EXPECT(got.valid && !found(&f, FINDING_POLICY_LINE_END), label);
		buf_fini(&one);
		buf_fini(&two);
		arena_free(a);
	}
}

/* A transfer that was cut is caught by its length; the reader alone must never see more fields. */
TEST(prefixes)
{
	const struct slice whole = S(HEAD AGE);
	struct arena *a = arena_new();
	struct policy p;

	for (size_t n = 0; n + sizeof("1209600\r\n") - 1 <= whole.len; n++)
		EXPECT(policy_parse(a, slice_head(whole, n), &p, NULL) != OK,
		       "STS-26: a document cut before max_age's value is refused");
	arena_free(a);
}

TEST_MAIN(UNIT(documents), UNIT(model), UNIT(places), UNIT(limits), UNIT(own_domain_patterns),
          UNIT(writer_refuses), UNIT(format_then_parse), UNIT(prefixes))

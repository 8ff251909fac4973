#include "base/buf.h"
#include "base/mem.h"
#include "test.h"
#include "wire/json.h"

static enum err read_text(struct slice text, const struct json_limits *limits)
{
	json_t *root = NULL;
	enum err e = json_read(text, limits, &root, NULL, NULL);

	json_decref(root);
	return e;
}

TEST(strictness)
{
	static const struct {
		const char *label;
		struct slice text;
		enum err want;
	} rows[] = {
		{ "RPT-18: an object", SLICE_INIT("{\"a\":1}"), OK },
		{ "RPT-18: a key twice", SLICE_INIT("{\"a\":1,\"a\":1}"), ERR_CONFLICT },
		{ "RPT-18: a key twice, once escaped", SLICE_INIT("{\"a\":1,\"\\u0061\":1}"),
		  ERR_CONFLICT },
		{ "RPT-18: a key twice, deep inside", SLICE_INIT("[{\"x\":{\"a\":1,\"a\":2}}]"),
		  ERR_CONFLICT },
		{ "RPT-18: NaN", SLICE_INIT("[NaN]"), ERR_SYNTAX },
		{ "RPT-18: a lone surrogate", SLICE_INIT("[\"\\ud800\"]"), ERR_SYNTAX },
		{ "RPT-18: a pair of surrogates", SLICE_INIT("[\"\\ud83d\\ude00\"]"), OK },
		{ "RPT-18: not UTF-8", SLICE_INIT("[\"\xff\"]"), ERR_SYNTAX },
		{ "RPT-18: overlong UTF-8", SLICE_INIT("[\"\xc0\xaf\"]"), ERR_SYNTAX },
		{ "RPT-18: UTF-16", SLICE_INIT("\xff\xfe{\0}\0"), ERR_SYNTAX },
		{ "RPT-18: a byte order mark", SLICE_INIT("\xef\xbb\xbf{}"), OK },
		{ "RPT-18: two byte order marks", SLICE_INIT("\xef\xbb\xbf\xef\xbb\xbf{}"),
		  ERR_SYNTAX },
		{ "single quotes", SLICE_INIT("{'a':1}"), ERR_SYNTAX },
		{ "a trailing comma", SLICE_INIT("[1,]"), ERR_SYNTAX },
		{ "an unquoted value", SLICE_INIT("{\"a\":b}"), ERR_SYNTAX },
		{ "a raw line break in a string", SLICE_INIT("[\"a\nb\"]"), ERR_SYNTAX },
		{ "a comment", SLICE_INIT("[1] // x"), ERR_SYNTAX },
		{ "something behind the value", SLICE_INIT("{}x"), ERR_SYNTAX },
		{ "two values", SLICE_INIT("{}{}"), ERR_SYNTAX },
		{ "blanks around", SLICE_INIT(" \r\n{}\n "), OK },
		{ "a NUL in a string, escaped", SLICE_INIT("[\"a\\u0000b\"]"), OK },
		{ "a NUL in a key", SLICE_INIT("{\"a\\u0000b\":1}"), ERR_SYNTAX },
		{ "a NUL behind the value", SLICE_INIT("{}\0"), ERR_SYNTAX },
		{ "a number too large", SLICE_INIT("[1e400]"), ERR_SYNTAX },
		{ "nothing", SLICE_INIT(""), ERR_SYNTAX },
		{ "a closing bracket too many", SLICE_INIT("[]]]]"), ERR_SYNTAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(read_text(rows[i].text, &json_limits_small) == rows[i].want, rows[i].label);
}

static const struct json_limits tiny = {
	.text_max = 40, .depth_max = 3, .values_max = 6, .string_max = 4
};

TEST(limits)
{
	static const struct {
		const char *label;
		struct slice text;
		enum err want;
	} rows[] = {
		{ "RPT-49: depth at the limit", SLICE_INIT("[[[1]]]"), OK },
		{ "RPT-49: depth one more", SLICE_INIT("[[[[1]]]]"), ERR_LIMIT },
		{ "RPT-49: brackets in strings do not count", SLICE_INIT("[[\"[[[\"]]"), OK },
		{ "values at the limit", SLICE_INIT("[1,2,3,4,5,6]"), OK },
		{ "values one more", SLICE_INIT("[1,2,3,4,5,6,7]"), ERR_LIMIT },
		{ "RPT-49: a string at the limit", SLICE_INIT("[\"abcd\"]"), OK },
		{ "RPT-49: a string one longer", SLICE_INIT("[\"abcde\"]"), ERR_LIMIT },
		{ "RPT-49: a key one longer", SLICE_INIT("{\"abcde\":1}"), ERR_LIMIT },
		{ "escapes count as what they become", SLICE_INIT("[\"\\u0041\\u0041\\u0041\\n\"]"),
		  OK },
		{ "escapes that become more", SLICE_INIT("[\"\\u20ac\\u20ac\"]"), ERR_LIMIT },
		{ "text at the limit", SLICE_INIT("[                                      ]"), OK },
		{ "text one longer", SLICE_INIT("[                                       ]"),
		  ERR_LIMIT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(read_text(rows[i].text, &tiny) == rows[i].want, rows[i].label);
}

TEST(deep_nesting_is_cheap)
{
	size_t n = 1000000;
	char *deep = mem_alloc(n);
	static const struct json_limits wide = {
		.text_max = 2000000, .depth_max = 16, .values_max = 2000000, .string_max = 10
	};

	memset(deep, '[', n);
	EXPECT(read_text(slice_of(deep, n), &wide) == ERR_LIMIT,
	       "RPT-49: a million brackets do not reach the parser");
	mem_free(deep);
}

TEST(prefixes_are_never_ok)
{
	struct slice text = S("{\"a\":[1,2.5e3,\"x\\u0041\"],\"b\":{\"c\":null,\"d\":true}}");

	for (size_t n = 0; n < text.len; n++)
		EXPECT(read_text(slice_head(text, n), &json_limits_small) == ERR_SYNTAX,
		       "a proper prefix is not JSON");
	EXPECT(read_text(text, &json_limits_small) == OK, "the whole is");
}

TEST(outputs)
{
	struct diag diag = { 0 };
	json_t *root = NULL;
	bool bom = false;

	EXPECT(json_read(S("\xef\xbb\xbf{\"a\":\"x\\u0000y\"}"), &json_limits_small, &root, &bom,
	                 NULL) == OK &&
	               bom,
	       "RPT-18: the byte order mark is told");
	EXPECT_SLICE(json_slice(json_member(root, "a")), S("x\0y"), "a NUL is a character");
	EXPECT_SLICE(json_slice(json_member(root, "b")), S(""), "no member");
	EXPECT(json_member(json_member(root, "a"), "c") == NULL, "a string has no members");
	json_decref(root);
	EXPECT(json_read(S("{\n\n\"a\":}"), &json_limits_small, &root, NULL, &diag) == ERR_SYNTAX &&
	               diag.line == 3,
	       "the line is told");
}

TEST(written_strings)
{
	static const struct {
		const char *label;
		struct slice in, want;
	} rows[] = {
		{ "plain", SLICE_INIT("abc"), SLICE_INIT("\"abc\"") },
		{ "quotes", SLICE_INIT("a\"\\b"), SLICE_INIT("\"a\\\"\\\\b\"") },
		{ "RPT-88: escape sequences of a terminal", SLICE_INIT("\x1b[2J"),
		  SLICE_INIT("\"\\u001b[2J\"") },
		{ "RPT-88: NUL", SLICE_INIT("a\0b"), SLICE_INIT("\"a\\u0000b\"") },
		{ "RPT-88: C1 control", SLICE_INIT("\xc2\x9b"), SLICE_INIT("\"\\u009b\"") },
		{ "RPT-88: text turned round",
		  SLICE_INIT("\xe2\x80\xae"
		             "a"),
		  SLICE_INIT("\"\\u202ea\"") },
		{ "letters of the world stay", SLICE_INIT("\xc3\xa4\xf0\x9f\x98\x80"),
		  SLICE_INIT("\"\xc3\xa4\xf0\x9f\x98\x80\"") },
		{ "not UTF-8", SLICE_INIT("a\xff\xe2\x82"),
		  SLICE_INIT("\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") },
		{ "line ends", SLICE_INIT("a\r\nb\t"), SLICE_INIT("\"a\\u000d\\nb\\u0009\"") },
	};
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_add_string(&out, rows[i].in);
		EXPECT_SLICE(buf_slice(&out), rows[i].want, rows[i].label);
		buf_reset(&out);
	}
	json_add_string_or_null(&out, S(""));
	EXPECT_SLICE(buf_slice(&out), S("null"), "nothing is null");
	buf_fini(&out);
}

TEST(whatever_is_written_can_be_read)
{
	uint64_t seed = 7;

	for (int round = 0; round < 3000; round++) {
		uint64_t printed = seed;
		char bytes[24];
		struct buf out;
		json_t *root = NULL;
		size_t n = test_random(&seed) % sizeof(bytes);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)test_random(&seed);
		buf_init(&out, 1000);
		json_add_string(&out, slice_of(bytes, n));
		if (json_read(buf_slice(&out), &json_limits_small, &root, NULL, NULL) != OK) {
			EXPECT(false, "written JSON is JSON");
			(void)fprintf(stderr, "seed %llu\n", (unsigned long long)printed);
		} else if (slice_is_utf8(slice_of(bytes, n))) {
			EXPECT_SLICE(json_slice(root), slice_of(bytes, n), "same bytes");
		}
		json_decref(root);
		buf_fini(&out);
	}
}

TEST_MAIN(UNIT(strictness), UNIT(limits), UNIT(deep_nesting_is_cheap), UNIT(prefixes_are_never_ok),
          UNIT(outputs), UNIT(written_strings), UNIT(whatever_is_written_can_be_read))

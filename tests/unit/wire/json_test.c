#include "base/buf.h"
#include "base/mem.h"
#include "test.h"
#include "wire/json_tree.h"

/* Both readers say the same: law. */
static enum err read_text(struct slice text, const struct json_limits *limits)
{
	struct arena *a = arena_new();
	const struct json_node *tree = NULL;
	json_t *root = NULL;
	enum err e = json_read(text, limits, &root, NULL, NULL);

	EXPECT(json_tree_read(text, limits, a, &tree, NULL, NULL) == e, "the tree's reader agrees");
	EXPECT((tree != NULL) == (e == OK), "untouched on failure");
	json_decref(root);
	arena_free(a);
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

/* What the tree holds, as jansson would have it. */
static json_t *as_jansson(const struct json_node *n)
{
	json_t *value = NULL;

	switch (n->kind) {
	case NODE_NULL:
		return json_null();
	case NODE_FALSE:
	case NODE_TRUE:
		return json_boolean(n->kind == NODE_TRUE);
	case NODE_NUMBER:
		return json_real(n->number);
	case NODE_STRING:
		return json_stringn(n->text.p, n->text.len);
	case NODE_ARRAY:
		value = json_array();
		for (const struct json_node *m = n->first; m != NULL; m = m->next)
			EXPECT(json_array_append_new(value, as_jansson(m)) == 0, "an entry");
		EXPECT(json_array_size(value) == n->count, "entries are counted");
		break;
	case NODE_OBJECT:
		value = json_object();
		for (const struct json_node *m = n->first; m != NULL; m = m->next)
			EXPECT(json_object_setn_new(value, m->key.p, m->key.len, as_jansson(m)) ==
			               0,
			       "a member");
		EXPECT(json_object_size(value) == n->count, "members are counted");
		break;
	}
	return value;
}

/* Law: over texts by chance both readers take and refuse the same, and what they take is equal. */
TEST(tree_is_what_jansson_reads)
{
	static const char *const pieces[] = {
		"{",
		"}",
		"[",
		"]",
		",",
		":",
		"\"a\"",
		"\"b\":",
		"\"c\":",
		"1",
		"-0.5e2",
		"1e3",
		"9007199254740993",
		"true",
		"null",
		"false",
		" ",
		"\n",
		"\"\\u00e4\\n\\\\\"",
		"\"\\\\\"",
		"\"\\ud83d\\ude00x\"",
		"\"\xc3\xa4\"",
		"01",
		"-",
		"1.",
		"\"\\ud800\"",
		"\"\\x\"",
		"tru",
		"\"",
		"\xff",
		"{\"a\":[1,{\"b\":\"x\"}]}",
		"[[],{}]",
		"{\"a\":1,\"\\u0061\":2}",
	};
	static const struct json_limits wide = { .text_max = 4096,
		                                 .depth_max = 16,
		                                 .values_max = 500,
		                                 .string_max = 64,
		                                 .reals = true };
	uint64_t seed = 3;

	for (int round = 0; round < 60000; round++) {
		struct arena *a = arena_new();
		const struct json_node *tree = NULL;
		json_t *root = NULL, *other = NULL;
		struct buf text;

		buf_init(&text, 4096);
		buf_add_str(&text, round % 2 == 0 ? "[" : "{\"z\":");
		for (unsigned n = test_random(&seed) % 6; n > 0; n--) {
			buf_add_str(&text, pieces[test_random(&seed) % ARRAY_LEN(pieces)]);
			if (round % 4 == 0 && n > 1)
				buf_add_char(&text, ',');
		}
		buf_add_char(&text, round % 2 == 0 ? ']' : '}');
		enum err e = json_read(buf_slice(&text), &wide, &root, NULL, NULL);
		bool same = json_tree_read(buf_slice(&text), &wide, a, &tree, NULL, NULL) == e;
		if (same && e == OK) {
			other = as_jansson(tree);
			same = json_equal(root, other) == 1;
		}
		EXPECT(same, buf_str(&text));
		json_decref(root);
		json_decref(other);
		buf_fini(&text);
		arena_free(a);
	}
}

/* Many members are looked through at the end, few at once. */
TEST(no_key_twice_in_any_object)
{
	static const struct json_limits wide = {
		.text_max = 1u << 20, .depth_max = 16, .values_max = 500000, .string_max = 64
	};

	for (unsigned n = 1; n <= 100; n++) {
		for (unsigned twin = 0; twin <= 1; twin++) {
			struct buf text;

			buf_init(&text, 1u << 20);
			for (unsigned i = 0; i < n; i++)
				buf_printf(&text, "%s\"k%u\":1", i == 0 ? "{" : ",", i);
			buf_printf(&text, ",\"k%u\":2}", twin == 1 ? n / 2 : n);
			EXPECT(read_text(buf_slice(&text), &wide) ==
			               (twin == 1 ? ERR_CONFLICT : OK),
			       "RPT-18: a key twice among many");
			buf_fini(&text);
		}
	}
}

TEST(places_in_the_text)
{
	struct arena *a = arena_new();
	const struct json_node *tree = NULL;
	struct diag diag = { 0 };

	EXPECT(json_tree_read(S("\xef\xbb\xbf{\"a\": [1, {\"b\":2} ]}"), &json_limits_small, a,
	                      &tree, NULL, NULL) == OK,
	       "read");
	EXPECT_SLICE(json_node_member(tree, "a")->text, S("[1, {\"b\":2} ]"), "as it stands");
	EXPECT(json_tree_read(S("[1\0]"), &json_limits_small, a, &tree, NULL, NULL) == ERR_SYNTAX,
	       "RPT-18: a NUL behind a number");
	EXPECT(json_node_member(tree, "b") == NULL && json_node_member(NULL, "b") == NULL &&
	               json_node_member(json_node_member(tree, "a"), "b") == NULL,
	       "no such member");
	EXPECT(json_tree_read(S("{\n\n\"a\":x}"), &json_limits_small, a, &tree, NULL, &diag) ==
	                       ERR_SYNTAX &&
	               diag.line == 3,
	       "the line of what is wrong");
	arena_free(a);
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

TEST_MAIN(UNIT(strictness), UNIT(limits), UNIT(tree_is_what_jansson_reads),
          UNIT(no_key_twice_in_any_object), UNIT(places_in_the_text), UNIT(deep_nesting_is_cheap),
          UNIT(prefixes_are_never_ok), UNIT(outputs), UNIT(written_strings),
          UNIT(whatever_is_written_can_be_read))

#include "wire/dkim_tags.h"

#include "test.h"

static const struct {
	const char *label, *text;
	enum err want;
	size_t count;
} lists[] = {
	{ "DKIM-11: tags in any order", "v=1; b=x; a=rsa-sha256", OK, 3 },
	{ "DKIM-11: an unknown tag is a tag", "v=1; foo=1", OK, 2 },
	{ "a final semicolon", "v=1;", OK, 1 },
	{ "a final semicolon and a fold", "v=1;\r\n ", OK, 1 },
	{ "no blanks at all", "v=1;a=2", OK, 2 },
	{ "folds around everything", "\r\n\tv\r\n =\r\n 1 ; \t a =2", OK, 2 },
	{ "an empty value", "p=", OK, 1 },
	{ "a value with equal signs", "p=a==", OK, 1 },
	{ "DKIM-11: names differ by case", "d=a; D=b", OK, 2 },
	{ "DKIM-11: a name twice is refused", "d=a; d=b", ERR_SYNTAX, 0 },
	{ "an empty list", "", ERR_SYNTAX, 0 },
	{ "only blanks", " \r\n ", ERR_SYNTAX, 0 },
	{ "a semicolon alone", ";", ERR_SYNTAX, 0 },
	{ "nothing between two semicolons", "v=1;;a=2", ERR_SYNTAX, 0 },
	{ "a word without equal sign", "v=1; hello", ERR_SYNTAX, 0 },
	{ "a name that begins with a digit", "1=v", ERR_SYNTAX, 0 },
	{ "a name with a hyphen", "x-y=1", ERR_SYNTAX, 0 },
	{ "a name with an underscore", "x_y=1", OK, 1 },
	{ "no name", "=1", ERR_SYNTAX, 0 },
	{ "a control character in a value", "v=\x01", ERR_SYNTAX, 0 },
	{ "DEL in a value", "v=\x7f", ERR_SYNTAX, 0 },
};

TEST(lists_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct dkim_tags t = { 0 };
		enum err e = dkim_tags_parse(slice_str(lists[i].text), &t);

		EXPECT(e == lists[i].want, lists[i].label);
		EXPECT(e != OK || t.count == lists[i].count, lists[i].label);
	}
}

TEST(values_are_found)
{
	struct dkim_tags t;

	EXPECT(dkim_tags_parse(S("a= x \r\n y ;b=;B=2"), &t) == OK, "reads");
	EXPECT_SLICE(dkim_tags_value(&t, "a", S("-")), S("x \r\n y"), "blanks inside stay");
	EXPECT_SLICE(dkim_tags_find(&t, "a")->whole, S(" x \r\n y "), "all that b= would take out");
	EXPECT_SLICE(dkim_tags_value(&t, "b", S("-")), S(""), "empty is not absent");
	EXPECT_SLICE(dkim_tags_value(&t, "c", S("-")), S("-"), "absent gives the preset");
	EXPECT_SLICE(dkim_tags_value(&t, "B", S("-")), S("2"), "case counts");
}

TEST(ceilings)
{
	struct buf text;
	struct dkim_tags t;

	buf_init(&text, 2 * DKIM_LIST_MAX);
	for (unsigned i = 0; i < DKIM_TAGS_MAX; i++)
		buf_printf(&text, "t%u=1;", i);
	EXPECT(dkim_tags_parse(buf_slice(&text), &t) == OK, "DKIM-22: as many tags as are taken");
	buf_add_str(&text, "more=1");
	EXPECT(dkim_tags_parse(buf_slice(&text), &t) == ERR_LIMIT, "DKIM-22: one tag more");
	buf_reset(&text);
	buf_add_str(&text, "p=");
	while (text.len < DKIM_LIST_MAX)
		buf_add_char(&text, 'x');
	EXPECT(dkim_tags_parse(buf_slice(&text), &t) == OK, "DKIM-22: as long as is taken");
	buf_add_char(&text, 'x');
	EXPECT(dkim_tags_parse(buf_slice(&text), &t) == ERR_LIMIT, "DKIM-22: one byte more");
	buf_fini(&text);
}

TEST(items_are_cut)
{
	struct slice rest = S("From : To\r\n :x"), item;

	EXPECT(dkim_item_next(&rest, &item) && slice_eq(item, S("From")), "first");
	EXPECT(dkim_item_next(&rest, &item) && slice_eq(item, S("To")), "second, folded");
	EXPECT(dkim_item_next(&rest, &item) && slice_eq(item, S("x")), "third");
	EXPECT(!dkim_item_next(&rest, &item), "no fourth");
	rest = S("a:");
	EXPECT(dkim_item_next(&rest, &item) && dkim_item_next(&rest, &item) && item.len == 0,
	       "an empty item behind the last colon");
	EXPECT(!dkim_item_next(&rest, &item), "and no more");
}

TEST(base64_with_folds)
{
	struct buf out;

	buf_init(&out, 8);
	EXPECT(dkim_base64(S("aGVs\r\n bG8=\t"), &out) == OK, "folds are no part of it");
	EXPECT_SLICE(buf_slice(&out), S("hello"), "decoded");
	buf_reset(&out);
	EXPECT(dkim_base64(S("aGVsbG8"), &out) == ERR_SYNTAX, "padding is needed");
	EXPECT(dkim_base64(S("aG!sbG8="), &out) == ERR_SYNTAX, "another alphabet");
	EXPECT(dkim_base64(S("MTIzNDU2Nzg5"), &out) == ERR_LIMIT, "more than there is room for");
	buf_fini(&out);
}

/* Whatever the bytes are, slices lie inside of them. */
TEST(any_bytes)
{
	static const char alphabet[] = "vabhp=;:; \t\r\n1\x01\xff";
	uint64_t seed = 42;

	for (int round = 0; round < 20000; round++) {
		char text[32];
		size_t len = test_random(&seed) % sizeof(text);
		struct dkim_tags t;

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[test_random(&seed) % (sizeof(alphabet) - 1)];
		if (dkim_tags_parse(slice_of(text, len), &t) != OK)
			continue;
		for (size_t i = 0; i < t.count; i++)
			EXPECT(t.tag[i].name.p >= text &&
			               t.tag[i].whole.p + t.tag[i].whole.len <= text + len,
			       "inside the text");
	}
}

TEST_MAIN(UNIT(lists_are_read), UNIT(values_are_found), UNIT(ceilings), UNIT(items_are_cut),
          UNIT(base64_with_folds), UNIT(any_bytes))

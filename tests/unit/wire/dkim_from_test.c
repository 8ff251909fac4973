#include "wire/dkim_from.h"

#include "test.h"

static const struct {
	const char *label, *text, *want;
} rows[] = {
	{ "an address alone", " noreply@Mail.Example.COM", "mail.example.com" },
	{ "in angles", " <noreply@example.com>", "example.com" },
	{ "with a name", " Joe SixPack <joe@example.com>", "example.com" },
	{ "with a quoted name", " \"Joe <x@evil.example>\" <joe@example.com>", "example.com" },
	{ "a comma in a quoted name", " \"SixPack, Joe\" <joe@example.com>", "example.com" },
	{ "an escaped quote", " \"a\\\"<x@evil.example>,\" <joe@example.com>", "example.com" },
	{ "a quoted local part", " \"x@evil.example\"@example.com", "example.com" },
	{ "a comment", " joe@example.com (Joe, <x@evil.example>)", "example.com" },
	{ "nested comments", " (a(b\\))c) joe@example.com", "example.com" },
	{ "folded", "\r\n Joe\r\n\t<joe@example.com>\r\n ", "example.com" },
	{ "blanks around the at sign", " joe @ example.com", "example.com" },
	{ "an encoded name", " =?utf-8?q?J=40x?= <joe@example.com>", "example.com" },
	{ "two addresses", " a@example.com, b@example.com", "" },
	{ "two angles", " <a@example.com> <b@example.com>", "" },
	{ "text behind the angle", " <a@example.com> b@evil.example", "" },
	{ "a comment behind the angle", " <a@example.com> (x)", "example.com" },
	{ "a group", " us: a@example.com;", "" },
	{ "a route", " <@a.example:joe@example.com>", "" },
	{ "two at signs", " a@b@example.com", "" },
	{ "no address", " Joe", "" },
	{ "no local part", " @example.com", "" },
	{ "an angle that does not end", " <joe@example.com", "" },
	{ "a quote that does not end", " \"joe@example.com", "" },
	{ "a comment that does not end", " (joe@example.com", "" },
	{ "an address literal", " joe@[192.0.2.1]", "" },
	{ "one label", " root@localhost", "" },
	{ "a final dot", " joe@example.com.", "" },
	{ "not in A-labels",
	  " joe@b\xc3\xbc"
	  "cher.example",
	  "" },
	{ "nothing", "", "" },
	{ "a closing angle alone", " joe@example.com>", "" },
};

TEST(fields_are_read)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT_SLICE(dkim_from_domain(slice_str(rows[i].text), a), slice_str(rows[i].want),
		             rows[i].label);
	arena_free(a);
}

/* Any bytes give a domain that stands in them, or none. */
TEST(any_bytes)
{
	static const char alphabet[] = "a.b@<>\"(),:; \\\r\n";
	struct arena *a = arena_new();
	uint64_t seed = 5;

	for (int round = 0; round < 50000; round++) {
		char text[24];
		size_t len = test_random(&seed) % sizeof(text);

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[test_random(&seed) % (sizeof(alphabet) - 1)];
		struct slice d = dkim_from_domain(slice_of(text, len), a);
		EXPECT(d.len == 0 || slice_find_slice(slice_of(text, len), d) != SIZE_MAX,
		       "a domain from nowhere");
		arena_reset(a);
	}
	arena_free(a);
}

TEST_MAIN(UNIT(fields_are_read), UNIT(any_bytes))

#include "mtasts/name.h"

#include "test.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-0"

static const struct {
	const char *label;
	struct slice name;
	const char *want; /* NULL: refused */
} normals[] = {
	{ "STS-01 STS-19: case and final dot", SLICE_INIT("Example.COM."), "example.com" },
	{ "STS-19: a U-label",
	  SLICE_INIT("b\xc3\xbc"
	             "cher.example"),
	  "xn--bcher-kva.example" },
	{ "STS-19: capitals of a U-label",
	  SLICE_INIT("B\xc3\x9c"
	             "CHER.Example."),
	  "xn--bcher-kva.example" },
	{ "STS-19: sharp s stays",
	  SLICE_INIT("stra\xc3\x9f"
	             "e.example"),
	  "xn--strae-oqa.example" },
	{ "a name of one label", SLICE_INIT("LOCALHOST"), "localhost" },
	{ "nothing", SLICE_INIT(""), NULL },
	{ "a dot", SLICE_INIT("."), NULL },
	{ "two dots at the end", SLICE_INIT("example.com.."), NULL },
	{ "an empty label", SLICE_INIT("a..b"), NULL },
	{ "NUL", SLICE_INIT("a\0b.example"), NULL },
	{ "NUL in a U-label", SLICE_INIT("\xc3\xbc\0b.example"), NULL },
	{ "not UTF-8", SLICE_INIT("\xfc.example"), NULL },
	{ "a blank", SLICE_INIT("a b.example"), NULL },
	{ "a path", SLICE_INIT("example.com/x"), NULL },
	{ "an underscore", SLICE_INIT("_mta-sts.example"), NULL },
	{ "a label of 64", SLICE_INIT(L63 ".example"), NULL },
};

TEST(normal_names)
{
	for (size_t i = 0; i < ARRAY_LEN(normals); i++) {
		char out[NAME_SIZE] = "untouched";
		struct diag d = { .why = NULL };
		enum err e = name_normal(normals[i].name, out, &d);

		EXPECT((e == OK) == (normals[i].want != NULL), normals[i].label);
		EXPECT_SLICE(slice_str(out),
		             slice_str(normals[i].want == NULL ? "untouched" : normals[i].want),
		             normals[i].label);
		EXPECT(e == OK || d.why != NULL, normals[i].label);
	}
}

TEST(long_names)
{
	char name[NAME_SIZE + 8], out[NAME_SIZE];

	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	EXPECT(name_normal(slice_of(name, 253), out, NULL) == OK, "STS-31: 253 characters");
	EXPECT(name_normal(slice_of(name, 254), out, NULL) == ERR_SYNTAX, "STS-31: 254 characters");
	name[253] = '.';
	EXPECT(name_normal(slice_of(name, 254), out, NULL) == OK, "STS-19: 253 and a final dot");
	EXPECT(name_for(NAME_STS_TXT, slice_of(name, 244), out) == OK && strlen(out) == 253,
	       "STS-01: the longest domain that can have a record");
	EXPECT(name_for(NAME_STS_TXT, slice_of(name, 245), out) == ERR_LIMIT,
	       "STS-01: one more cannot");
}

static const struct {
	const char *label;
	struct slice pattern;
	const char *want;
} patterns[] = {
	{ "STS-32: a pattern gets A-labels",
	  SLICE_INIT("*.B\xc3\xbc"
	             "cher.example."),
	  "*.xn--bcher-kva.example" },
	{ "STS-31: lower case", SLICE_INIT("*.Example.NET"), "*.example.net" },
	{ "STS-31: a plain name", SLICE_INIT("MX1.example.net"), "mx1.example.net" },
	{ "STS-31: a star alone", SLICE_INIT("*"), NULL },
	{ "STS-31: a star and a dot", SLICE_INIT("*."), NULL },
	{ "STS-31: two stars", SLICE_INIT("*.*.example"), NULL },
	{ "STS-31: a star inside", SLICE_INIT("m*.example"), NULL },
};

TEST(normal_patterns)
{
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		char out[NAME_SIZE] = "untouched";
		enum err e = mxpattern_normal(patterns[i].pattern, out, NULL);

		EXPECT((e == OK) == (patterns[i].want != NULL), patterns[i].label);
		EXPECT_SLICE(slice_str(out),
		             slice_str(patterns[i].want == NULL ? "untouched" : patterns[i].want),
		             patterns[i].label);
	}
}

TEST(names_of_records)
{
	char out[NAME_SIZE];

	EXPECT(name_for(NAME_STS_TXT, S("example.com"), out) == OK, "STS-01: fits");
	EXPECT_SLICE(slice_str(out), S("_mta-sts.example.com"), "STS-01: TXT of MTA-STS");
	EXPECT(name_for(NAME_STS_HOST, S("example.com"), out) == OK, "STS-20: fits");
	EXPECT_SLICE(slice_str(out), S("mta-sts.example.com"), "STS-20: policy host");
	EXPECT(name_for(NAME_RPT_TXT, S("example.com"), out) == OK, "RPT-01: fits");
	EXPECT_SLICE(slice_str(out), S("_smtp._tls.example.com"), "RPT-01: TXT of TLS-RPT");
}

static const struct {
	const char *label;
	struct slice name;
	bool numeric;
	size_t labels;
} shapes[] = {
	{ "an address", SLICE_INIT("192.0.2.1"), true, 4 },
	{ "a number", SLICE_INIT("2130706433"), true, 1 },
	{ "digits before a letter", SLICE_INIT("1.2.3.4a"), false, 4 },
	{ "digits behind a letter", SLICE_INIT("mx.a1"), false, 2 },
	{ "a usual name", SLICE_INIT("mx1.example.net"), false, 3 },
};

TEST(shapes_of_names)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		EXPECT(name_is_numeric(shapes[i].name) == shapes[i].numeric, shapes[i].label);
		EXPECT(name_labels(shapes[i].name) == shapes[i].labels, shapes[i].label);
	}
}

TEST_MAIN(UNIT(normal_names), UNIT(long_names), UNIT(normal_patterns), UNIT(names_of_records),
          UNIT(shapes_of_names))

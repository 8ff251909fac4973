#include "wire/dns_name.h"

#include "test.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct text_row {
	const char *label, *text;
	struct slice want; /* the wire form */
	enum err err;
} text_rows[] = {
	{ "a name", "mta-sts.Example.COM", SLICE_INIT("\7mta-sts\7example\3com\0"), OK },
	{ "a final dot", "example.com.", SLICE_INIT("\7example\3com\0"), OK },
	{ "the root", ".", SLICE_INIT("\0"), OK },
	{ "empty is the root", "", SLICE_INIT("\0"), OK },
	{ "DNS-23: an underscore is a character like others", "_mta-sts.a",
	  SLICE_INIT("\10_mta-sts\1a\0"), OK },
	{ "an empty label", "a..b", SLICE_INIT(""), ERR_SYNTAX },
	{ "two final dots", "a..", SLICE_INIT(""), ERR_SYNTAX },
	{ "a dot in front", ".a", SLICE_INIT(""), ERR_SYNTAX },
	{ "63 bytes", L63, SLICE_INIT("\77" L63 "\0"), OK },
	{ "64 bytes", L63 "a", SLICE_INIT(""), ERR_LIMIT },
	{ "256 bytes", L63 "." L63 "." L63 "." L63, SLICE_INIT(""), ERR_LIMIT },
};

TEST(text_becomes_wire)
{
	for (size_t i = 0; i < ARRAY_LEN(text_rows); i++) {
		const struct text_row *r = &text_rows[i];
		struct dns_name n = { 0 };

		EXPECT(dns_name_from_text(slice_str(r->text), &n) == r->err, r->label);
		EXPECT_SLICE(dns_name_slice(&n), r->want, r->label);
	}
}

TEST(longest_name)
{
	struct dns_name n = { 0 };
	struct slice most = slice_str(L63 "." L63 "." L63 "." L63);

	EXPECT(dns_name_from_text(slice_head(most, 253), &n) == OK, "253 characters");
	EXPECT(n.len == DNS_NAME_MAX, "fill the room");
	EXPECT(dns_name_from_text(slice_head(most, 254), &n) == ERR_LIMIT, "254 do not");
}

static const struct read_row {
	const char *label;
	struct slice message;
	size_t at;
	enum err err;
	struct slice want;
	size_t next;
} read_rows[] = {
	{ "plain, case kept", SLICE_INIT("\3wWw\1a\0"), 0, OK, SLICE_INIT("\3wWw\1a\0"), 7 },
	{ "a pointer back", SLICE_INIT("\1a\0\1b\xc0\0"), 3, OK, SLICE_INIT("\1b\1a\0"), 7 },
	{ "a pointer alone", SLICE_INIT("\1a\0\xc0\0"), 3, OK, SLICE_INIT("\1a\0"), 5 },
	{ "a chain of pointers", SLICE_INIT("\1a\0\xc0\0\xc0\3"), 5, OK, SLICE_INIT("\1a\0"), 7 },
	{ "a pointer to itself", SLICE_INIT("\xc0\0"), 0, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a loop", SLICE_INIT("\1a\xc0\0"), 0, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a pointer forward", SLICE_INIT("\xc0\2\1a\0"), 0, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "half a pointer", SLICE_INIT("\0\xc0"), 1, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "no end", SLICE_INIT("\1a"), 0, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a label past the end", SLICE_INIT("\5ab\0"), 0, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "an unknown label type", SLICE_INIT("\x41z\0"), 0, ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "behind the end", SLICE_INIT("\0"), 1, ERR_SYNTAX, SLICE_INIT(""), 0 },
};

TEST(names_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(read_rows); i++) {
		const struct read_row *r = &read_rows[i];
		struct dns_name n = { 0 };
		size_t next = 0;

		EXPECT(dns_name_parse(r->message, r->at, &n, &next) == r->err, r->label);
		EXPECT_SLICE(dns_name_slice(&n), r->want, r->label);
		EXPECT(next == r->next, r->label);
	}
}

static const struct in_row {
	const char *label;
	struct slice name, zone;
	bool want;
} in_rows[] = {
	{ "the zone itself, any case", SLICE_INIT("\1A\0"), SLICE_INIT("\1a\0"), true },
	{ "below it", SLICE_INIT("\1b\1a\0"), SLICE_INIT("\1a\0"), true },
	{ "everything is below the root", SLICE_INIT("\1a\0"), SLICE_INIT("\0"), true },
	{ "above it", SLICE_INIT("\0"), SLICE_INIT("\1a\0"), false },
	{ "another one", SLICE_INIT("\1b\0"), SLICE_INIT("\1a\0"), false },
	{ "the same bytes inside a label", SLICE_INIT("\4\1a\0b\0"), SLICE_INIT("\1a\0"), false },
	{ "labels that end alike", SLICE_INIT("\2xa\0"), SLICE_INIT("\1a\0"), false },
};

TEST(names_lie_in_zones)
{
	for (size_t i = 0; i < ARRAY_LEN(in_rows); i++)
		EXPECT(dns_name_is_in(in_rows[i].name, in_rows[i].zone) == in_rows[i].want,
		       in_rows[i].label);
}

TEST(names_are_shown)
{
	char out[DNS_NAME_TEXT_SIZE];

	EXPECT_SLICE(slice_str(dns_name_text(S("\3wWw\7example\0"), out)), S("wWw.example."),
	             "labels");
	EXPECT_SLICE(slice_str(dns_name_text(S("\0"), out)), S("."), "the root");
	EXPECT_SLICE(slice_str(dns_name_text(S("\7a.b; \\\377\0"), out)),
	             S("a\\.b\\;\\032\\\\\\255."),
	             "DNS-02: what has a meaning in a zone file is escaped");
}

TEST_MAIN(UNIT(text_becomes_wire), UNIT(longest_name), UNIT(names_are_read),
          UNIT(names_lie_in_zones), UNIT(names_are_shown))

#include "wire/dns_rdata.h"

#include "test.h"

TEST(sets_are_built_and_taken_apart)
{
	struct dns_soa soa = { S("\2ns\0"), S("\1h\0"), 1, 2, 3, 4, 5 };
	struct slice rest, rdata = { 0 };
	struct buf b;

	buf_init(&b, DNS_SET_MAX);
	dns_set_address(&b, "\177\0\0\1", 4);
	dns_set_address(&b, "\177\0\0\2", 4);
	EXPECT(dns_set_check(DNS_A, buf_slice(&b)) == OK, "addresses");
	rest = buf_slice(&b);
	EXPECT(dns_set_next(&rest, &rdata) && dns_set_next(&rest, &rdata), "two records");
	EXPECT_SLICE(rdata, S("\177\0\0\2"), "the second one");
	EXPECT(!dns_set_next(&rest, &rdata), "and no more");
	buf_reset(&b);
	dns_set_name(&b, S("\2ns\0"));
	EXPECT(dns_set_check(DNS_NS, buf_slice(&b)) == OK, "a name");
	buf_reset(&b);
	dns_set_mx(&b, 10, S("\2mx\0"));
	EXPECT_SLICE(buf_slice(&b), S("\0\6\0\12\2mx\0"), "a mail exchanger");
	EXPECT(dns_set_check(DNS_MX, buf_slice(&b)) == OK, "a mail exchanger");
	buf_reset(&b);
	dns_set_soa(&b, &soa);
	EXPECT(dns_set_check(DNS_SOA, buf_slice(&b)) == OK, "a SOA");
	buf_fini(&b);
}

static const struct txt_row {
	const char *label;
	size_t len, strings;
} txt_rows[] = {
	{ "DNS-01: an empty string", 0, 1 },
	{ "DNS-01, DNS-03: 255 bytes are one string", 255, 1 },
	{ "DNS-03: 256 bytes are two", 256, 2 },
	{ "DNS-03: 600 bytes are three", 600, 3 },
};

TEST(txt_strings)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(txt_rows); i++) {
		const struct txt_row *r = &txt_rows[i];
		struct slice rest, rdata = { 0 };
		struct buf b;

		buf_init(&b, DNS_SET_MAX);
		dns_set_txt(&b, slice_of(text, r->len));
		EXPECT(dns_set_check(DNS_TXT, buf_slice(&b)) == OK, r->label);
		rest = buf_slice(&b);
		EXPECT(dns_set_next(&rest, &rdata) && rdata.len == r->len + r->strings, r->label);
		buf_fini(&b);
	}
}

static const struct bad_row {
	const char *label;
	uint16_t type;
	struct slice set;
} bad_rows[] = {
	{ "nothing", DNS_A, SLICE_INIT("") },
	{ "half a length", DNS_A, SLICE_INIT("\0") },
	{ "a record past the end", DNS_A, SLICE_INIT("\0\4abc") },
	{ "three bytes of address", DNS_A, SLICE_INIT("\0\3abc") },
	{ "a short AAAA", DNS_AAAA, SLICE_INIT("\0\4abcd") },
	{ "DNS-01: a string past its record", DNS_TXT, SLICE_INIT("\0\3\3ab") },
	{ "DNS-01: no string at all", DNS_TXT, SLICE_INIT("\0\0") },
	{ "bytes behind a name", DNS_NS, SLICE_INIT("\0\4\1a\0x") },
	{ "a compressed name", DNS_NS, SLICE_INIT("\0\2\xc0\0") },
	{ "no name", DNS_MX, SLICE_INIT("\0\2\0\1") },
	{ "a SOA without its numbers", DNS_SOA, SLICE_INIT("\0\2\0\0") },
	{ "a type that is not known", 99, SLICE_INIT("\0\1x") },
};

TEST(bad_sets_are_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++)
		EXPECT(dns_set_check(bad_rows[i].type, bad_rows[i].set) == ERR_SYNTAX,
		       bad_rows[i].label);
}

TEST_MAIN(UNIT(sets_are_built_and_taken_apart), UNIT(txt_strings), UNIT(bad_sets_are_refused))

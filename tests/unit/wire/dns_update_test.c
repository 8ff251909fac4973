/* Requests to change a zone, byte for byte (RFC 2136, 2). */
#include "wire/dns_update.h"

#include "test.h"

#define HEADER_AND_ZONE (DNS_HEADER_SIZE + 9 + 4)

static const struct slice zone = SLICE_INIT("\7example\0");
static const struct slice name = SLICE_INIT("\1t\7example\0");
static const struct slice text = SLICE_INIT("\2hi");

static struct slice write_one(unsigned char out[256], const struct dns_update_row *row)
{
	struct slice m = S("");

	EXPECT(dns_update_write(out, 256, 7, zone, row, 1, &m) == OK, "it fits");
	return m;
}

TEST(each_row)
{
	static const struct row {
		const char *label;
		enum dns_update_kind kind;
		unsigned prerequisites, updates;
		struct slice want; /* behind the owner's name */
	} rows[] = {
		{ "DNS-08: added: class IN, its TTL", DNS_UPDATE_ADD, 0, 1,
		  SLICE_INIT("\0\20\0\1\0\0\1\54\0\3\2hi") },
		{ "DNS-08: one record goes: class NONE, TTL 0", DNS_UPDATE_DROP, 0, 1,
		  SLICE_INIT("\0\20\0\376\0\0\0\0\0\3\2hi") },
		{ "DNS-09: it is there with this value: class IN, TTL 0", DNS_UPDATE_SAME, 1, 0,
		  SLICE_INIT("\0\20\0\1\0\0\0\0\0\3\2hi") },
		{ "DNS-08: no such record: class NONE, no data", DNS_UPDATE_ABSENT, 1, 0,
		  SLICE_INIT("\0\20\0\376\0\0\0\0\0\0") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct dns_update_row row = { rows[i].kind, name, DNS_TXT, 300, text };
		unsigned char out[256];
		struct slice m = write_one(out, &row);

		EXPECT(dns_get16(m.p) == 7 && dns_get16(m.p + 2) == 5u << 11, "opcode UPDATE");
		EXPECT(dns_get16(m.p + 4) == 1 && dns_get16(m.p + 6) == rows[i].prerequisites &&
		               dns_get16(m.p + 8) == rows[i].updates && dns_get16(m.p + 10) == 0,
		       rows[i].label);
		EXPECT_SLICE(slice_of(m.p + DNS_HEADER_SIZE, 13), S("\7example\0\0\6\0\1"),
		             "one zone entry, of type SOA");
		/* The owner is a label and a pointer to the zone's name. */
		EXPECT_SLICE(slice_skip(m, HEADER_AND_ZONE + 4), rows[i].want, rows[i].label);
	}
}

TEST(bounds)
{
	const struct dns_update_row row = { DNS_UPDATE_ADD, name, DNS_TXT, 300, text };
	unsigned char out[256];
	struct slice m = write_one(out, &row), again = S("");

	EXPECT(dns_update_write(out, m.len, 7, zone, &row, 1, &again) == OK && again.len == m.len,
	       "exactly enough room");
	EXPECT(dns_update_write(out, m.len - 1, 7, zone, &row, 1, &again) == ERR_LIMIT, "one less");
	EXPECT(dns_update_write(out, 11, 7, zone, &row, 1, &again) == ERR_LIMIT, "not a header");
}

TEST_MAIN(UNIT(each_row), UNIT(bounds))

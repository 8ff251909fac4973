#include "service/dns_rate.h"

#include <netinet/in.h>

#include "net/address.h"
#include "zone_world.h"

#define LIMIT 5

static struct sockaddr_storage peer(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(slice_str(text), &a), OK);
	return a.any;
}

/* How many of n answers at one moment are sent, slipped and dropped. */
static void count(struct dns_rate *r, const char *from, enum zone_outcome outcome, const char *name,
                  int64_t now_ms, size_t n, size_t out[3])
{
	struct sockaddr_storage p = peer(from);
	struct dns_name wire = zone_name(name);
	struct dns_query q = { .name = dns_name_slice(&wire), .type = DNS_TXT };

	out[0] = out[1] = out[2] = 0;
	for (size_t i = 0; i < n; i++)
		out[dns_rate_count(r, &p, outcome, &q, now_ms)]++;
}

static const struct row {
	const char *label, *from;
	enum zone_outcome outcome;
	const char *name;
	int64_t now_ms;
	size_t n, sent, slipped, dropped;
} rows[] = {
	{ "up to the limit", "192.0.2.1:1", ZONE_POSITIVE, "a.z", 1000, 5, 5, 0, 0 },
	{ "above it every second one slips", "192.0.2.1:1", ZONE_POSITIVE, "a.z", 1000, 6, 0, 3,
	  3 },
	{ "another name", "192.0.2.1:1", ZONE_POSITIVE, "b.z", 1000, 5, 5, 0, 0 },
	{ "the same network", "192.0.2.200:9", ZONE_POSITIVE, "A.z", 1000, 2, 0, 1, 1 },
	{ "another network", "192.0.3.1:1", ZONE_POSITIVE, "a.z", 1000, 5, 5, 0, 0 },
	{ "the next second", "192.0.2.1:1", ZONE_POSITIVE, "a.z", 2000, 5, 5, 0, 0 },
	{ "names that do not exist share a count", "192.0.2.1:1", ZONE_NXDOMAIN, "x.z", 2000, 5, 5,
	  0, 0 },
	{ "whatever they are", "192.0.2.1:1", ZONE_NXDOMAIN, "y.z", 2000, 4, 0, 2, 2 },
	{ "errors are apart", "192.0.2.1:1", ZONE_ERROR, "y.z", 2000, 5, 5, 0, 0 },
	{ "IPv6", "[2001:db8:0:100::1]:1", ZONE_POSITIVE, "a.z", 2000, 5, 5, 0, 0 },
	{ "IPv6 in the same /56", "[2001:db8:0:1ff::2]:1", ZONE_POSITIVE, "a.z", 2000, 2, 0, 1, 1 },
	{ "IPv6 in another one", "[2001:db8:0:200::1]:1", ZONE_POSITIVE, "a.z", 2000, 5, 5, 0, 0 },
};

TEST(answers_are_counted)
{
	struct dns_rate *r = dns_rate_new(LIMIT);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t got[3];

		count(r, rows[i].from, rows[i].outcome, rows[i].name, rows[i].now_ms, rows[i].n,
		      got);
		EXPECT(got[DNS_RATE_SEND] == rows[i].sent, rows[i].label);
		EXPECT(got[DNS_RATE_SLIP] == rows[i].slipped, rows[i].label);
		EXPECT(got[DNS_RATE_DROP] == rows[i].dropped, rows[i].label);
	}
	dns_rate_free(r);
}

/* A name that is there has as many types that it does not have as there are types. */
TEST(types_that_are_not_there)
{
	static const struct {
		enum zone_outcome outcome;
		size_t sent;
	} cases[] = { { ZONE_NODATA, LIMIT }, { ZONE_POSITIVE, 20 } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_rate *r = dns_rate_new(LIMIT);
		struct sockaddr_storage p = peer("192.0.2.1:1");
		struct dns_name wire = zone_name("a.z");
		size_t sent = 0;

		for (uint16_t type = 1; type <= 20; type++) {
			struct dns_query q = { .name = dns_name_slice(&wire), .type = type };

			sent += dns_rate_count(r, &p, cases[i].outcome, &q, 1000) == DNS_RATE_SEND;
		}
		EXPECT(sent == cases[i].sent, "one count for all of them");
		dns_rate_free(r);
	}
}

TEST(switched_off)
{
	struct dns_rate *off = dns_rate_new(0), *unlimited = dns_rate_new(UINT64_MAX);
	size_t got[3];

	count(off, "192.0.2.1:1", ZONE_ERROR, "a.z", 1000, 10000, got);
	EXPECT(got[DNS_RATE_SEND] == 10000, "off");
	count(unlimited, "192.0.2.1:1", ZONE_ERROR, "a.z", 1000, 10000, got);
	EXPECT(got[DNS_RATE_SEND] == 10000, "unlimited");
	dns_rate_free(off);
	dns_rate_free(unlimited);
}

TEST_MAIN(UNIT(types_that_are_not_there), UNIT(answers_are_counted), UNIT(switched_off))

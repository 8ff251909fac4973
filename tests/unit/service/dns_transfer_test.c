#include "service/dns_transfer.h"

#include <netinet/in.h>

#include "net/address.h"
#include "zone_world.h"

#define NOW INT64_C(1800000000)
#define NAMES 3000

static struct sockaddr_storage peer(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(slice_str(text), &a), OK);
	return a.any;
}

static const struct allow_row {
	const char *label, *listed, *peer;
	bool key, is_signed, want;
} allow_rows[] = {
	{ "DNS-20: a listed address, any port", "192.0.2.1:53", "192.0.2.1:4000", false, false,
	  true },
	{ "DNS-20: another one", "192.0.2.1:53", "192.0.2.2:53", false, false, false },
	{ "DNS-20: IPv6", "[2001:db8::1]:53", "[2001:db8::1]:7", false, false, true },
	{ "DNS-20: another IPv6 one", "[2001:db8::1]:53", "[2001:db8::2]:7", false, false, false },
	{ "DNS-20: another family", "192.0.2.1:53", "[2001:db8::1]:7", false, false, false },
	{ "DNS-20: with keys a signature is needed", "192.0.2.1:53", "192.0.2.1:53", true, false,
	  false },
	{ "DNS-20: and the address as well", "192.0.2.1:53", "192.0.2.2:53", true, true, false },
	{ "DNS-20: both", "192.0.2.1:53", "192.0.2.1:53", true, true, true },
};

TEST(who_may_have_it)
{
	struct dns_peers nobody = { 0 };
	struct sockaddr_storage p = peer("127.0.0.1:53");

	EXPECT(!dns_transfer_allowed(&nobody, &p, true), "DNS-20: nobody is listed");
	for (size_t i = 0; i < ARRAY_LEN(allow_rows); i++) {
		const struct allow_row *r = &allow_rows[i];
		struct dns_peers peers = { .secondary_count = 1, .key_count = r->key ? 1 : 0 };

		peers.secondaries[0] = peer(r->listed);
		p = peer(r->peer);
		EXPECT(dns_transfer_allowed(&peers, &p, r->is_signed) == r->want, r->label);
	}
}

static struct zone *big_zone(void)
{
	struct zone *z = zone_world();
	char name[64];

	for (int i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof(name), "d%d.example.claim%d.id.sts.example", i, i % 7);
		assert_int_equal(zone_put_txt(z, name, S("v=STSv1; id=20260512000000;")), OK);
	}
	return z;
}

/* What a client sees of a transfer. */
struct seen {
	size_t messages, records, soas;
	bool soa_first, soa_last, good;
	uint32_t serial;
};

static void look(struct slice m, struct seen *s)
{
	size_t at = DNS_HEADER_SIZE, answers = dns_get16(m.p + 6);
	struct dns_name n;

	s->good = s->good && dns_get16(m.p) == 0x1234 && (dns_get16(m.p + 2) & 0x8400) == 0x8400;
	s->good = s->good && dns_get16(m.p + 4) == (s->messages == 0 ? 1 : 0);
	for (unsigned i = 0; i < dns_get16(m.p + 4); i++) {
		assert_int_equal(dns_name_parse(m, at, &n, &at), OK);
		at += 4;
	}
	for (size_t i = 0; i < answers; i++) {
		bool soa;

		assert_int_equal(dns_name_parse(m, at, &n, &at), OK);
		soa = dns_get16(m.p + at) == DNS_SOA;
		at += 10 + dns_get16(m.p + at + 8);
		if (s->records++ == 0)
			s->soa_first = soa;
		s->soa_last = soa;
		s->soas += soa ? 1 : 0;
		if (soa)
			s->serial = dns_get32(m.p + at - 20);
	}
	s->messages++;
}

static struct zone_ask ask_for(uint16_t type, unsigned char in[512])
{
	struct zone_question q = { .name = "sts.example", .type = type };
	struct zone_ask ask = { .udp = false };

	ask.reading = dns_query_read(zone_query(&q, in), &ask.query);
	return ask;
}

TEST(the_whole_zone)
{
	static unsigned char out[DNS_MESSAGE_MAX];
	struct zone *z = big_zone();
	size_t sets = zone_count(z);
	unsigned char in[512];
	struct zone_ask ask = ask_for(DNS_AXFR, in);
	struct seen s = { .good = true };
	struct dns_transfer t;
	struct slice m;

	assert_int_equal(dns_transfer_begin(z, &ask, NULL, &t), OK);
	while ((m = dns_transfer_next(&t, NOW, out, sizeof(out))).len > 0) {
		look(m, &s);
		/* The zone goes on changing: none of it may be seen. */
		zone_set_serial(z, ZONE_SERIAL + (int64_t)s.messages);
		assert_int_equal(zone_drop(z, ZONE_ID, DNS_TXT), OK);
		assert_int_equal(zone_put_txt(z, "new.sts.example", S("x")), OK);
	}
	EXPECT(s.good && s.messages > 5, "several messages, the question in the first one");
	EXPECT(s.soa_first && s.soa_last && s.soas == 2, "DNS-20: between two SOA records");
	/* Two NS records in one set, and the SOA record twice. */
	EXPECT(s.records == sets + 2, "DNS-20: everything that was there at the beginning");
	EXPECT(s.serial == ZONE_SERIAL, "DNS-20: of one moment");
	dns_transfer_end(&t);
	zone_free(z);
}

TEST(every_message_is_signed)
{
	static unsigned char out[DNS_MESSAGE_MAX];
	struct zone *z = big_zone();
	struct dns_tsig ours, theirs;
	struct dns_tsig_key k;
	unsigned char in[512], request[512];
	struct zone_ask ask = ask_for(DNS_AXFR, in);
	struct dns_transfer t;
	struct slice m;
	size_t len, signed_len, messages = 0;

	assert_int_equal(dns_tsig_key_parse(S("hmac-sha256:k:c2VjcmV0"), &k), OK);
	len = zone_query(&(struct zone_question){ .name = "sts.example", .type = DNS_AXFR },
	                 request)
	              .len;
	dns_tsig_begin(&k, 0x1234, &ours);
	assert_int_equal(dns_tsig_sign(&ours, request, len, sizeof(request), NOW, &signed_len), OK);
	assert_int_equal(dns_tsig_check(slice_of(request, signed_len), len, &k, 1, NOW, &theirs),
	                 DNS_TSIG_GOOD);
	assert_int_equal(dns_transfer_begin(z, &ask, &theirs, &t), OK);
	while ((m = dns_transfer_next(&t, NOW, out, sizeof(out))).len > 0) {
		EXPECT(dns_tsig_check_answer(m, &ours, NOW) == OK, "DNS-18: signed");
		messages++;
	}
	EXPECT(messages > 5, "several");
	dns_transfer_end(&t);
	zone_free(z);
}

static const struct ixfr_row {
	const char *label;
	bool has_serial;
	uint32_t from;
	bool single;
} ixfr_rows[] = {
	{ "DNS-21: up to date: the SOA record alone", true, ZONE_SERIAL, true },
	{ "DNS-21: behind: the whole zone", true, ZONE_SERIAL - 1, false },
	{ "DNS-11: behind across the wrap", true, 0xfffffff0u, false },
	{ "DNS-11: ahead", true, ZONE_SERIAL + 5, true },
	{ "DNS-21: without its SOA record", false, 0, false },
};

TEST(ixfr_is_answered)
{
	static unsigned char out[DNS_MESSAGE_MAX];
	struct zone *z = zone_world();

	for (size_t i = 0; i < ARRAY_LEN(ixfr_rows); i++) {
		const struct ixfr_row *r = &ixfr_rows[i];
		unsigned char in[512];
		struct zone_ask ask = ask_for(DNS_IXFR, in);
		struct seen s = { .good = true };
		struct dns_transfer t;
		struct slice m;

		ask.query.has_serial = r->has_serial;
		ask.query.ixfr_from = r->from;
		assert_int_equal(dns_transfer_begin(z, &ask, NULL, &t), OK);
		while ((m = dns_transfer_next(&t, NOW, out, sizeof(out))).len > 0)
			look(m, &s);
		EXPECT(s.records == (r->single ? 1 : zone_count(z) + 2), r->label);
		dns_transfer_end(&t);
	}
	zone_free(z);
}

/* The largest record there may be fits in a message with everything around it. */
TEST(a_large_record)
{
	static unsigned char out[DNS_MESSAGE_MAX];
	static char text[30000];
	struct zone *z = zone_world();
	unsigned char in[512];
	struct zone_ask ask = ask_for(DNS_AXFR, in);
	struct seen s = { .good = true };
	struct dns_transfer t;
	struct slice m;

	memset(text, 'x', sizeof(text));
	assert_int_equal(zone_put_txt(z, "big.sts.example", slice_of(text, sizeof(text))), OK);
	assert_int_equal(dns_transfer_begin(z, &ask, NULL, &t), OK);
	while ((m = dns_transfer_next(&t, NOW, out, sizeof(out))).len > 0)
		look(m, &s);
	EXPECT(s.soas == 2 && s.soa_last, "to its end");
	dns_transfer_end(&t);
	zone_free(z);
}

TEST_MAIN(UNIT(who_may_have_it), UNIT(the_whole_zone), UNIT(every_message_is_signed),
          UNIT(ixfr_is_answered), UNIT(a_large_record))

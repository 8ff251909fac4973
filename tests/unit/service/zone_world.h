/* A small service zone, and questions to it as bytes. */
#ifndef TESTS_UNIT_SERVICE_ZONE_WORLD_H
#define TESTS_UNIT_SERVICE_ZONE_WORLD_H

#include "service/zone_answer.h"
#include "test.h"
#include "wire/dns_rdata.h"

#define ZONE_SERIAL 77
#define ZONE_ID "acme.example.abc.id.sts.example"
#define ZONE_WEB "acme.example.abc.web.sts.example"

static inline struct dns_name zone_name(const char *text)
{
	struct dns_name n;

	assert_int_equal(dns_name_from_text(slice_str(text), &n), OK);
	return n;
}

/* Applies one set and gives back its buffer's storage. */
static inline enum err zone_put(struct zone *z, const char *name, uint16_t type, uint32_t ttl,
                                struct buf *set)
{
	struct edge_record r = {
		.name = slice_str(name), .type = type, .ttl = ttl, .set = buf_slice(set)
	};
	enum err e = zone_apply(z, &r);

	buf_fini(set);
	return e;
}

static inline enum err zone_put_txt(struct zone *z, const char *name, struct slice text)
{
	struct buf b;

	buf_init(&b, DNS_SET_MAX);
	dns_set_txt(&b, text);
	return zone_put(z, name, DNS_TXT, 300, &b);
}

static inline enum err zone_put_a(struct zone *z, const char *name, const char *bytes)
{
	struct buf b;

	buf_init(&b, DNS_SET_MAX);
	dns_set_address(&b, bytes, 4);
	return zone_put(z, name, DNS_A, 300, &b);
}

static inline enum err zone_drop(struct zone *z, const char *name, uint16_t type)
{
	struct edge_record r = { .name = slice_str(name), .type = type, .gone = true };

	return zone_apply(z, &r);
}

static inline void zone_put_apex(struct zone *z)
{
	struct dns_name ns = zone_name("ns1.sts.example"), away = zone_name("ns.other.example");
	struct dns_name mx = zone_name("reports.sts.example");
	struct dns_soa soa = { dns_name_slice(&ns), dns_name_slice(&mx), 0, 300, 60, 9999, 60 };
	struct buf b;

	buf_init(&b, DNS_SET_MAX);
	dns_set_soa(&b, &soa);
	assert_int_equal(zone_put(z, "sts.example", DNS_SOA, 300, &b), OK);
	buf_init(&b, DNS_SET_MAX);
	dns_set_name(&b, dns_name_slice(&ns));
	dns_set_name(&b, dns_name_slice(&away));
	assert_int_equal(zone_put(z, "sts.example", DNS_NS, 3600, &b), OK);
	buf_init(&b, DNS_SET_MAX);
	dns_set_mx(&b, 10, dns_name_slice(&mx));
	assert_int_equal(zone_put(z, "reports.sts.example", DNS_MX, 300, &b), OK);
}

static inline struct zone *zone_world(void)
{
	struct dns_name origin = zone_name("STS.example");
	struct zone *z = zone_new(&origin);
	struct buf b;

	zone_put_apex(z);
	assert_int_equal(zone_put_a(z, "ns1.sts.example", "\300\0\2\1"), OK);
	assert_int_equal(zone_put_a(z, "reports.sts.example", "\300\0\2\1"), OK);
	assert_int_equal(zone_put_a(z, ZONE_WEB, "\300\0\2\1"), OK);
	buf_init(&b, DNS_SET_MAX);
	dns_set_address(&b, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_int_equal(zone_put(z, ZONE_WEB, DNS_AAAA, 300, &b), OK);
	assert_int_equal(zone_put_txt(z, ZONE_ID, S("v=STSv1; id=1;")), OK);
	zone_set_serial(z, ZONE_SERIAL);
	return z;
}

struct zone_question {
	const char *name;
	uint16_t type, class; /* class 0: IN */
	unsigned flags;       /* as on the wire, opcode included */
	unsigned payload;     /* 0: no EDNS */
	unsigned version;
	bool dnssec_ok;
};

static inline struct slice zone_query(const struct zone_question *q, unsigned char out[512])
{
	struct dns_name n = zone_name(q->name);
	struct dns_writer w;
	struct slice m;
	size_t at;

	dns_write_begin(&w, out, 512, 0x1234, q->flags);
	/* The case of the text is what a client may play with. */
	for (size_t i = 0, k = 1; q->name[i] != '\0'; i++, k++)
		if (q->name[i] != '.')
			n.wire[k] = q->name[i];
	dns_write_question(&w, dns_name_slice(&n), q->type,
	                   q->class == 0 ? DNS_CLASS_IN : q->class);
	at = w.len;
	if (q->payload != 0)
		assert_true(dns_write_opt(&w, q->version << 12, q->dnssec_ok));
	m = dns_write_end(&w, q->flags);
	if (q->payload != 0) {
		dns_put16(out + at + 3, q->payload);
		out[at + 5] = 0;
		out[at + 6] = (unsigned char)q->version;
	}
	return m;
}

static inline const char *zone_type_name(unsigned type)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = { { DNS_A, "A" },    { DNS_NS, "NS" },   { DNS_SOA, "SOA" },
		      { DNS_MX, "MX" },  { DNS_TXT, "TXT" }, { DNS_AAAA, "AAAA" },
		      { DNS_OPT, "OPT" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "?";
}

/* "0 AA / sts.example. SOA 60 / …": rcode, flags, then owner, type and TTL of each record. */
static inline const char *zone_show(struct slice m)
{
	static char text[4096];
	size_t len, at = DNS_HEADER_SIZE, sections[3];
	unsigned flags = dns_get16(m.p + 2);
	struct dns_name n;
	char name[DNS_NAME_TEXT_SIZE];

	len = (size_t)snprintf(text, sizeof(text), "%u%s%s%s%s", flags & 0xf,
	                       flags & DNS_FLAG_AA ? " AA" : "", flags & DNS_FLAG_TC ? " TC" : "",
	                       flags & DNS_FLAG_RD ? " RD" : "", flags & DNS_FLAG_CD ? " CD" : "");
	assert_true((flags & DNS_FLAG_QR) != 0);
	if (dns_get16(m.p + 4) == 1) {
		assert_int_equal(dns_name_parse(m, at, &n, &at), OK);
		at += 4;
	} else {
		len += (size_t)snprintf(text + len, sizeof(text) - len, " (no question)");
	}
	for (size_t s = 0; s < 3; s++)
		sections[s] = dns_get16(m.p + 6 + 2 * s);
	for (size_t s = 0; s < 3; s++) {
		for (size_t i = 0; i < sections[s]; i++) {
			assert_int_equal(dns_name_parse(m, at, &n, &at), OK);
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s %u",
			                        i == 0 ? " / " : ", ",
			                        dns_name_text(dns_name_slice(&n), name),
			                        zone_type_name(dns_get16(m.p + at)),
			                        (unsigned)dns_get32(m.p + at + 4));
			at += 10 + dns_get16(m.p + at + 8);
		}
	}
	assert_int_equal(at, m.len);
	return text;
}

#endif

#include "net/authority.h"

#include "test.h"
#include "wire/dns_rdata.h"

#define ID 0x1234
#define AA (DNS_FLAG_QR | DNS_FLAG_AA)

/* One record of a message: section, owner, type, lifetime, data (of a name: as text). */
struct rec {
	enum dns_section section;
	const char *owner;
	enum dns_type type;
	uint32_t ttl;
	const char *text; /* a name, or the text of a TXT record */
};

static struct dns_name wire(const char *text)
{
	struct dns_name n;

	assert_int_equal(dns_name_from_text(slice_str(text), &n), OK);
	return n;
}

static void add(struct dns_writer *w, const struct rec *r)
{
	struct dns_name owner = wire(r->owner), target;
	struct buf set;

	buf_init(&set, DNS_SET_MAX);
	if (r->type == DNS_TXT) {
		dns_set_txt(&set, slice_str(r->text));
	} else if (r->type == DNS_SOA) {
		struct dns_name root = wire("ns.example");
		struct dns_soa soa = { .mname = dns_name_slice(&root),
			               .rname = dns_name_slice(&root),
			               .minimum = 60 };
		dns_set_soa(&set, &soa);
	} else {
		target = wire(r->text);
		dns_set_name(&set, dns_name_slice(&target));
	}
	struct dns_record record = { dns_name_slice(&owner), (uint16_t)r->type, r->ttl,
		                     slice_skip(buf_slice(&set), 2), 0 };
	EXPECT(dns_write_record(w, r->section, &record), r->owner);
	buf_fini(&set);
}

static struct slice make(unsigned char out[4096], const char *name, unsigned flags,
                         const struct rec *list, size_t count)
{
	struct dns_writer w;
	struct dns_name n = wire(name);

	dns_write_begin(&w, out, 4096, ID, flags);
	dns_write_question(&w, dns_name_slice(&n), DNS_TXT, DNS_CLASS_IN);
	for (size_t i = 0; i < count; i++)
		add(&w, &list[i]);
	return dns_write_end(&w, flags);
}

#define NAME "_mta-sts.a.example"

static const struct row {
	const char *label;
	unsigned flags;
	size_t count;
	struct rec list[4];
	enum authority_state want;
	size_t want_count;
	const char *cname, *below;
	uint32_t ttl;
} rows[] = {
	{ "a record",
	  AA,
	  1,
	  { { DNS_ANSWER, NAME, DNS_TXT, 300, "x" } },
	  AUTHORITY_FOUND,
	  1,
	  NULL,
	  NULL,
	  300 },
	{ "two records",
	  AA,
	  2,
	  { { DNS_ANSWER, NAME, DNS_TXT, 300, "x" }, { DNS_ANSWER, NAME, DNS_TXT, 200, "y" } },
	  AUTHORITY_FOUND,
	  2,
	  NULL,
	  NULL,
	  200 },
	{ "case of the owner does not count",
	  AA,
	  1,
	  { { DNS_ANSWER, "_MTA-STS.a.EXAMPLE", DNS_TXT, 300, "x" } },
	  AUTHORITY_FOUND,
	  1,
	  NULL,
	  NULL,
	  300 },
	{ "a CNAME, and what is behind it",
	  AA,
	  2,
	  { { DNS_ANSWER, NAME, DNS_CNAME, 60, "t.Other.example" },
	    { DNS_ANSWER, "t.other.example", DNS_TXT, 300, "x" } },
	  AUTHORITY_FOUND,
	  0,
	  "t.other.example",
	  NULL,
	  0 },
	{ "a CNAME with a record beside it",
	  AA,
	  2,
	  { { DNS_ANSWER, NAME, DNS_CNAME, 60, "t.other.example" },
	    { DNS_ANSWER, NAME, DNS_TXT, 300, "x" } },
	  AUTHORITY_FOUND,
	  1,
	  "t.other.example",
	  NULL,
	  300 },
	{ "DNS-06: nothing is remembered for the lower of TTL and MINIMUM",
	  AA | DNS_NAME_ERROR,
	  1,
	  { { DNS_AUTHORITY, "a.example", DNS_SOA, 3600, "" } },
	  AUTHORITY_NAME_ERROR,
	  0,
	  NULL,
	  NULL,
	  60 },
	{ "DNS-06: here the TTL",
	  AA,
	  1,
	  { { DNS_AUTHORITY, "a.example", DNS_SOA, 30, "" } },
	  AUTHORITY_NODATA,
	  0,
	  NULL,
	  NULL,
	  30 },
	{ "a zone below",
	  DNS_FLAG_QR,
	  2,
	  { { DNS_AUTHORITY, NAME, DNS_NS, 60, "ns1.b.example" },
	    { DNS_AUTHORITY, NAME, DNS_NS, 60, "ns2.b.example" } },
	  AUTHORITY_REFERRAL,
	  0,
	  NULL,
	  NAME,
	  0 },
	{ "NS records of another name are no referral",
	  DNS_FLAG_QR,
	  1,
	  { { DNS_AUTHORITY, "b.example", DNS_NS, 60, "ns1.b.example" } },
	  AUTHORITY_LAME,
	  0,
	  NULL,
	  NULL,
	  0 },
	{ "DNS-25: an answer out of a cache is none",
	  DNS_FLAG_QR,
	  1,
	  { { DNS_ANSWER, NAME, DNS_TXT, 300, "x" } },
	  AUTHORITY_LAME,
	  0,
	  NULL,
	  NULL,
	  0 },
	{ "REFUSED", DNS_FLAG_QR | DNS_REFUSED, 0, { { 0 } }, AUTHORITY_LAME, 0, NULL, NULL, 0 },
	{ "SERVFAIL", AA | DNS_SERVFAIL, 0, { { 0 } }, AUTHORITY_LAME, 0, NULL, NULL, 0 },
};

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

TEST(replies)
{
	struct arena *a = arena_new();
	unsigned char bytes[4096];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct authority_query q = { .name = NAME, .type = DNS_TXT };
		bool truncated = true;
		struct slice m = make(bytes, NAME, r->flags, r->list, r->count);

		EXPECT(authority_reply_read(m, ID, &q, a, &truncated), r->label);
		EXPECT(!truncated, r->label);
		EXPECT(q.reply.state == r->want, r->label);
		EXPECT(q.reply.count == r->want_count, r->label);
		EXPECT(same(q.reply.cname, r->cname), r->label);
		EXPECT(same(q.reply.below, r->below), r->label);
		EXPECT(q.reply.ttl == r->ttl, r->label);
		EXPECT((q.reply.why != NULL) == (r->want == AUTHORITY_LAME), r->label);
		size_t used = arena_used(a);
		for (size_t n = 0; n < m.len; n++) /* a proper prefix is never an answer */
			EXPECT(!authority_reply_read(slice_head(m, n), ID, &q, a, &truncated),
			       r->label);
		EXPECT(arena_used(a) == used, "what is no answer costs no memory");
	}
	arena_free(a);
}

TEST(what_is_no_answer)
{
	static const struct rec one = { DNS_ANSWER, NAME, DNS_TXT, 300, "x" };
	struct authority_query q = { .name = NAME, .type = DNS_TXT };
	struct authority_query other = { .name = "_mta-sts.b.example", .type = DNS_TXT };
	struct authority_query type = { .name = NAME, .type = DNS_A };
	struct arena *a = arena_new();
	unsigned char bytes[4096];
	bool truncated = false;
	struct slice m = make(bytes, NAME, AA, &one, 1);

	EXPECT(!authority_reply_read(m, ID + 1, &q, a, &truncated), "DNS-05: another id");
	EXPECT(!authority_reply_read(m, ID, &other, a, &truncated), "DNS-05: another question");
	EXPECT(!authority_reply_read(m, ID, &type, a, &truncated), "DNS-05: another type");
	m = make(bytes, NAME, DNS_FLAG_AA, &one, 1);
	EXPECT(!authority_reply_read(m, ID, &q, a, &truncated), "a query");
	m = make(bytes, NAME, AA | DNS_FLAG_TC, &one, 1);
	EXPECT(authority_reply_read(m, ID, &q, a, &truncated) && truncated && q.reply.count == 0,
	       "DNS-05: nothing of a truncated answer is used");
	arena_free(a);
}

static void nobody(const char *address, enum authority_state want, const char *label)
{
	struct authority_server s = { .name = "ns" };
	struct authority_query q = { .server = &s, .name = NAME, .type = DNS_TXT };
	struct arena *a = arena_new();
	struct authority_asker who = { .arena = a, .timeout_ms = 200 };

	if (address != NULL)
		assert_int_equal(dial_addr_parse(slice_str(address), 53, &s.at), OK);
	authority_ask(&who, &q, 1);
	EXPECT(q.reply.state == want && q.reply.why != NULL, label);
	arena_free(a);
}

TEST(servers_that_are_not_asked)
{
	nobody(NULL, AUTHORITY_SILENT, "no address");
	nobody("127.0.0.1", AUTHORITY_NO_WAY, "loopback");
	nobody("10.0.0.53", AUTHORITY_NO_WAY, "a private network");
	nobody("::ffff:10.0.0.53", AUTHORITY_NO_WAY, "a private network, mapped");
	nobody("64:ff9b::a00:35", AUTHORITY_NO_WAY, "a private network behind NAT64");
	nobody("2002:a00:35::1", AUTHORITY_NO_WAY, "a private network behind 6to4");
}

TEST_MAIN(UNIT(replies), UNIT(what_is_no_answer), UNIT(servers_that_are_not_asked))

#include "wire/dns_tsig.h"

#include "test.h"

#define NOW INT64_C(1800000000)

static struct dns_tsig_key key(const char *text)
{
	struct dns_tsig_key k;

	assert_int_equal(dns_tsig_key_parse(slice_str(text), &k), OK);
	return k;
}

static const struct key_row {
	const char *label, *text;
	enum err err;
	size_t secret_len;
} key_rows[] = {
	{ "DNS-15: hmac-sha256 unless told", "k.example:c2VjcmV0", OK, 6 },
	{ "named", "hmac-sha512:k.example:c2VjcmV0", OK, 6 },
	{ "DNS-15: hmac-sha1 is there", "HMAC-SHA1:k.example.:c2VjcmV0", OK, 6 },
	{ "DNS-15: hmac-md5 is not", "hmac-md5:k.example:c2VjcmV0", ERR_SYNTAX, 0 },
	{ "no secret", "k.example:", ERR_SYNTAX, 0 },
	{ "no name", ":c2VjcmV0", ERR_SYNTAX, 0 },
	{ "no colon", "c2VjcmV0", ERR_SYNTAX, 0 },
	{ "not base64", "k:c2Vj*mV0", ERR_SYNTAX, 0 },
};

TEST(keys_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(key_rows); i++) {
		struct dns_tsig_key k = { 0 };

		EXPECT(dns_tsig_key_parse(slice_str(key_rows[i].text), &k) == key_rows[i].err,
		       key_rows[i].label);
		EXPECT(k.secret_len == key_rows[i].secret_len, key_rows[i].label);
	}
}

struct message {
	unsigned char bytes[1024];
	size_t len, at; /* at: where TSIG begins */
};

static struct message request(const struct dns_tsig_key *k, int64_t now, struct dns_tsig *t)
{
	struct message m;
	struct dns_writer w;

	dns_write_begin(&w, m.bytes, sizeof(m.bytes), 77, 0);
	dns_write_question(&w, S("\1z\0"), DNS_AXFR, DNS_CLASS_IN);
	m.at = dns_write_end(&w, 0).len;
	dns_tsig_begin(k, 77, t);
	assert_int_equal(dns_tsig_sign(t, m.bytes, m.at, sizeof(m.bytes), now, &m.len), OK);
	return m;
}

static enum dns_tsig_error check(const struct message *m, const struct dns_tsig_key *k, int64_t now,
                                 struct dns_tsig *t)
{
	struct dns_query q;

	assert_int_equal(dns_query_read(slice_of(m->bytes, m->len), &q), DNS_READ_QUERY);
	assert_int_equal(q.tsig_at, m->at);
	return dns_tsig_check(slice_of(m->bytes, m->len), m->at, k, 1, now, t);
}

static const char *const algorithms[] = { "hmac-sha1:K:c2VjcmV0", "hmac-sha224:K:c2VjcmV0",
	                                  "hmac-sha256:K:c2VjcmV0", "hmac-sha384:K:c2VjcmV0",
	                                  "hmac-sha512:K:c2VjcmV0" };

TEST(what_is_signed_checks)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct dns_tsig_key k = key(algorithms[i]);
		struct dns_tsig ours, theirs;
		struct message m = request(&k, NOW, &ours);

		EXPECT(check(&m, &k, NOW, &theirs) == DNS_TSIG_GOOD, algorithms[i]);
		EXPECT(m.len - m.at <= dns_tsig_room(&ours), "the room was enough");
	}
}

/* Any changed bit of the message or the record is noticed, as one fault or another. */
TEST(no_bit_may_change)
{
	struct dns_tsig_key k = key("k:c2VjcmV0");
	struct dns_tsig ours, theirs;
	struct message m = request(&k, NOW, &ours);

	/* Behind the header, whose id is put back, and without the letters' case. */
	for (size_t i = DNS_HEADER_SIZE; i < m.len; i++) {
		struct message bad = m;
		struct dns_query q;

		bad.bytes[i] ^= 1;
		if (dns_query_read(slice_of(bad.bytes, bad.len), &q) != DNS_READ_QUERY ||
		    q.tsig_at == 0)
			continue;
		EXPECT(dns_tsig_check(slice_of(bad.bytes, bad.len), q.tsig_at, &k, 1, NOW,
		                      &theirs) != DNS_TSIG_GOOD,
		       "a changed bit");
	}
	m.bytes[0] ^= 1;
	EXPECT(check(&m, &k, NOW, &theirs) == DNS_TSIG_GOOD,
	       "DNS-13: the id is that of the record, for forwarders");
}

static const struct fault_row {
	const char *label, *theirs;
	int64_t off;
	enum dns_tsig_error want;
} fault_rows[] = {
	{ "DNS-14: an unknown name", "other:c2VjcmV0", 0, DNS_TSIG_BADKEY },
	{ "DNS-14: another algorithm", "hmac-sha512:k:c2VjcmV0", 0, DNS_TSIG_BADKEY },
	{ "DNS-14: another secret", "k:c2VjcmV1", 0, DNS_TSIG_BADSIG },
	{ "DNS-14: the time is not looked at before the MAC", "k:c2VjcmV1", 4000, DNS_TSIG_BADSIG },
	{ "DNS-13: 300 s late", "K:c2VjcmV0", 300, DNS_TSIG_GOOD },
	{ "DNS-14: 301 s late", "k:c2VjcmV0", 301, DNS_TSIG_BADTIME },
	{ "DNS-14: 301 s early", "k:c2VjcmV0", -301, DNS_TSIG_BADTIME },
};

TEST(faults_in_their_order)
{
	struct dns_tsig_key k = key("k:c2VjcmV0");

	for (size_t i = 0; i < ARRAY_LEN(fault_rows); i++) {
		struct dns_tsig_key other = key(fault_rows[i].theirs);
		struct dns_tsig ours, theirs;
		struct message m = request(&other, NOW, &ours);

		EXPECT(check(&m, &k, NOW + fault_rows[i].off, &theirs) == fault_rows[i].want,
		       fault_rows[i].label);
	}
}

/* Cuts the MAC of a request to n bytes, lengths corrected. */
static struct message cut(struct message m, size_t n)
{
	size_t rdlength = m.at + 3 + 8, mac = m.at + 3 + 10 + 13 + 8, len = 32;

	dns_put16(m.bytes + rdlength, dns_get16((char *)m.bytes + rdlength) - (unsigned)(len - n));
	dns_put16(m.bytes + mac, (unsigned)n);
	memmove(m.bytes + mac + 2 + n, m.bytes + mac + 2 + len, m.len - mac - 2 - len);
	m.len -= len - n;
	return m;
}

TEST(cut_signatures)
{
	struct dns_tsig_key k = key("k:c2VjcmV0");
	struct dns_tsig ours, theirs;
	struct message m = request(&k, NOW, &ours), some;

	some = cut(m, 16);
	EXPECT(check(&some, &k, NOW, &theirs) == DNS_TSIG_GOOD, "DNS-16: half of the digest");
	some = cut(m, 15);
	EXPECT(check(&some, &k, NOW, &theirs) == DNS_TSIG_FORMERR, "DNS-16: less");
	some = cut(m, 9);
	EXPECT(check(&some, &k, NOW, &theirs) == DNS_TSIG_FORMERR, "DNS-16: nine bytes");
	some = cut(m, 0);
	EXPECT(check(&some, &k, NOW, &theirs) == DNS_TSIG_BADSIG, "none at all");
}

static size_t answer(struct dns_tsig *t, unsigned char out[1024], int64_t now)
{
	struct dns_writer w;
	size_t len = 0;

	dns_write_begin(&w, out, 1024, 77, DNS_FLAG_QR);
	dns_write_question(&w, S("\1z\0"), DNS_AXFR, DNS_CLASS_IN);
	assert_int_equal(dns_tsig_sign(t, out, dns_write_end(&w, DNS_FLAG_QR).len, 1024, now, &len),
	                 OK);
	return len;
}

TEST(answers)
{
	struct dns_tsig_key k = key("k:c2VjcmV0"), wrong = key("k:c2VjcmV1");
	struct dns_tsig ours, theirs, before, forged;
	struct message m = request(&k, NOW, &ours);
	unsigned char out[1024], further[1024];
	size_t len;

	assert_int_equal(check(&m, &k, NOW, &theirs), DNS_TSIG_GOOD);
	len = answer(&theirs, out, NOW);
	before = ours;
	EXPECT(dns_tsig_check_answer(slice_head(slice_of(out, len), m.at), &ours, NOW) ==
	               ERR_CRYPTO,
	       "DNS-17: not signed");
	dns_tsig_begin(&wrong, 77, &forged);
	(void)answer(&forged, further, NOW);
	EXPECT(dns_tsig_check_answer(slice_of(further, len), &ours, NOW) == ERR_CRYPTO,
	       "DNS-17: signed by somebody else");
	EXPECT(dns_tsig_check_answer(slice_of(out, len), &ours, NOW + 400) == ERR_CRYPTO, "old");
	EXPECT(dns_tsig_check_answer(slice_of(out, len), &ours, NOW) == OK,
	       "DNS-13, DNS-17: signed over the request's MAC; what came before did no harm");
	for (int i = 0; i < 3; i++) {
		size_t next = answer(&theirs, further, NOW);

		EXPECT(dns_tsig_check_answer(slice_of(further, next), &ours, NOW) == OK,
		       "DNS-18: and each further one over the one before");
	}
	EXPECT(dns_tsig_check_answer(slice_of(further, len), &before, NOW) == ERR_CRYPTO,
	       "DNS-18: none can be left out");
}

TEST(faults_are_told)
{
	struct dns_tsig_key k = key("k:c2VjcmV0"), wrong = key("k:c2VjcmV1");
	struct dns_tsig ours, theirs;
	struct message m = request(&wrong, NOW, &ours);
	unsigned char out[1024];
	size_t len;

	assert_int_equal(check(&m, &k, NOW, &theirs), DNS_TSIG_BADSIG);
	len = answer(&theirs, out, NOW);
	EXPECT(dns_get16((char *)out + len - 4) == DNS_TSIG_BADSIG, "DNS-14: the error");
	EXPECT(dns_get16((char *)out + len - 8) == 0, "DNS-14: BADSIG is not signed");
	m = request(&k, NOW - 1000, &ours);
	assert_int_equal(check(&m, &k, NOW, &theirs), DNS_TSIG_BADTIME);
	len = answer(&theirs, out, NOW);
	EXPECT(dns_get16((char *)out + len - 10) == DNS_TSIG_BADTIME, "DNS-14: the error");
	EXPECT(dns_get16((char *)out + len - 8) == 6 &&
	               dns_get32((char *)out + len - 4) == (uint32_t)NOW,
	       "DNS-14: and what time it is here");
	EXPECT(theirs.mac_len == 32, "DNS-14: BADTIME is signed");
}

TEST_MAIN(UNIT(keys_are_read), UNIT(what_is_signed_checks), UNIT(no_bit_may_change),
          UNIT(faults_in_their_order), UNIT(cut_signatures), UNIT(answers), UNIT(faults_are_told))

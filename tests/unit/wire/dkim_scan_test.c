#include "wire/dkim_scan.h"

#include "dkim_sign.h"
#include "dkim_vectors.h"
#include "test.h"
#include "wire/dkim_key.h"

static enum dkim_fault verify(const struct dkim_signed *s, struct slice record)
{
	struct dkim_key k = { .bits = 0 };
	enum dkim_fault f = s->fault;

	if (f == DKIM_NONE)
		f = dkim_key_parse(record, &k);
	if (f != DKIM_NONE)
		return f;
	f = dkim_key_check(&k, s->algorithm, slice_eq(s->identity, s->domain), false);
	if (f == DKIM_NONE)
		f = dkim_key_verify(&k, s->digest, s->b);
	dkim_key_fini(&k);
	return f;
}

/* The fault of the message's first signature under a key record. */
static enum dkim_fault first(struct slice message, struct slice record)
{
	struct arena *a = arena_new();
	struct dkim_scan *scan = arena_alloc(a, sizeof(*scan));

	dkim_scan(message, a, scan);
	enum dkim_fault f = scan->count == 0 ? DKIM_NO_KEY : verify(&scan->signatures[0], record);
	arena_free(a);
	return f;
}

TEST(published_messages)
{
	struct arena *a = arena_new();
	struct dkim_scan *s = arena_alloc(a, sizeof(*s));

	EXPECT(first(S(RFC6376_MESSAGE), S(RFC6376_KEY)) == DKIM_NONE,
	       "DKIM-14 DKIM-15: RFC 6376, appendix A.2 (simple/simple, rsa-sha256)");
	dkim_scan(S(RFC8463_MESSAGE), a, s);
	EXPECT(s->count == 2, "DKIM-18: two signatures");
	EXPECT(verify(&s->signatures[0], S(RFC8463_ED25519_KEY)) == DKIM_NONE,
	       "DKIM-14 DKIM-16 DKIM-17: RFC 8463, appendix A.3 (relaxed/relaxed, Ed25519)");
	EXPECT(verify(&s->signatures[1], S(RFC8463_RSA_KEY)) == DKIM_NONE,
	       "DKIM-14 DKIM-15 DKIM-18: RFC 8463, appendix A.3 (relaxed/relaxed, RSA)");
	EXPECT(verify(&s->signatures[0], S(RFC8463_RSA_KEY)) == DKIM_KEY_TYPE,
	       "DKIM-17: the key of the other algorithm");
	EXPECT_SLICE(s->signatures[0].domain, S("football.example.com"), "d=");
	EXPECT_SLICE(s->signatures[0].selector, S("brisbane"), "s=");
	EXPECT_SLICE(s->from, S("football.example.com"), "From");
	EXPECT(s->signatures[0].has_time && s->signatures[0].time == 1528637909, "t=");
	EXPECT(!s->signatures[0].covers_domain && !s->signatures[0].covers_submitter,
	       "RPT-75 DKIM-09: TLS-Report-* are told not to be covered");
	arena_free(a);
}

/* Every byte of the signed parts counts. */
TEST(one_byte_at_a_time)
{
	static const struct slice message = SLICE_INIT(RFC6376_MESSAGE);
	char *copy = mem_alloc(message.len);
	size_t b = slice_find_slice(message, S(" b=Au")) + 3;
	size_t b_end = slice_find_slice(message, S(";\r\nReceived"));

	for (size_t i = 0; i < message.len; i++) {
		if (i >= b && i < b_end)
			continue; /* blanks in b= do not count */
		memcpy(copy, message.p, message.len);
		copy[i] ^= 0x04;
		if (first(slice_of(copy, message.len), S(RFC6376_KEY)) == DKIM_NONE) {
			test_failures++;
			(void)fprintf(stderr, "DKIM-02: byte %zu may be changed\n", i);
		}
	}
	mem_free(copy);
}

static const struct {
	const char *label, *message;
	enum dkim_fault want;
} changed[] = {
	{ "DKIM-02: a word of the body", RFC8463_ED25519 RFC_FIELDS "\r\n" RFC8463_BODY "x\r\n",
	  DKIM_BODY },
	{ "DKIM-14: empty lines at the end are nothing",
	  RFC8463_ED25519 RFC_FIELDS "\r\n" RFC8463_BODY "\r\n\r\n", DKIM_NONE },
	{ "DKIM-02: a signed field", RFC8463_ED25519 "X: y\r\n" RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_NONE },
	{ "DKIM-02: To is signed",
	  RFC8463_ED25519 "To: x@example.com\r\n" RFC_FIELDS "\r\n" RFC8463_BODY, DKIM_NONE },
	{ "DKIM-23: a second From",
	  RFC8463_ED25519 "From: x@evil.example\r\n" RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_REPEATED },
	{ "DKIM-23: a second From below",
	  RFC8463_ED25519 RFC_FIELDS "from : x@evil.example\r\n"
	                             "\r\n" RFC8463_BODY,
	  DKIM_REPEATED },
	{ "DKIM-23: two Content-Types",
	  "Content-Type: text/plain\r\nCONTENT-TYPE: x/y\r\n" RFC8463_ED25519 RFC_FIELDS
	  "\r\n" RFC8463_BODY,
	  DKIM_REPEATED },
	{ "DKIM-23: two TLS-Report-Domains",
	  "TLS-Report-Domain: a\r\nTLS-Report-Domain: b\r\n" RFC8463_ED25519 RFC_FIELDS
	  "\r\n" RFC8463_BODY,
	  DKIM_REPEATED },
	{ "DKIM-23: one Content-Type is one",
	  "Content-Type: text/plain\r\n" RFC8463_ED25519 RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_NONE },
	{ "a line without colon", RFC8463_ED25519 "hello\r\n" RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_MESSAGE },
	{ "a CR in the middle", RFC8463_ED25519 "X: a\rFrom: b\r\n" RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_MESSAGE },
	{ "a mailbox's line on top",
	  "From joe Fri Jul 11 21:00:37 2003\r\n" RFC8463_ED25519 RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_NONE },
	{ "a continuation line on top", " x\r\n" RFC8463_ED25519 RFC_FIELDS "\r\n" RFC8463_BODY,
	  DKIM_NO_KEY },
	{ "no body", RFC8463_ED25519 RFC_FIELDS, DKIM_BODY },
};

TEST(changes)
{
	struct buf unix_ends;

	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		EXPECT(first(slice_str(changed[i].message), S(RFC8463_ED25519_KEY)) ==
		               changed[i].want,
		       changed[i].label);
	buf_init(&unix_ends, 65536);
	for (struct slice rest = S(RFC8463_MESSAGE), line; slice_next_line(&rest, &line);) {
		buf_add(&unix_ends, line);
		buf_add_char(&unix_ends, '\n');
	}
	EXPECT(first(buf_slice(&unix_ends), S(RFC8463_ED25519_KEY)) == DKIM_NONE,
	       "DKIM-14: a pipe's line ends");
	buf_fini(&unix_ends);
}

TEST(nul_in_the_header)
{
	static const char message[] = "X: a\0b\r\n" RFC8463_ED25519 RFC_FIELDS "\r\n" RFC8463_BODY;

	EXPECT(first(slice_of(message, sizeof(message) - 1), S(RFC8463_ED25519_KEY)) == DKIM_NO_KEY,
	       "a NUL ends what is read of the header");
}

static void random_header(struct buf *out, uint64_t *seed)
{
	static const char *const gaps[] = { " ", "\t", "  ", "\r\n ", "\r\n\t " };

	buf_reset(out);
	buf_add_str(out, "From: tls@a.example\r\n");
	for (unsigned i = 0; i < 4; i++) {
		buf_printf(out, "X-%u:", i);
		for (unsigned w = test_random(seed) % 5; w > 0; w--)
			buf_printf(out, "%sw%u", gaps[test_random(seed) % ARRAY_LEN(gaps)], w);
		buf_add_str(out, "\r\n");
	}
}

static void random_body(struct buf *out, uint64_t *seed)
{
	static const char *const pieces[] = { "a", "bb ", " ", "\t", "\r\n", "\r\n\r\n", "x y" };

	buf_reset(out);
	for (unsigned n = test_random(seed) % 40; n > 0; n--)
		buf_add_str(out, pieces[test_random(seed) % ARRAY_LEN(pieces)]);
}

/* What was signed in any of the forms verifies, with either kind of key. */
TEST(signed_and_verified)
{
	struct signer rsa = signer_new(1024), ed = signer_new(0);
	struct buf header, body, message;
	uint64_t seed = 99;

	buf_init(&header, 65536);
	buf_init(&body, 65536);
	buf_init(&message, 1u << 20);
	for (unsigned round = 0; round < 400; round++) {
		const struct signer *s = round % 2 == 0 ? &rsa : &ed;

		random_header(&header, &seed);
		random_body(&body, &seed);
		buf_reset(&message);
		signer_message(s, "d=a.example; s=k; h=From:X-0:X-1:X-2:X-3:X-4:From",
		               (enum dkim_canon)(round / 2 % 2), (enum dkim_canon)(round / 4 % 2),
		               buf_slice(&header), buf_slice(&body), &message);
		EXPECT(first(buf_slice(&message), slice_str(s->record)) == DKIM_NONE,
		       "DKIM-14 DKIM-15 DKIM-16: what was signed verifies");
	}
	EVP_PKEY_free(rsa.key);
	EVP_PKEY_free(ed.key);
	buf_fini(&header);
	buf_fini(&body);
	buf_fini(&message);
}

TEST(facts_of_a_report)
{
	struct signer ed = signer_new(0);
	struct arena *a = arena_new();
	struct dkim_scan *s = arena_alloc(a, sizeof(*s));
	struct buf message;

	buf_init(&message, 65536);
	signer_message(&ed,
	               "d=A.Example; s=K; i=x@sub.a.example; x=5; "
	               "h=From:TLS-Report-Submitter:TLS-Report-Domain",
	               DKIM_RELAXED, DKIM_RELAXED,
	               S("From: Reports <tls@sub.a.example>\r\nTLS-Report-Domain: d.example\r\n"
	                 "TLS-Report-Submitter: a.example\r\n"),
	               S("{}\r\n"), &message);
	dkim_scan(buf_slice(&message), a, s);
	EXPECT(s->count == 1 && s->left_out == 0, "one signature");
	EXPECT(s->signatures[0].covers_domain && s->signatures[0].covers_submitter,
	       "RPT-75 DKIM-09: covered");
	EXPECT_SLICE(s->signatures[0].domain, S("a.example"), "lower case");
	EXPECT_SLICE(s->signatures[0].identity, S("sub.a.example"), "DKIM-12: the domain of i=");
	EXPECT(s->signatures[0].has_expiry && s->signatures[0].expiry == 5 &&
	               s->signatures[0].fault == DKIM_NONE,
	       "DKIM-13: times are told, not judged");
	EXPECT_SLICE(s->from, S("sub.a.example"), "From");
	arena_free(a);
	buf_fini(&message);
	EVP_PKEY_free(ed.key);
}

TEST(ceilings)
{
	struct arena *a = arena_new();
	struct dkim_scan *s = arena_alloc(a, sizeof(*s));
	struct buf m;

	buf_init(&m, 4u << 20);
	for (int i = 0; i < 100; i++)
		buf_add_str(&m, "DKIM-Signature: v=1\r\n");
	buf_add_str(&m, RFC_FIELDS "\r\n");
	dkim_scan(buf_slice(&m), a, s);
	EXPECT(s->count == DKIM_SIGNATURES_MAX && s->left_out == 100 - DKIM_SIGNATURES_MAX,
	       "DKIM-22: of a hundred signatures the first few are looked at");
	buf_reset(&m);
	for (unsigned i = 0; i < DKIM_FIELDS_MAX - 6; i++)
		buf_printf(&m, "X:%u\r\n", i);
	struct slice fits = arena_copy(a, buf_slice(&m));
	buf_reset(&m);
	buf_add_str(&m, RFC8463_ED25519);
	buf_add(&m, fits);
	buf_add_str(&m, RFC_FIELDS "\r\n" RFC8463_BODY);
	EXPECT(first(buf_slice(&m), S(RFC8463_ED25519_KEY)) == DKIM_NONE,
	       "DKIM-22: as many fields as are taken");
	buf_reset(&m);
	buf_add_str(&m, RFC8463_ED25519 "X: one more\r\n");
	buf_add(&m, fits);
	buf_add_str(&m, RFC_FIELDS "\r\n" RFC8463_BODY);
	EXPECT(first(buf_slice(&m), S(RFC8463_ED25519_KEY)) == DKIM_MESSAGE, "DKIM-22: one more");
	buf_reset(&m);
	buf_add_str(&m, RFC8463_ED25519 "X: ");
	for (unsigned i = 0; i < DKIM_HEADER_MAX; i++)
		buf_add_char(&m, 'x');
	buf_add_str(&m, "\r\n" RFC_FIELDS "\r\n" RFC8463_BODY);
	EXPECT(first(buf_slice(&m), S(RFC8463_ED25519_KEY)) == DKIM_MESSAGE,
	       "DKIM-22: a header that is too long");
	buf_fini(&m);
	arena_free(a);
}

TEST_MAIN(UNIT(published_messages), UNIT(one_byte_at_a_time), UNIT(changes),
          UNIT(nul_in_the_header), UNIT(signed_and_verified), UNIT(facts_of_a_report),
          UNIT(ceilings))

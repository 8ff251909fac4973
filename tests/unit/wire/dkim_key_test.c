#include "wire/dkim_key.h"

#include "dkim_sign.h"
#include "dkim_vectors.h"
#include "test.h"

#define ED "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static const struct {
	const char *label, *text;
	enum dkim_fault want;
	unsigned services;
	bool testing, strict;
} rows[] = {
	{ "DKIM-17: RFC 8463's key", RFC8463_ED25519_KEY, DKIM_NONE, DKIM_FOR_ALL, false, false },
	{ "RFC 6376's key, k= and t= absent", RFC6376_KEY, DKIM_NONE, DKIM_FOR_ALL, false, false },
	{ "DKIM-19: without v=", "k=ed25519; " ED, DKIM_NONE, DKIM_FOR_ALL, false, false },
	{ "DKIM-19: v= is not first", "k=ed25519; v=DKIM1; " ED, DKIM_KEY_SYNTAX, 0, false, false },
	{ "DKIM-19: v=DKIM2", "v=DKIM2; k=ed25519; " ED, DKIM_KEY_SYNTAX, 0, false, false },
	{ "DKIM-19: p= is empty: revoked", "v=DKIM1; p=", DKIM_KEY_REVOKED, 0, false, false },
	{ "DKIM-19: no p= at all", "v=DKIM1; k=rsa", DKIM_KEY_SYNTAX, 0, false, false },
	{ "DKIM-19: h=sha256", "h=sha1:sha256; k=ed25519; " ED, DKIM_NONE, DKIM_FOR_ALL, false,
	  false },
	{ "DKIM-19: h=sha1", "h=sha1; k=ed25519; " ED, DKIM_KEY_HASH, 0, false, false },
	{ "DKIM-19: t=y is told", "t=y; k=ed25519; " ED, DKIM_NONE, DKIM_FOR_ALL, true, false },
	{ "DKIM-12: t=s is told", "t=x:s; k=ed25519; " ED, DKIM_NONE, DKIM_FOR_ALL, false, true },
	{ "DKIM-07: s=*", "s=*; k=ed25519; " ED, DKIM_NONE, DKIM_FOR_ALL, false, false },
	{ "DKIM-07: s=email", "s=email; k=ed25519; " ED, DKIM_NONE, DKIM_FOR_EMAIL, false, false },
	{ "DKIM-05 DKIM-08: s=tlsrpt", "v=DKIM1; k=ed25519; s=tlsrpt; " ED, DKIM_NONE,
	  DKIM_FOR_TLSRPT, false, false },
	{ "DKIM-05: s=email:tlsrpt", "s=email : tlsrpt; k=ed25519; " ED, DKIM_NONE,
	  DKIM_FOR_EMAIL | DKIM_FOR_TLSRPT, false, false },
	{ "DKIM-07: s=foo is for nothing known", "s=foo; k=ed25519; " ED, DKIM_NONE, 0, false,
	  false },
	{ "DKIM-07: s=xtlsrpt is not tlsrpt", "s=xtlsrpt; k=ed25519; " ED, DKIM_NONE, 0, false,
	  false },
	{ "DKIM-17: 31 bytes", "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==",
	  DKIM_KEY_SYNTAX, 0, false, false },
	{ "DKIM-17: with ASN.1 around it",
	  "k=ed25519; p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
	  DKIM_KEY_SYNTAX, 0, false, false },
	{ "DKIM-17: an Ed25519 key under k=rsa", "k=rsa; " ED, DKIM_KEY_SYNTAX, 0, false, false },
	{ "DKIM-17: ASN.1 of another type under k=rsa",
	  "k=rsa; p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", DKIM_KEY_SYNTAX,
	  0, false, false },
	{ "a type nobody knows", "k=dsa; " ED, DKIM_KEY_TYPE, 0, false, false },
	{ "p= that is no base64", "k=rsa; p=!!!!", DKIM_KEY_SYNTAX, 0, false, false },
	{ "p= with folds", "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapi MlrwIaaPcHURo=", DKIM_NONE,
	  DKIM_FOR_ALL, false, false },
	{ "unknown tags", "v=DKIM1; k=ed25519; n=note; g=*; " ED, DKIM_NONE, DKIM_FOR_ALL, false,
	  false },
	{ "a tag twice", "k=ed25519; k=ed25519; " ED, DKIM_KEY_SYNTAX, 0, false, false },
	{ "a record of something else", "v=spf1 -all", DKIM_KEY_SYNTAX, 0, false, false },
};

TEST(records_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dkim_key k = { .bits = 0 };
		enum dkim_fault f = dkim_key_parse(slice_str(rows[i].text), &k);

		EXPECT(f == rows[i].want, rows[i].label);
		if (f != DKIM_NONE)
			continue;
		EXPECT(k.services == rows[i].services, rows[i].label);
		EXPECT(k.testing == rows[i].testing && k.strict == rows[i].strict, rows[i].label);
		dkim_key_fini(&k);
	}
}

static enum dkim_fault size_fault(unsigned bits, unsigned *bits_out)
{
	struct signer s = signer_new(bits);
	struct dkim_key k = { .bits = 0 };
	enum dkim_fault f = dkim_key_parse(slice_str(s.record), &k);

	*bits_out = k.bits;
	if (f == DKIM_NONE)
		dkim_key_fini(&k);
	EVP_PKEY_free(s.key);
	return f;
}

TEST(rsa_sizes)
{
	unsigned bits = 0;

	EXPECT(size_fault(512, &bits) == DKIM_KEY_SHORT, "DKIM-15: 512 bits are refused");
	EXPECT(size_fault(768, &bits) == DKIM_KEY_SHORT, "DKIM-15: 768 bits are refused");
	EXPECT(size_fault(1024, &bits) == DKIM_NONE && bits == 1024,
	       "DKIM-15: 1024 bits are taken, the size is told");
	EXPECT(size_fault(2048, &bits) == DKIM_NONE && bits == 2048, "DKIM-15: 2048 bits");
}

/* RSAPublicKey without the algorithm around it, and what does not end where it should. */
TEST(rsa_forms)
{
	struct signer s = signer_new(1024);
	unsigned char *der = NULL;
	int n = i2d_PublicKey(s.key, &der);
	struct dkim_key k = { .bits = 0 };
	struct buf text;

	buf_init(&text, 4096);
	buf_add_str(&text, "p=");
	enc_base64(slice_of(der, (size_t)n), &text);
	EXPECT(dkim_key_parse(buf_slice(&text), &k) == DKIM_NONE, "DKIM-19: PKCS#1");
	dkim_key_fini(&k);
	buf_reset(&text);
	buf_add_str(&text, "p=");
	enc_base64(slice_of(der, (size_t)n - 1), &text);
	EXPECT(dkim_key_parse(buf_slice(&text), &k) == DKIM_KEY_SYNTAX, "cut");
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PUBKEY(s.key, &der);
	der = OPENSSL_realloc(der, (size_t)n + 1);
	der[n] = 0;
	buf_reset(&text);
	buf_add_str(&text, "p=");
	enc_base64(slice_of(der, (size_t)n + 1), &text);
	EXPECT(dkim_key_parse(buf_slice(&text), &k) == DKIM_KEY_SYNTAX, "something behind it");
	OPENSSL_free(der);
	EVP_PKEY_free(s.key);
	buf_fini(&text);
}

TEST(several_records)
{
	struct dkim_key k = { .bits = 0 };
	const struct slice ed = S(RFC8463_ED25519_KEY), rsa = S(RFC8463_RSA_KEY);
	const struct slice other = S("v=spf1 -all"), gone = S("v=DKIM1; p=");
	size_t which = 9;

	EXPECT(dkim_key_choose(NULL, 0, &k, &which) == DKIM_NO_KEY, "none");
	EXPECT(dkim_key_choose((struct slice[]){ other, ed }, 2, &k, &which) == DKIM_NONE &&
	               which == 1,
	       "DKIM-20: what is no key is passed over");
	dkim_key_fini(&k);
	EXPECT(dkim_key_choose((struct slice[]){ ed, rsa }, 2, &k, &which) == DKIM_KEY_SEVERAL,
	       "DKIM-18 DKIM-20: two keys at one name are none");
	EXPECT(dkim_key_choose((struct slice[]){ gone, ed }, 2, &k, &which) == DKIM_NONE &&
	               which == 1,
	       "a revoked one beside a good one");
	dkim_key_fini(&k);
	EXPECT(dkim_key_choose((struct slice[]){ other, gone }, 2, &k, &which) ==
	                       DKIM_KEY_REVOKED &&
	               which == 1,
	       "the fault of the record that is a key");
	EXPECT(dkim_key_choose((struct slice[]){ other }, 1, &k, &which) == DKIM_KEY_SYNTAX,
	       "no key among the records");
}

TEST(use_of_keys)
{
	static const struct {
		const char *label;
		struct dkim_key key;
		enum dkim_algorithm algorithm;
		bool same;
		enum dkim_fault loose, only_tlsrpt;
	} uses[] = {
		{ "DKIM-06: any service",
		  { .services = DKIM_FOR_ALL },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_NONE,
		  DKIM_NONE },
		{ "DKIM-06: tlsrpt",
		  { .services = DKIM_FOR_TLSRPT },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_NONE,
		  DKIM_NONE },
		{ "DKIM-06: email",
		  { .services = DKIM_FOR_EMAIL },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_NONE,
		  DKIM_KEY_SERVICE },
		{ "DKIM-06: email and tlsrpt",
		  { .services = DKIM_FOR_EMAIL | DKIM_FOR_TLSRPT },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_NONE,
		  DKIM_NONE },
		{ "DKIM-07: others",
		  { .services = 0 },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_KEY_SERVICE,
		  DKIM_KEY_SERVICE },
		{ "DKIM-17: k= is not a='s",
		  { .services = DKIM_FOR_ALL },
		  DKIM_ED25519_SHA256,
		  true,
		  DKIM_KEY_TYPE,
		  DKIM_KEY_TYPE },
		{ "DKIM-12: t=s and i= below d=",
		  { .services = DKIM_FOR_ALL, .strict = true },
		  DKIM_RSA_SHA256,
		  false,
		  DKIM_KEY_STRICT,
		  DKIM_KEY_STRICT },
		{ "DKIM-12: t=s and i= is d=",
		  { .services = DKIM_FOR_ALL, .strict = true },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_NONE,
		  DKIM_NONE },
		{ "DKIM-19: t=y is as if not signed",
		  { .services = DKIM_FOR_ALL, .testing = true },
		  DKIM_RSA_SHA256,
		  true,
		  DKIM_KEY_TESTING,
		  DKIM_KEY_TESTING },
	};

	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		EXPECT(dkim_key_check(&uses[i].key, uses[i].algorithm, uses[i].same, false) ==
		               uses[i].loose,
		       uses[i].label);
		EXPECT(dkim_key_check(&uses[i].key, uses[i].algorithm, uses[i].same, true) ==
		               uses[i].only_tlsrpt,
		       uses[i].label);
	}
}

TEST_MAIN(UNIT(records_are_read), UNIT(rsa_sizes), UNIT(rsa_forms), UNIT(several_records),
          UNIT(use_of_keys))

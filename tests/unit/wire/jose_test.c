#include "wire/jose.h"

#include <openssl/ecdsa.h>

#include "base/enc.h"
#include "test.h"
#include "wire/json.h"

/* RFC 7515, A.3: the key as SEC1 DER; its thumbprint was computed by another program. */
static const char key_hex[] =
        "307702010104208e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2a00a06082a86"
        "48ce3d030107a144034200047fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445c7"
        "f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad";
static const char key_jwk[] =
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";

static EVP_PKEY *sample_key(void)
{
	unsigned char der[256];
	size_t len = 0;
	EVP_PKEY *key = NULL;

	assert_int_equal(enc_unhex(slice_str(key_hex), der, sizeof(der), &len), OK);
	assert_int_equal(jose_key_parse(slice_of(der, len), &key), OK);
	return key;
}

TEST(keys)
{
	EVP_PKEY *key = sample_key(), *again = NULL, *other = EVP_EC_gen("P-384");
	struct buf b;
	char hex[400];

	buf_init(&b, 512);
	EXPECT(jose_key_format(key, &b) == OK, "written");
	EXPECT_SLICE(slice_str(enc_hex(b.p, b.len, hex)), slice_str(key_hex), "as it was read");
	buf_add_char(&b, 'x');
	EXPECT(jose_key_parse(buf_slice(&b), &again) == ERR_SYNTAX, "a byte behind it");
	EXPECT(jose_key_parse(slice_head(buf_slice(&b), 60), &again) == ERR_SYNTAX, "cut");
	EXPECT(jose_key_format(other, &b) == ERR_SYNTAX, "another curve");
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	buf_fini(&b);
}

TEST(thumbprints)
{
	EVP_PKEY *key = sample_key();
	char text[JOSE_THUMBPRINT_SIZE];
	struct buf b;

	buf_init(&b, 512);
	EXPECT(jose_jwk(key, &b) == OK, "written");
	EXPECT_SLICE(buf_slice(&b), slice_str(key_jwk), "ACME-16: members in order, no blanks");
	EXPECT(jose_thumbprint(key, text) == OK, "hashed");
	EXPECT_SLICE(slice_str(text), S("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"),
	             "ACME-16: SHA-256 of that, base64url");
	buf_reset(&b);
	EXPECT(jose_key_authorization(key, S("evaGxfADs6pSRb2LAv9IZ"), &b) == OK, "joined");
	EXPECT_SLICE(buf_slice(&b),
	             S("evaGxfADs6pSRb2LAv9IZ.oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"),
	             "ACME-16: token, dot, thumbprint");
	EVP_PKEY_free(key);
	buf_fini(&b);
}

static bool verifies(EVP_PKEY *key, struct slice bytes, const unsigned char raw[64])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
	int len = i2d_ECDSA_SIG(sig, &der);
	bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	            EVP_DigestVerify(ctx, der, (size_t)len, (const unsigned char *)bytes.p,
	                             bytes.len) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return good;
}

/* Among a thousand signatures some r or s begin with a zero byte. */
TEST(signatures_are_padded)
{
	EVP_PKEY *key = sample_key();
	unsigned char raw[JOSE_SIGNATURE_SIZE];
	unsigned zeros = 0;

	for (unsigned i = 0; i < 2000 && zeros < 2; i++) {
		struct slice bytes = slice_of(&i, sizeof(i));
		EXPECT(jose_es256(key, bytes, raw) == OK, "signed");
		EXPECT(verifies(key, bytes, raw), "ACME-03: r and s, 32 bytes each, verify");
		zeros += raw[0] == 0 || raw[32] == 0;
	}
	EXPECT(zeros == 2, "ACME-03: also with a leading zero");
	EVP_PKEY_free(key);
}

TEST(macs)
{
	unsigned char mac[32];
	struct buf b, k;

	buf_init(&k, 128);
	buf_init(&b, 128);
	assert_int_equal(enc_unbase64url(S("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"
	                                   "aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
	                                 &k),
	                 OK);
	jose_hs256(
	        buf_slice(&k),
	        S("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTk"
	          "zODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"),
	        mac);
	enc_base64url(slice_of(mac, sizeof(mac)), &b);
	EXPECT_SLICE(buf_slice(&b), S("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
	             "ACME-09: RFC 7515, A.1");
	buf_fini(&b);
	buf_fini(&k);
}

/* A member of a flattened object, decoded. */
static json_t *part(const json_t *object, const char *name)
{
	struct buf text;
	json_t *out = NULL;

	buf_init(&text, 8192);
	assert_int_equal(enc_unbase64url(json_slice(json_member(object, name)), &text), OK);
	if (text.len > 0)
		assert_int_equal(json_read(buf_slice(&text), &json_limits_small, &out, NULL, NULL),
		                 OK);
	buf_fini(&text);
	return out;
}

TEST(flattened)
{
	EVP_PKEY *key = sample_key();
	const struct {
		const char *label;
		struct jose_head head;
		struct slice payload;
		bool has_jwk;
	} rows[] = {
		{ "ACME-02: a new account is known by its key",
		  { "https://ca.example/new", "n-1", NULL },
		  SLICE_INIT("{\"a\":1}"),
		  true },
		{ "ACME-02: afterwards by its URL",
		  { "https://ca.example/order", "n-2", "https://ca.example/acct/1" },
		  SLICE_INIT("{}"),
		  false },
		{ "ACME-04: POST-as-GET has an empty payload",
		  { "https://ca.example/order/1", "n-3", "https://ca.example/acct/1" },
		  SLICE_INIT(""),
		  false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b;
		json_t *all = NULL;

		buf_init(&b, 8192);
		EXPECT(jose_sign(key, &rows[i].head, rows[i].payload, &b) == OK, rows[i].label);
		EXPECT(json_read(buf_slice(&b), &json_limits_small, &all, NULL, NULL) == OK &&
		               json_object_size(all) == 3,
		       "ACME-02: protected, payload, signature and no more");
		json_t *head = part(all, "protected"), *payload = part(all, "payload");
		EXPECT((json_member(head, "jwk") != NULL) == rows[i].has_jwk, rows[i].label);
		EXPECT((json_member(head, "kid") == NULL) == rows[i].has_jwk, rows[i].label);
		EXPECT_SLICE(json_slice(json_member(head, "url")), slice_str(rows[i].head.url),
		             "ACME-05: the URL as it is asked");
		EXPECT_SLICE(json_slice(json_member(head, "nonce")), slice_str(rows[i].head.nonce),
		             rows[i].label);
		EXPECT((payload == NULL) == (rows[i].payload.len == 0), rows[i].label);
		json_decref(head);
		json_decref(payload);
		json_decref(all);
		buf_fini(&b);
	}
	EVP_PKEY_free(key);
}

TEST(binding)
{
	EVP_PKEY *key = sample_key();
	struct buf b, text;
	json_t *all = NULL;
	unsigned char mac[32];

	buf_init(&b, 4096);
	buf_init(&text, 4096);
	EXPECT(jose_bind(key, "https://ca.example/new", "kid-1", S("secret"), &b) == OK, "bound");
	EXPECT(json_read(buf_slice(&b), &json_limits_small, &all, NULL, NULL) == OK, "JSON");
	json_t *head = part(all, "protected");
	EXPECT(json_member(head, "nonce") == NULL, "ACME-09: no nonce inside");
	EXPECT_SLICE(json_slice(json_member(head, "alg")), S("HS256"), "ACME-09: by MAC");
	EXPECT_SLICE(json_slice(json_member(head, "kid")), S("kid-1"), "the CA's key identifier");
	buf_add(&text, json_slice(json_member(all, "protected")));
	buf_add_char(&text, '.');
	buf_add(&text, json_slice(json_member(all, "payload")));
	jose_hs256(S("secret"), buf_slice(&text), mac);
	buf_reset(&text);
	enc_base64url(slice_of(mac, sizeof(mac)), &text);
	EXPECT_SLICE(json_slice(json_member(all, "signature")), buf_slice(&text),
	             "over both parts");
	buf_reset(&text);
	EXPECT(enc_unbase64url(json_slice(json_member(all, "payload")), &text) == OK, "decoded");
	EXPECT_SLICE(buf_slice(&text), slice_str(key_jwk), "ACME-09: the account's public key");
	json_decref(head);
	json_decref(all);
	buf_fini(&b);
	buf_fini(&text);
	EVP_PKEY_free(key);
}

TEST(alphabet)
{
	EXPECT(jose_is_base64url(S("oFvnlFP1wIhRlYS2jTaXbA-_")), "ACME-06: a nonce");
	EXPECT(!jose_is_base64url(S("")), "empty");
	EXPECT(!jose_is_base64url(S("a=")), "ACME-06: padding");
	EXPECT(!jose_is_base64url(S("../../x")), "ACME-17: a token that would be a path");
	EXPECT(!jose_is_base64url(S("a\r\nb")), "a line end");
}

TEST_MAIN(UNIT(keys), UNIT(thumbprints), UNIT(signatures_are_padded), UNIT(macs), UNIT(flattened),
          UNIT(binding), UNIT(alphabet))

#include "service/certs_request.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "service/certs.h"
#include "test.h"
#include "wire/jose.h"

#define NOW 1800000000

TEST(requests)
{
	EVP_PKEY *key = jose_key_new();
	struct buf der;

	buf_init(&der, CERTS_REQUEST_MAX);
	EXPECT(certs_request(key, S("MTA-STS.acme.example"), &der) == OK, "written");
	const unsigned char *p = (const unsigned char *)der.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)der.len);
	EXPECT(req != NULL && p == (const unsigned char *)der.p + der.len, "ACME-12: DER");
	EXPECT(X509_REQ_verify(req, key) == 1, "signed with its own key");
	EXPECT(X509_NAME_entry_count(X509_REQ_get_subject_name(req)) == 0, "ACME-12: no subject");
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
	GENERAL_NAMES *names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
	EXPECT(sk_GENERAL_NAME_num(names) == 1, "ACME-12: one name");
	const ASN1_STRING *name = sk_GENERAL_NAME_value(names, 0)->d.dNSName;
	EXPECT_SLICE(slice_of(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name)),
	             S("mta-sts.acme.example"), "ACME-23: lower-case A-labels");
	EXPECT(certs_request(key, S("a b.example"), &der) == ERR_SYNTAX, "no host name");
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	buf_fini(&der);
}

static void extend(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx = { 0 };

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	(void)X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static X509 *make_cert(EVP_PKEY *key, const char *names, int64_t from, int64_t to)
{
	X509 *x = X509_new();

	(void)X509_set_version(x, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	(void)ASN1_TIME_set(X509_getm_notBefore(x), from);
	(void)ASN1_TIME_set(X509_getm_notAfter(x), to);
	(void)X509_set_pubkey(x, key);
	extend(x, NID_subject_alt_name, names);
	(void)X509_sign(x, key, EVP_sha256());
	return x;
}

static void add_pem(X509 *x, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;

	(void)PEM_write_bio_X509(b, x);
	long n = BIO_get_mem_data(b, &text);
	buf_add(out, slice_of(text, (size_t)n));
	BIO_free(b);
}

TEST(what_comes_back)
{
	EVP_PKEY *ours = jose_key_new(), *theirs = jose_key_new();
	const struct {
		const char *label, *names;
		EVP_PKEY *key;
		int64_t from, to;
		enum err want;
	} rows[] = {
		{ "ACME-14: what was asked for", "DNS:h.example", ours, NOW - 60, NOW + 600, OK },
		{ "ACME-14: another key", "DNS:h.example", theirs, NOW - 60, NOW + 600,
		  ERR_CRYPTO },
		{ "ACME-14: another name", "DNS:x.example", ours, NOW - 60, NOW + 600,
		  ERR_CONFLICT },
		{ "ACME-14: a further name", "DNS:h.example,DNS:x.example", ours, NOW - 60,
		  NOW + 600, ERR_CONFLICT },
		{ "ACME-14: expired", "DNS:h.example", ours, NOW - 600, NOW - 60, ERR_CONFLICT },
		{ "CERT-08: not valid yet", "DNS:h.example", ours, NOW + 60, NOW + 600,
		  ERR_CONFLICT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct cert_found found = { 0 };
		struct diag d = { .why = NULL };
		struct buf pem;

		buf_init(&pem, 65536);
		X509 *x = make_cert(rows[i].key, rows[i].names, rows[i].from, rows[i].to);
		add_pem(x, &pem);
		EXPECT(certs_accept(a, ours, S("h.example"), buf_slice(&pem), NOW, NULL, &found,
		                    &d) == rows[i].want,
		       rows[i].label);
		EXPECT((d.why == NULL) == (rows[i].want == OK), rows[i].label);
		EXPECT((found.key.len > 0) == (rows[i].want == OK), rows[i].label);
		X509_free(x);
		buf_fini(&pem);
		arena_free(a);
	}
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

/* Names are read from subjectAltName: a common name, or one with a NUL in it, is none. */
TEST(other_places_for_names)
{
	EVP_PKEY *key = jose_key_new();
	static const char nul[] = "h.example\0.evil.example";

	for (int i = 0; i < 2; i++) {
		struct arena *a = arena_new();
		struct cert_found found;
		struct buf pem;
		X509 *x = make_cert(key, i == 0 ? "email:h@h.example" : "email:a@b.example",
		                    NOW - 60, NOW + 600);

		buf_init(&pem, 65536);
		(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		                                 (const unsigned char *)"h.example", -1, -1, 0);
		if (i == 1) {
			GENERAL_NAMES *names = GENERAL_NAMES_new();
			GENERAL_NAME *n = GENERAL_NAME_new();
			ASN1_IA5STRING *text = ASN1_IA5STRING_new();
			(void)ASN1_STRING_set(text, nul, (int)sizeof(nul) - 1);
			GENERAL_NAME_set0_value(n, GEN_DNS, text);
			(void)sk_GENERAL_NAME_push(names, n);
			(void)X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
			                        X509V3_ADD_REPLACE);
			GENERAL_NAMES_free(names);
		}
		(void)X509_sign(x, key, EVP_sha256());
		add_pem(x, &pem);
		EXPECT(certs_accept(a, key, S("h.example"), buf_slice(&pem), NOW, NULL, &found,
		                    NULL) == ERR_CONFLICT,
		       i == 0 ? "CERT-01: a common name is no name" : "CERT-04: a NUL in a name");
		X509_free(x);
		buf_fini(&pem);
		arena_free(a);
	}
	EVP_PKEY_free(key);
}

TEST(not_a_chain)
{
	EVP_PKEY *key = jose_key_new();
	struct arena *a = arena_new();
	struct cert_found found;

	EXPECT(certs_accept(a, key, S("h.example"), S("<html>busy</html>"), NOW, NULL, &found,
	                    NULL) == ERR_SYNTAX,
	       "ACME-14: a page in the place of a chain");
	EXPECT(certs_accept(a, key, S("h.example"), S(""), NOW, NULL, &found, NULL) == ERR_SYNTAX,
	       "ACME-14: nothing");
	arena_free(a);
	EVP_PKEY_free(key);
}

/* RFC 9773, appendix A. */
static const char ari_pem[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt\n"
                              "cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS\n"
                              "BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu\n"
                              "7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf\n"
                              "qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B\n"
                              "yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb\n"
                              "+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK\n"
                              "-----END CERTIFICATE-----\n";

TEST(identifiers)
{
	EVP_PKEY *key = jose_key_new();
	BIO *b = BIO_new_mem_buf(ari_pem, -1);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL), *bare;
	unsigned char *der = NULL, *bare_der = NULL;
	int n = i2d_X509(x, &der), m;
	struct buf id;

	buf_init(&id, CERTS_ARI_ID_MAX);
	EXPECT(n > 0 && certs_ari_id(slice_of(der, (size_t)n), &id) == OK, "read");
	EXPECT_SLICE(buf_slice(&id), S("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"),
	             "ACME-24: key identifier and serial with its leading zero");
	bare = make_cert(key, "DNS:h.example", NOW, NOW + 60);
	m = i2d_X509(bare, &bare_der);
	EXPECT(certs_ari_id(slice_of(bare_der, (size_t)m), &id) == ERR_NOTFOUND,
	       "ACME-24: without an authority key identifier");
	EXPECT(certs_ari_id(S("x"), &id) == ERR_SYNTAX, "no certificate");
	OPENSSL_free(der);
	OPENSSL_free(bare_der);
	X509_free(x);
	X509_free(bare);
	BIO_free(b);
	EVP_PKEY_free(key);
	buf_fini(&id);
}

TEST_MAIN(UNIT(requests), UNIT(what_comes_back), UNIT(not_a_chain), UNIT(other_places_for_names),
          UNIT(identifiers))

#include "wire/dkim_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define KEY_BYTES_MAX 4096u
#define ED25519_SIZE 32u
#define RSA_EXPONENT_BITS_MAX 64 /* a longer one makes each verification as slow as signing */

/* h= lists what the key may be used with; names of others are passed over. */
static bool allows_sha256(const struct dkim_tags *t)
{
	struct slice rest = dkim_tags_value(t, "h", S("sha256")), item;

	while (dkim_item_next(&rest, &item))
		if (slice_eq(item, S("sha256")))
			return true;
	return false;
}

static unsigned services(const struct dkim_tags *t)
{
	struct slice rest = dkim_tags_value(t, "s", S("*")), item;
	unsigned set = 0;

	while (dkim_item_next(&rest, &item)) {
		set |= slice_eq(item, S("*")) ? DKIM_FOR_ALL : 0;
		set |= slice_eq_i(item, S("tlsrpt")) ? DKIM_FOR_TLSRPT : 0;
		set |= slice_eq_i(item, S("email")) ? DKIM_FOR_EMAIL : 0;
	}
	return set;
}

static bool has_flag(const struct dkim_tags *t, struct slice flag)
{
	struct slice rest = dkim_tags_value(t, "t", S("")), item;

	while (dkim_item_next(&rest, &item))
		if (slice_eq(item, flag))
			return true;
	return false;
}

/* RFC 6376, 3.6.1: v= comes first when it is there. */
static bool version_fits(const struct dkim_tags *t)
{
	const struct dkim_tag *v = dkim_tags_find(t, "v");

	return v == NULL || (v == &t->tag[0] && slice_eq(v->value, S("DKIM1")));
}

/* SubjectPublicKeyInfo, as everybody writes it, or RSAPublicKey, as RFC 6376 once said. */
static EVP_PKEY *rsa_key(struct slice der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.len);

	if (key == NULL) {
		p = (const unsigned char *)der.p;
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.len);
	}
	if (key != NULL && p != (const unsigned char *)der.p + der.len) {
		EVP_PKEY_free(key); /* something stands behind it */
		key = NULL;
	}
	ERR_clear_error();
	return key;
}

static bool exponent_is_short(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool is_short = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	                BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX;

	BN_free(e);
	return is_short;
}

/* RSASSA-PKCS1-v1_5 over a SHA-256 that is given; NULL: the library will not. */
static EVP_PKEY_CTX *prepare_rsa(EVP_PKEY *key)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

	if (c != NULL && EVP_PKEY_verify_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1)
		return c;
	EVP_PKEY_CTX_free(c);
	return NULL;
}

static enum dkim_fault take_rsa(struct slice der, struct dkim_key *k)
{
	EVP_PKEY *key = rsa_key(der);
	enum dkim_fault f = DKIM_NONE;

	if (key == NULL)
		return DKIM_KEY_SYNTAX;
	k->bits = (unsigned)EVP_PKEY_get_bits(key);
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || !exponent_is_short(key))
		f = DKIM_KEY_SYNTAX;
	else if (k->bits < DKIM_RSA_BITS_MIN)
		f = DKIM_KEY_SHORT;
	else if (k->bits > DKIM_RSA_BITS_MAX)
		f = DKIM_KEY_LONG;
	if (f != DKIM_NONE) {
		EVP_PKEY_free(key);
		return f;
	}
	k->pkey = key;
	k->rsa = prepare_rsa(key);
	ERR_clear_error();
	return DKIM_NONE;
}

/* RFC 8463, 4.2: the bare 32 bytes, no ASN.1 around them. */
static enum dkim_fault take_ed25519(struct slice bytes, struct dkim_key *k)
{
	if (bytes.len != ED25519_SIZE)
		return DKIM_KEY_SYNTAX;
	k->bits = 8 * ED25519_SIZE;
	k->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
	                                      (const unsigned char *)bytes.p, bytes.len);
	ERR_clear_error();
	return k->pkey == NULL ? DKIM_KEY_SYNTAX : DKIM_NONE;
}

static enum dkim_fault take_key(const struct dkim_tags *t, struct dkim_key *k)
{
	struct slice type = dkim_tags_value(t, "k", S("rsa")), p = dkim_tags_value(t, "p", S(""));
	enum dkim_fault f = DKIM_KEY_SYNTAX;
	struct buf bytes;

	if (p.len == 0)
		return DKIM_KEY_REVOKED;
	buf_init(&bytes, KEY_BYTES_MAX);
	if (dkim_base64(p, &bytes) != OK)
		f = DKIM_KEY_SYNTAX;
	else if (slice_eq(type, S("rsa")))
		f = take_rsa(buf_slice(&bytes), k);
	else if (slice_eq(type, S("ed25519")))
		f = take_ed25519(buf_slice(&bytes), k);
	else
		f = DKIM_KEY_TYPE;
	k->algorithm = slice_eq(type, S("ed25519")) ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256;
	buf_fini(&bytes);
	return f;
}

enum dkim_fault dkim_key_parse(struct slice txt, struct dkim_key *out)
{
	struct dkim_key k = { .bits = 0 };
	struct dkim_tags tags;
	enum dkim_fault f;

	if (dkim_tags_parse(txt, &tags) != OK || !version_fits(&tags) ||
	    dkim_tags_find(&tags, "p") == NULL)
		return DKIM_KEY_SYNTAX;
	if (!allows_sha256(&tags))
		return DKIM_KEY_HASH;
	k.testing = has_flag(&tags, S("y"));
	k.strict = has_flag(&tags, S("s"));
	k.services = services(&tags);
	f = take_key(&tags, &k);
	if (f == DKIM_NONE)
		*out = k;
	return f;
}

void dkim_key_fini(struct dkim_key *k)
{
	EVP_PKEY_CTX_free(k->rsa);
	EVP_PKEY_free(k->pkey);
	k->rsa = NULL;
	k->pkey = NULL;
}

enum dkim_fault dkim_key_choose(const struct slice *txt, size_t count, struct dkim_key *out,
                                size_t *which_out)
{
	enum dkim_fault first = DKIM_NO_KEY;
	bool found = false;

	for (size_t i = 0; i < count && i < DKIM_KEY_RECORDS_MAX; i++) {
		struct dkim_key k = { .bits = 0 };
		enum dkim_fault f = dkim_key_parse(txt[i], &k);

		if (f == DKIM_NONE && found) {
			dkim_key_fini(&k);
			dkim_key_fini(out);
			return DKIM_KEY_SEVERAL;
		}
		if (f == DKIM_NONE) {
			*out = k;
			found = true;
			*which_out = i;
		} else if (!found && (first == DKIM_NO_KEY || first == DKIM_KEY_SYNTAX)) {
			first = f;
			*which_out = i;
		}
	}
	return found ? DKIM_NONE : first;
}

enum dkim_fault dkim_key_check(const struct dkim_key *k, enum dkim_algorithm algorithm,
                               bool identity_is_domain, bool only_tlsrpt)
{
	unsigned wanted = DKIM_FOR_ALL | DKIM_FOR_TLSRPT | (only_tlsrpt ? 0 : DKIM_FOR_EMAIL);

	if (k->algorithm != algorithm)
		return DKIM_KEY_TYPE;
	if ((k->services & wanted) == 0)
		return DKIM_KEY_SERVICE;
	if (k->strict && !identity_is_domain)
		return DKIM_KEY_STRICT;
	return k->testing ? DKIM_KEY_TESTING : DKIM_NONE;
}

/* RFC 8463, 3: what is signed is the digest itself. */
static bool verify_ed25519(EVP_PKEY *key, const unsigned char digest[SHA256_SIZE], struct slice b)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good =
	        c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
	        EVP_DigestVerify(c, (const unsigned char *)b.p, b.len, digest, SHA256_SIZE) == 1;

	EVP_MD_CTX_free(c);
	return good;
}

enum dkim_fault dkim_key_verify(const struct dkim_key *k, const unsigned char digest[SHA256_SIZE],
                                struct slice b)
{
	bool good = k->algorithm == DKIM_RSA_SHA256
	                    ? k->rsa != NULL && EVP_PKEY_verify(k->rsa, (const unsigned char *)b.p,
	                                                        b.len, digest, SHA256_SIZE) == 1
	                    : verify_ed25519(k->pkey, digest, b);

	ERR_clear_error();
	return good ? DKIM_NONE : DKIM_MISMATCH;
}

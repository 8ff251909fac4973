#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/enc.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tls_internal.h"

#define EC_SECRET_MAX 66u /* bytes of P-521 */

/* Intermediates: an unsorted array is enough, since a service knows a handful. */

struct chain_entry {
	unsigned char hash[SHA256_SIZE];
	X509 *cert;
};

struct tls_chains {
	size_t count;
	struct chain_entry entries[TLS_CHAINS_MAX];
};

struct tls_chains *tls_chains_new(void)
{
	return mem_alloc(sizeof(struct tls_chains));
}

static void chains_clear(struct tls_chains *c)
{
	for (size_t i = 0; i < c->count; i++)
		X509_free(c->entries[i].cert);
	c->count = 0;
}

void tls_chains_free(struct tls_chains *c)
{
	if (c == NULL)
		return;
	chains_clear(c);
	mem_free(c);
}

size_t tls_chains_count(const struct tls_chains *c)
{
	return c->count;
}

static X509 *decode_cert(struct slice der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *cert = d2i_X509(NULL, &p, (long)der.len);

	if (cert != NULL && p != (const unsigned char *)der.p + der.len) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

/* A reference of the caller's own; NULL: not a certificate. */
static X509 *chains_get(struct tls_chains *c, struct slice der)
{
	struct chain_entry e = { .cert = NULL };

	enc_sha256(der, e.hash);
	for (size_t i = 0; i < c->count && e.cert == NULL; i++) {
		if (memcmp(c->entries[i].hash, e.hash, SHA256_SIZE) == 0)
			e.cert = c->entries[i].cert;
	}
	if (e.cert == NULL) {
		e.cert = decode_cert(der);
		if (e.cert == NULL)
			return NULL;
		/* Identities hold references, so that forgetting all of them is safe, and rare. */
		if (c->count == TLS_CHAINS_MAX)
			chains_clear(c);
		c->entries[c->count++] = e;
	}
	return X509_up_ref(e.cert) == 1 ? e.cert : NULL;
}

/* What keys on a curve are made of. */
struct ec_parts {
	const char *curve;
	struct slice secret, point;
};

/* The contents of the next element, which must have that tag; lengths up to 255. */
static bool take_element(struct slice *der, unsigned char tag, struct slice *out)
{
	const unsigned char *p = (const unsigned char *)der->p;
	size_t head = 2, len;

	if (der->len < 2 || p[0] != tag)
		return false;
	len = p[1];
	if (len == 0x81 && der->len >= 3) {
		head = 3;
		len = p[2];
	} else if (len >= 0x80) {
		return false;
	}
	if (der->len - head < len)
		return false;
	*out = slice_of(p + head, len);
	*der = slice_skip(*der, head + len);
	return true;
}

static const char *curve_name(struct slice oid)
{
	static const struct {
		struct slice oid;
		const char *name;
	} rows[] = {
		{ SLICE_INIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256" },
		{ SLICE_INIT("\x2b\x81\x04\x00\x22"), "P-384" },
		{ SLICE_INIT("\x2b\x81\x04\x00\x23"), "P-521" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(rows[i].oid, oid))
			return rows[i].name;
	return NULL;
}

/* RFC 5915, 3: ECPrivateKey with everything in it, as import writes it. */
static bool read_ec(struct slice der, struct ec_parts *out)
{
	struct slice all, version, curve, oid, bits;

	if (!take_element(&der, 0x30, &all) || der.len > 0 || !take_element(&all, 0x02, &version) ||
	    !slice_eq(version, S("\x01")) || !take_element(&all, 0x04, &out->secret) ||
	    !take_element(&all, 0xa0, &curve) || !take_element(&curve, 0x06, &oid) ||
	    !take_element(&all, 0xa1, &curve) || !take_element(&curve, 0x03, &bits) ||
	    !slice_starts(bits, S("\0")) || all.len > 0)
		return false;
	out->curve = curve_name(oid);
	out->point = slice_skip(bits, 1);
	return out->curve != NULL && out->secret.len > 0 && out->secret.len <= EC_SECRET_MAX;
}

static EVP_PKEY *make_ec(const struct ec_parts *parts)
{
	unsigned char secret[EC_SECRET_MAX]; /* in the order of bytes that this machine has */
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *n = BN_bin2bn((const unsigned char *)parts->secret.p, (int)parts->secret.len, NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
		                                 (char *)(uintptr_t)parts->curve, 0),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, secret, parts->secret.len),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
		                                  (void *)(uintptr_t)parts->point.p,
		                                  parts->point.len),
		OSSL_PARAM_construct_end(),
	};

	if (ctx == NULL || n == NULL || BN_bn2nativepad(n, secret, (int)parts->secret.len) < 0 ||
	    EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	mem_wipe(secret, sizeof(secret));
	BN_clear_free(n);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/*
 * By its type, never by trial: automatic detection costs twenty times as much.  A key on one of the
 * usual curves is put together from its parts, which costs a quarter of OpenSSL's own decoders.
 */
static EVP_PKEY *decode_key(enum tls_key_type type, struct slice der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	int kind = type == TLS_KEY_EC ? EVP_PKEY_EC : EVP_PKEY_RSA;
	struct ec_parts parts;
	EVP_PKEY *key = type == TLS_KEY_EC && read_ec(der, &parts) ? make_ec(&parts) : NULL;

	if (key != NULL)
		return key;
	key = d2i_PrivateKey(kind, NULL, &p, (long)der.len);
	if (key != NULL && p != (const unsigned char *)der.p + der.len) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static enum err decode_chain(struct tls_identity *id, const struct tls_material *m,
                             struct tls_chains *chains)
{
	if (m->chain_count > TLS_CHAIN_MAX)
		return ERR_LIMIT;
	id->chain = sk_X509_new_null();
	if (id->chain == NULL)
		log_fatal("out of memory");
	for (size_t i = 0; i < m->chain_count; i++) {
		X509 *cert = chains_get(chains, m->chain[i]);

		if (cert == NULL)
			return ERR_SYNTAX;
		if (sk_X509_push(id->chain, cert) <= 0)
			log_fatal("out of memory");
	}
	return OK;
}

static enum err decode(struct tls_identity *id, const struct tls_material *m,
                       struct tls_chains *chains)
{
	enum err e = decode_chain(id, m, chains);

	if (e != OK)
		return e;
	id->leaf = decode_cert(m->leaf);
	id->key = id->leaf == NULL ? NULL : decode_key(m->key_type, m->key);
	if (id->key == NULL)
		return ERR_SYNTAX;
	return X509_check_private_key(id->leaf, id->key) == 1 ? OK : ERR_CRYPTO;
}

enum err tls_identity_new(const struct tls_material *m, struct tls_chains *chains,
                          struct tls_identity **out)
{
	struct tls_identity *id = mem_alloc(sizeof(*id));
	enum err e;

	id->refs = 1;
	e = decode(id, m, chains);
	ERR_clear_error();
	if (e == OK)
		*out = id;
	else
		tls_identity_unref(id);
	return e;
}

void tls_identity_ref(struct tls_identity *id)
{
	id->refs++;
}

void tls_identity_unref(struct tls_identity *id)
{
	if (id == NULL || --id->refs > 0)
		return;
	X509_free(id->leaf);
	EVP_PKEY_free(id->key);
	sk_X509_pop_free(id->chain, X509_free);
	mem_free(id);
}

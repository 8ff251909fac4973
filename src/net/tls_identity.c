#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/enc.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tls_internal.h"

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

/* By its type, never by trial: automatic detection costs twenty times as much. */
static EVP_PKEY *decode_key(enum tls_key_type type, struct slice der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	int kind = type == TLS_KEY_EC ? EVP_PKEY_EC : EVP_PKEY_RSA;
	EVP_PKEY *key = d2i_PrivateKey(kind, NULL, &p, (long)der.len);

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

/*
 * What ACME needs of JSON Web Signature (RFC 7515), Key (RFC 7517) and Thumbprint (RFC 7638):
 * P-256 keys, the flattened form of RFC 8555, section 6.2, and the binding of an account to one
 * that exists elsewhere (section 7.3.4).
 *
 * Pure.  Keys are OpenSSL's and the caller's to free.
 */
#ifndef WIRE_JOSE_H
#define WIRE_JOSE_H

#include <openssl/evp.h>

#include "base/buf.h"

#define JOSE_THUMBPRINT_SIZE 44u /* 43 characters and a NUL */
#define JOSE_SIGNATURE_SIZE 64u  /* r and s, 32 bytes each (RFC 7518, section 3.4) */
#define JOSE_HEAD_MAX 8192u      /* of a protected header; URLs and nonces are the CA's */

/* A new P-256 key; NULL: the library refused. */
EVP_PKEY *jose_key_new(void);
/* SEC1 DER and back.  ERR_SYNTAX: not a P-256 key; ERR_LIMIT: the buffer is full. */
enum err jose_key_format(const EVP_PKEY *key, struct buf *out) MUST_USE;
enum err jose_key_parse(struct slice der, EVP_PKEY **out) MUST_USE;

/* Appends the public key with its members in the order that RFC 7638 hashes.  ERR_CRYPTO. */
enum err jose_jwk(const EVP_PKEY *key, struct buf *out) MUST_USE;
enum err jose_thumbprint(const EVP_PKEY *key, char out[JOSE_THUMBPRINT_SIZE]) MUST_USE;
/* Appends TOKEN "." THUMBPRINT (RFC 8555, section 8.1). */
enum err jose_key_authorization(const EVP_PKEY *key, struct slice token, struct buf *out) MUST_USE;

/* The characters of base64url, at least one: nonces and tokens, before they are used anywhere. */
bool jose_is_base64url(struct slice s);

/* ES256 over bytes, as r and s and not as DER. */
enum err jose_es256(EVP_PKEY *key, struct slice bytes,
                    unsigned char out[JOSE_SIGNATURE_SIZE]) MUST_USE;
void jose_hs256(struct slice key, struct slice bytes, unsigned char out[32]);

struct jose_head {
	const char *url;
	const char *nonce; /* NULL: none, in the inner object of a binding */
	const char *kid;   /* NULL: the public key stands in the header */
};

/*
 * Appends {"protected","payload","signature"}, signed by ES256.  payload is JSON, or empty for
 * POST-as-GET.  ERR_CRYPTO: the library refused; ERR_LIMIT: too long.
 */
enum err jose_sign(EVP_PKEY *key, const struct jose_head *head, struct slice payload,
                   struct buf *out) MUST_USE;
/* Appends the external account binding of key: HS256 under the MAC key of that kid. */
enum err jose_bind(const EVP_PKEY *key, const char *url, const char *kid, struct slice mac_key,
                   struct buf *out) MUST_USE;

#endif

/*
 * Sealing of secrets at rest: XChaCha20-Poly1305 under a purpose key, bound to where the
 * secret lies.
 *
 * The name {tenant, domain, fingerprint} is associated data, so that a sealed value copied into
 * another row does not open there.  The sealed form is nonce, cipher text and tag; it is
 * SEAL_OVERHEAD bytes longer than the secret.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/buf.h"

#define SEAL_KEY_SIZE 32u
#define SEAL_OVERHEAD 40u
#define SEAL_SECRET_MAX 65536u

struct seal_name {
	int64_t tenant;
	struct slice domain;      /* A-label, lower case */
	struct slice fingerprint; /* of the certificate in lower-case hex, or another stable name */
};

/* Appends the sealed form to out.  ERR_LIMIT: secret above SEAL_SECRET_MAX, or out is full. */
enum err seal_wrap(const unsigned char key[SEAL_KEY_SIZE], const struct seal_name *name,
                   struct slice secret, struct buf *out) MUST_USE;

/*
 * Appends the secret to out; the caller wipes it (mem_wipe) after use.
 * ERR_CRYPTO: wrong key, wrong name or changed bytes.  ERR_LIMIT: too long, or out is full.
 */
enum err seal_unwrap(const unsigned char key[SEAL_KEY_SIZE], const struct seal_name *name,
                     struct slice sealed, struct buf *out) MUST_USE;

#endif

/*
 * A DKIM key record and what it verifies (RFC 6376, section 3.6.1; RFC 8301; RFC 8463).
 *
 * Pure.  Keys are OpenSSL's; dkim_key_fini lets go of them.
 */
#ifndef WIRE_DKIM_KEY_H
#define WIRE_DKIM_KEY_H

#include <openssl/evp.h>

#include "wire/dkim_signature.h"

#define DKIM_RSA_BITS_MIN 1024u  /* fewer are refused (RFC 8301, 3.2) */
#define DKIM_RSA_BITS_GOOD 2048u /* fewer are taken and noted */
#define DKIM_RSA_BITS_MAX 8192u  /* more cost too much time */
#define DKIM_KEY_RECORDS_MAX 8u  /* TXT records at one name that are looked at */

/* Which services the record names in s=. */
enum dkim_service {
	DKIM_FOR_ALL = 1,    /* s=* or none */
	DKIM_FOR_TLSRPT = 2, /* RFC 8460, section 3 */
	DKIM_FOR_EMAIL = 4,
};

struct dkim_key {
	enum dkim_algorithm algorithm; /* that it can verify */
	bool testing;                  /* t=y */
	bool strict;                   /* t=s */
	unsigned services;             /* enum dkim_service; 0: others only */
	unsigned bits;                 /* of an RSA key; 256 for Ed25519 */
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *rsa; /* prepared for any number of signatures; NULL: no RSA key */
};

/*
 * Reads one TXT record, its strings joined.  On DKIM_NONE *out is the caller's (dkim_key_fini);
 * flags of use (testing, services) are told, not judged.
 */
enum dkim_fault dkim_key_parse(struct slice txt, struct dkim_key *out);
void dkim_key_fini(struct dkim_key *k);

/*
 * The one key among the records at a name: records that are no DKIM keys at all are passed over.
 * *which_out is the index of the record that the answer is about (undefined for DKIM_NO_KEY and
 * DKIM_KEY_SEVERAL).
 */
enum dkim_fault dkim_key_choose(const struct slice *txt, size_t count, struct dkim_key *out,
                                size_t *which_out);

/*
 * Whether a report's signature may use this key.  RFC 8460 lets a receiver insist that s= names
 * tlsrpt; hardly any sender's key does, so only_tlsrpt is for those who want it: then "*" and
 * tlsrpt are taken, else email, too.
 */
enum dkim_fault dkim_key_check(const struct dkim_key *k, enum dkim_algorithm algorithm,
                               bool identity_is_domain, bool only_tlsrpt);

/* b over the SHA-256 of the header's hash input: DKIM_NONE or DKIM_MISMATCH. */
enum dkim_fault dkim_key_verify(const struct dkim_key *k, const unsigned char digest[SHA256_SIZE],
                                struct slice b);

#endif

/*
 * Certificates and keys out of PEM files, and which belong together.  Between the certs_*.c files.
 *
 * Keys are found by their public half and issuers by their name, so that many files cost no more
 * each than a few.
 */
#ifndef SERVICE_CERTS_POOL_H
#define SERVICE_CERTS_POOL_H

#include <openssl/x509.h>

#include "base/enc.h"
#include "base/table.h"
#include "service/certs.h"

struct pool_cert {
	X509 *x;
	size_t file;
};

struct pool_key {
	EVP_PKEY *key;
	size_t file, number;
	unsigned char digest[SHA256_SIZE]; /* of what it shares with its certificate */
};

/* Where the certificates of one file begin, and how many keys are in it. */
struct pool_file {
	size_t first, count, keys;
};

struct pool {
	struct arena *a;
	const struct cert_file *files;
	size_t file_count, cert_count, key_count;
	struct pool_cert *certs; /* in the order of the files */
	struct pool_key *keys;   /* after pool_index by digest */
	struct pool_file *places;
	struct pool_cert *by_subject; /* file is the place in certs */
	struct table *key_files;      /* a stem to the file STEM.key */
};

/* What became of one file. */
enum pool_read { POOL_GOOD, POOL_ENCRYPTED, POOL_NO_PEM, POOL_BUNDLE, POOL_TOO_MUCH };

void pool_init(struct pool *p, struct arena *a, const struct cert_file *files, size_t count);
void pool_fini(struct pool *p);
/* Takes one file; files come in their order. */
enum pool_read pool_read_file(struct pool *p, size_t file);
/* After the last file and before anything is looked for. */
void pool_index(struct pool *p);

/*
 * The key of a certificate: in its own file or in NAME.key beside it, else in its folder.  NULL:
 * none; then *other_out says whether one of another certificate lies in the expected place.
 */
EVP_PKEY *pool_key_of(const struct pool *p, const struct pool_cert *c, bool *other_out);
/* The issuer among everything read; the leaf's own file first, so that its order wins. */
X509 *pool_issuer_of(const struct pool *p, X509 *x, size_t file);

#endif

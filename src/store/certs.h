/*
 * Certificates with sealed keys, and which host uses which.
 *
 * A certificate is known by the SHA-256 of its DER form in lower-case hex.  Keys are sealed by the
 * caller (store/seal.h) under the name {tenant, seal_domain, fingerprint}; this module never sees
 * one open.
 */
#ifndef STORE_CERTS_H
#define STORE_CERTS_H

#include "store/db.h"

#define CERT_NAMES_MAX 1000u
#define CERT_CHAIN_MAX 8u

struct cert {
	int64_t tenant;
	const char *fingerprint;
	const char *seal_domain; /* second part of the seal's name */
	const char *purpose;     /* the purpose key it is sealed with: "edge-tls" or "report-tls" */
	const char *source;      /* "import", "demo", later "acme" */
	const char *key_type;    /* "ec" or "rsa" */
	const char *subject, *issuer;
	const char
	        *note; /* "" or why it is doubtful, as a constant word such as "no-public-root" */
	int64_t not_before, not_after, added;
	struct slice der, sealed_key;
	size_t chain_count;
	const struct slice *chain; /* DER, issuer of the leaf first, without the root */
	size_t name_count;
	const struct slice
	        *names; /* DNS names of subjectAltName, lower case, wildcards as written */
};

/* Stores c.  *new_out: false when that fingerprint was there already; then nothing changed. */
enum err certs_put(struct db *db, const struct cert *c, bool *new_out) MUST_USE;

/* The same certificate with its key sealed anew: seal_domain, purpose, sealed_key.  ERR_NOTFOUND.
 */
enum err certs_reseal(struct db *db, const struct cert *c) MUST_USE;

/* With der, key and chain; everything lives in a.  ERR_NOTFOUND. */
enum err certs_get(struct db *db, int64_t tenant, struct slice fingerprint, struct arena *a,
                   struct cert *out) MUST_USE;

/*
 * The certificate that fits host by subjectAltName, exactly or by a wildcard of one label, valid
 * at now, the newest import first, then the latest end.  ERR_NOTFOUND.
 */
enum err certs_for_name(struct db *db, int64_t tenant, struct slice host, int64_t now,
                        struct arena *a, struct cert *out) MUST_USE;

/* host uses that certificate from now on.  ERR_NOTFOUND: no such certificate. */
enum err certs_assign(struct db *db, int64_t tenant, struct slice host, struct slice fingerprint,
                      int64_t now) MUST_USE;
enum err certs_unassign(struct db *db, int64_t tenant, struct slice host) MUST_USE;
/* Removes the certificate with its key, unless a host uses it (*gone_out false). */
enum err certs_forget(struct db *db, int64_t tenant, struct slice fingerprint,
                      bool *gone_out) MUST_USE;
/* The certificate host uses.  ERR_NOTFOUND. */
enum err certs_assigned(struct db *db, int64_t tenant, struct slice host, struct arena *a,
                        struct cert *out) MUST_USE;

/* The policy host of a domain, told apart without reading a certificate. */
struct cert_hosted {
	const char *domain;
	bool ours; /* its certificate is to be ours; else somebody else ends TLS for it */
	bool used; /* it uses one of ours */
};
/* Of hosted domains in the order of their names; as domains_list. */
enum err certs_hosted(struct db *db, int64_t tenant, struct slice after, size_t limit,
                      struct arena *a, struct cert_hosted **out, size_t *count_out) MUST_USE;

struct cert_row {
	struct cert cert;  /* without der and chain; with names and the sealed key */
	const char *hosts; /* that use it, separated by blanks; "" for none */
};

/* In the order of fingerprints, those behind after; the last one is the cursor. */
enum err certs_list(struct db *db, int64_t tenant, struct slice after, size_t limit,
                    struct arena *a, struct cert_row **out, size_t *count_out) MUST_USE;

#endif

/*
 * The audit log: append-only, one hash chain per tenant.
 *
 * Each entry's hash covers the one before and a salted digest of who and why, so that personal
 * data can be purged from an entry without breaking the chain.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/enc.h"
#include "store/db.h"

struct audit_entry {
	int64_t seq; /* from 1 without gaps, within the tenant; not read by audit_add */
	int64_t at;
	const char *action;  /* "policy.set", "domain.add" */
	const char *object;  /* what it was done to, usually a domain */
	struct slice actor;  /* who; personal */
	struct slice detail; /* why and how; personal */
	bool purged;
	char hash[SHA256_HEX_SIZE]; /* not read by audit_add */
};

/* *seq_out may be NULL. */
enum err audit_add(struct db *db, int64_t tenant, const struct audit_entry *e,
                   int64_t *seq_out) MUST_USE;
/* Newest first, those before seq before (0: from the newest); object NULL or "" means all. */
enum err audit_list(struct db *db, int64_t tenant, const char *object, int64_t before, size_t limit,
                    struct arena *a, struct audit_entry **out, size_t *count_out) MUST_USE;
/* Removes actor and detail of entries before that moment; the chain still holds. */
enum err audit_purge(struct db *db, int64_t tenant, int64_t before) MUST_USE;
/* ERR_CRYPTO and *bad_out (may be NULL) = the first entry that does not fit; else OK. */
enum err audit_verify(struct db *db, int64_t tenant, int64_t *bad_out) MUST_USE;

#endif

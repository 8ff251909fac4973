/*
 * Records that mxseal writes into customers' zones itself (the way `update`): per domain and record
 * what it put there last, and what keeps it from putting the next there.
 *
 * A row is claimed under a lease, as publications are.
 */
#ifndef STORE_PUSHES_H
#define STORE_PUSHES_H

#include "store/domains.h"

struct push_row {
	int64_t domain;
	enum domain_record record;
	const char *content; /* one record a line, our own part; "": nothing, or not known */
	const char *why;     /* what keeps the next change; "" for nothing */
	int64_t due, tries;
	int64_t pushed; /* last found or made as it should be; 0: never */
};

/* Makes the rows follow the ways of the domain; those there are become due. */
enum err pushes_follow(struct db *db, const struct domain *d) MUST_USE;
/* Due now, and nothing is remembered: what a person says anew begins anew. */
enum err pushes_reset(struct db *db, int64_t domain) MUST_USE;
/* One record becomes due now. */
enum err pushes_hurry(struct db *db, int64_t domain, enum domain_record record) MUST_USE;
/* ERR_NOTFOUND. */
enum err pushes_get(struct db *db, int64_t domain, enum domain_record record, struct arena *a,
                    struct push_row *out) MUST_USE;
/* The next one due, claimed until `until`.  ERR_NOTFOUND. */
enum err pushes_claim(struct db *db, int64_t now, int64_t until, struct arena *a,
                      struct push_row *out) MUST_USE;
/* After a restart nobody holds a claim. */
enum err pushes_unclaim_all(struct db *db) MUST_USE;
/*
 * Puts it back; row->pushed, why, due and tries are written, content unless it is NULL: then what
 * was stored meanwhile stays.  A row that went meanwhile is passed over.
 */
enum err pushes_put(struct db *db, const struct push_row *row) MUST_USE;

#endif

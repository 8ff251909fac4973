/*
 * What was last seen from outside at hosts whose certificate is not ours: behind a proxy that ends
 * TLS, or on web space elsewhere.
 */
#ifndef STORE_LOOKS_H
#define STORE_LOOKS_H

#include "store/db.h"

struct look {
	const char *host;
	int64_t checked;    /* the last look; 0: never */
	int64_t faults;     /* looks in a row in vain; 0: the last one was good */
	const char *why;    /* what the last one in vain found; "" */
	int64_t not_after;  /* of the certificate in the last good look; 0: there was none */
	const char *issuer; /* of that certificate; "" */
};

/* Writes the row of the host, whether there is one or not. */
enum err looks_put(struct db *db, const struct look *l) MUST_USE;
/* Strings live in a.  ERR_NOTFOUND: it was never looked at. */
enum err looks_get(struct db *db, struct slice host, struct arena *a, struct look *out) MUST_USE;
/* Forgets it; nothing to forget is OK, too. */
enum err looks_drop(struct db *db, struct slice host) MUST_USE;
/*
 * Policy hosts of hosted domains that are served behind a proxy or elsewhere and have no job of
 * that kind get one with the host as its key, due at once.
 */
enum err looks_follow(struct db *db, const char *kind, int64_t now) MUST_USE;

#endif

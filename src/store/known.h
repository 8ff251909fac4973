/*
 * What a connection remembers, so that it need not ask for it or write it again: ids of domains and
 * the last note of each reporter.  Internal to store.
 *
 * It holds a bounded number of entries; what is new drives out what is old.  All of it is forgotten
 * when somebody else has written to the database and when a transaction is rolled back.
 */
#ifndef STORE_KNOWN_H
#define STORE_KNOWN_H

#include "base/slice.h"

struct known;

struct known *known_new(void);
void known_free(struct known *k); /* NULL does nothing */
void known_forget(struct known *k);
/* The version of what others have written; another one than the last time forgets everything. */
void known_version(struct known *k, unsigned version);
/* The version after a commit of this connection's own: it knows what it wrote. */
void known_own_version(struct known *k, unsigned version);

/* The id of a domain that is there; 0: not remembered. */
int64_t known_domain(const struct known *k, int64_t tenant, struct slice name);
void known_domain_add(struct known *k, int64_t tenant, struct slice name, int64_t id);

struct known_reporter {
	int64_t tenant;
	struct slice organization, name, signer;
};
/* True: this was the organisation's last note.  False: from now on it is. */
bool known_reporter_again(struct known *k, const struct known_reporter *r);

#endif

/*
 * The keys that mails are signed with: asked for once, kept for their lifetime.
 *
 * Works inside a loop and never waits.  Without a resolver every key is one that could not be
 * found out.
 */
#ifndef SERVICE_KEYRING_H
#define SERVICE_KEYRING_H

#include "net/lookup.h"
#include "wire/dkim_key.h"

#define KEYRING_KEYS_MAX 1024u /* kept; the least recently used one goes first */
#define KEYRING_ASKED_MAX 128u /* names asked for at once; more are "not found out" */
#define KEYRING_ASKED_EACH 8u  /* the same for one organisation's names */
#define KEYRING_ASK_MS 5000    /* patience with the DNS */
#define KEYRING_TTL_MAX 3600   /* seconds; a record that lives longer is asked for again */
#define KEYRING_TTL_NONE 60    /* for a name that has no usable key */

struct key_answer {
	enum dkim_fault fault; /* DKIM_NONE: key is there, flags of use not judged */
	const struct dkim_key *key;
	struct slice record; /* the TXT record that was used; empty: none */
	bool secure;
	int64_t checked; /* when the DNS answered */
};

struct keyring;

/* The answer lives until the function returns. */
typedef void (*keyring_fn)(void *arg, const struct key_answer *answer);

/* lookups may be NULL: nobody is asked. */
struct keyring *keyring_new(struct lookups *lookups);
/* Who waits is not told.  NULL does nothing. */
void keyring_free(struct keyring *k);

struct key_name {
	struct slice selector, domain; /* lower case; of DKIM_QUERY_SIZE together, as checked */
	struct slice organization;     /* whose share of the questions it uses up */
	bool favoured;                 /* a known reporter: no share is looked at */
};

/*
 * The key's answer when it is known; it lives until the keyring is used again.  NULL: it is being
 * asked for, and fn will be called once, from the loop.
 */
const struct key_answer *keyring_ask(struct keyring *k, const struct key_name *name, keyring_fn fn,
                                     void *arg);

#endif

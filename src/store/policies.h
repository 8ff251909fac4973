/*
 * Policy versions and publications of a domain.
 *
 * A version is an immutable text.  A publication is one version under one policy id, with its
 * moments: staged (saved), offered (given to the edges with a certificate beside it, so that a
 * sender may have it from here on), served (everywhere), announced (its id is answered in DNS),
 * ended (the next one was served everywhere, it was superseded while staged, or service stopped).
 *
 * Ids are allocated in the transaction that saves: max(now, last id + 1 s) as YYYYMMDDhhmmss over
 * everything that was ever published under that name, also when the clock stands behind.
 */
#ifndef STORE_POLICIES_H
#define STORE_POLICIES_H

#include "store/db.h"

struct policy; /* mtasts/policy.h */

#define POLICY_ID_TEXT_MAX 32u

enum publication_state {
	PUBLICATION_STAGED,
	PUBLICATION_SERVED,
	PUBLICATION_ANNOUNCED,
	PUBLICATION_ENDED,
};
enum publication_end {
	END_NOT, /* it has not ended */
	/*
	 * A newer save came while it was staged; it is never announced.  ended stays 0 while edges
	 * may still show it, which is until the next one is served everywhere.
	 */
	END_SUPERSEDED,
	END_REPLACED, /* the next one is served everywhere */
	END_STOPPED,  /* service stopped: domain removed, host down, certificate expired */
};

/* "staged", "served", "announced", "ended" */
const char *publication_state_name(enum publication_state s);

struct publication {
	int64_t id, domain, version;
	char policy_id[POLICY_ID_TEXT_MAX + 1];
	enum publication_state state;
	int64_t staged, offered, served, announced, ended; /* 0: not yet */
	enum publication_end end;
	int64_t id_seen;             /* all authoritative servers answer the id since; 0: unknown */
	int64_t ttl;                 /* of that answer; 0: unknown */
	int64_t seq;                 /* of edge.db, when offered */
	struct slice text;           /* the rendered policy, CRLF lines */
	const char *sha256;          /* of text, lower-case hex: the strong ETag */
	const struct policy *policy; /* text as the reader understands it; slices into text */
};

enum policies_how {
	POLICIES_SAVE, /* one publication when the text differs from the newest one's, else nothing
	                */
	POLICIES_BUMP, /* a further publication of the newest version; the policy given is not read
	                */
};

struct policies_saved {
	bool changed;              /* false: nothing was written */
	struct publication newest; /* after the call */
	int64_t superseded;        /* publication that was still staged and is now ended, or 0 */
};

/*
 * Saves a policy (valid by mtasts/policy.h, which also renders it).  Strings of *out live in a.
 * ERR_NOTFOUND: no such domain, or nothing to bump.  ERR_SYNTAX: the policy does not render.
 */
enum err policies_save(struct db *db, int64_t domain, enum policies_how how, const struct policy *p,
                       int64_t now, struct arena *a, struct policies_saved *out) MUST_USE;

/*
 * Marks of one publication.  Each may be repeated; the first moment stays.  Serving n ends the
 * ones before it.  ERR_NOTFOUND; ERR_CONFLICT: it has ended, or (announced) is not served yet.
 */
enum err policies_mark_offered(struct db *db, int64_t publication, int64_t seq,
                               int64_t now) MUST_USE;
enum err policies_mark_served(struct db *db, int64_t publication, int64_t now) MUST_USE;
enum err policies_mark_announced(struct db *db, int64_t publication, int64_t now) MUST_USE;
enum err policies_mark_seen(struct db *db, int64_t publication, int64_t seen, int64_t ttl) MUST_USE;
/* Service of the domain stopped or (a save or bump later) begins again. */
enum err policies_mark_stopped(struct db *db, int64_t domain, int64_t now) MUST_USE;

/*
 * Gives the newest publication an id that a person typed into DNS, as it is: 1 to 32 letters and
 * digits.  ERR_SYNTAX; ERR_CONFLICT: an earlier publication had it.  ERR_NOTFOUND.
 */
enum err policies_adopt_id(struct db *db, int64_t domain, struct slice id) MUST_USE;

/* The newest one that was not superseded, whatever its state.  ERR_NOTFOUND. */
enum err policies_newest(struct db *db, int64_t domain, struct arena *a,
                         struct publication *out) MUST_USE;
/* The newest one served everywhere: the one whose id is answered.  ERR_NOTFOUND. */
enum err policies_served(struct db *db, int64_t domain, struct arena *a,
                         struct publication *out) MUST_USE;
enum err policies_by_id(struct db *db, int64_t publication, struct arena *a,
                        struct publication *out) MUST_USE;

/*
 * All publications, oldest first.  For the horizon take those with offered != 0: served from
 * offered until ended (0: still); END_STOPPED is "ended": true there.
 */
enum err policies_history(struct db *db, int64_t domain, struct arena *a, struct publication **out,
                          size_t *count_out) MUST_USE;

/* Newest publications of all domains that are staged: what a restarted desk takes up again. */
enum err policies_staged(struct db *db, struct arena *a, struct publication **out,
                         size_t *count_out) MUST_USE;

#endif

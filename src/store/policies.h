/*
 * Policy versions and publications of a domain.
 *
 * A version is an immutable text.  A publication is one version under one policy id, with its
 * moments: staged (saved), offered (given to the edges with a certificate beside it, so that a
 * sender may have it from here on), served (everywhere), fetched (from outside, as a sender does),
 * announced (its id is answered in DNS), ended (the next one was served everywhere, it was
 * superseded while staged, or service stopped).  publication_may_answer has the order of the last
 * ones, and nothing is announced here against it.
 *
 * Ids are allocated in the transaction that saves: max(now, last id + 1 s) as YYYYMMDDhhmmss over
 * everything that was ever published under that name, also when the clock stands behind.
 */
#ifndef STORE_POLICIES_H
#define STORE_POLICIES_H

#include "store/domains.h"

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
	int64_t fetched;             /* from outside; 0: not, or there was no need */
	int64_t ahead;               /* its id was seen in DNS before its turn; 0: was not */
	int64_t tries;               /* in vain, at the next step */
	const char *why;             /* what keeps the next step; "" for nothing */
	bool first;                  /* nothing was announced before it in this run of service */
	enum domain_hosting hosting; /* of its domain, now */
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

/* Must it be fetched from outside before its id is answered?  The first one, and wherever what
 * senders get does not come from our edges. */
bool publication_needs_fetch(const struct publication *p);
/* From when on the text before it is gone everywhere, given that it is served. */
int64_t publication_alone_from(const struct publication *p);
/*
 * May its id stand in DNS at now?  Its text is served everywhere, was fetched where that is
 * needed, the one before is gone (lockout-math: C is 0 on our own edges), and nobody saw the id
 * ahead of all this.
 */
bool publication_may_answer(const struct publication *p, int64_t now);

/*
 * Marks of one publication.  Each may be repeated; the first moment stays.  Serving n ends the
 * ones before it.  ERR_NOTFOUND; ERR_CONFLICT: it has ended, is not served yet (fetched), or may
 * not be answered (announced).
 */
enum err policies_mark_offered(struct db *db, int64_t publication, int64_t seq,
                               int64_t now) MUST_USE;
enum err policies_mark_served(struct db *db, int64_t publication, int64_t now) MUST_USE;
enum err policies_mark_fetched(struct db *db, int64_t publication, int64_t now) MUST_USE;
enum err policies_mark_announced(struct db *db, int64_t publication, int64_t now) MUST_USE;
/*
 * Its id was seen in DNS at now, before it might be answered.  Senders may hold the text before
 * it under this id: it is never announced, a further publication follows it.  Nothing is noted
 * when no earlier text could be held or when it may be answered by now.
 */
enum err policies_mark_ahead(struct db *db, int64_t publication, int64_t now,
                             bool *noted_out) MUST_USE;
enum err policies_mark_seen(struct db *db, int64_t publication, int64_t seen, int64_t ttl) MUST_USE;
/* Service of the domain stopped or (a save or bump later) begins again. */
enum err policies_mark_stopped(struct db *db, int64_t domain, int64_t now) MUST_USE;

/*
 * Gives the newest publication an id that a person typed into DNS, as it is: 1 to 32 letters and
 * digits.  When its own id was announced already, a further one with the same text and moments
 * takes its place at now, so that no id is forgotten under which senders may hold a text.
 * ERR_SYNTAX; ERR_CONFLICT: an earlier publication had it.  ERR_NOTFOUND.
 */
enum err policies_adopt_id(struct db *db, int64_t domain, struct slice id, int64_t now) MUST_USE;

/* The newest one that was not superseded, whatever its state.  ERR_NOTFOUND. */
enum err policies_newest(struct db *db, int64_t domain, struct arena *a,
                         struct publication *out) MUST_USE;
/* The newest one served everywhere: the one whose id is answered.  ERR_NOTFOUND. */
enum err policies_served(struct db *db, int64_t domain, struct arena *a,
                         struct publication *out) MUST_USE;
/*
 * The publication whose id is to stand in DNS: the newest that was announced, or that may be
 * answered at now (0: only what was announced).  ERR_NOTFOUND: none, or service stopped since.
 */
enum err policies_answered(struct db *db, int64_t domain, int64_t now, struct arena *a,
                           struct publication *out) MUST_USE;
enum err policies_by_id(struct db *db, int64_t publication, struct arena *a,
                        struct publication *out) MUST_USE;

/*
 * All publications, oldest first.  For the horizon take those with offered != 0: served from
 * offered until ended (0: still); END_STOPPED is "ended": true there.
 */
enum err policies_history(struct db *db, int64_t domain, struct arena *a, struct publication **out,
                          size_t *count_out) MUST_USE;

/*
 * The next publication whose id is not announced and that is due, claimed until `until`.
 * ERR_NOTFOUND.
 */
enum err policies_claim(struct db *db, int64_t now, int64_t until, struct arena *a,
                        struct publication *out) MUST_USE;
/* Not now: again at due, or at once when it was hurried meanwhile, with the reason ("": it only
 * waits).  failed counts as a try. */
enum err policies_again(struct db *db, int64_t publication, int64_t due, const char *why,
                        bool failed) MUST_USE;
/* What the domain's publication waits for may be there now. */
enum err policies_hurry(struct db *db, int64_t domain) MUST_USE;
/* After a restart nobody holds a claim, and what failed before is tried at once. */
enum err policies_all_due(struct db *db) MUST_USE;

/*
 * Staged publications that were offered up to seq of edge.db, at most limit (and DB_LIST_MAX) in
 * the order of seq; those on web space elsewhere are left out.
 */
enum err policies_offered(struct db *db, int64_t seq, size_t limit, struct arena *a,
                          struct publication **out, size_t *count_out) MUST_USE;

#endif

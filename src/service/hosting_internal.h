/* What the parts of hosting share. */
#ifndef SERVICE_HOSTING_INTERNAL_H
#define SERVICE_HOSTING_INTERNAL_H

#include "mtasts/name.h"
#include "service/hosting.h"

/* A policy put together from a request and what is there. */
struct hosting_draft {
	const char *domain;
	struct policy policy;
	bool had_policy;
	struct policy old; /* when had_policy */
	const char *id;    /* its id */
	bool removed;      /* a pattern of old is missing */
	bool same;         /* the text would be the same */
};

/*
 * Applies q to old (NULL: none).  Patterns are checked and brought into normal form.
 * ERR_SYNTAX with *why filled.  Without patterns the draft may be incomplete: see needs_mx.
 */
enum err hosting_draft(struct arena *a, const char *domain, const struct policy *old,
                       const struct policy_request *q, struct hosting_draft *out,
                       struct refusal *why) MUST_USE;
/* True when a policy of that mode must have patterns and has none. */
bool hosting_draft_needs_mx(const struct hosting_draft *d);

/*
 * The guards.  First those that need no DNS (mx NULL), then all.  reason (of --anyway) lets the
 * step through; *overridden_out counts what it put aside.  ERR_GUARD with *why filled.
 */
enum err hosting_guard(struct desk *d, const struct domain *domain,
                       const struct hosting_draft *draft, const struct hosting_mx *mx,
                       struct slice reason, int64_t now, struct arena *a, size_t *overridden_out,
                       struct refusal *why) MUST_USE;

/* What a domain had before it came here.  Strings live in the arena. */
struct hosting_before {
	const char *id;              /* of a valid record; NULL: none */
	const struct policy *policy; /* that senders get; NULL: none, or it could not be fetched */
	const char *why;             /* words for that; "": there is nothing to say */
};

/* Asks DNS and fetches; the lock is not held.  Nothing is found where DNS is not asked. */
void hosting_look_before(struct desk *d, const char *domain, struct arena *a,
                         struct hosting_before *out);

/* One change on its way: what is asked, what was read, what comes out. */
struct hosting_work {
	struct desk *d;
	const char *actor;
	const struct policy_request *q;
	int64_t now;
	struct arena *a;
	struct hosting_draft draft;
	struct domain domain; /* id 0: to be added */
	struct hosting_before before;
	struct hosting_change *out;
	struct refusal *why;
};

/* The name of a domain as the database has it.  ERR_SYNTAX. */
enum err hosting_name(struct slice in, char out[NAME_SIZE], struct refusal *why) MUST_USE;
/* ERR_CONFLICT: the version that a request was made for is not the newest. */
enum err hosting_refuse_match(const struct domain *domain, struct refusal *why) MUST_USE;
/* Reads domain and present policy into c.  ERR_NOTFOUND; ERR_SYNTAX: only observed. */
enum err hosting_read(struct hosting_work *c, struct slice name, bool hosted_only) MUST_USE;
/* Fills c->domain, which is to be added under name.  ERR_SYNTAX: a way that is not open. */
enum err hosting_new_domain(struct hosting_work *c, const struct domain_request *q,
                            const char *name) MUST_USE;
/* Guards without DNS, DNS, the other guards, the text. */
enum err hosting_prepare(struct hosting_work *c) MUST_USE;
/* Guards without DNS and the text: for patterns that nobody lays over the live MX set. */
enum err hosting_prepare_unasked(struct hosting_work *c) MUST_USE;
/* Adds domain and policy in one transaction.  The lock is held. */
enum err hosting_save_new(struct hosting_work *c) MUST_USE;
/* Saves under the lock, gives the result to the edges, fills the answer. */
enum err hosting_store_change(struct hosting_work *c,
                              enum err (*save)(struct hosting_work *)) MUST_USE;
/* Part of a transaction: policy, stage, audit. */
enum err hosting_save_parts(struct hosting_work *c, const char *action) MUST_USE;
enum err hosting_finish_dry(struct hosting_work *c) MUST_USE;
enum err hosting_answer_now(struct hosting_work *c) MUST_USE;
/* The policy of the answer outlives c: it goes into the arena. */
void hosting_keep_policy(struct hosting_work *c);

/*
 * Part of the transaction that adds a domain: notes that it came from elsewhere and, when the
 * policy stays as it was there, keeps its id.
 */
enum err hosting_save_before(struct hosting_work *c) MUST_USE;

/* One line for the audit log.  Part of the caller's transaction. */
enum err hosting_audit(struct desk *d, const char *actor, const char *action, const char *domain,
                       const char *detail, int64_t now) MUST_USE;

/* Words for a store that failed; logs it. */
enum err hosting_store_failed(struct desk *d, enum err e, const char *doing, struct refusal *why);

/* Fills what every answer has: the domain's row, where its publication stands, its horizon. */
enum err hosting_answer(struct desk *d, int64_t domain, int64_t now, struct arena *a,
                        struct hosting_change *out) MUST_USE;

#endif

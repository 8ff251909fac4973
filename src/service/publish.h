/*
 * The way of a policy to its senders, in the only safe order: certificate valid,
 * text served everywhere, id answered.
 *
 * A save makes a publication `staged`.  publish_domain gives its text to the
 * edges (edge.db), once there is a certificate for the policy host and its CNAME was seen with the
 * domain's claim; publish_settle notes that every live edge serves it; the steps from there to the
 * announced id are those of service/publisher.h.  All may be repeated at any moment: a desk that
 * was killed between two steps goes on with the next one.
 */
#ifndef SERVICE_PUBLISH_H
#define SERVICE_PUBLISH_H

#include "service/desk.h"
#include "store/domains.h"
#include "store/policies.h"

#define PUBLISH_WAIT_MS 5000u
#define PUBLISH_FIRST 100u /* domains of publish_all that nobody has to wait for */

/* Where a domain's newest publication stands. */
struct publish_state {
	bool has_policy;
	struct publication newest; /* in the arena given */
	int64_t seq;               /* of edge.db, when it was offered; 0: not yet */
	bool served;               /* everywhere */
	const char *why;           /* what it waits for, constant or in the arena; NULL: nothing */
};

/*
 * Gives the domain's newest policy and the certificate of its host to the edges; a domain that
 * is not hosted here, or not at all, is taken off them.  The lock is held.  Sets *seq_out to the
 * change, 0 when there was none to make.  ERR_IO, ERR_UNAVAILABLE: the databases.
 */
enum err publish_domain(struct desk *d, const struct domain *domain, int64_t now,
                        int64_t *seq_out) MUST_USE;
/* The same for the report host and the admin host. */
enum err publish_hosts(struct desk *d, int64_t now, int64_t *seq_out) MUST_USE;
/* publish_domain for each, as one change; *seq_out is the newest that any of them is known as. */
enum err publish_domains(struct desk *d, const struct domain *list, size_t count, int64_t now,
                         int64_t *seq_out) MUST_USE;

/* Where a walk through all domains stands; zero at its beginning. */
struct publish_cursor {
	char after[DOMAIN_NAME_MAX + 1]; /* the last one that was given */
	bool done;
};
/*
 * publish_domains for the next limit domains (at most DB_LIST_MAX) by name, for who lets go of
 * the lock between.
 */
enum err publish_page(struct desk *d, struct publish_cursor *at, size_t limit, int64_t now,
                      int64_t *seq_out) MUST_USE;
/*
 * The report host, the admin host and the first PUBLISH_FIRST domains; all others follow by
 * service/publisher.h, since the lock is not to be held for so long.  *seq_out is of the former.
 */
enum err publish_all(struct desk *d, int64_t now, int64_t *seq_out) MUST_USE;
/* No edge answers for the domain any more.  The lock is held. */
enum err publish_drop(struct desk *d, const char *name, int64_t *seq_out) MUST_USE;

/* A certificate that no host uses any more goes from both databases.  The lock is held. */
enum err publish_forget_cert(struct desk *d, int64_t tenant, struct slice fingerprint) MUST_USE;
/* Gives the edges the proof that a CA will ask for, and takes it back.  The lock is held. */
enum err publish_challenge(struct desk *d, const char *host, struct slice token,
                           struct slice answer, int64_t *seq_out) MUST_USE;
enum err publish_challenge_drop(struct desk *d, const char *host, int64_t *seq_out) MUST_USE;

/*
 * Marks what is served everywhere by now, and announces it where nothing else comes before; the
 * rest is for service/publisher.h.  The lock is not held.  Cheap when nothing is staged.
 */
void publish_settle(struct desk *d, int64_t now);

/* True when every live edge has applied seq within timeout_ms.  The lock is not held. */
bool publish_wait(struct desk *d, int64_t seq, unsigned timeout_ms);

/* Reads where a domain stands.  The lock is held. */
enum err publish_look(struct desk *d, const struct domain *domain, struct arena *a,
                      struct publish_state *out) MUST_USE;

/* True while the CNAME of the policy host must first be seen with the domain's claim. */
bool publish_needs_claim(const struct desk *d, const struct domain *domain);
/* Whether the id is for us to answer: in the service zone, and in a demonstration always. */
bool publish_answers_id(const struct desk *d, const struct domain *domain);
/*
 * Answers the id of p, whose turn it is (else ERR_CONFLICT): the store notes it first, then the
 * zone follows, from the domain as it is now.  The lock is held.  Sets *seq_out to the change of
 * the zone, 0 for none.  ERR_NOTFOUND: the domain went meanwhile.
 */
enum err publish_announce(struct desk *d, const struct publication *p, int64_t now,
                          int64_t *seq_out) MUST_USE;
/* A line for the audit log of what is done without a person. */
enum err publish_audit(struct desk *d, const char *action, const char *domain, const char *detail,
                       int64_t now) MUST_USE;

/* The names that edges answer: "mta-sts." and the domain.  ERR_LIMIT: too long for a name. */
enum err publish_host_name(const char *domain, char out[DOMAIN_NAME_MAX + 1]) MUST_USE;

#endif

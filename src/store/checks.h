/*
 * What was last found at the authoritative servers of a domain's records.
 *
 * The facts are a text of service's; beside them stand the policy id that all servers answered,
 * since when, and when another one (or none) was last seen, so that it can be told whether an id
 * came before or after its text.
 */
#ifndef STORE_CHECKS_H
#define STORE_CHECKS_H

#include "store/db.h"

#define CHECK_FACTS_MAX 1048576u
#define CHECKS_A_SECOND 10 /* of domains that nobody waits for: others own the servers asked */

struct check {
	int64_t domain;
	int64_t checked; /* 0: never */
	struct slice facts;
	const char *id;     /* that all servers answered at last; "": none, or not known yet */
	int64_t definite;   /* the last check in which all servers agreed on it; 0: none did */
	int64_t id_since;   /* the first check in a row that saw it; 0: none did */
	int64_t other_last; /* the last one in which all agreed on another one or none; 0: none did
	                     */
	const char *rua_kept; /* report addresses of others found at the record, a line each */
	int64_t seen_since;   /* all three records are right since; 0: they are not */
	int64_t host_seen;    /* the first look that saw the policy host lead here; 0: none yet */
	int64_t adopted; /* when the domain was taken over from another host of its policy; 0: it
	                    was not */
};

/*
 * A check that began at now saw that id ("": none) at every server.  Where servers disagree or are
 * silent nothing is noted: what any of them may have answered is not known.
 */
void checks_note_id(struct check *c, const char *id, int64_t now);

/* Writes the row of the domain, whether there is one or not.  ERR_LIMIT: facts are too long. */
enum err checks_put(struct db *db, const struct check *c) MUST_USE;
/* Strings live in a.  ERR_NOTFOUND: it was never checked. */
enum err checks_get(struct db *db, int64_t domain, struct arena *a, struct check *out) MUST_USE;
/*
 * Hosted and observed domains without a job of that kind get one, the first due at once, and of
 * many not more than CHECKS_A_SECOND in each second.
 */
enum err checks_follow(struct db *db, const char *kind, int64_t now) MUST_USE;

#endif

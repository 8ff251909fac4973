/*
 * Leaving MTA-STS: which record may go on which day (lockout-math.md, (iii)).
 *
 * A policy of mode none is served; until no sender can hold one of enforce or testing, nothing may
 * go.  Then the id, and when that is gone everywhere and forgotten, the policy host.  Pure but
 * for leaving_read.
 */
#ifndef SERVICE_LEAVING_H
#define SERVICE_LEAVING_H

#include "mtasts/horizon.h"
#include "service/desk.h"
#include "store/checks.h"
#include "store/domains.h"
#include "store/policies.h"

struct leaving_record {
	const char *purpose; /* "policy-id", "reports", "policy-host": in the order they go */
	const char *name;
	int64_t may_go; /* HORIZON_OPEN: no day can be said yet */
	int64_t gone;   /* since; 0: it is there, or not known */
};

#define LEAVING_RECORDS 3u

struct leaving {
	bool leaving;       /* the newest policy is of mode none */
	int64_t since;      /* that policy was saved */
	int64_t held_until; /* the last moment of an enforce or testing policy; 0: nobody holds one;
	                       HORIZON_OPEN: one may still be fetched */
	struct leaving_record records[LEAVING_RECORDS];
};

/* newest, horizon and check may be NULL: there is none. */
void leaving_make(struct arena *a, const struct domain *domain, const struct publication *newest,
                  const struct horizon_answer *horizon, const struct check *check, int64_t now,
                  struct leaving *out);
/* From the store.  The lock is held. */
enum err leaving_read(struct desk *d, const struct domain *domain, int64_t now, struct arena *a,
                      struct leaving *out) MUST_USE;

/* One sentence about where it stands, for people. */
const char *leaving_words(struct arena *a, const struct leaving *l, int64_t now);

#endif

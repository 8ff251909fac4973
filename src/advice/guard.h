/*
 * The guards in front of a stricter policy: facts in, met or not met out.
 *
 * `enforce`, or a max_age above what its stage has, asks senders to refuse mail,
 * for a time nobody can take back.  It is let through only when testing was
 * served long enough, a TLS-RPT record was seen and every live MX host is
 * matched.  What could not be asked counts as not met, and says so.
 *
 * Pure.  The guards that need no DNS come first, so that a caller can stop
 * before it asks the network.
 */
#ifndef ADVICE_GUARD_H
#define ADVICE_GUARD_H

#include "base/buf.h"
#include "mtasts/policy.h"

#define GUARD_STAGE_MAX_AGE 86400u /* of testing and of the first enforce */
#define GUARD_WORDS_SIZE 384u

enum guard_code {
	GUARD_TESTING_TIME, /* testing was not served long enough */
	GUARD_WAITING,      /* the last id is typed by a person, and not answered everywhere yet */
	GUARD_TLSRPT,       /* no TLS-RPT record seen */
	GUARD_MX,           /* an MX host that no pattern matches */
	GUARD_COUNT,
};

enum guard_seen { GUARD_NOT_ASKED, GUARD_UNKNOWN, GUARD_NO, GUARD_YES };

struct guard_facts {
	const char *domain;
	bool had_policy; /* the fields old_* are filled */
	enum policy_mode old_mode, new_mode;
	uint32_t old_max_age, new_max_age;
	bool patterns_removed; /* a pattern of the old policy is missing in the new one */
	int64_t now;
	int64_t testing_since;  /* served without a break since; 0: never */
	int64_t testing_needed; /* seconds: guard_testing_time(profile) */
	bool waiting;           /* for a person to type the last id */
	enum guard_seen tlsrpt; /* a valid record at _smtp._tls */
	enum guard_seen mx;     /* GUARD_YES: MX set known and every host of it matched */
	size_t unmatched_count;
	const char *first_unmatched; /* NULL unless mx is GUARD_NO */
	const char *dns_why;         /* why DNS could not be asked; NULL: unknown */
};

struct guard_result {
	enum guard_code code;
	const char *slug;              /* "guard-testing-time", ... */
	char reason[GUARD_WORDS_SIZE]; /* one sentence without a final stop */
	char fix[GUARD_WORDS_SIZE];
};

/* Seconds of testing that a profile asks for; an unknown name gets the default one's. */
int64_t guard_testing_time(struct slice profile);

/* A publication of the domain, for the question below. */
struct guard_served {
	enum policy_mode mode;
	int64_t served; /* everywhere since; 0: never, the row is passed over */
	bool stopped;   /* service of it stopped; nothing followed at once */
};
/*
 * Rows in the order of publication.  Since when testing or enforce is served without a break;
 * 0: not now.
 */
int64_t guard_testing_since(const struct guard_served *rows, size_t count);

/*
 * Does the step need any guard, and this one?  A policy that is no stricter needs none, but one
 * that enforces and loses patterns must still match every MX host.
 */
bool guard_is_needed(const struct guard_facts *f);
bool guard_needs(const struct guard_facts *f, enum guard_code code);

/*
 * All guards that bind this step and are not met, in order; at most GUARD_COUNT.  With
 * offline_only those that need DNS are left out.  Returns their number.
 */
size_t guard_check(const struct guard_facts *f, bool offline_only,
                   struct guard_result out[GUARD_COUNT]);

#endif

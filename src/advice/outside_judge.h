/*
 * What is to be said of a host that is served behind a proxy or on web space elsewhere, so that its
 * certificate is not ours to renew.  Pure.
 */
#ifndef ADVICE_OUTSIDE_JUDGE_H
#define ADVICE_OUTSIDE_JUDGE_H

#include "base/mem.h"

#define OUTSIDE_FAULTS 2 /* looks in a row in vain before it counts: one may be a blip */
#define OUTSIDE_WARN_S INT64_C(1209600) /* left of a certificate: renewals are overdue by then */
#define OUTSIDE_FAIL_S INT64_C(259200)

enum outside_severity { OUTSIDE_PASS, OUTSIDE_SKIP, OUTSIDE_WARN, OUTSIDE_FAIL };

/* "pass", "skip", "warn", "fail" */
const char *outside_severity_name(enum outside_severity s);

struct outside_seen {
	const char *host;
	bool policy;       /* a policy host; else the report host or the admin host */
	int64_t checked;   /* the last look; 0: never */
	int64_t faults;    /* looks in a row in vain */
	const char *why;   /* the last one in vain; "" */
	int64_t not_after; /* of the certificate in the last good look; 0: unknown */
};

struct outside_finding {
	enum outside_severity severity;
	const char *title, *detail;
	const char *fix; /* NULL: nothing is to be done */
};

/* Strings are constant or in a. */
struct outside_finding outside_judge(const struct outside_seen *seen, int64_t now, struct arena *a);

#endif

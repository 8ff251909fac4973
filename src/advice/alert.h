/*
 * What somebody is told of without asking: the causes, when each is open and how bad it is, and
 * when it is said.
 *
 * Pure.  alert_judge takes what is known of one domain and gives what is open; alert_step lays that
 * over what was open before; alert_event tells whether a mail is due for it.  A cause is said once
 * when it opens, once each time it gets worse, and once when it has closed by itself.  What could
 * not be found out neither opens nor closes anything.
 */
#ifndef ADVICE_ALERT_H
#define ADVICE_ALERT_H

#include "advice/explain.h"
#include "base/mem.h"
#include "mtasts/policy.h"

/* Worst for mail first; the names are alert_code's. */
enum alert_cause {
	ALERT_CERT,     /* a certificate will not last */
	ALERT_POLICY,   /* senders cannot fetch the policy */
	ALERT_ID,       /* DNS has another id than the policy that is served */
	ALERT_MX,       /* a live MX host is matched by no pattern */
	ALERT_TYPING,   /* somebody has to type a record */
	ALERT_REPORTS,  /* reports stopped */
	ALERT_FAILURES, /* sessions failed that enforce refuses */
	ALERT_CAUSES,
};

#define ALERT_SECOND_LOOK_S INT64_C(300) /* from a failed fetch to the one that confirms it */
#define ALERT_UNASKED_S \
	INT64_C(172800) /* DNS could not be asked for so long: somebody is to know */
#define ALERT_ID_CACHED_S INT64_C(3600) /* resolvers may show an id before so long, or its TTL */
#define ALERT_TYPING_S INT64_C(900)     /* whoever changed the policy is likely to type it */
#define ALERT_TYPING_LONG_S INT64_C(604800) /* then it has been forgotten */
#define ALERT_SILENT_DAYS INT64_C(7)        /* without a report */
#define ALERT_REPORT_DAYS_MIN 5u            /* with fewer nobody knows what is usual */
#define ALERT_RECENT_DAYS INT64_C(7)        /* of failures */
#define ALERT_EVERY_S                                                              \
	INT64_C(86400) /* a cause that comes back, or only grows, is said so often \
	                */

/* "certificate-will-not-last": the id of its entry in explain.txt. */
const char *alert_code(enum alert_cause cause);
/* ERR_SYNTAX: none has that code. */
enum err alert_cause_parse(struct slice code, enum alert_cause *out) MUST_USE;
/* True for "fail", false for "warn"; level is 1 or more. */
bool alert_is_fail(enum alert_cause cause, unsigned level);
enum explain_impact alert_impact(enum alert_cause cause, unsigned level);

/* What a look from outside gave. */
enum alert_look { ALERT_UNKNOWN, ALERT_GOOD, ALERT_BAD };

struct alert_failure {
	int64_t day;
	struct slice result_type;
	int64_t sessions;
	bool trusted; /* part of it in a signed or imported report */
};

/* What is known of a domain, or (ALERT_CERT alone) of a host of the service itself. */
struct alert_facts {
	int64_t now;
	const char *domain;
	bool hosted;
	/* The publication whose id stands in DNS. */
	int64_t announced; /* 0: none does, so that no sender looks for a policy */
	enum policy_mode mode;
	int64_t max_age, ttl; /* ttl of the id; 0: unknown */
	const char *id;
	const char *newest_id; /* of the newest publication, whatever its state; NULL: none */
	struct {
		bool ours;          /* a certificate is kept here for the host */
		const char *host;   /* "mta-sts.example.com" */
		int64_t not_before; /* both 0: there is none */
		int64_t not_after;
		const char *fingerprint;
		bool ordered;            /* an authority is asked for the next one */
		bool failed;             /* and that did not work at last */
		const char *order_words; /* what a person is told of it; "" */
		int64_t seen_until; /* of one that is not ours, seen from outside; 0: unknown */
	} cert;
	struct {
		enum alert_look look;
		int64_t bad;   /* failed fetches in a row */
		int64_t since; /* of the first look in a row that was not good; 0: the last one was
		                */
		int64_t good;  /* the last that went well; 0: none did */
		const char *why;
	} policy;
	struct {
		enum alert_look look; /* ALERT_BAD: there is no valid record */
		const char *id;       /* that a resolver finds; "": none */
	} seen;
	struct {
		enum alert_look look;
		size_t count, unmatched_count;
		const char *const *unmatched;
	} mx;
	struct {
		int64_t since; /* 0: nothing is to be typed */
		const char *id, *name, *value;
	} typing;
	size_t day_count; /* days with a report, newest last */
	const int64_t *days;
	size_t failure_count; /* of the last days; any order */
	const struct alert_failure *failures;
};

struct alert_finding {
	bool known;          /* false: it could not be found out */
	unsigned level;      /* 0: not open; a higher one is worse */
	unsigned extent;     /* how many things of the kind: more is worse */
	const char *subject; /* which; may be "" */
	const char *detail;  /* what was seen, in whole sentences; hostile text may be in it */
	const char *step;    /* what to do */
	const char *command; /* to copy; NULL: none */
};

/* All causes; strings live in a or where the facts' do. */
void alert_judge(const struct alert_facts *f, struct arena *a,
                 struct alert_finding out[ALERT_CAUSES]);

/* One cause of one domain over time. */
struct alert_state {
	unsigned level, extent; /* level 0: closed */
	const char *subject;
	int64_t opened, closed; /* closed 0: open */
	/* What the last mail said: 0 when there was none, or that it has closed. */
	int64_t said;
	const char *said_subject;
	int64_t said_at; /* of the last mail, whatever it said; 0: none */
	int64_t peak;    /* the worst that was said since it opened last */
};

/* One number for how bad it is; 0 for level 0. */
int64_t alert_rank(unsigned level, unsigned extent);

/* What the state is after a finding at now.  cause is whose. */
struct alert_state alert_step(const struct alert_state *before, const struct alert_finding *found,
                              int64_t now);

enum alert_event { ALERT_NOTHING, ALERT_OPENED, ALERT_WORSE, ALERT_CLOSED };
/* "opened", "worse", "closed" */
const char *alert_event_name(enum alert_event e);
/* Whether something of it is to be said at now. */
enum alert_event alert_event(enum alert_cause cause, const struct alert_state *s, int64_t now);

#endif

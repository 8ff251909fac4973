/*
 * Cache arithmetic: until when a sender that keeps to RFC 8461 may hold which
 * policy, and what follows for changes of MX hosts, for removal and for mistakes.
 *
 * Pure; all times are seconds since 1970 and saturate.  The symbols: for policy i
 * b is served_from, e the last moment its text can be fetched, A its max_age (at
 * most the standard's ceiling), t id_seen, T ttl; C leftover, F fetch, G give_up.
 *
 *   H_i   = e_i + F + A_i            e_i = b_(i+1) + C, or the end of service itself
 *   H_old = max of H_i, i < n        Z   = max of H_i with a mode other than none
 *   D     = max(now, H_i of every enforce policy that no remaining MX host matches)
 *   D_q   = max(now, t_n + max of T_i, i < n)
 *   V     = t of the correction + T of the wrong record
 *
 * The TTL is not part of H: a fresh policy is applied without asking DNS.
 */
#ifndef MTASTS_HORIZON_H
#define MTASTS_HORIZON_H

#include "mtasts/policy.h"

/* No bound yet, not known, or nothing held. */
#define HORIZON_OPEN INT64_MAX

#define HORIZON_LEFTOVER 60   /* C: an old text left in proxies before us */
#define HORIZON_FETCH 60      /* F: how long one fetch may take */
#define HORIZON_GIVE_UP 86400 /* G: Exchange Online drops refused mail after a day */
#define HORIZON_POLICIES_MAX 4096u

struct horizon_policy {
	struct slice id;
	enum policy_mode mode;
	int64_t max_age; /* as published, may be above the ceiling */
	size_t mx_count;
	const struct slice *mx;
	int64_t served_from;
	int64_t served_until; /* when the next one was served or service ended; HORIZON_OPEN: live
	                       */
	bool ended;           /* service stopped at served_until: no leftover */
	int64_t id_seen;      /* all authoritative servers answer the id; HORIZON_OPEN: not known */
	int64_t ttl;          /* of that TXT record; HORIZON_OPEN: not known */
};

struct horizon_history {
	size_t count;
	const struct horizon_policy *policies; /* in the order they were served */
	int64_t leftover, fetch, give_up;      /* C, F, G */
};

struct horizon_question {
	int64_t now;
	struct slice retire; /* an MX host to be retired; empty: none */
	struct slice wrong;  /* the id of a wrong policy; empty: none */
};

/* X(name, code, sentence) */
#define HORIZON_WARNINGS(X)                                                                     \
	X(TXT_BEFORE_TEXT, "txt-before-text",                                                   \
	  "an id was visible while the old text could still be fetched: senders may keep the "  \
	  "old text under the new id; publish one more id")                                     \
	X(ID_NOT_CHANGED, "id-not-changed",                                                     \
	  "the text changed and the id did not: only senders that refresh learn of it")         \
	X(ID_REUSED, "id-reused",                                                               \
	  "an id was used before for another text: senders that hold that one see no change")   \
	X(ID_NOT_SEEN, "id-not-seen", "nothing is known of the newest id being visible in DNS") \
	X(MAX_AGE_ABOVE_CEILING, "max-age-above-ceiling",                                       \
	  "a max_age above 31557600 is cut to it here; careless senders may hold the policy "   \
	  "longer")                                                                             \
	X(NONE_STILL_HELD, "none-still-held",                                                   \
	  "senders may still hold an older policy of mode none and are unprotected until then") \
	X(NEWEST_BLOCKS, "newest-policy-blocks",                                                \
	  "no remaining MX host is allowed by the newest policy: change the policy first")      \
	X(RETIRED_NOT_LISTED, "retired-not-listed",                                             \
	  "the newest policy does not name the MX host that is to be retired")                  \
	X(NOT_CORRECTED, "not-corrected",                                                       \
	  "no new id is known that replaces the wrong policy: publish text and id again")

enum horizon_warning {
#define HORIZON_ENUM(name, code, sentence) HORIZON_##name,
	HORIZON_WARNINGS(HORIZON_ENUM)
#undef HORIZON_ENUM
	        HORIZON_WARNING_COUNT
};
const char *horizon_warning_code(enum horizon_warning w);
const char *horizon_warning_text(enum horizon_warning w);

struct horizon_answer {
	size_t count;
	const struct horizon_policy *policies; /* those of the history */
	const int64_t *held_until;             /* H_i; HORIZON_OPEN while it is served */
	int64_t old_policy_until;              /* H_old */
	int64_t remove_after;                  /* Z */
	int64_t protected_from; /* a held mode none ends here (edge 7); HORIZON_OPEN: none is held
	                         */

	struct slice retire;         /* empty: not asked */
	int64_t retire_after;        /* D */
	int64_t retire_after_delays; /* D_q */
	const bool *blocking;        /* per policy: blocks the retirement at this moment */

	bool wrong_asked;
	int64_t wrong_until; /* V */
	bool bounce_free;

	bool warnings[HORIZON_WARNING_COUNT];
};

/*
 * ERR_SYNTAX: the policies are not in order, or one ends before it begins.
 * ERR_NOTFOUND: no policy has the id asked for as wrong.  ERR_LIMIT: too many
 * policies.  Arrays of *out lie in the arena.
 */
enum err horizon_compute(struct arena *a, const struct horizon_history *h,
                         const struct horizon_question *q, struct horizon_answer *out,
                         struct diag *diag) MUST_USE;

/* H of one policy that ended or is followed by one served at its served_until. */
int64_t horizon_held_until(const struct horizon_history *h, size_t i);

/* Earliest removal of the policy host (iii): the TXT was gone everywhere at txt_gone, its TTL. */
int64_t horizon_host_may_go(int64_t remove_after, int64_t txt_gone, int64_t ttl);

/*
 * What must be assumed about a domain that another host served before take_over:
 * an enforce policy of unknown hosts with the longest max_age.
 */
struct horizon_policy horizon_unknown_before(int64_t take_over);

#endif

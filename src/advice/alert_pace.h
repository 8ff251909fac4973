/*
 * When a mail about alerts may go out.  What opens at one name after the other, over hours, is
 * gathered: a kind of mails that was quiet speaks at once, and as long as there goes on to be
 * something to say of it, each of its mails waits longer behind the one before.
 *
 * Pure.  Nothing is lost by waiting: what is to be said is what advice/alert.h finds unsaid then.
 */
#ifndef ADVICE_ALERT_PACE_H
#define ADVICE_ALERT_PACE_H

#include "advice/alert.h"

#define ALERT_QUIET_S INT64_C(43200) /* without a mail: the kind speaks at once again */

/* What one mail speaks of. */
struct alert_kind {
	enum alert_cause cause;
	enum alert_event event; /* ALERT_NOTHING: nothing is to be said */
	bool refuses;           /* mail is refused now; false for what has closed */
};

/* Of what is known of a cause at now. */
struct alert_kind alert_kind(enum alert_cause cause, const struct alert_state *s, int64_t now);
bool alert_kind_eq(const struct alert_kind *a, const struct alert_kind *b);

/* Of the mails of one kind; all zero: there was none. */
struct alert_pace {
	int64_t said_at; /* the last one */
	unsigned pause;  /* the next one's, a number from 0 (none) to the longest */
};

/* Of all kinds. */
struct alert_paces {
	struct alert_pace of[ALERT_CAUSES][ALERT_CLOSED + 1][2]; /* by cause, event, refuses */
};
const struct alert_pace *alert_pace(const struct alert_paces *all, const struct alert_kind *k);

/* A mail of that kind may go out at now. */
bool alert_pace_is_over(const struct alert_kind *k, const struct alert_pace *p, int64_t now);
/* The pause behind a mail at now. */
unsigned alert_pace_next(const struct alert_kind *k, const struct alert_pace *p, int64_t now);
/* "an hour": how long that is, for people; "" for one that nobody notices. */
const char *alert_pace_words(unsigned pause);

#endif

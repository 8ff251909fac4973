/*
 * What every code means and what to do about it (RFC 8460 result types, reason
 * codes as senders write them, notes on tolerated reports, findings, SMTP statuses).
 *
 * The texts live in explain.txt, the only source for the command line, the pages,
 * mails and the manual page; they are compiled in.  Pure: nothing here allocates,
 * every string returned is constant and lives as long as the program.
 *
 * In texts a pair of backticks marks a token to be typed or read literally; in fixes
 * a line that begins with "$ " is a command or setting to copy and is never wrapped.
 */
#ifndef ADVICE_EXPLAIN_H
#define ADVICE_EXPLAIN_H

#include "base/slice.h"

#define EXPLAIN_TEXT_MAX 2000u /* of what is looked up; the rest is not read */
#define EXPLAIN_NEAREST 3u

enum explain_kind {
	EXPLAIN_RESULT_TYPE,
	EXPLAIN_POLICY_TYPE,
	EXPLAIN_REASON_CODE,
	EXPLAIN_STATUS,
	EXPLAIN_FINDING,
	EXPLAIN_NOTE,      /* on a tolerated report: tlsrpt/notes.h */
	EXPLAIN_FAULT,     /* why something was not read: tlsrpt/faults.h */
	EXPLAIN_SIGNATURE, /* why a DKIM signature is not believed: wire/dkim_fault.h */
	EXPLAIN_TOPIC,
};

/* What a fault is about: the MX hosts, the policy's web host, or DANE. */
enum explain_family { FAMILY_OTHER, FAMILY_MX, FAMILY_POLICY, FAMILY_DANE };

/* What happens to mail: a closed list, worst last. */
enum explain_impact {
	IMPACT_NONE,
	IMPACT_UNTIDY,
	IMPACT_BLIND,
	IMPACT_OFF,
	IMPACT_WOULD_REFUSE,
	IMPACT_REFUSED,
};

enum platform { PLATFORM_GW, PLATFORM_M365, PLATFORM_PF, PLATFORM_EX, PLATFORM_COUNT };

struct explain_entry {
	const char *id, *title, *plain;
	enum explain_kind kind;
	enum explain_family family;
	enum explain_impact testing, enforce;
	const char *const *causes; /* most likely first; ends with NULL */
	const char *fix[PLATFORM_COUNT];
	bool same_fix; /* the platforms share one text: show it once */
	const char *verify, *see;
};

/*
 * The entry for text as somebody pasted it, or NULL.  Case, quotes, blanks, underscores
 * and a trailing number are forgiven; a whole bounce line is searched for sentences it
 * holds, then for its enhanced status code.
 */
const struct explain_entry *explain_find(struct slice text);

/*
 * The entry for a failure row of a report: the reason's when it is known and about the
 * same thing as the result type, else the result type's, else NULL.
 */
const struct explain_entry *explain_failure(struct slice result_type, struct slice reason_code);

/* The entries whose names are nearest to text, nearest first. */
void explain_nearest(struct slice text, const struct explain_entry *out[EXPLAIN_NEAREST]);

/* All entries in the order of explain.txt. */
size_t explain_count(void);
const struct explain_entry *explain_at(size_t i);

const char *explain_kind_name(enum explain_kind kind);   /* "result type" */
const char *explain_impact_words(enum explain_impact i); /* "mail refused now" */
const char *platform_name(enum platform p);              /* "Google Workspace" */
const char *platform_key(enum platform p);               /* "GW" */
/* Who runs an MX host, from its name; false: cannot be told. */
bool platform_of_mx(struct slice host, enum platform *out);

#endif

/*
 * The MTA-STS policy document (RFC 8461, 3.2): model, reader, writer.
 *
 * Pure.  Two readers on one machine: policy_read tells everything that is to be
 * said about a text (policy lint), policy_parse answers as a careful sender would.
 * Slices of a struct policy point into the text that was read; the list of them
 * lives in the arena.
 */
#ifndef MTASTS_POLICY_H
#define MTASTS_POLICY_H

#include "base/buf.h"
#include "mtasts/finding.h"

#define POLICY_TEXT_MAX 65536u       /* a larger document is refused unread */
#define POLICY_MAX_AGE_TOP 31557600u /* the standard's ceiling, about one year */

enum policy_mode { POLICY_NONE, POLICY_TESTING, POLICY_ENFORCE };

struct policy {
	enum policy_mode mode;
	uint32_t max_age; /* seconds, at most POLICY_MAX_AGE_TOP */
	size_t mx_count;  /* 0 only when mode is POLICY_NONE */
	const struct slice *mx;
};

/* "none", "testing", "enforce" */
const char *policy_mode_name(enum policy_mode mode);
/* Exactly one of these names, in this case.  ERR_SYNTAX. */
enum err policy_mode_parse(struct slice s, enum policy_mode *out) MUST_USE;

/* Everything that could be read, also from a document that is not valid. */
struct policy_reading {
	bool has_version, has_mode, has_max_age; /* there, and well-formed */
	uint64_t max_age;                        /* as written, up to 9999999999 */
	struct policy policy;                    /* max_age clamped; well-formed patterns only */
	bool valid;                              /* no finding of severity fail */
	/*
	 * What a sender of ours would accept: valid, or wrong only by blank lines at
	 * the end or by a max_age above the ceiling, which is then clamped.
	 */
	bool usable;
};

/* Reads text and adds what is to be said to *f; never fails, see valid. */
void policy_read(struct slice text, struct findings *f, struct policy_reading *out);

/*
 * A sender's reading.  On OK *out is complete and obeys the rules above.
 * ERR_SYNTAX: not usable, *diag has the first reason; ERR_LIMIT: too long.
 */
enum err policy_parse(struct arena *a, struct slice text, struct policy *out,
                      struct diag *diag) MUST_USE;

/* Adds what needs the policy's own domain: patterns that trust all of its names. */
void policy_lint_domain(const struct policy *p, struct slice domain, struct findings *f);

/*
 * Appends the document: CRLF lines in the order version, mode, mx..., max_age.
 * Only what we would publish is written: ERR_SYNTAX for a pattern mxpattern_check
 * refuses or a missing one, ERR_LIMIT for a max_age above the ceiling or a document
 * above POLICY_TEXT_MAX; nothing usable is in *out then.
 */
enum err policy_format(const struct policy *p, struct buf *out, struct diag *diag) MUST_USE;

/* The same text would be written for both. */
bool policy_same(const struct policy *a, const struct policy *b);

#endif

/*
 * What needs a person now: the first question every page answers.
 *
 * Pure rules over a view: most urgent first, one cause once.  How bad something is
 * follows from what happens to mail, never from a protocol's words.
 */
#ifndef WEB_NEEDS_H
#define WEB_NEEDS_H

#include "web/view.h"

#define NEEDS_MAX 12u

struct need {
	enum status status;
	enum explain_impact impact;
	const char *title, *why, *step; /* plain text; backticks mark code; strings of the arena */
	const char *command;            /* to copy; NULL: none */
};

/* Returns how many of out were filled; 0: nothing needs anybody. */
size_t needs_of_domain(const struct view_domain *v, struct arena *a, struct need out[NEEDS_MAX]);
/* The one state of a line in the list of domains, and its reason in a few words. */
enum status needs_of_line(const struct view_line *l, int64_t now, const char **why_out);

/* Of a certificate at now (NULL: none): good, in its last third, or over. */
enum status needs_of_cert(const struct cert *c, int64_t now);
/* The mode senders are told: that of the policy served, else of the newest; POLICY_NONE: none. */
enum policy_mode needs_mode(const struct view_domain *v);
/* What a failure does to mail in that mode. */
enum explain_impact needs_impact(const struct explain_entry *e, enum policy_mode mode);
/* The platform of the domain's mail as its MX hosts, or else its policy, show it. */
bool needs_platform(const struct view_domain *v, enum platform *out);

#endif

/*
 * Text as people paste it, turned into what a resolver returns: a bare record, a
 * quoted one, split strings, a whole line of a zone, output of dig, host or
 * nslookup.  Everything that was taken off is said in a finding.
 *
 * Pure.  Bare text is taken as it stands but for backslash escapes and blanks at the end: a blank
 * at its beginning is part of the record.
 */
#ifndef MTASTS_PASTE_H
#define MTASTS_PASTE_H

#include "mtasts/finding.h"

#define PASTE_TEXT_MAX 1048576u
#define PASTE_RECORDS_MAX 1000u

struct paste {
	struct slice owner; /* name in a zone line, as written; empty: none */
	struct slice text;  /* in the arena of the findings */
};

struct pastes {
	size_t count, cap;
	struct paste *list;
};

/*
 * Adds the record or records of one pasted text to *out; findings carry the number of
 * the record (from 1).  A text that cannot be read is added as it stands, with a
 * finding of severity fail.  ERR_LIMIT: too long, or too many records.
 */
enum err paste_read(struct slice text, struct findings *f, struct pastes *out) MUST_USE;

/* True when an owner name is prefix ("_mta-sts") or begins with it and a dot; case does not matter.
 */
bool paste_owner_fits(struct slice owner, struct slice prefix);

#endif

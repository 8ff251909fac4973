/*
 * The grammar that _mta-sts and _smtp._tls records share: a version, then fields
 * name=value between semicolons (RFC 8461, 3.1; RFC 8460, 3).
 *
 * Pure.  Used by the two readers; nothing else should need it.
 */
#ifndef MTASTS_TXTFIELD_H
#define MTASTS_TXTFIELD_H

#include "mtasts/finding.h"

#define TXTFIELD_NAME_MAX 32u

struct txtfield {
	struct slice name, value;
	size_t offset; /* of the name, from the start of the record */
};

struct txtfield_reader {
	struct slice text, rest; /* rest: behind the last field read */
	unsigned number;         /* of the record, for findings */
	struct findings *f;
};

/*
 * Checks the bytes and the version ("v=STSv1") and stands before the first field.
 * A blank between version and semicolon is taken with a warning.
 * ERR_SYNTAX, ERR_LIMIT: a finding says why.
 */
enum err txtfield_open(struct txtfield_reader *r, struct slice version) MUST_USE;

/*
 * The next field; the value is not looked at, only blanks around the field are off.
 * ERR_NOTFOUND: the end.  ERR_SYNTAX: no field, a finding says why; calling again
 * goes on behind it.
 */
enum err txtfield_next(struct txtfield_reader *r, struct txtfield *out) MUST_USE;

/* True when the name and the value are well-formed for a field nobody knows. */
bool txtfield_is_extension(const struct txtfield *field);

/* Where a field lies. */
struct finding_at txtfield_at(const struct txtfield_reader *r, const struct txtfield *field);

/* Which of several TXT records at one name senders read. */
struct txtfield_choice {
	size_t index, kept; /* index: of the last kept one */
};
/*
 * Several records: drops those that do not begin with the version and a semicolon,
 * with a finding each; a single one is kept whatever it is.
 */
struct txtfield_choice txtfield_choose(const struct slice *texts, size_t count,
                                       struct slice version, struct findings *f);

#endif

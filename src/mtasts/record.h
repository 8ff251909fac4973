/*
 * The _mta-sts TXT record (RFC 8461, 3.1), alone and among others at its name.
 *
 * Pure.  Text is what a resolver returns: the character-strings of one TXT record
 * joined with nothing between.  NUL is a byte like any other.
 */
#ifndef MTASTS_RECORD_H
#define MTASTS_RECORD_H

#include "base/buf.h"
#include "mtasts/finding.h"

#define RECORD_TEXT_MAX 65535u /* RDATA of a TXT record holds no more */
#define RECORD_ID_MAX 32u

struct record {
	struct slice id; /* points into the text */
};

/* ERR_SYNTAX: not 1 to 32 letters and digits. */
enum err record_id_check(struct slice id) MUST_USE;

/*
 * Reads the only TXT record of a name.  number goes into the findings as their line.
 * OK: *out is complete (there may be warnings).  ERR_SYNTAX: senders act as if there
 * were no policy.  ERR_LIMIT: longer than RECORD_TEXT_MAX.  *f has the reasons; the
 * id of a record that is wrong elsewhere is left in *out all the same.
 */
enum err record_read(struct slice text, unsigned number, struct findings *f,
                     struct record *out) MUST_USE;

/*
 * Reads all TXT records of a name.  Several: those that do not begin with
 * "v=STSv1;" are dropped, and exactly one must be left.  ERR_NOTFOUND: none left;
 * ERR_CONFLICT: more than one; *out is untouched then.  Else as record_read.
 */
enum err record_set_read(const struct slice *texts, size_t count, struct findings *f,
                         struct record *out) MUST_USE;

/* Appends "v=STSv1; id=ID;".  ERR_SYNTAX: the id is none; ERR_LIMIT: the buffer is full. */
enum err record_format(const struct record *r, struct buf *out) MUST_USE;

#endif

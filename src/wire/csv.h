/*
 * Tables of text as RFC 4180 has them: fields between commas, records between line ends, quotes
 * around a field that holds either of them, two quotes for one inside.
 *
 * Lines end in LF or CRLF; a byte order mark in front is dropped, lines without anything are passed
 * over.  Everything else is strict: a quote inside a field that does not begin with one, text
 * behind a closing quote, a lone CR, a NUL and bytes that are no UTF-8 are errors of their record.
 * A bad record costs no other one: reading goes on at the line behind its first.
 */
#ifndef WIRE_CSV_H
#define WIRE_CSV_H

#include "base/buf.h"

#define CSV_FIELDS_MAX 64u
#define CSV_RECORD_MAX 65536u /* bytes of the fields of one record together */

struct csv {
	struct slice rest;
	unsigned line;   /* where rest begins, 1 at first */
	struct buf text; /* of the fields of one record, one behind the other */
};

/* Slices point into the reader and live until its next call. */
struct csv_record {
	unsigned line; /* where it begins */
	size_t count;  /* at least 1 */
	struct slice fields[CSV_FIELDS_MAX];
};

/* text must outlive the reader. */
void csv_init(struct csv *c, struct slice text);
void csv_fini(struct csv *c);

/*
 * The next record.  ERR_NOTFOUND: there is none.  ERR_SYNTAX, ERR_LIMIT: this one is none, or is
 * above a ceiling; *diag has its first line and why, and the next call goes on behind it.
 */
enum err csv_next(struct csv *c, struct csv_record *out, struct diag *diag) MUST_USE;

/* Adds a field as csv_next reads it back, in quotes where it needs them. */
void csv_add_field(struct buf *out, struct slice field);

#endif

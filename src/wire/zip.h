/*
 * A zip file with exactly one member, stored or deflated: some senders pack a report this way.
 *
 * Read by the central directory at the end.  Directories listed beside the member are passed
 * over; more files, encryption, several disks and zip64 are refused, and so are a wrong CRC-32
 * and a wrong length.
 */
#ifndef WIRE_ZIP_H
#define WIRE_ZIP_H

#include "base/buf.h"

#define ZIP_ENTRIES_MAX 16u

/*
 * Appends the member's content to out, whose ceiling is the absolute one; GZIP_RATIO_MAX holds
 * here too.  *name_out (may be NULL) points into in and is for display only.
 *
 * ERR_SYNTAX: not such a file, or damaged.  ERR_LIMIT: too large inflated.
 */
enum err zip_read_one(struct slice in, struct buf *out, struct slice *name_out,
                      struct diag *diag) MUST_USE;

/* True when in starts as a zip with at least one member does. */
bool zip_sniff(struct slice in);

/* One deflated member; for tests and the demonstration.  ERR_LIMIT: out is full. */
enum err zip_write_one(struct slice content, struct slice name, struct buf *out) MUST_USE;

#endif

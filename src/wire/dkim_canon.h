/*
 * The canonical forms of DKIM (RFC 6376, section 3.4).
 *
 * Pure.  A line ends with CRLF or LF and is always fed as CRLF, so that a message that a mail
 * server handed over with the line ends of Unix still fits its signature.  A bare CR is a
 * character like any other.
 */
#ifndef WIRE_DKIM_CANON_H
#define WIRE_DKIM_CANON_H

#include "wire/dkim_signature.h"

/* Takes the next piece; pieces are only valid during the call. */
typedef void (*dkim_feed_fn)(void *arg, struct slice piece);

/* The whole body; RFC 6376, 3.4.3 and 3.4.4. */
void dkim_canon_body(struct slice body, enum dkim_canon c, dkim_feed_fn feed, void *arg);

/*
 * One field, from its name to the end of its last line, without that line's end.  ended: a CRLF
 * follows; the signature's own field has none (section 3.7).
 */
void dkim_canon_field(struct slice field, enum dkim_canon c, bool ended, dkim_feed_fn feed,
                      void *arg);

#endif

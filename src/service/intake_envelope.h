/*
 * What SMTP and LMTP said about a mail beside its bytes, kept with them in the archive.  Pure.
 *
 * It is the hint of a record whose way is SMTP or LMTP, so that reading the archive again after a
 * crash comes to the same result.  "PEER TAG,TAG SENDER": the peer's numeric address or "-", the
 * tags of the recipients or "-", then to the end the reverse path without its brackets.
 */
#ifndef SERVICE_INTAKE_ENVELOPE_H
#define SERVICE_INTAKE_ENVELOPE_H

#include "base/buf.h"

#define ENVELOPE_TAGS_MAX 10u
#define ENVELOPE_TAG_MAX 64u
#define ENVELOPE_SENDER_MAX 254u
#define ENVELOPE_PEER_MAX 45u
/* The longest line; an archive's hint is at least as long. */
#define ENVELOPE_TEXT_MAX 1000u

struct envelope {
	struct slice peer;   /* empty: not known, as behind a Unix socket */
	struct slice sender; /* empty: the null reverse path */
	size_t tag_count;    /* 0: to postmaster alone */
	struct slice tags[ENVELOPE_TAGS_MAX];
};

/*
 * Appends the line.  ERR_LIMIT: a part is longer than its ceiling.  ERR_SYNTAX: a tag or the peer
 * holds a blank or a comma.  On both nothing usable was written.
 */
enum err envelope_format(const struct envelope *e, struct buf *out) MUST_USE;
/* Slices point into line.  ERR_SYNTAX: not such a line.  ERR_LIMIT: a ceiling is passed. */
enum err envelope_parse(struct slice line, struct envelope *out) MUST_USE;

#endif

/*
 * The _smtp._tls TXT record (RFC 8460, 3), alone and among others at its name.
 *
 * Pure.  Text is what a resolver returns: the character-strings of one TXT record
 * joined with nothing between.
 */
#ifndef TLSRPT_RECORD_H
#define TLSRPT_RECORD_H

#include "base/buf.h"
#include "mtasts/finding.h"

enum tlsrpt_rua_kind { TLSRPT_MAILTO, TLSRPT_HTTPS };

struct tlsrpt_rua {
	enum tlsrpt_rua_kind kind;
	struct slice uri;     /* as written in the record */
	struct slice address; /* mailto: the mail address, escapes undone, no header fields */
};

struct tlsrpt_record {
	size_t rua_count; /* those that a report can go to, each once, in the order written */
	struct tlsrpt_rua *rua;
};

/*
 * Reads the only TXT record of a name; the list and decoded addresses lie in the
 * arena of *f.  OK: *out has at least one address.  ERR_SYNTAX: senders act as if there
 * were no record; ERR_LIMIT: longer than RECORD_TEXT_MAX.  *f has the reasons; addresses of a
 * record that is wrong elsewhere are left in *out all the same.
 */
enum err tlsrpt_record_read(struct slice text, unsigned number, struct findings *f,
                            struct tlsrpt_record *out) MUST_USE;

/* All TXT records of a name, as record_set_read does it with "v=TLSRPTv1;". */
enum err tlsrpt_record_set_read(const struct slice *texts, size_t count, struct findings *f,
                                struct tlsrpt_record *out) MUST_USE;

/*
 * One URI of a rua list.  ERR_SYNTAX: not a URI, or a raw "!" "," ";" in it: the whole record
 * is malformed.  ERR_DENIED: a URI that no report can go to; *kind_out says why.
 */
enum err tlsrpt_rua_read(struct arena *a, struct slice uri, struct tlsrpt_rua *out,
                         enum finding_kind *kind_out) MUST_USE;

/*
 * Appends "v=TLSRPTv1; rua=URI,URI".  Raw "!", "," and ";" in a URI are written as
 * %21, %2C and %3B.  ERR_SYNTAX: no URI, or one that could not be read back;
 * ERR_LIMIT: the buffer is full.
 */
enum err tlsrpt_record_format(const struct slice *uris, size_t count, struct buf *out) MUST_USE;

/* "mailto:" and the address, escaped as the record needs it.  ERR_SYNTAX: no mail address. */
enum err tlsrpt_mailto_format(struct slice address, struct buf *out) MUST_USE;

#endif

/*
 * The receiving side of SMTP (RFC 5321) and LMTP (RFC 2033) as syntax: lines, commands, content.
 *
 * Pure, allocates nothing; slices point into what was given.  Line endings are strict: a line
 * and a mail end with CRLF alone, and a CR or LF by itself is refused wherever it stands, since
 * servers that differ over it let one mail pass for two.
 */
#ifndef WIRE_SMTP_H
#define WIRE_SMTP_H

#include "base/slice.h"

#define SMTP_LINE_MAX 2048u /* bytes of a command line with its CRLF; RFC 5321 asks for 512 */
#define SMTP_PATH_MAX 254u  /* bytes between the brackets of a path */
#define SMTP_NAME_MAX 255u  /* of what a client calls itself */

/*
 * The first line of in, without its CRLF; *size_out counts that too.  Nothing of in is looked at
 * behind it.  ERR_AGAIN: it is not whole.  ERR_LIMIT: longer than SMTP_LINE_MAX.
 * ERR_SYNTAX: a CR, LF or NUL stands where none may.
 */
enum err smtp_line(struct slice in, struct slice *line_out, size_t *size_out) MUST_USE;

enum smtp_verb {
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_LHLO,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_RSET,
	SMTP_NOOP,
	SMTP_QUIT,
	SMTP_VRFY,
	SMTP_HELP,
	SMTP_STARTTLS,
	SMTP_FOREIGN, /* a verb of HTTP: a browser that was lured here */
	SMTP_OTHER,   /* no verb that is offered */
};

/* What parameters of MAIL or RCPT said. */
enum smtp_parameters {
	SMTP_PARAMETERS_GOOD,
	SMTP_PARAMETERS_BAD,     /* known, with a value that makes no sense */
	SMTP_PARAMETERS_UNKNOWN, /* of an extension that is not offered */
};

struct smtp_command {
	enum smtp_verb verb;
	struct slice name; /* of EHLO, HELO and LHLO: what the client calls itself */
	/* Of MAIL and RCPT: without brackets and source route; empty: the null path. */
	struct slice path;
	enum smtp_parameters parameters;
	bool has_size;
	uint64_t size; /* of MAIL: what the client says of its length */
};

/*
 * Reads a line of smtp_line.  OK also for a verb that is not known.
 * ERR_SYNTAX: the verb is known and what follows is not as it must be.
 */
enum err smtp_command(struct slice line, struct smtp_command *out) MUST_USE;

/*
 * Cuts a path at its last "@" outside of quotes; without one *domain_out is empty.  A quoted local
 * part is given with its quotes.
 */
void smtp_path_split(struct slice path, struct slice *local_out, struct slice *domain_out);

enum smtp_content_state {
	SMTP_CONTENT_START, /* of a line; all zero is the start */
	SMTP_CONTENT_DOT,   /* a dot began the line and was dropped */
	SMTP_CONTENT_END,   /* the same, and a CR behind it */
	SMTP_CONTENT_TEXT,
	SMTP_CONTENT_CR,
};

struct smtp_content {
	enum smtp_content_state state;
};

/*
 * Takes content off *in, between the answer to DATA and the line with the single dot, without the
 * dots that transparency added.  OK: *piece_out is the next piece, inside *in as it was.
 * ERR_AGAIN: *in is used up.  ERR_CLOSED: the mail has ended; the rest of *in are commands.
 * ERR_SYNTAX: a CR or LF by itself: where the mail ends cannot be said any more.
 */
enum err smtp_content(struct smtp_content *c, struct slice *in, struct slice *piece_out) MUST_USE;

#endif

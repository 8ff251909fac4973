/*
 * What an IMAP server answers (RFC 3501, 7 and 9): where a response ends, and what the few that
 * we ask for say.  Pure; slices point into the response that was given.
 *
 * A server is as strange as any peer.  What these functions do not understand is ERR_SYNTAX.
 */
#ifndef WIRE_IMAP_H
#define WIRE_IMAP_H

#include <stdint.h>

#include "base/slice.h"

#define IMAP_DEPTH_MAX 64u /* of parentheses in parentheses */

/* How far a response was looked at; all zero at its start. */
struct imap_frame {
	size_t pos;  /* where the line under way begins */
	size_t seen; /* so much of it has no end */
};

/*
 * Looks for the end of the response that in begins with.  It ends with a line, and a line that
 * ends in {N} goes on behind N bytes of anything.  OK: *len_out bytes, its line end included, and
 * *f is ready for the next one.  ERR_AGAIN: more must come.  ERR_LIMIT: it is longer than max.
 */
enum err imap_frame_step(struct imap_frame *f, struct slice in, size_t max,
                         size_t *len_out) MUST_USE;

enum imap_kind {
	IMAP_OTHER, /* untagged and of no use to us */
	IMAP_OK,    /* the command with our tag was done; text says more */
	IMAP_NO,    /* it was refused */
	IMAP_BAD,   /* it was not understood; also a tag of nobody's */
	IMAP_BYE,   /* the server ends the connection */
	IMAP_GO_ON, /* it waits for more of the command */
	IMAP_CAPABILITY,
	IMAP_SEARCH,
	IMAP_EXISTS,
	IMAP_FETCH,
	IMAP_CODE, /* untagged OK with a response code */
};

struct imap_response {
	enum imap_kind kind;
	struct slice text; /* behind what gave the kind */
	uint64_t number;   /* IMAP_EXISTS, IMAP_FETCH: the number before the word */
};

/* A whole response.  tag: of the command under way. */
enum err imap_response_parse(struct slice response, struct slice tag,
                             struct imap_response *out) MUST_USE;

/* The number in a code such as "[UIDVALIDITY 3857529045]"; false: another code. */
bool imap_code_number(struct slice text, struct slice name, uint64_t *out);
/* Whether word is one of those in text; case does not count. */
bool imap_has_word(struct slice text, struct slice word);
/* The next number of a SEARCH response; false: no more, or no number. */
bool imap_next_number(struct slice *rest, uint64_t *out);

struct imap_fetch {
	bool has_uid, has_size, has_body;
	uint64_t uid, size;
	struct slice structure; /* with its parentheses; empty: not there */
	struct slice header;    /* of BODY[HEADER...] */
	struct slice body;      /* of BODY[] */
};

/* text of an IMAP_FETCH.  ERR_SYNTAX. */
enum err imap_fetch_parse(struct slice text, struct imap_fetch *out) MUST_USE;

/*
 * Takes the next value off *rest: a quoted string without its quotes (its backslashes stay), a
 * literal, an atom; NIL is empty.  False: there is a parenthesis, or nothing, or it is broken.
 */
bool imap_next_string(struct slice *rest, struct slice *out);
/* Takes off *rest one value of any kind, lists whole.  False: broken, or too deep. */
bool imap_skip_value(struct slice *rest);

#endif

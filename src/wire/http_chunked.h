/*
 * The chunked transfer coding of HTTP/1.1 (RFC 9112, section 7.1), read strictly.
 *
 * Pure, allocates nothing.  Bare LF is refused; extensions and trailer fields are bounded and
 * dropped.  How much data comes in all is the caller's to bound.
 */
#ifndef WIRE_HTTP_CHUNKED_H
#define WIRE_HTTP_CHUNKED_H

#include "base/slice.h"

#define HTTP_CHUNK_LINE_MAX 256u  /* bytes of a size line */
#define HTTP_TRAILER_MAX 4096u    /* bytes of all trailer fields */
#define HTTP_CHUNK_DIGITS_MAX 12u /* of a size: far above any body taken */

enum http_chunked_state {
	CHUNK_SIZE, /* all zero is the start */
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER_START,
	CHUNK_TRAILER,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_END,
};

struct http_chunked {
	enum http_chunked_state state;
	uint64_t left; /* of the chunk */
	size_t digits; /* of the size so far */
	size_t line;   /* bytes of the line, or of all trailer fields, so far */
};

/*
 * Takes bytes off *in.  OK: *data_out is a piece of content, inside *in as it was.  ERR_AGAIN:
 * *in is used up.  ERR_CLOSED: the body has ended; the rest of *in does not belong to it.
 * ERR_SYNTAX: not the coding.  ERR_LIMIT: a bound above.
 */
enum err http_chunked_step(struct http_chunked *c, struct slice *in,
                           struct slice *data_out) MUST_USE;

#endif

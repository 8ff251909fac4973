/*
 * The head of an HTTP/1.1 request: a strict reader (RFC 9110, RFC 9112).
 *
 * Strict means that two readers of the same bytes cannot disagree: bare LF or
 * CR, NUL and other control bytes, obs-fold, blanks before a colon, a second
 * Host or Content-Length, Content-Length beside Transfer-Encoding, absolute-form
 * and a missing Host are refused, with the status the answer should carry.
 *
 * Pure, allocates nothing.  Slices in struct http_head point into the bytes that
 * were read.  The body is the caller's: `size` says where it starts.
 */
#ifndef WIRE_HTTP_HEAD_H
#define WIRE_HTTP_HEAD_H

#include "base/slice.h"

#define HTTP_HEAD_MAX 8192u   /* bytes, the empty line included; more: 431 */
#define HTTP_TARGET_MAX 2048u /* bytes of the request target; more: 414 */
#define HTTP_METHOD_MAX 32u   /* more: 501 */
#define HTTP_FIELDS_MAX 64u   /* header fields; more: 431 */
#define HTTP_HOST_MAX 254u    /* a full name with its final dot; more: 400 */
/* Largest Content-Length that is a number here; more: 413. */
#define HTTP_LENGTH_MAX ((uint64_t)1 << 53)

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_field {
	struct slice name;  /* as written; compare with slice_eq_i */
	struct slice value; /* without blanks at either end; may hold bytes above 126 */
};

struct http_head {
	enum http_method method;
	struct slice method_text;
	struct slice target; /* as written: begins with '/', or "*" for OPTIONS */
	struct slice path;   /* target up to '?'; nothing is decoded */
	struct slice query;  /* behind '?'; empty when there is none */
	struct slice host;   /* Host without port, as written: maybe with a final dot */
	unsigned minor;      /* HTTP/1.minor: 0 or 1 */
	bool keep_alive;     /* the client allows a further request */
	bool chunked;        /* Transfer-Encoding: chunked */
	bool has_length;     /* Content-Length was given */
	uint64_t length;
	bool expect_continue; /* Expect: 100-continue, in HTTP/1.1 only */
	size_t size;          /* bytes up to and with the empty line */
	size_t field_count;
	struct http_field fields[HTTP_FIELDS_MAX];
};

/* Progress through one head; all zero at its start. */
struct http_reader {
	size_t seen;     /* bytes already judged */
	size_t line;     /* offset of the line being read */
	unsigned lines;  /* lines ended so far */
	bool skipped;    /* the one empty line allowed before a request was there */
	unsigned status; /* after a refusal: the status to answer with */
};

/*
 * Reads a head.  `in` is everything received since the head's first byte; a later
 * call passes the same bytes again with more behind them.  Whether the bytes come
 * one at a time or all at once does not change the result.
 *
 * OK: *out is complete.  ERR_AGAIN: nothing wrong so far, not yet at the end.
 * ERR_SYNTAX, ERR_LIMIT: refused; r->status is 400, 413, 414, 417, 431, 501 or 505
 * and *diag (may be NULL) has the line and a sentence.  The connection must be
 * closed after that answer, since what follows cannot be framed.
 */
enum err http_head_read(struct http_reader *r, struct slice in, struct http_head *out,
                        struct diag *diag) MUST_USE;

/* How often the field occurs; *value_out (may be NULL) is the first value, if any. */
size_t http_head_get(const struct http_head *h, struct slice name, struct slice *value_out);

/* Whether the two names are one: case and a final dot do not matter. */
bool http_same_host(struct slice a, struct slice b);

/* A request that carries a body: chunked, or a Content-Length above 0. */
bool http_head_has_body(const struct http_head *h);

/* Whether a comma-separated field value holds the token (case ignored). */
bool http_list_has(struct slice list, struct slice token);

#define HTTP_DATE_SIZE 32u
/* "Sun, 06 Nov 1994 08:49:37 GMT", the form of the Date field; years as utc_civil gives them. */
const char *http_date(int64_t t, char out[HTTP_DATE_SIZE]);

/* "Not Found" for 404; "Unknown" for a status this program never sends. */
const char *http_status_text(unsigned status);

#endif

/*
 * What edge answers: pure, from a request and a hosted name to the bytes of a response.
 *
 * A policy is answered at exactly one path, to GET and HEAD, never with a redirect,
 * a cookie or compression (RFC 8461, 3.3).  Everything else is one line of plain text.
 */
#ifndef SERVICE_EDGE_ANSWER_H
#define SERVICE_EDGE_ANSWER_H

#include "base/buf.h"
#include "service/edge_index.h"
#include "wire/http_head.h"

/* No answer is longer: a policy and its head. */
#define EDGE_ANSWER_MAX (EDGE_TEXT_MAX + 2048u)

struct edge_request {
	const struct http_head *head;
	struct slice name;            /* from the TLS handshake; empty on the plain listener */
	struct slice challenge;       /* on the plain listener: what a CA asks for; empty: none */
	const struct edge_site *site; /* NULL: gone since the handshake, or the plain listener */
	int64_t now;
};

/*
 * Appends the whole response; true: close the connection behind it.
 * The status, for counting, goes to *status_out.
 */
bool edge_answer(const struct edge_request *q, struct buf *out, unsigned *status_out);

/* Appends the answer to a head that was refused, or to a hand-over that failed (503); always
 * closes. */
void edge_refuse(unsigned status, const char *why, int64_t now, struct buf *out);

#endif

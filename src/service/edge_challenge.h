/*
 * The challenges of certification authorities that edge answers, in memory: over plain HTTP by
 * host and token (RFC 8555, 8.3), over TLS by host (RFC 8737).
 *
 * There are as many as orders under way, so that a list is enough.
 */
#ifndef SERVICE_EDGE_CHALLENGE_H
#define SERVICE_EDGE_CHALLENGE_H

#include "net/tls.h"
#include "store/edgedb.h"

struct edge_challenges;

struct edge_challenges *edge_challenges_new(void);
void edge_challenges_free(struct edge_challenges *x); /* NULL does nothing */

/* Adds, replaces, or, when the row is gone, removes.  Copies everything. */
void edge_challenges_apply(struct edge_challenges *x, const struct edge_challenge *row);

/* The key authorization for a Host field and a path; empty: none is to be had there. */
struct slice edge_challenges_find(const struct edge_challenges *x, struct slice host,
                                  struct slice path);
/* The certificate that answers for host, made at its first use; NULL: no challenge, or the
 * library refused.  It stays the list's. */
struct tls_identity *edge_challenges_identity(struct edge_challenges *x, struct slice host);

#endif

/*
 * Records written into customers' zones: the way `update`.
 *
 * Each record is a change of its own: what is there is asked of the servers that know, compared
 * with what is wanted and with what mxseal put there before (service/push_plan.h), and changed in
 * one step that fails when somebody else was faster: an RFC 2136 request with prerequisites, or a
 * command of the operator's that gets the change as one JSON object.  After an answer that got lost
 * the servers are asked again first.
 */
#ifndef SERVICE_PUSH_H
#define SERVICE_PUSH_H

#include "net/dial.h"
#include "service/desk.h"
#include "store/pushes.h"

struct dns_tsig_key; /* wire/dns_tsig.h */

/* How zones are written; strings and key live as long as the desk. */
struct push_conf {
	const char *server;             /* ADDRESS or ADDRESS:PORT; "": the primary of the zone */
	const struct dns_tsig_key *key; /* NULL: none */
	const char *command;            /* not "": instead of requests */
};

/* Whether zones can be written at all. */
bool push_is_possible(const struct push_conf *c);

/*
 * Takes one row a step further and puts it back.  Waits for servers; the lock is not held.
 */
void push_step(struct desk *d, struct push_row *row, struct arena *a, int64_t now,
               const atomic_bool *stop);

#endif

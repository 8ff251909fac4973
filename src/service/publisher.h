/*
 * The way of an id into DNS: threads of desk that take publications from a served text to an
 * announced id, one step at a time, in the order that store/policies.h enforces.
 *
 * The steps may wait for others (CNAMEs with the domain's claim, web space elsewhere, public DNS);
 * none of them holds the desk's lock meanwhile, and what keeps one is stored beside the
 * publication and tried again later.  Records that mxseal writes into customers' zones are kept
 * right here as well (service/push.h).  A domain's failure is its own.  Whatever was done before a
 * crash is found in the store and done once.
 */
#ifndef SERVICE_PUBLISHER_H
#define SERVICE_PUBLISHER_H

#include "service/publish.h"

struct publisher;

/*
 * The desk lives as long.  from: how far the domains were given to the edges after the start; the
 * rest is given here, slowly.  ERR_IO: no thread.
 */
enum err publisher_new(struct desk *d, const struct publish_cursor *from,
                       struct publisher **out) MUST_USE;
/* Ends the threads behind their step; NULL does nothing. */
void publisher_free(struct publisher *p);

#endif

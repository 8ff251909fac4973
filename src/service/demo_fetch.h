/*
 * What stands in for the fetch through public DNS in a demonstration: the policy is fetched over
 * loopback from its own edge, verified with the demonstration's CA.
 */
#ifndef SERVICE_DEMO_FETCH_H
#define SERVICE_DEMO_FETCH_H

#include "service/desk.h"

/* True when the policy host of the domain answers exactly text, as a sender reads it. */
bool demo_fetch_policy(const struct desk *d, const char *domain, struct slice text);

#endif

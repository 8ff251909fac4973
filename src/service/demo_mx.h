/*
 * What stands in for DNS in a demonstration, which asks nobody: its own domains' MX hosts.
 */
#ifndef SERVICE_DEMO_MX_H
#define SERVICE_DEMO_MX_H

#include "net/resolver.h"

/* False, *out untouched: not one of the demonstration's domains. */
bool demo_mx(const char *domain, struct mx_set *out);

#endif

/*
 * Addresses of a host for a connection, by the validating resolver.  Waits.
 */
#ifndef NET_ADDRESSES_H
#define NET_ADDRESSES_H

#include "net/resolver.h"

/*
 * The addresses of host with port, IPv4 first, at most max; host may be an address itself.
 * ERR_UNAVAILABLE: none was found.
 */
enum err addresses_find(struct resolver *r, struct arena *a, const char *host, uint16_t port,
                        unsigned timeout_ms, struct dial_addr *out, size_t max,
                        size_t *count_out) MUST_USE;

#endif

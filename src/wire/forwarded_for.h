/*
 * X-Forwarded-For: through which addresses a request came, as each proxy added the one it saw.
 *
 * Only what a trusted proxy added counts: the list is read from its end, addresses of trusted
 * proxies are passed over, and the first other one is the client's.  What stands left of it was
 * written by the client itself and is not looked at.
 *
 * Pure, allocates nothing.
 */
#ifndef WIRE_FORWARDED_FOR_H
#define WIRE_FORWARDED_FOR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "wire/http_head.h"

#define FORWARDED_FOR_MAX 16u /* proxies passed over; more: ERR_LIMIT */

/* Whether the address is that of a proxy whose word counts. */
typedef bool (*forwarded_trusts_fn)(const void *arg, const struct sockaddr_storage *address);

/*
 * The client of a request that came from a trusted proxy; the port is 0 where none was written.
 * When all addresses are trusted it is the first one.  Several fields are one list.
 * ERR_NOTFOUND: there is no such field.  ERR_SYNTAX: an item that was reached is no IP address.
 * ERR_LIMIT.
 */
enum err forwarded_for(const struct http_head *h, forwarded_trusts_fn trusts, const void *arg,
                       struct sockaddr_storage *out) MUST_USE;

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711". */
enum err forwarded_address(struct slice text, struct sockaddr_storage *out) MUST_USE;

#endif

/*
 * Numeric socket addresses: text to address and back, and the key that caps count by.
 * No name is ever looked up here.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/slice.h"

#define ADDRESS_TEXT_SIZE 128u

struct address {
	struct sockaddr_storage any;
	socklen_t len;
};

/*
 * "127.0.0.1:8443", "[::1]:8443", "*:443" (IPv6 and IPv4), "8443" (as "*:8443"),
 * "unix:/run/x.sock".
 * ERR_SYNTAX: none of these.  ERR_LIMIT: a port above 65535 or too long a path.
 */
enum err address_parse(struct slice text, struct address *out) MUST_USE;

/* As address_parse reads it; "unknown" for other families. */
const char *address_format(const struct sockaddr_storage *a, char out[ADDRESS_TEXT_SIZE]);
/* The same without the port or brackets: what logs and rows name a peer by. */
const char *address_format_host(const struct sockaddr_storage *a, char out[ADDRESS_TEXT_SIZE]);

/* Port of an IP address, 0 for others. */
uint16_t address_port(const struct sockaddr_storage *a);
void address_set_port(struct address *a, uint16_t port);

/* Whether it is 127.0.0.0/8, ::1 (v4-mapped forms included) or a Unix socket. */
bool address_is_loopback(const struct sockaddr_storage *a);

/*
 * What one peer is, for counting: an IPv4 address (also inside a v4-mapped one), the
 * /64 of an IPv6 address, 0 for everything else.  Different peers have different keys.
 */
uint64_t address_peer_key(const struct sockaddr_storage *a);

#endif

/*
 * Which proxies' word counts: networks, and whoever connects to a Unix socket.
 */
#ifndef NET_TRUSTED_H
#define NET_TRUSTED_H

#include "net/dial.h"

struct trusted {
	bool local;              /* "unix": peers of Unix sockets */
	struct dial_rules rules; /* its networks only */
};

/* "127.0.0.1 10.0.0.0/8 unix", blanks between.  Errors as dial_rules_allow. */
enum err trusted_parse(struct slice words, struct trusted *out) MUST_USE;
/* IPv4 inside a v4-mapped address is IPv4; a peer without a family is none of them. */
bool trusted_has(const struct trusted *t, const struct sockaddr_storage *peer);

#endif

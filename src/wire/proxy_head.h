/*
 * What a proxy says before the bytes of its client: the preamble of the PROXY protocol, versions 1
 * and 2 (HAProxy's proxy-protocol.txt).
 *
 * Pure, allocates nothing.  It may be fed a byte at a time, and says how many further bytes
 * certainly belong to the preamble, so that nothing behind it need be taken off the socket.
 * Strict: an address that is none, a leading zero, a datagram family or additions that do not add
 * up are refused.  Whether the peer may say such things at all is the caller's to know.
 */
#ifndef WIRE_PROXY_HEAD_H
#define WIRE_PROXY_HEAD_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/slice.h"

#define PROXY_LINE_MAX 107u  /* bytes of a version 1 line with its CRLF; more: ERR_LIMIT */
#define PROXY_HEAD_MAX 1024u /* bytes of a version 2 preamble with additions; more: ERR_LIMIT */

struct proxy_head {
	size_t size; /* bytes of the preamble; the client's begin behind them */
	/*
	 * False: the proxy speaks for itself (a health check), or has no IP address of its client;
	 * from and to are then AF_UNSPEC and those of the connection count.
	 */
	bool has_client;
	struct sockaddr_storage from, to; /* AF_INET or AF_INET6, with ports */
};

/*
 * Reads a preamble at the start of in; there may be bytes behind it.
 * OK: *out is complete.  ERR_AGAIN: nothing wrong so far; at least *need_out (above 0) further
 * bytes belong to it.  ERR_SYNTAX: none, or malformed.  ERR_LIMIT: too long.  diag may be NULL.
 */
enum err proxy_head_read(struct slice in, struct proxy_head *out, size_t *need_out,
                         struct diag *diag) MUST_USE;

#endif

/*
 * Listening sockets: bound by the parent, accepted from by its children.
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "net/address.h"

#define LISTEN_BACKLOG 4096

/*
 * LISTEN_SHARED: SO_REUSEPORT, so that each edge has a socket of its own on one address.
 * LISTEN_DATAGRAM: UDP, not TCP; what is sent is never fragmented on a router's word.
 */
enum { LISTEN_SHARED = 1, LISTEN_DATAGRAM = 2 };

/*
 * A non-blocking, close-on-exec listener.  IPv6 sockets take IPv6 only, except
 * the wildcard of "*:port".  A Unix socket that nobody listens on any more is replaced; whatever
 * else lies at that path is left alone.
 * ERR_CONFLICT: taken.  ERR_DENIED: a privileged port or a folder we may not write.
 * ERR_UNAVAILABLE: no such address here.  ERR_LIMIT: no descriptor is left.  ERR_IO: else (errno is
 * kept).
 */
enum err listen_open(const struct address *a, unsigned flags, int *fd_out) MUST_USE;

/*
 * Whether somebody listens at the path of a Unix socket, and which process began to: 0 when that
 * cannot be known.  Makes a connection and says nothing over it.
 */
bool listen_path_taken(const struct address *a, int *pid_out);

/*
 * Takes one connection: non-blocking, close-on-exec, TCP_NODELAY.
 * ERR_AGAIN: none waits.  ERR_LIMIT: out of descriptors or memory; try after closing
 * something.  ERR_IO: the listener itself is broken.
 */
enum err listen_accept(int listener, int *fd_out, struct sockaddr_storage *peer_out) MUST_USE;

#endif

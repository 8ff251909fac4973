/*
 * Handing a connection to another process: one datagram with one descriptor.
 *
 * The channel is an inherited AF_UNIX SOCK_DGRAM socket pair, so there is no path,
 * no connect and nobody outside who could write to it.  The receiver owns the
 * descriptor; the sender keeps its own copy and closes it itself.
 */
#ifndef NET_HANDOVER_H
#define NET_HANDOVER_H

#include <sys/socket.h>

#include "base/slice.h"

#define HAND_NAME_SIZE 256u

enum hand_duty {
	HAND_ADMIN = 1, /* edge to desk: HTTP of the admin host, decrypted */
	HAND_POST,      /* edge to intake: HTTP of the report host, decrypted */
	HAND_IMPORT,    /* desk to intake: a control connection of an owner or operator */
	HAND_INGEST,    /* desk to intake: a control connection of anybody */
};

struct hand {
	enum hand_duty duty;
	char sni[HAND_NAME_SIZE];     /* lower case, no final dot; "" when there is none */
	struct sockaddr_storage peer; /* ss_family AF_UNSPEC when unknown */
	struct sockaddr_storage local;
};

/*
 * Passes a copy of fd; never blocks.
 * ERR_AGAIN: the channel is full.  ERR_CLOSED: nobody holds its other end.  ERR_IO: else.
 */
enum err hand_send(int channel, const struct hand *h, int fd) MUST_USE;

/*
 * Takes one; never blocks.  The descriptor is close-on-exec and non-blocking.
 * ERR_AGAIN: nothing there.  ERR_SYNTAX: a datagram of another shape (its descriptors
 * were closed).  ERR_CLOSED, ERR_IO.
 */
enum err hand_receive(int channel, struct hand *h_out, int *fd_out) MUST_USE;

#endif

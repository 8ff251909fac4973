/*
 * HTTP for desk: libmicrohttpd with a thread per connection, on connections that others accept.
 *
 * Connections come from three sides: the control socket, the loopback listener of the dashboard,
 * and edge's hand-over of the admin host.  A watchdog closes what libmicrohttpd would let live:
 * heads that take longer than 10 s and requests longer than 120 s.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "web/route.h"

#define SERVER_CONNECTIONS 256u
/* Of strangers, who come by the admin host: the others are this machine's. */
#define SERVER_ADMIN_CONNECTIONS 128u
#define SERVER_ADMIN_HELD_MAX (64u * 1024 * 1024) /* bytes of bodies that wait for their end */
#define SERVER_HEAD_MS 10000
#define SERVER_REQUEST_MS 120000

enum server_via { SERVER_CONTROL, SERVER_LOOPBACK, SERVER_ADMIN };

struct server_peer {
	enum server_via via;
	enum who who;   /* of the control socket; WHO_NOBODY elsewhere */
	char actor[32]; /* "uid 0"; "" elsewhere */
};

struct server;

/* desk must outlive it.  ERR_IO: libmicrohttpd could not be started. */
enum err server_open(struct desk *desk, struct server **out) MUST_USE;
/* Ends every connection and waits for their threads.  NULL does nothing. */
void server_close(struct server *s);

/*
 * Takes the descriptor.  Over the limit, of all or of the admin host, it is closed and ERR_LIMIT
 * said.
 */
enum err server_add(struct server *s, int fd, const struct server_peer *peer,
                    int64_t now_ms) MUST_USE;
/* The watchdog; about once a second. */
void server_tick(struct server *s, int64_t now_ms);

#endif

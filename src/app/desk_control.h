/*
 * Connections of the control socket until it is known what they want.
 *
 * The peer is checked by its credentials.  The first byte tells the line protocol of imports,
 * which goes to intake whole, from HTTP.
 */
#ifndef APP_DESK_CONTROL_H
#define APP_DESK_CONTROL_H

#include <poll.h>

#include "web/server.h"

#define CONTROL_WAITING_MAX 64u
#define CONTROL_WAIT_MS 10000

struct control_waiting {
	int fd;
	struct server_peer peer;
	int64_t since_ms;
};

struct control {
	struct server *server;
	int hand_intake;
	size_t count;
	struct control_waiting waiting[CONTROL_WAITING_MAX];
};

void control_init(struct control *c, struct server *server, int hand_intake);
void control_fini(struct control *c);
/* Takes one connection; when there are too many the oldest that has said nothing gives way. */
void control_accept(struct control *c, int listener, int64_t now_ms);
/* Fills out (room for CONTROL_WAITING_MAX) and returns how many. */
size_t control_polls(const struct control *c, struct pollfd *out);
/* After poll, with the same array. */
void control_ready(struct control *c, const struct pollfd *polled, size_t count, int64_t now_ms);
void control_tick(struct control *c, int64_t now_ms);

#endif

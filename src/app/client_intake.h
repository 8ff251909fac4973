/*
 * The line protocol of intake on the control socket: messages go over as open descriptors, so that
 * the service opens no path named by a peer.
 *
 * One JSON object a line in both directions; a descriptor rides on the first byte of its line.
 */
#ifndef APP_CLIENT_INTAKE_H
#define APP_CLIENT_INTAKE_H

#include "app/client.h"
#include "base/buf.h"

#define INTAKE_LINE_MAX (1u << 20)

struct intake_link {
	int fd;
	struct buf in; /* bytes read beyond the last line */
};

/*
 * Connects, to the socket for mails of any user or else to the control socket, and sends the first
 * line.  Exit status as client_connect.
 */
int intake_open(const struct cli *cli, bool any_user, const json_t *hello,
                struct intake_link *out) MUST_USE;
void intake_close(struct intake_link *l);

/* Sends line, with fd when it is not -1.  ERR_CLOSED: the service went away. */
enum err intake_send(struct intake_link *l, const json_t *line, int fd) MUST_USE;
/* Waits for the next line.  ERR_CLOSED; ERR_SYNTAX: not an object; ERR_LIMIT: too long. */
enum err intake_receive(struct intake_link *l, json_t **line_out) MUST_USE;
/* Says that nothing more will be sent. */
void intake_finish(struct intake_link *l);

#endif

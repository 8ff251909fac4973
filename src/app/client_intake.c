#include "app/client_intake.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One sendmsg; the descriptor rides on its first byte. */
static ssize_t send_some(int socket_fd, struct slice bytes, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(socket_fd, &msg, MSG_NOSIGNAL);
}

enum err intake_send(struct intake_link *l, const json_t *line, int fd)
{
	char *text = json_dumps(line, JSON_COMPACT);
	struct buf bytes;
	enum err e = OK;

	buf_init(&bytes, INTAKE_LINE_MAX);
	buf_add_str(&bytes, text == NULL ? "" : text);
	buf_add_char(&bytes, '\n');
	free(text);
	for (struct slice rest = buf_slice(&bytes); rest.len > 0 && e == OK;) {
		ssize_t n = send_some(l->fd, rest, fd);

		if (n > 0) {
			rest = slice_skip(rest, (size_t)n);
			fd = -1;
		} else if (errno != EINTR) {
			e = ERR_CLOSED;
		}
	}
	buf_fini(&bytes);
	return e;
}

enum err intake_receive(struct intake_link *l, json_t **line_out)
{
	struct slice line, rest;
	char chunk[4096];

	while (!slice_cut(buf_slice(&l->in), '\n', &line, &rest)) {
		ssize_t n = read(l->fd, chunk, sizeof(chunk));

		if (n == 0 || (n < 0 && errno != EINTR))
			return ERR_CLOSED;
		if (n > 0)
			buf_add(&l->in, slice_of(chunk, (size_t)n));
		if (buf_status(&l->in) != OK)
			return ERR_LIMIT;
	}
	json_t *value = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
	buf_consume(&l->in, line.len + 1);
	if (!json_is_object(value)) {
		json_decref(value);
		return ERR_SYNTAX;
	}
	*line_out = value;
	return OK;
}

int intake_open(const struct cli *cli, bool any_user, const json_t *hello, struct intake_link *out)
{
	int code = any_user ? client_connect_ingest(cli, &out->fd) : client_connect(cli, &out->fd);

	if (code != EXIT_GOOD)
		return code;
	buf_init(&out->in, INTAKE_LINE_MAX);
	if (intake_send(out, hello, -1) == OK)
		return EXIT_GOOD;
	intake_close(out);
	return cli_error(cli, EXIT_UNKNOWN, "control socket", "the service closed the connection",
	                 "look at the service's log, then try again");
}

void intake_finish(struct intake_link *l)
{
	(void)shutdown(l->fd, SHUT_WR); /* a peer that is gone shows when its answer is read */
}

void intake_close(struct intake_link *l)
{
	(void)close(l->fd); /* nothing is buffered in it */
	buf_fini(&l->in);
}

#include "net/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The datagram is struct hand as it lies in memory: both ends are one binary. */
union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static enum err of_errno(void)
{
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case ENOBUFS:
	case ETOOMANYREFS: /* too many descriptors under way: the receiver is behind */
		return ERR_AGAIN;
	case EPIPE:
	case ECONNREFUSED:
	case ECONNRESET:
	case ENOTCONN:
		return ERR_CLOSED;
	default:
		return ERR_IO;
	}
}

enum err hand_send(int channel, const struct hand *h, int fd)
{
	struct hand copy = *h;
	union control control = { .bytes = { 0 } };
	struct iovec part = { &copy, sizeof(copy) };
	struct msghdr msg = { .msg_iov = &part,
		              .msg_iovlen = 1,
		              .msg_control = control.bytes,
		              .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(channel, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return of_errno();
	return OK;
}

/* The one descriptor of the message, or -1; the kernel closes what did not fit. */
static int descriptor_of(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

static bool is_known_duty(enum hand_duty duty)
{
	return duty >= HAND_ADMIN && duty <= HAND_INGEST;
}

static bool set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

enum err hand_receive(int channel, struct hand *h_out, int *fd_out)
{
	struct hand h;
	union control control;
	struct iovec part = { &h, sizeof(h) };
	struct msghdr msg = { .msg_iov = &part,
		              .msg_iovlen = 1,
		              .msg_control = control.bytes,
		              .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (n < 0)
		return of_errno();
	fd = descriptor_of(&msg);
	if (n == 0 && fd < 0)
		return ERR_CLOSED;
	if (n != (ssize_t)sizeof(h) || fd < 0 || !is_known_duty(h.duty) ||
	    memchr(h.sni, '\0', sizeof(h.sni)) == NULL || !set_nonblocking(fd)) {
		if (fd >= 0)
			(void)close(fd); /* nothing was written to it */
		return ERR_SYNTAX;
	}
	*h_out = h;
	*fd_out = fd;
	return OK;
}

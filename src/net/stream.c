#include "net/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"

static enum err of_errno(struct stream *s, unsigned want)
{
	if (errno == EAGAIN || errno == EINTR) {
		s->want = want;
		return ERR_AGAIN;
	}
	return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
}

static enum err fd_read(struct stream *s, void *buf, size_t size, size_t *got_out)
{
	ssize_t n = read(s->fd, buf, size);

	if (n < 0)
		return of_errno(s, LOOP_READ);
	if (n == 0)
		return ERR_CLOSED;
	*got_out = (size_t)n;
	return OK;
}

static enum err fd_write(struct stream *s, struct slice data, size_t *put_out)
{
	int more = s->last ? MSG_MORE : 0;
	ssize_t n = send(s->fd, data.p, data.len, MSG_NOSIGNAL | MSG_DONTWAIT | more);

	if (n < 0)
		return of_errno(s, LOOP_WRITE);
	*put_out = (size_t)n;
	return OK;
}

static enum err fd_finish(struct stream *s)
{
	return shutdown(s->fd, SHUT_WR) == 0 ? OK : ERR_IO;
}

static void fd_close(struct stream *s)
{
	(void)close(s->fd); /* nothing buffered here could be lost */
}

void stream_init_fd(struct stream *s, int fd)
{
	static const struct stream_ops ops = { fd_read, fd_write, fd_finish, fd_close };

	*s = (struct stream){ .ops = &ops, .fd = fd, .want = LOOP_READ };
}

enum err stream_read(struct stream *s, void *buf, size_t size, size_t *got_out)
{
	return s->ops == NULL ? ERR_CLOSED : s->ops->read(s, buf, size, got_out);
}

enum err stream_write(struct stream *s, struct slice data, size_t *put_out)
{
	return s->ops == NULL ? ERR_CLOSED : s->ops->write(s, data, put_out);
}

enum err stream_finish(struct stream *s)
{
	return s->ops == NULL ? ERR_CLOSED : s->ops->finish(s);
}

void stream_close(struct stream *s)
{
	if (s->ops != NULL)
		s->ops->close(s);
	*s = (struct stream){ .ops = NULL, .fd = -1 };
}

#include "net/dns_call.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "net/clock.h"
#include "wire/dns_message.h"

#define PREFIX 2u /* the length before a message (RFC 1035, 4.2.2) */

static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	unsigned left;

	while ((left = clock_left_ms(deadline)) > 0) {
		int n = poll(&p, 1, (int)left);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

static bool send_all(int fd, struct slice bytes, int64_t deadline)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.p, bytes.len, MSG_NOSIGNAL);

		if (n > 0)
			bytes = slice_skip(bytes, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return false;
		else if (!wait_for(fd, POLLOUT, deadline))
			return false;
	}
	return true;
}

static bool receive(int fd, size_t len, int64_t deadline, struct buf *out)
{
	char part[4096];

	while (len > 0) {
		ssize_t n = recv(fd, part, len < sizeof(part) ? len : sizeof(part), 0);

		if (n > 0) {
			buf_add(out, slice_of(part, (size_t)n));
			len -= (size_t)n;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN) ||
		           !wait_for(fd, POLLIN, deadline)) {
			return false;
		}
	}
	return buf_status(out) == OK;
}

static enum err exchange(int fd, struct slice message, int64_t deadline, struct buf *out,
                         struct diag *diag)
{
	char prefix[PREFIX];
	struct buf length;
	int error = 0;
	socklen_t size = sizeof(error);
	bool good;

	if (!wait_for(fd, POLLOUT, deadline) ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
		return diag_set(diag, ERR_UNAVAILABLE, 0, "no connection");
	dns_put16(prefix, (unsigned)message.len);
	if (!send_all(fd, slice_of(prefix, PREFIX), deadline) || !send_all(fd, message, deadline))
		return diag_set(diag, ERR_CLOSED, 0, "the connection ended while it was sent");
	buf_init(&length, PREFIX);
	good = receive(fd, PREFIX, deadline, &length) &&
	       receive(fd, dns_get16(length.p), deadline, out);
	buf_fini(&length);
	return good ? OK : diag_set(diag, ERR_CLOSED, 0, "no answer came");
}

enum err dns_call(const struct dial_rules *rules, const struct dial_addr *to, struct slice message,
                  unsigned timeout_ms, struct buf *answer_out, struct diag *diag)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int fd = -1;
	enum err e = dial_start(rules, to, &fd, diag);

	if (e != OK)
		return e;
	e = exchange(fd, message, deadline, answer_out, diag);
	(void)close(fd); /* what was to come has come, or not */
	return e;
}

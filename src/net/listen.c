#include "net/listen.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err of_errno(void)
{
	switch (errno) {
	case EADDRINUSE:
		return ERR_CONFLICT;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return ERR_UNAVAILABLE;
	case EMFILE:
	case ENFILE:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

static bool set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* The connection, or -1 with errno: ECONNREFUSED nobody listens, EAGAIN too many wait already. */
static int connect_path(const struct address *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int kept;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&a->any, a->len) == 0)
		return fd;
	kept = errno;
	(void)close(fd); /* nothing was sent */
	errno = kept;
	return -1;
}

bool listen_path_taken(const struct address *a, int *pid_out)
{
	struct ucred who = { 0 };
	socklen_t len = sizeof(who);
	int fd = connect_path(a);

	*pid_out = 0;
	if (fd < 0)
		return errno == EAGAIN;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
		*pid_out = (int)who.pid;
	(void)close(fd); /* nothing was sent */
	return true;
}

/* A socket left behind by a process that is gone refuses connections; so does a file of any kind.
 */
static bool is_stale_path(const struct address *a)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&a->any;
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = connect_path(a);
	if (fd >= 0)
		(void)close(fd); /* nothing was sent */
	return fd < 0 && errno == ECONNREFUSED;
}

static bool prepare(int fd, const struct address *a, unsigned flags)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&a->any;

	if (a->any.ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&a->any;

		return !is_stale_path(a) || unlink(un->sun_path) == 0;
	}
	/* For datagrams it would mean to take a port that somebody else has. */
	if ((flags & LISTEN_DATAGRAM) == 0 && !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	if ((flags & LISTEN_SHARED) != 0 && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return false;
	if (a->any.ss_family == AF_INET6 &&
	    !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)))
		return false;
	if ((flags & LISTEN_DATAGRAM) != 0)
		return a->any.ss_family != AF_INET ||
		       set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	/* Inherited by accepted sockets on Linux: one call a connection is saved. */
	return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

enum err listen_open(const struct address *a, unsigned flags, int *fd_out)
{
	bool datagrams = (flags & LISTEN_DATAGRAM) != 0;
	int type = datagrams ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(a->any.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum err e = OK;
	int kept;

	if (fd < 0)
		return of_errno();
	if (!prepare(fd, a, flags) || bind(fd, (const struct sockaddr *)&a->any, a->len) != 0 ||
	    (!datagrams && listen(fd, LISTEN_BACKLOG) != 0))
		e = of_errno();
	if (e == OK) {
		*fd_out = fd;
		return OK;
	}
	kept = errno;
	(void)close(fd); /* never used */
	errno = kept;
	return e;
}

enum err listen_accept(int listener, int *fd_out, struct sockaddr_storage *peer_out)
{
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);
	int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		*fd_out = fd;
		*peer_out = peer;
		return OK;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return ERR_LIMIT;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
		return ERR_IO;
	default: /* EAGAIN, and network errors of the connection that was to be taken */
		return ERR_AGAIN;
	}
}

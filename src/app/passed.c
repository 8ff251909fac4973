#include "app/passed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "net/listen.h"

void passed_take(struct passed *out)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	struct slice names = slice_str(getenv("LISTEN_FDNAMES"));
	uint64_t n, who;

	out->count = 0;
	if (fds == NULL || pid == NULL || num_parse_u64(slice_str(fds), PASSED_MAX, &n) != OK ||
	    num_parse_u64(slice_str(pid), INT32_MAX, &who) != OK || (pid_t)who != getpid())
		return;
	for (int i = 0; i < (int)n; i++) {
		struct slice name = S("");

		(void)slice_next(&names, ':', &name); /* fewer names than sockets: unnamed */
		out->list[out->count].fd = fcntl(3 + i, F_DUPFD_CLOEXEC, 3 + (int)n + 1);
		out->list[out->count++].name = name;
		(void)close(3 + i); /* its copy goes on */
	}
}

static int hand_out(struct passed *p, size_t i)
{
	int fd = p->list[i].fd;

	p->list[i].fd = -1;
	return fd;
}

int passed_next(struct passed *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		int flags = p->list[i].fd < 0 ? -1 : fcntl(p->list[i].fd, F_GETFL);

		if (flags < 0 || !slice_eq(p->list[i].name, slice_str(name)))
			continue;
		(void)fcntl(p->list[i].fd, F_SETFL, flags | O_NONBLOCK); /* a valid flag */
		return hand_out(p, i);
	}
	return -1;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static bool is_listener(int fd, const struct address *at, unsigned flags)
{
	struct address here = { .len = sizeof(here.any) };
	char is[ADDRESS_TEXT_SIZE], wanted[ADDRESS_TEXT_SIZE];
	bool datagrams = (flags & LISTEN_DATAGRAM) != 0, shared = (flags & LISTEN_SHARED) != 0;

	return getsockname(fd, (struct sockaddr *)&here.any, &here.len) == 0 &&
	       here.any.ss_family == at->any.ss_family &&
	       option(fd, SOL_SOCKET, SO_TYPE) == (datagrams ? SOCK_DGRAM : SOCK_STREAM) &&
	       option(fd, SOL_SOCKET, SO_REUSEPORT) == (shared ? 1 : 0) &&
	       strcmp(address_format(&here.any, is), address_format(&at->any, wanted)) == 0;
}

/* Its place in the list, or count. */
static size_t find(const struct passed *p, const struct address *at, unsigned flags)
{
	size_t i = 0;

	while (i < p->count && (p->list[i].fd < 0 || !slice_eq(p->list[i].name, S(PASSED_KEPT)) ||
	                        !is_listener(p->list[i].fd, at, flags)))
		i++;
	return i;
}

bool passed_has(const struct passed *p, const struct address *at, unsigned flags)
{
	return find(p, at, flags) < p->count;
}

/*
 * Whether the path of a Unix socket still leads to a listener of this process: the file may have
 * been removed or replaced since.  The kernel notes who listened last, which is us.
 */
static bool leads_here(const struct address *at)
{
	int pid;

	return listen_path_taken(at, &pid) && (pid == 0 || pid == getpid());
}

int passed_kept(struct passed *p, const struct address *at, unsigned flags)
{
	size_t i = find(p, at, flags);

	if (i == p->count)
		return -1;
	/* The run before may have ended while this listener was taken out of its group. */
	if ((flags & LISTEN_DATAGRAM) == 0 && listen(p->list[i].fd, LISTEN_BACKLOG) != 0)
		return -1;
	if (at->any.ss_family == AF_UNIX && !leads_here(at))
		return -1;
	return hand_out(p, i);
}

void passed_close(struct passed *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].fd >= 0)
			(void)close(hand_out(p, i)); /* nothing of ours is in it */
}

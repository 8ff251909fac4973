#include "app/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"

#define FDS_MAX 250u /* in one message; the kernel's limit is 253 */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static void attach(struct msghdr *m, union control *c, const int *fds, size_t count)
{
	if (count == 0)
		return;
	memset(c, 0, sizeof(*c));
	c->head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
		                    .cmsg_type = SCM_RIGHTS,
		                    .cmsg_len = CMSG_LEN(count * sizeof(int)) };
	memcpy(CMSG_DATA(&c->head), fds, count * sizeof(int));
	m->msg_control = c;
	m->msg_controllen = CMSG_SPACE(count * sizeof(int));
}

/* The manager's socket, if there is one. */
static bool manager(struct sockaddr_un *to, socklen_t *len_out)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);

	if (len == 0 || len >= sizeof(to->sun_path) || (path[0] != '/' && path[0] != '@'))
		return false;
	memcpy(to->sun_path, path, len);
	if (path[0] == '@')
		to->sun_path[0] = '\0'; /* an abstract name */
	*len_out = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

static void send_with(char *state, const int *fds, size_t count)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct iovec text = { .iov_base = state, .iov_len = strlen(state) };
	struct msghdr m = { .msg_name = &to, .msg_iov = &text, .msg_iovlen = 1 };
	union control c;
	int fd;

	if (!manager(&to, &m.msg_namelen))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	attach(&m, &c, fds, count);
	(void)sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT); /* only advice */
	(void)close(fd);                                    /* was sent */
}

void notify_send(const char *state)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s", state); /* states are short */
	send_with(text, NULL, 0);
}

void notify_keep(const char *name, const int *fds, size_t count)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%.24s", name);
	send_with(text, NULL, 0);
	(void)snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%.24s", name);
	for (size_t i = 0; i < count; i += FDS_MAX)
		send_with(text, fds + i, count - i < FDS_MAX ? count - i : FDS_MAX);
}

int64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (usec == NULL || num_parse_u64(slice_str(usec), UINT64_C(1) << 50, &n) != OK)
		return 0;
	uint64_t who = (uint64_t)getpid();
	if (pid != NULL &&
	    (num_parse_u64(slice_str(pid), INT32_MAX, &who) != OK || who != (uint64_t)getpid()))
		return 0;
	return (int64_t)(n / 2000);
}

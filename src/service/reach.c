#include "service/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/clock.h"

void reach_init(struct reach *r, const char *path)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	*r = (struct reach){ .path = path,
		             .device = there ? st.st_dev : 0,
		             .inode = there ? st.st_ino : 0,
		             .since_ms = clock_mono_ms() };
}

/* Permissions are asked for by access, which a cage does not answer for. */
static bool is_closed(const char *path)
{
	int fd = access(path, R_OK) == 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : 0;

	if (fd > 0)
		(void)close(fd); /* only tried */
	return fd < 0 && errno == EACCES;
}

bool reach_is_lost(const struct reach *r)
{
	struct stat st;

	return clock_mono_ms() - r->since_ms >= REACH_REST_MS && stat(r->path, &st) == 0 &&
	       (st.st_dev != r->device || st.st_ino != r->inode) && is_closed(r->path);
}

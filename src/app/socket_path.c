#include "app/socket_path.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/folder.h"

struct place {
	const char *path, *folder, *user;
	uid_t uid;
	struct arena *a;
};

static const char *folder_of(const char *path, struct arena *a)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path ? "/" : arena_str(a, slice_of(path, (size_t)(slash - path)));
}

static struct place place_of(const struct address *at, uid_t uid, struct arena *a)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&at->any;
	struct place p = { .uid = uid, .a = a };

	p.path = arena_str(a, slice_str(un->sun_path));
	p.folder = folder_of(p.path, a);
	p.user = folder_user(uid, a);
	return p;
}

static bool blame(struct socket_path_fault *fault, const char *why, const char *fix)
{
	*fault = (struct socket_path_fault){ why, fix };
	return false;
}

/* By its mode and owner; that the user is in the folder's group is believed. */
static bool may_write(const struct stat *st, uid_t uid)
{
	return uid == 0 || (st->st_uid == uid && (st->st_mode & S_IWUSR) != 0) ||
	       (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static bool folder_good(const struct place *p, struct socket_path_fault *fault)
{
	const char *install = folder_give(p->folder, p->uid, p->a);
	struct stat st;
	bool there = stat(p->folder, &st) == 0;

	if (!there && errno == ENOENT)
		return blame(fault, arena_printf(p->a, "its folder %s is not there", p->folder),
		             arena_printf(p->a, "make it: %s", install));
	if (!there && errno == EACCES && p->uid == geteuid())
		return blame(
		        fault,
		        arena_printf(p->a, "%s cannot get to its folder %s", p->user, p->folder),
		        "open the folders above it (chmod o+x), or change [listen]");
	if (there && !may_write(&st, p->uid))
		return blame(
		        fault,
		        arena_printf(p->a, "%s may not write to its folder %s", p->user, p->folder),
		        arena_printf(p->a, "give it the folder: %s", install));
	if (there && p->uid == geteuid() && access(p->folder, W_OK) != 0 && errno == EROFS)
		return blame(
		        fault,
		        arena_printf(p->a, "its folder %s is read-only to the service", p->folder),
		        folder_open(p->folder, p->a));
	return true;
}

bool socket_path_good(const struct address *at, uid_t uid, struct arena *a,
                      struct socket_path_fault *fault)
{
	const struct place p = place_of(at, uid, a);
	struct stat st;

	if (lstat(p.path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return blame(fault, "something that is no socket lies there",
		             arena_printf(a, "move %s away, or change [listen]", p.path));
	return folder_good(&p, fault);
}

#include "app/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/command.h"

#define MARK "demo"
#define MARK_TEXT "This directory belongs to a demonstration (mxseal serve --demo).\n"
#define SOCKET_NAME "/control.sock"

static const char *under(struct arena *a, const char *dir, const char *name)
{
	return arena_printf(a, "%s/%s", dir, name);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool state_is_demo(const char *dir, struct arena *a)
{
	return exists(under(a, dir, MARK));
}

bool state_has_data(const char *dir, struct arena *a)
{
	return exists(under(a, dir, "mxseal.db"));
}

static bool is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool empty = d != NULL;

	while (d != NULL && empty && (e = readdir(d)) != NULL)
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	if (d != NULL)
		(void)closedir(d); /* only read from */
	return empty;
}

static bool refuse(struct state_fault *f, int code, const char *what, const char *why,
                   const char *fix)
{
	*f = (struct state_fault){ code, what, why, fix };
	return false;
}

static const char *reason(struct arena *a, const char *what)
{
	return arena_printf(a, "%s: %s", what, strerror(errno));
}

/* umask leaves the state directory itself open for the way to its socket; files are closed. */
static bool make_folder(const char *path, mode_t mode, const struct privilege *p)
{
	if (mkdir(path, mode) != 0)
		return errno == EEXIST;
	return chmod(path, mode) == 0 && (!p->change || chown(path, p->uid, p->gid) == 0);
}

static bool mark(const char *dir, struct arena *a)
{
	int fd = open(under(a, dir, MARK), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool good =
	        fd >= 0 && write(fd, MARK_TEXT, strlen(MARK_TEXT)) == (ssize_t)strlen(MARK_TEXT);

	return fd >= 0 && close(fd) == 0 && good;
}

static bool check_kind(const char *dir, bool demo, struct arena *a, struct state_fault *f)
{
	bool marked = state_is_demo(dir, a);

	if (!demo && marked)
		return refuse(f, EXIT_DENIED, dir, "this is the state of a demonstration",
		              "serve it with --demo, or name another directory");
	if (demo && !marked && !is_empty(dir))
		return refuse(f, EXIT_DENIED, dir,
		              "the directory is not empty and no demonstration's state",
		              "name a new directory with --state DIR");
	if (demo && !marked && !mark(dir, a))
		return refuse(f, EXIT_DENIED, dir, reason(a, "cannot write there"),
		              "name a directory of your own with --state DIR");
	return true;
}

static bool lock(const char *dir, struct arena *a, int *lock_out, struct state_fault *f)
{
	const char *path = under(a, dir, "lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	/* Where nothing can be written any more, policies are still served. */
	if (fd < 0 && (errno == EROFS || errno == EACCES))
		fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return refuse(f, EXIT_DENIED, dir, reason(a, "cannot write there"),
		              "check who owns the directory, or name another one");
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd); /* nothing was written */
		return refuse(f, EXIT_CONFLICT, dir, "a service with this state is running",
		              "stop it first, or name another directory");
	}
	*lock_out = fd;
	return true;
}

bool state_prepare(const char *dir, bool demo, const struct privilege *p, struct arena *a,
                   int *lock_out, struct state_fault *f)
{
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(SOCKET_NAME);

	if (strlen(dir) > room)
		return refuse(f, EXIT_FINDINGS, dir, "the path is too long for the socket in it",
		              arena_printf(a, "use a path of at most %zu characters", room));
	if (!make_folder(dir, 0755, p))
		return refuse(f, EXIT_DENIED, dir, reason(a, "cannot make the state directory"),
		              "name another directory, or make this one");
	if (!check_kind(dir, demo, a, f) || !lock(dir, a, lock_out, f))
		return false;
	if (!make_folder(under(a, dir, "edge"), 0700, p) ||
	    !make_folder(under(a, dir, "archive"), 0700, p))
		return refuse(f, EXIT_DENIED, dir, reason(a, "cannot make folders in it"),
		              "check who owns the directory");
	return true;
}

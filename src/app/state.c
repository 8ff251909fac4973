#include "app/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/command.h"
#include "app/folder.h"

#define MARK "demo"
#define MARK_TEXT "This directory belongs to a demonstration (mxseal serve --demo).\n"
#define SOCKET_NAME "/control.sock"

/* Where it is to be, and for whom. */
struct place {
	const char *dir;
	bool demo;
	uid_t uid;
	struct arena *a;
};

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

/* What mends a folder that could not be made or written to. */
static const char *mend(int error, const char *dir, uid_t uid, struct arena *a)
{
	const char *give = folder_give(dir, uid, a);

	switch (error) {
	case EROFS:
		return exists(dir) ? folder_open(dir, a)
		                   : arena_printf(a, "%s; then %s", give, folder_open(dir, a));
	case EACCES:
	case EPERM:
	case ENOENT:
		return arena_printf(a, "give it to the service: %s", give);
	default:
		return "see what lies there, or name another directory";
	}
}

/* Refuses for the reason in errno. */
static bool cannot(struct state_fault *f, const struct place *at, const char *what)
{
	int error = errno;
	const char *why = arena_printf(at->a, "%s: %s", what, strerror(error));

	return refuse(f, EXIT_DENIED, at->dir, why,
	              at->demo ? "name a directory of your own with --state DIR"
	                       : mend(error, at->dir, at->uid, at->a));
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

static bool check_kind(const struct place *at, struct state_fault *f)
{
	const char *dir = at->dir;
	bool demo = at->demo, marked = state_is_demo(dir, at->a);

	if (!demo && marked)
		return refuse(f, EXIT_DENIED, dir, "this is the state of a demonstration",
		              "serve it with --demo, or name another directory");
	if (demo && !marked && !is_empty(dir))
		return refuse(f, EXIT_DENIED, dir,
		              "the directory is not empty and no demonstration's state",
		              "name a new directory with --state DIR");
	if (demo && !marked && !mark(dir, at->a))
		return cannot(f, at, "cannot write there");
	return true;
}

/* The file of the lock, or -1 with errno. */
static int open_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int why = errno;

	/* Where nothing can be written any more, policies are still served. */
	if (fd < 0 && (why == EROFS || why == EACCES))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	errno = why;
	return fd;
}

static bool lock(const struct place *at, int *lock_out, struct state_fault *f)
{
	int fd = open_lock(under(at->a, at->dir, "lock"));

	if (fd < 0)
		return cannot(f, at, "cannot write there");
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd); /* nothing was written */
		return refuse(f, EXIT_CONFLICT, at->dir, "a service with this state is running",
		              "stop it first, or name another directory");
	}
	*lock_out = fd;
	return true;
}

bool state_prepare(const char *dir, bool demo, const struct privilege *p, struct arena *a,
                   int *lock_out, struct state_fault *f)
{
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(SOCKET_NAME);
	const struct place at = { dir, demo, p->change ? p->uid : geteuid(), a };

	if (strlen(dir) > room)
		return refuse(f, EXIT_FINDINGS, dir, "the path is too long for the socket in it",
		              arena_printf(a, "use a path of at most %zu characters", room));
	if (!make_folder(dir, 0755, p))
		return cannot(f, &at, "cannot make the state directory");
	if (!check_kind(&at, f) || !lock(&at, lock_out, f))
		return false;
	if (!make_folder(under(a, dir, "edge"), 0700, p) ||
	    !make_folder(under(a, dir, "archive"), 0700, p))
		return cannot(f, &at, "cannot make folders in it");
	return true;
}

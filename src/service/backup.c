#include "service/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/copy.h"

#define GIVEN_UP_S 3600
#define PATH_SIZE 4096u
#define MAKING "/" BACKUP_FOLDER "/making"

static const struct {
	const char *from, *to;
} files[] = {
	{ "/mxseal.db", "/" BACKUP_FOLDER "/mxseal.db" },
	{ "/edge/edge.db", "/" BACKUP_FOLDER "/edge.db" },
};

static const char *at(char out[PATH_SIZE], const char *state, const char *tail)
{
	(void)snprintf(out, PATH_SIZE, "%.4000s%s", state,
	               tail); /* state has the room of a socket */
	return out;
}

static enum err touch(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0)
		return errno == EEXIST ? ERR_CONFLICT : ERR_IO;
	enum err e = futimens(fd, NULL) == 0 ? OK : ERR_IO;
	(void)close(fd); /* nothing was written */
	return e;
}

static void remove_copies(const char *state)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)unlink(at(path, state, files[i].to)); /* there may be none */
}

/* Who comes first makes the file; one that is old was left by a command that died. */
static enum err begin(const char *state, int64_t now)
{
	char path[PATH_SIZE];
	struct stat st;

	if (mkdir(at(path, state, "/" BACKUP_FOLDER), 0700) != 0 && errno != EEXIST)
		return ERR_IO;
	(void)at(path, state, MAKING);
	if (stat(path, &st) == 0 && now - st.st_mtime > GIVEN_UP_S)
		(void)unlink(path); /* seen next */
	return touch(path, O_EXCL);
}

enum err backup_make(const char *state, int64_t now)
{
	char from[PATH_SIZE], to[PATH_SIZE];
	enum err e = begin(state, now);

	if (e != OK)
		return e;
	remove_copies(state);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(files); i++)
		e = copy_database(at(from, state, files[i].from), at(to, state, files[i].to));
	return e == OK ? OK : (backup_end(state, false) == OK ? e : ERR_IO);
}

enum err backup_end(const char *state, bool done)
{
	char path[PATH_SIZE];
	enum err e = OK;

	remove_copies(state);
	if (done)
		e = touch(at(path, state, "/" BACKUP_LAST), 0);
	if (unlink(at(path, state, MAKING)) != 0 && errno != ENOENT)
		e = ERR_IO;
	return e;
}

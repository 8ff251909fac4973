#include "service/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/clock.h"
#include "store/copy.h"

#define PATH_SIZE 4096u
#define STEP_PAGES 256 /* a mebibyte between two looks at the clock */
#define FILES 2

static const struct {
	const char *from, *to;
} files[FILES] = {
	{ "/mxseal.db", "/" BACKUP_FOLDER "/mxseal.db" },
	{ "/edge/edge.db", "/" BACKUP_FOLDER "/edge.db" },
};

struct backup {
	pthread_mutex_t lock; /* of the rest, and of the folder */
	char *state;
	struct copy *copies[FILES]; /* NULL: none is under way */
	int64_t sizes[FILES];       /* of the databases when it began */
	int64_t asked;              /* the last request */
};

struct backup *backup_new(const char *state)
{
	struct backup *b = mem_alloc(sizeof(*b));

	*b = (struct backup){ .state = mem_strdup(state) };
	(void)pthread_mutex_init(&b->lock, NULL); /* cannot fail with these arguments */
	return b;
}

static void drop_copies(struct backup *b)
{
	for (size_t i = 0; i < FILES; i++) {
		copy_free(b->copies[i]);
		b->copies[i] = NULL;
	}
}

void backup_free(struct backup *b)
{
	if (b == NULL)
		return;
	drop_copies(b);
	(void)pthread_mutex_destroy(&b->lock); /* all threads have ended */
	mem_free(b->state);
	mem_free(b);
}

static const char *at(char out[PATH_SIZE], const struct backup *b, const char *tail)
{
	(void)snprintf(out, PATH_SIZE, "%.4000s%s", b->state,
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

/* All of it is gone, whatever there was. */
static enum err clear(struct backup *b)
{
	char path[PATH_SIZE];

	drop_copies(b);
	for (size_t i = 0; i < FILES; i++)
		(void)unlink(at(path, b, files[i].to)); /* there may be none */
	return unlink(at(path, b, "/" BACKUP_MAKING)) == 0 || errno == ENOENT ? OK : ERR_IO;
}

/* Whether the command that asked is at work with the copies. */
static bool is_held(const char *making)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(making, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool held = fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	(void)close(fd); /* nothing was written */
	return held;
}

/* Of a desk that ended, or of a command that did. */
static bool is_given_up(struct backup *b, int64_t now)
{
	char path[PATH_SIZE];
	struct stat st;

	if (b->copies[0] != NULL)
		return now - b->asked > BACKUP_GONE_S;
	return stat(at(path, b, "/" BACKUP_MAKING), &st) == 0 &&
	       now - st.st_mtime > BACKUP_GONE_S && !is_held(path);
}

static enum err claim(struct backup *b, int64_t now)
{
	char path[PATH_SIZE];

	if (mkdir(at(path, b, "/" BACKUP_FOLDER), 0700) != 0 && errno != EEXIST)
		return ERR_IO;
	if (is_given_up(b, now))
		(void)clear(b); /* seen next */
	return touch(at(path, b, "/" BACKUP_MAKING), O_EXCL);
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static enum err look_for_room(struct backup *b)
{
	char path[PATH_SIZE];
	struct statvfs v;
	int64_t sum = 0;

	for (size_t i = 0; i < FILES; i++) {
		b->sizes[i] = size_of(at(path, b, files[i].from));
		sum += b->sizes[i];
	}
	if (statvfs(b->state, &v) != 0)
		return ERR_IO;
	return (uint64_t)v.f_bavail * v.f_frsize < (uint64_t)sum ? ERR_LIMIT : OK;
}

static enum err begin_copies(struct backup *b)
{
	char from[PATH_SIZE], to[PATH_SIZE];
	enum err e = look_for_room(b);

	for (size_t i = 0; e == OK && i < FILES; i++) {
		(void)unlink(at(to, b, files[i].to)); /* of one that is over */
		e = copy_begin(at(from, b, files[i].from), to, &b->copies[i]);
	}
	return e;
}

static void look(const struct backup *b, bool whole, struct backup_far *out)
{
	struct backup_far far = { .whole = whole };

	for (size_t i = 0; i < FILES; i++) {
		int64_t copied = 0, bytes = 0;

		copy_far(b->copies[i], &copied, &bytes);
		far.copied += copied;
		far.bytes += bytes > 0 ? bytes : b->sizes[i];
	}
	*out = far;
}

enum err backup_begin(struct backup *b, int64_t now, struct backup_far *out)
{
	(void)pthread_mutex_lock(&b->lock);
	enum err e = claim(b, now);
	if (e == OK) {
		b->asked = now;
		e = begin_copies(b);
		if (e == OK)
			look(b, false, out);
		else
			(void)clear(b); /* what is left of it is removed by the next one */
	}
	(void)pthread_mutex_unlock(&b->lock);
	return e;
}

/* ERR_AGAIN: the time is over, and there is more. */
static enum err step(struct backup *b, int64_t turn_ms)
{
	int64_t since = clock_mono_ms();
	enum err e = OK;

	for (size_t i = 0; e == OK && i < FILES; i++) {
		while ((e = copy_step(b->copies[i], STEP_PAGES)) == ERR_AGAIN)
			if (clock_mono_ms() - since >= turn_ms)
				return e;
		if (e == ERR_UNAVAILABLE)
			return ERR_AGAIN; /* busy; whoever asks comes again */
	}
	return e;
}

static enum err step_on(struct backup *b, int64_t now, int64_t turn_ms, struct backup_far *out)
{
	char path[PATH_SIZE];

	if (b->copies[0] == NULL)
		return ERR_NOTFOUND;
	b->asked = now;
	enum err e = step(b, turn_ms);
	if (e == OK || e == ERR_AGAIN)
		look(b, e == OK, out);
	if (e == ERR_AGAIN)
		return OK;
	if (e == OK)
		e = touch(at(path, b, "/" BACKUP_MAKING), 0);
	drop_copies(b);
	if (e != OK)
		(void)clear(b); /* what is left of it is removed by the next one */
	return e;
}

enum err backup_step(struct backup *b, int64_t now, int64_t turn_ms, struct backup_far *out)
{
	(void)pthread_mutex_lock(&b->lock);
	enum err e = step_on(b, now, turn_ms, out);
	(void)pthread_mutex_unlock(&b->lock);
	return e;
}

enum err backup_end(struct backup *b, bool done)
{
	char path[PATH_SIZE];
	enum err e = OK;

	(void)pthread_mutex_lock(&b->lock);
	if (done)
		e = touch(at(path, b, "/" BACKUP_LAST), 0);
	if (clear(b) != OK)
		e = ERR_IO;
	(void)pthread_mutex_unlock(&b->lock);
	return e;
}

void backup_tick(struct backup *b, int64_t now)
{
	if (pthread_mutex_trylock(&b->lock) != 0)
		return; /* a request is at work */
	if (is_given_up(b, now)) {
		log_warn("a backup was given up, and its copies are removed");
		if (clear(b) != OK)
			log_error("copies of a backup cannot be removed", F("state", b->state));
	}
	(void)pthread_mutex_unlock(&b->lock);
}

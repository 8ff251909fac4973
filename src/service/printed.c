#include "service/printed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/clock.h"

#define TURN_MS 50
#define ERRORS_MAX 1024u

extern char **environ;

/* Our end of a pipe from the command, and where its bytes go. */
struct pipe_end {
	int fd; /* -1: closed */
	struct buf *to;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing to lose */
	*fd = -1;
}

static int set_files(posix_spawn_file_actions_t *files, int output, int errors)
{
	int error = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	error = error != 0 ? error : posix_spawn_file_actions_adddup2(files, output, 1);
	return error != 0 ? error : posix_spawn_file_actions_adddup2(files, errors, 2);
}

/* A group of its own, so that what it starts ends with it; signals as a shell expects them. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, piped;
	int error;

	(void)sigemptyset(&none); /* these fail for wrong signal numbers only */
	(void)sigemptyset(&piped);
	(void)sigaddset(&piped, SIGPIPE);
	error = posix_spawnattr_setsigmask(attr, &none);
	error = error != 0 ? error : posix_spawnattr_setsigdefault(attr, &piped);
	error = error != 0 ? error : posix_spawnattr_setpgroup(attr, 0);
	return error != 0 ? error
	                  : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
	                                                           POSIX_SPAWN_SETSIGDEF |
	                                                           POSIX_SPAWN_SETSIGMASK);
}

static bool start(const char *command, int output, int errors, pid_t *pid)
{
	char shell[] = "sh", flag[] = "-c", *copy = mem_strdup(command);
	char *const argv[] = { shell, flag, copy, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int error = posix_spawn_file_actions_init(&files);

	if (error == 0) {
		error = posix_spawnattr_init(&attr);
		if (error == 0) {
			error = set_files(&files, output, errors);
			error = error != 0 ? error : set_signals(&attr);
			if (error == 0)
				error = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
			(void)posix_spawnattr_destroy(&attr); /* ours */
		}
		(void)posix_spawn_file_actions_destroy(&files); /* likewise */
	}
	mem_free(copy);
	return error == 0;
}

static void take(struct pipe_end *e)
{
	char bytes[4096];
	ssize_t n = read(e->fd, bytes, sizeof(bytes));

	if (n > 0)
		buf_add(e->to, slice_of(bytes, (size_t)n));
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_end(&e->fd);
	mem_wipe(bytes, sizeof(bytes));
}

/* Until both ends are closed or the deadline; true: closed. */
static bool listen_to(struct pipe_end e[2], int64_t deadline)
{
	while (e[0].fd >= 0 || e[1].fd >= 0) {
		struct pollfd p[2] = { { .fd = e[0].fd, .events = POLLIN },
			               { .fd = e[1].fd, .events = POLLIN } };

		if (clock_mono_ms() >= deadline)
			return false;
		if (poll(p, 2, TURN_MS) <= 0)
			continue;
		for (size_t i = 0; i < 2; i++)
			if (p[i].revents != 0)
				take(&e[i]);
	}
	return true;
}

static bool reap(pid_t pid, int64_t deadline, int *status)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return true;
		if ((got < 0 && errno != EINTR) || clock_mono_ms() >= deadline)
			return false;
		(void)poll(NULL, 0, TURN_MS); /* only passes time */
	}
}

static enum err judge(int status, const struct buf *errors, char words[PRINTED_WORDS_SIZE])
{
	struct slice rest = buf_slice(errors), line = S("");

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return OK;
	while (line.len == 0 && slice_next_line(&rest, &line))
		line = slice_trim(line);
	/* Cut is fine. */
	if (WIFEXITED(status))
		(void)snprintf(words, PRINTED_WORDS_SIZE, "it ended with status %d: %.*s",
		               WEXITSTATUS(status), SLICE_ARGS(slice_head(line, 150)));
	else
		(void)snprintf(words, PRINTED_WORDS_SIZE, "it was ended by signal %d",
		               WTERMSIG(status));
	return ERR_UNAVAILABLE;
}

static enum err wait_for(pid_t pid, struct pipe_end e[2], int64_t deadline,
                         char words[PRINTED_WORDS_SIZE])
{
	int status = 0;

	if (listen_to(e, deadline) && reap(pid, deadline, &status))
		return judge(status, e[1].to, words);
	(void)kill(-pid, SIGKILL); /* its whole group */
	(void)waitpid(pid, &status, 0);
	(void)snprintf(words, PRINTED_WORDS_SIZE, "it took too long and was ended");
	return ERR_UNAVAILABLE;
}

enum err printed_run(const char *command, unsigned timeout_ms, struct buf *out,
                     char words[PRINTED_WORDS_SIZE])
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int output[2] = { -1, -1 }, error[2] = { -1, -1 };
	struct buf errors;
	enum err e = ERR_UNAVAILABLE;
	pid_t pid = 0;
	bool good = pipe2(output, O_CLOEXEC) == 0 && pipe2(error, O_CLOEXEC) == 0 &&
	            start(command, output[1], error[1], &pid);

	buf_init(&errors, ERRORS_MAX);
	close_end(&output[1]);
	close_end(&error[1]);
	struct pipe_end ends[2] = { { output[0], out }, { error[0], &errors } };
	if (good)
		e = wait_for(pid, ends, deadline, words);
	else
		(void)snprintf(words, PRINTED_WORDS_SIZE, "it cannot be started");
	close_end(&ends[0].fd);
	close_end(&ends[1].fd);
	buf_fini(&errors);
	return e;
}

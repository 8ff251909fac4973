#include "service/hook.h"

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

extern char **environ;

#define RECEIPT_FD 3 /* in the child */

/* Runs $1 without the receipt, and notes its success on it. */
static const char noting[] = "sh -c \"$1\" 3>&- || exit; echo done >&3";

struct run {
	pid_t pid;
	int in, errors, output; /* our ends; -1: closed */
	struct buf *printed;    /* NULL: nobody wants it */
	struct slice left;
	size_t len;
	char words[HOOK_WORDS_MAX + 1];
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing to lose */
	*fd = -1;
}

/* The ends that it gets; output -1: what it prints is dropped; receipt -1: none is asked for. */
struct ends {
	int in, errors, output, receipt;
};

static int spawn(const char *command, const struct ends *ends, pid_t *pid)
{
	char shell[] = "sh", flag[] = "-c";
	char *const text = (char *)(uintptr_t)command, *const script = (char *)(uintptr_t)noting;
	char *const plain[] = { shell, flag, text, NULL };
	char *const noted[] = { shell, flag, script, shell, text, NULL };
	char *const *argv = ends->receipt >= 0 ? noted : plain;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, piped;
	int error = posix_spawn_file_actions_init(&files);

	if (error != 0)
		return error;
	(void)sigemptyset(&none); /* these fail for wrong signal numbers only */
	(void)sigemptyset(&piped);
	(void)sigaddset(&piped, SIGPIPE);    /* ignored here, which it would inherit */
	error = posix_spawnattr_init(&attr); /* needs no memory here */
	error = error != 0 ? error : posix_spawn_file_actions_adddup2(&files, ends->in, 0);
	if (error == 0)
		error = ends->output >= 0
		                ? posix_spawn_file_actions_adddup2(&files, ends->output, 1)
		                : posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY,
		                                                   0);
	error = error != 0 ? error : posix_spawn_file_actions_adddup2(&files, ends->errors, 2);
	if (error == 0 && ends->receipt >= 0)
		error = posix_spawn_file_actions_adddup2(&files, ends->receipt, RECEIPT_FD);
	/* What this process got from its parent, listening sockets among it, ends here. */
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(
		        &files, ends->receipt >= 0 ? RECEIPT_FD + 1 : RECEIPT_FD);
	error = error != 0 ? error : posix_spawnattr_setsigmask(&attr, &none);
	error = error != 0 ? error : posix_spawnattr_setpgroup(&attr, 0);
	error = error != 0 ? error : posix_spawnattr_setsigdefault(&attr, &piped);
	error = error != 0 ? error
	                   : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
	                                                             POSIX_SPAWN_SETSIGDEF |
	                                                             POSIX_SPAWN_SETSIGMASK);
	error = error != 0 ? error : posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);           /* ours */
	(void)posix_spawn_file_actions_destroy(&files); /* likewise */
	return error;
}

static void feed(struct run *r)
{
	ssize_t n = write(r->in, r->left.p, r->left.len);

	if (n > 0)
		r->left = slice_skip(r->left, (size_t)n);
	if (r->left.len == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		close_end(&r->in); /* it may end without having read all */
}

static void listen_to(struct run *r)
{
	char bytes[512];
	ssize_t n = read(r->errors, bytes, sizeof(bytes));

	if (n <= 0 && (n == 0 || (errno != EINTR && errno != EAGAIN)))
		close_end(&r->errors);
	for (ssize_t i = 0; i < n && r->len < HOOK_WORDS_MAX; i++)
		r->words[r->len++] = bytes[i];
}

static void take_output(struct run *r)
{
	char bytes[4096];
	ssize_t n = read(r->output, bytes, sizeof(bytes));

	if (n > 0)
		buf_add(r->printed, slice_of(bytes, (size_t)n));
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_end(&r->output);
	mem_wipe(bytes, sizeof(bytes)); /* it may be a secret */
}

static bool is_stopped(const atomic_bool *stop)
{
	return stop != NULL && atomic_load(stop);
}

/* Until all ends are closed or the deadline; true: closed. */
static bool talk(struct run *r, int64_t deadline, const atomic_bool *stop)
{
	while (r->in >= 0 || r->errors >= 0 || r->output >= 0) {
		struct pollfd p[3] = { { .fd = r->in, .events = POLLOUT },
			               { .fd = r->errors, .events = POLLIN },
			               { .fd = r->output, .events = POLLIN } };

		if (clock_mono_ms() >= deadline || is_stopped(stop))
			return false;
		if (poll(p, 3, TURN_MS) <= 0)
			continue;
		if (p[0].revents != 0)
			feed(r);
		if (p[1].revents != 0)
			listen_to(r);
		if (p[2].revents != 0)
			take_output(r);
	}
	return true;
}

/* It has closed its error output; what is left of it has until the deadline. */
static bool reap(const struct run *r, int64_t deadline, const atomic_bool *stop, int *status)
{
	for (;;) {
		pid_t got = waitpid(r->pid, status, WNOHANG);

		if (got == r->pid)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (clock_mono_ms() >= deadline || is_stopped(stop))
			return false;
		(void)poll(NULL, 0, TURN_MS); /* only passes time */
	}
}

static void finish(struct run *r, bool ended, int status, struct hook_result *out)
{
	struct slice line = S(""), rest = slice_of(r->words, r->len);

	if (!ended) {
		(void)kill(-r->pid, SIGKILL); /* its whole group */
		(void)waitpid(r->pid, &status, 0);
		*out = (struct hook_result){ .code = -1,
			                     .words = "it took too long and was ended" };
		return;
	}
	*out = (struct hook_result){ .code = WIFEXITED(status) ? WEXITSTATUS(status) : -1 };
	while (slice_next_line(&rest, &line) && slice_trim(line).len == 0)
		continue;
	line = slice_trim(line);
	/* The room is that of all of it. */
	(void)snprintf(out->words, sizeof(out->words), "%.*s", SLICE_ARGS(line));
	if (out->code == -1)
		(void)snprintf(out->words, sizeof(out->words), "it was ended by signal %d",
		               WTERMSIG(status));
}

/* What of the input fits is given before anybody can read it. */
static bool begin(struct run *r, const char *command, bool output, int receipt)
{
	int in[2] = { -1, -1 }, errors[2] = { -1, -1 }, prints[2] = { -1, -1 };
	bool good = pipe2(in, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0 &&
	            (!output || pipe2(prints, O_CLOEXEC) == 0) &&
	            fcntl(in[1], F_SETFL, O_NONBLOCK) == 0;

	r->in = in[1];
	r->errors = errors[0];
	r->output = prints[0];
	if (good && r->left.len > 0)
		feed(r);
	good = good && (receipt < 0 || r->left.len == 0);
	if (good) {
		const struct ends ends = { in[0], errors[1], prints[1], receipt };
		good = spawn(command, &ends, &r->pid) == 0;
	}
	close_end(&in[0]);
	close_end(&errors[1]);
	close_end(&prints[1]);
	return good;
}

static enum err run(struct run *r, const char *command, unsigned timeout_ms,
                    const atomic_bool *stop, int receipt, struct hook_result *out)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	enum err e = begin(r, command, r->printed != NULL, receipt) ? OK : ERR_IO;
	int status = 0;

	if (e == OK) {
		bool ended = talk(r, deadline, stop) && reap(r, deadline, stop, &status);
		if (!ended && receipt >= 0 && is_stopped(stop))
			e = ERR_CLOSED;
		else
			finish(r, ended, status, out);
	}
	close_end(&r->in);
	close_end(&r->errors);
	close_end(&r->output);
	return e;
}

enum err hook_run(const char *command, struct slice input, unsigned timeout_ms,
                  const atomic_bool *stop, struct buf *output, struct hook_result *out)
{
	struct run r = { .left = input, .printed = output };

	return run(&r, command, timeout_ms, stop, -1, out);
}

enum err hook_run_noted(const char *command, struct slice input, unsigned timeout_ms,
                        const atomic_bool *stop, int receipt, struct hook_result *out)
{
	struct run r = { .left = input };

	if (input.len > HOOK_NOTED_MAX)
		return ERR_LIMIT;
	return run(&r, command, timeout_ms, stop, receipt, out);
}

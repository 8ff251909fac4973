#include "app/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define ENVIRONMENT_MAX 8u

/* What a child may know of the environment: no setting comes that way. */
static const char *const passed_on[] = { "PATH",          "TZ",           "ASAN_OPTIONS",
	                                 "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE" };

static void environment(struct arena *a, char *out[ENVIRONMENT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(passed_on); i++) {
		const char *value = getenv(passed_on[i]);

		if (value != NULL)
			out[n++] = arena_printf(a, "%s=%s", passed_on[i], value);
	}
	out[n] = NULL;
}

/* In the child, before exec: nothing here allocates or can be interrupted by our handlers. */
static bool prepare_child(pid_t parent)
{
	sigset_t none;

	(void)sigemptyset(&none); /* fails for nothing */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	       sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static bool hand_down(const struct boot *b, int lines)
{
	for (size_t i = 0; i < b->fd_count; i++)
		if (fcntl(b->fds[i].fd, F_SETFD, 0) != 0)
			return false;
	return dup2(lines, BOOT_FD) == BOOT_FD;
}

static bool write_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false; /* the child is gone already; its end will be noticed */
		s = slice_skip(s, (size_t)n);
	}
	return true;
}

static enum err start(const struct boot *b, struct slice lines, int *pid_out)
{
	struct arena *a = arena_new();
	char *env[ENVIRONMENT_MAX];
	char *argv[] = { arena_printf(a, "mxseal"),
		         arena_printf(a, "--role=%s", role_name(b->role)), NULL };
	pid_t parent = getpid(), pid = -1;
	int pipe_ends[2] = { -1, -1 };
	enum err e = ERR_IO;

	environment(a, env);
	if (pipe2(pipe_ends, O_CLOEXEC) != 0)
		goto done;
	(void)fcntl(pipe_ends[1], F_SETPIPE_SZ,
	            (int)BOOT_TEXT_MAX); /* so that writing never waits */
	pid = fork();
	if (pid == 0) {
		if (prepare_child(parent) && hand_down(b, pipe_ends[0]))
			(void)execve(SELF, argv, env); /* returns only when it failed */
		_exit(127);
	}
	if (pid > 0) {
		(void)write_all(pipe_ends[1], lines); /* said there */
		*pid_out = pid;
		e = OK;
	}
done:
	for (int i = 0; i < 2; i++)
		if (pipe_ends[i] >= 0)
			(void)close(pipe_ends[i]); /* the child reads to the end */
	arena_free(a);
	return e;
}

enum err process_start(const struct boot *b, int *pid_out)
{
	struct buf lines;
	enum err e;

	buf_init(&lines, BOOT_TEXT_MAX);
	e = boot_format(b, &lines);
	if (e == OK)
		e = start(b, buf_slice(&lines), pid_out);
	if (lines.p != NULL)
		mem_wipe(lines.p, lines.cap);
	buf_fini(&lines);
	return e;
}

enum err process_command(const char *const *args, int *pid_out)
{
	char *env[ENVIRONMENT_MAX], *argv[8] = { NULL };
	struct arena *a = arena_new();
	pid_t parent = getpid(), pid;
	size_t n = 0;

	argv[n++] = arena_printf(a, "mxseal");
	while (*args != NULL && n + 1 < ARRAY_LEN(argv))
		argv[n++] = arena_printf(a, "%s", *args++);
	environment(a, env);
	pid = fork();
	if (pid == 0) {
		if (prepare_child(parent))
			(void)execve(SELF, argv, env); /* returns only when it failed */
		_exit(127);
	}
	arena_free(a);
	if (pid < 0)
		return ERR_IO;
	*pid_out = pid;
	return OK;
}

/*
 * The role of reader: one socket and nothing else.
 *
 * A reader lives for some messages only, and starting a program costs more than reading many of
 * them.  So the process that the parent started reads nothing itself: it makes one child after the
 * other, each a fresh copy of what it was before any message, and the children enter the cage.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/boot.h"
#include "net/clock.h"
#include "service/reader.h"
#include "wire/mime.h"

#define SOON_MS 1000 /* a child that was killed younger than this is an odd thing */
#define SOON_MAX 3   /* in a row; then the parent shall decide how to go on */

static volatile sig_atomic_t asked_to_end;
static volatile pid_t child;

/* The child ends first, with what it has in hand. */
static void on_term(int signal)
{
	int before = errno;

	asked_to_end = 1;
	if (child > 0)
		(void)kill(child, signal); /* it may just have ended */
	errno = before;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* In the child: it ends with whoever made it. */
static void be_child(pid_t maker)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != maker)
		_exit(1);
}

/* 0: this is the child, in which SIGTERM is blocked; <0: there is none. */
static pid_t make_child(const sigset_t *term)
{
	pid_t maker = getpid(), pid;

	(void)sigprocmask(SIG_BLOCK, term, NULL); /* cannot fail with this set */
	if (asked_to_end)
		_exit(0);
	pid = fork();
	if (pid == 0) {
		be_child(maker);
		return 0;
	}
	child = pid;
	(void)sigprocmask(SIG_UNBLOCK, term, NULL); /* see above */
	return pid;
}

void reader_generations(void)
{
	const struct sigaction act = { .sa_handler = on_term };
	sigset_t term;
	unsigned soon = 0;

	if (sigemptyset(&term) != 0 || sigaddset(&term, SIGTERM) != 0 ||
	    sigaction(SIGTERM, &act, NULL) != 0)
		_exit(1);
	mime_setup(); /* once for all of them */
	for (;;) {
		int64_t born = clock_mono_ms();
		pid_t pid = make_child(&term);

		if (pid == 0)
			return;
		int status = pid < 0 ? 0 : wait_for(pid);
		child = 0;
		if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) != 0))
			_exit(1);
		soon = WIFSIGNALED(status) && clock_mono_ms() - born < SOON_MS ? soon + 1 : 0;
		if (soon > SOON_MAX)
			_exit(1);
	}
}

int role_reader(const struct boot *b)
{
	return reader_run(boot_fd(b, "work")) == OK ? 0 : 1;
}

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

void reader_generations(void)
{
	unsigned soon = 0;

	mime_setup(); /* once for all of them */
	for (;;) {
		int64_t born = clock_mono_ms();
		pid_t maker = getpid(), pid = fork();

		if (pid == 0) {
			be_child(maker);
			return;
		}
		int status = pid < 0 ? 0 : wait_for(pid);
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

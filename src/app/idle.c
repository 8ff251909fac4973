#include "app/idle.h"

#include <signal.h>
#include <time.h>

#include "net/clock.h"

int idle(const struct boot *b)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t set;

	(void)sigemptyset(&set); /* these three fail for wrong signal numbers only */
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	do {
		if (b->board != NULL)
			board_beat(b->board, b->slot, clock_mono_ms());
	} while (sigtimedwait(&set, NULL, &second) != SIGTERM);
	return 0;
}

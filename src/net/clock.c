#include "net/clock.h"

#include <time.h>

#include "base/log.h"

static struct timespec read_clock(clockid_t which)
{
	struct timespec t;

	if (clock_gettime(which, &t) != 0)
		log_fatal("the system has no clock");
	return t;
}

int64_t clock_now_s(void)
{
	return read_clock(CLOCK_REALTIME).tv_sec;
}

int64_t clock_now_ns(void)
{
	struct timespec t = read_clock(CLOCK_REALTIME);

	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_mono_ms(void)
{
	struct timespec t = read_clock(CLOCK_MONOTONIC);

	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

unsigned clock_left_ms(int64_t deadline)
{
	int64_t left = deadline - clock_mono_ms();

	return left < 0 ? 0 : (unsigned)left;
}

int64_t clock_used_us(int pid)
{
	struct timespec t;
	clockid_t its;

	if (clock_getcpuclockid(pid, &its) != 0 || clock_gettime(its, &t) != 0)
		return -1;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The only clock of the program; rules below get the time as an argument. */
#ifndef NET_CLOCK_H
#define NET_CLOCK_H

#include <stdint.h>

/* Wall clock, seconds since 1970. */
int64_t clock_now_s(void);
/* The same in nanoseconds, to compare with the times of files. */
int64_t clock_now_ns(void);
/* Milliseconds that never go back; only differences mean something. */
int64_t clock_mono_ms(void);
/* From now until a moment of that; 0: it is there. */
unsigned clock_left_ms(int64_t deadline);
/* What a process has used of the processor since it started, in microseconds; -1: not known. */
int64_t clock_used_us(int pid);

#endif

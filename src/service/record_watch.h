/*
 * Keeps looking at the records of all domains: often while something is missing or a person is
 * waited for, seldom when all is right.  A few threads of desk that take the jobs of
 * service/record_check.h.
 */
#ifndef SERVICE_RECORD_WATCH_H
#define SERVICE_RECORD_WATCH_H

#include "service/desk.h"

struct record_watch;

/* NULL: no thread could be started.  The desk lives longer. */
struct record_watch *record_watch_new(struct desk *d);
/* Ends the threads behind the domain they are at; NULL does nothing. */
void record_watch_free(struct record_watch *w);

#endif

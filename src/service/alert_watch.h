/*
 * Keeps what somebody is told of up to date, and tells: a few threads of desk that take the jobs of
 * service/alert_domain.h, one a domain every few minutes, and say what has changed
 * (service/alert_sender.h).
 */
#ifndef SERVICE_ALERT_WATCH_H
#define SERVICE_ALERT_WATCH_H

#include "service/desk.h"

struct alert_watch;

/* NULL: no thread could be started.  The desk lives longer. */
struct alert_watch *alert_watch_new(struct desk *d);
/* Ends the threads behind the domain or the command they are at; NULL does nothing. */
void alert_watch_free(struct alert_watch *w);

#endif

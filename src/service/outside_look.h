/*
 * Watches hosts whose certificate is not ours: policy hosts behind a proxy that ends TLS or on web
 * space elsewhere and, where no listener of ours takes HTTPS, the report host and the admin host.
 * Each is fetched from outside as a sender does it, under its real name, now and then; what was
 * seen is stored (store/looks.h), and advice/outside_judge.h says what is to be said of it.
 */
#ifndef SERVICE_OUTSIDE_LOOK_H
#define SERVICE_OUTSIDE_LOOK_H

#include "advice/outside_judge.h"
#include "service/desk.h"
#include "store/looks.h"

struct outside_watch;

/* NULL: no thread could be made, which was logged.  d must outlive the watch. */
struct outside_watch *outside_watch_new(struct desk *d);
void outside_watch_free(struct outside_watch *w); /* NULL does nothing */

/* The host is to be looked at now: something changed.  The lock is held. */
enum err outside_look_soon(struct desk *d, const char *host, int64_t now) MUST_USE;
/* What was seen last; never looked at is a look with checked 0.  The lock is held. */
enum err outside_look_read(struct desk *d, const char *host, struct arena *a,
                           struct look *out) MUST_USE;
struct outside_finding outside_look_judge(const struct look *l, int64_t now, struct arena *a);

/* Whether this host of the service itself is answered through a proxy only. */
bool outside_is_behind(const struct desk *d);

#endif

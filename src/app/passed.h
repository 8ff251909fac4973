/*
 * Sockets that the service manager passes at the start (sd_listen_fds(3)): those of socket units,
 * by their FileDescriptorName, and those that an earlier run of the service left there for
 * the next one, so that whoever connects during a restart waits and is not refused.
 */
#ifndef APP_PASSED_H
#define APP_PASSED_H

#include "net/address.h"

#define PASSED_MAX 1024u
#define PASSED_KEPT "kept" /* the name under which a run leaves its listeners */

struct passed {
	size_t count;
	struct {
		int fd; /* -1: handed out */
		struct slice name;
	} list[PASSED_MAX];
};

/* What was passed to this process, moved out of the children's way; names point into the
 * environment. */
void passed_take(struct passed *out);

/* The next socket of that name, now the caller's; -1: no more. */
int passed_next(struct passed *p, const char *name);

/*
 * A kept listener on exactly that address (flags as for listen_open), now the caller's; -1: none,
 * or one whose path does not lead to it any more.
 */
int passed_kept(struct passed *p, const struct address *at, unsigned flags);

/* Whether there is one; of an address that is no path, passed_kept gives it. */
bool passed_has(const struct passed *p, const struct address *at, unsigned flags);

/* Closes what nobody took: a listener that is no longer configured. */
void passed_close(struct passed *p);

#endif

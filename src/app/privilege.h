/*
 * Giving up what root may do, once the sockets are bound.
 *
 * With a user the process becomes that user for good; without one, root keeps its
 * number but loses every capability, also for what it starts, as does any other user whom a
 * service manager lent some.
 */
#ifndef APP_PRIVILEGE_H
#define APP_PRIVILEGE_H

#include <sys/types.h>

#include "base/slice.h"

struct privilege {
	bool change; /* become uid:gid */
	uid_t uid;   /* the owner of what the service makes */
	gid_t gid;
	const char *user;
};

/* ERR_NOTFOUND: there is no such user.  user "" or not started by root: nothing changes. */
enum err privilege_plan(const char *user, struct privilege *out) MUST_USE;
/* ERR_IO: the system refused (errno). */
enum err privilege_drop(const struct privilege *p) MUST_USE;

#endif

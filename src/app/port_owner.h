/* Who listens on a TCP port, for the message that says that it is taken. */
#ifndef APP_PORT_OWNER_H
#define APP_PORT_OWNER_H

#include "base/mem.h"

struct port_owner {
	int pid;          /* 0: not ours to see, or already gone */
	const char *name; /* of its program; "" when pid is 0 */
	bool child;       /* a role of this very program */
};

/* Looks through /proc; strings are in the arena. */
struct port_owner port_owner_find(uint16_t port, struct arena *a);
/* "nginx (process 812)" or "a process of another user". */
const char *port_owner_text(const struct port_owner *o, struct arena *a);

#endif

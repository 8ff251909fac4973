/* Who listens on a port, for the message that says that it is taken. */
#ifndef APP_PORT_OWNER_H
#define APP_PORT_OWNER_H

#include "base/mem.h"
#include "net/address.h"

struct port_owner {
	int pid;          /* 0: not ours to see, or already gone */
	const char *name; /* of its program; "" when pid is 0 */
	bool ours;        /* a process of this very program */
	bool child;       /* one of its roles */
	bool manager;     /* the service manager: a socket unit whose service does not run */
};

/*
 * Who keeps an address from being listened on, flags as for listen_open: whoever has it or the
 * wildcard and, for a wildcard, any address.  Looks through /proc, or connects to a Unix socket;
 * strings are in the arena.
 */
struct port_owner port_owner_find(const struct address *at, unsigned flags, struct arena *a);
/* "nginx (process 812)" or "a process of another user". */
const char *port_owner_text(const struct port_owner *o, struct arena *a);

#endif

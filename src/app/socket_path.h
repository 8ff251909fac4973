/*
 * Why a Unix socket cannot be made: its folder is not there or not ours, or something lies in its
 * place.  In words, with the command that mends it.
 */
#ifndef APP_SOCKET_PATH_H
#define APP_SOCKET_PATH_H

#include <sys/types.h>

#include "base/mem.h"
#include "net/address.h"

struct socket_path_fault {
	const char *why, *fix;
};

/*
 * Looks at the place of an address with AF_UNIX, for a service that runs as uid; strings are in a.
 * True: nothing is wrong with it, or nothing that can be seen by this user.
 */
bool socket_path_good(const struct address *at, uid_t uid, struct arena *a,
                      struct socket_path_fault *fault);

#endif

/*
 * A path of the settings as it was when this process was caged.
 *
 * The cage knows files, not names: what is made or put in the path's place afterwards lies outside,
 * until the process begins anew.  May wait for the path's file system.
 */
#ifndef SERVICE_REACH_H
#define SERVICE_REACH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define REACH_REST_MS 5000 /* a process lives so long before it begins anew */

struct reach {
	const char *path;
	dev_t device; /* both 0: nothing lay there */
	ino_t inode;
	int64_t since_ms;
};

/* path lives as long as r; "" is never lost. */
void reach_init(struct reach *r, const char *path);
/* Whether something else lies there by now, open to this user and closed to this process. */
bool reach_is_lost(const struct reach *r);

#endif

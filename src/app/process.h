/*
 * One child: its start by fork and exec of this very binary, and what the parent
 * remembers about it.
 */
#ifndef APP_PROCESS_H
#define APP_PROCESS_H

#include "app/boot.h"
#include "app/pulse.h"
#include "app/restart.h"

struct process {
	enum role role;
	unsigned index; /* among those of its role */
	unsigned slot;
	int pid;            /* 0: not running */
	int64_t born_ms;    /* when it started last */
	int64_t due_ms;     /* when it starts next, while pid is 0 */
	int64_t told_ms;    /* when it was asked to end; 0: was not */
	unsigned conf_seen; /* the configuration it was started with */
	bool shut;          /* its listeners are closed */
	bool ready;         /* it has beaten since it started */
	struct restart restart;
	struct pulse pulse;
};

/*
 * Starts `mxseal --role=R` with the boot lines of b.  The child dies with this process, has an
 * empty signal mask and only the descriptors that b names.  ERR_IO: no process or no
 * memory for it now.
 */
enum err process_start(const struct boot *b, int *pid_out) MUST_USE;

/* Starts `mxseal ARGS…` as a command with this process's output.  ERR_IO as above. */
enum err process_command(const char *const *args, int *pid_out) MUST_USE;

#endif

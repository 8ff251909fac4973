/* restore: whether the master key of this machine is the one that a backup was sealed under. */
#ifndef APP_RESTORE_KEY_H
#define APP_RESTORE_KEY_H

#include "app/command.h"

struct restore_key {
	const char *file;             /* where the service of the state takes its key from */
	const char *is;               /* "same", "other", "missing" or "unknown", for programs */
	const char *mark, *why, *fix; /* fix NULL: nothing is known to be wrong */
};

/* The key of state's service beside the backup in dir.  Lives in the command's arena. */
struct restore_key restore_key_look(const struct cli *cli, const char *state, const char *dir);
/* On cli->err, for people. */
void restore_key_say(const struct cli *cli, const struct restore_key *k);

#endif

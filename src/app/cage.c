#include "app/cage.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/cage_internal.h"

struct cage_facts cage_probe(void)
{
	unsigned kill = SECCOMP_RET_KILL_PROCESS;

	return (struct cage_facts){
		.landlock = cage_landlock_version(),
		.seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) == 0,
		.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0,
	};
}

enum err cage_enter(enum role role, const char *state, const char *const *reads)
{
	struct cage_facts facts = cage_probe();
	enum err e = OK;

	if (role == ROLE_READER && !facts.seccomp)
		return ERR_UNAVAILABLE;
	/*
	 * Desk stays as it is: the programs it is configured to start may be setgid, as
	 * Postfix's postdrop is, and a filter would need no-new-privs.
	 */
	if (role == ROLE_DESK || role == ROLE_MIGRATE || role == ROLE_PREPARE)
		return OK;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return ERR_IO;
	e = cage_files(role, state, reads);
	return e == OK && facts.seccomp ? cage_calls(role) : e;
}

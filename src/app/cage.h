/*
 * The cage of a role: what its process can no longer ask the system for.
 *
 * Landlock limits which files it reaches, seccomp which calls it makes, and no-new-privs
 * that an exec gives nothing back.  Entered once, before the role meets its first
 * peer; there is no way out.
 *
 *   reader  no files, no sockets, no other process; an unlisted call gives an errno,
 *           exec, ptrace and socket end the process
 *   edge    reads STATE/edge and the system's files; starts no connection, no program
 *   intake  reads and writes the main database and the archive, reads what edges serve, the
 *           system's files and the paths of its settings; starts no program
 *   desk    no cage: it starts the configured commands, which may be setgid
 *
 * Kernels differ: what is missing is left out, except for the reader, which does
 * not run without seccomp.
 */
#ifndef APP_CAGE_H
#define APP_CAGE_H

#include "service/board.h"

struct cage_facts {
	int landlock; /* its ABI version; 0: not in this kernel, or switched off */
	bool seccomp; /* filters can be installed */
	bool no_new_privs;
};

/* What this kernel offers. */
struct cage_facts cage_probe(void);

/*
 * Enters the cage of role for a service whose state directory is state (absolute).  It may read
 * what lies at or below the paths in reads (NULL behind the last one) now; one that does not answer
 * within seconds, or is not there, is left out.
 * ERR_UNAVAILABLE: reader only, the kernel has no seccomp filters.  ERR_IO: the system refused
 * something that it offers.  After a failure the process must end.
 */
enum err cage_enter(enum role role, const char *state, const char *const *reads) MUST_USE;

#endif

/*
 * Every descriptor the children inherit: made once by the parent, held for its life,
 * so that a process that starts again finds the same sockets with what waits in them.
 *
 * A row says under which name a descriptor is seen by which roles; index picks one
 * process of a role.
 */
#ifndef APP_SOCKETS_H
#define APP_SOCKETS_H

#include "app/boot.h"

#define SOCKETS_MAX 1024u
#define SOCKETS_ALL (-1) /* every process of those roles */

#define ROLE_BIT(role) (1u << (role))

struct socket_row {
	char name[40];
	int fd;
	unsigned roles;    /* of ROLE_BIT */
	int index;         /* the process of its role, or SOCKETS_ALL */
	bool own_listener; /* an edge's own SO_REUSEPORT socket, which can be closed and opened */
	bool keep;         /* a listener that the service manager keeps over a restart */
};

struct sockets {
	size_t count;
	struct socket_row rows[SOCKETS_MAX];
};

/* Why a socket could not be had. */
struct socket_fault {
	const char *address; /* as configured */
	enum err err;        /* as listen_open gives it */
	const char *owner;   /* of a taken port; NULL otherwise */
	bool ours;           /* the owner is a process of this program */
	bool manager;        /* it is the service manager */
	bool unseen;         /* it may not be seen by this user */
	bool control;        /* the socket in the state directory; address is its path */
};

#define SOCKET_FAULTS_MAX 32u

struct socket_faults {
	size_t count;
	struct socket_fault list[SOCKET_FAULTS_MAX];
};

/* Keeps BOOT_FD free for the boot lines of children; call it before anything else is opened. */
void sockets_reserve(void);

/* Adds a descriptor, which is sockets' from now on.  Ends the process when the table is full. */
void sockets_add(struct sockets *s, int fd, unsigned roles, int index, const char *name);

/* The pairs, bells and the board between processes.  ERR_IO: no descriptors left. */
enum err sockets_between(struct sockets *s, unsigned edges, unsigned readers, int board) MUST_USE;

/*
 * The listeners of conf: one socket per edge for tls, http, behind and (TCP and UDP) dns, one each
 * for a Unix socket, smtp, lmtp, admin and control.  Sockets passed by systemd (LISTEN_FDS,
 * FileDescriptorName= tls, http, behind, smtp, lmtp or admin) take the place of the configured
 * addresses of that name and are shared by all edges.  The others are left with the service manager
 * and found there by the next run, as long as they stay configured.
 *
 * What cannot be had is left out and said in *faults (strings in a).  ERR_UNAVAILABLE: no listener
 * that serves policies is among the rest.
 */
enum err sockets_listen(struct sockets *s, const struct conf *conf, unsigned edges, struct arena *a,
                        struct socket_faults *faults) MUST_USE;
/*
 * The sockets of that role in the state directory again, where they could not be made before (a
 * full or read-only disk); nothing when they are there.  ERR_IO: still not.
 */
enum err sockets_here(struct sockets *s, const struct conf *conf, enum role role) MUST_USE;

/*
 * Whether an address can be listened on now, flags as for listen_open; a port still held by a dying
 * child of an earlier parent is waited for, up to a second.
 */
enum err sockets_probe(const struct address *at, unsigned flags, struct arena *a,
                       struct socket_fault *fault) MUST_USE;

/* Closes the listeners that only this edge serves, or opens them again. */
void sockets_shut(const struct sockets *s, unsigned edge, bool shut);

/* The descriptors of one process, as its boot lines name them. */
void sockets_for(const struct sockets *s, enum role role, unsigned index, struct boot *out);

#endif

/*
 * The board: one shared page, made by the parent, on which the processes of one
 * service show each other how far they are.
 *
 * The feeder (desk) stores the committed change sequence of edge.db and rings
 * the bells; each edge writes what it has applied into its own slot; everybody
 * beats.  Only atomics, no lock: a process that dies in the middle of anything
 * leaves nothing locked.  Nothing on the board is ever a pointer or a length.
 */
#ifndef SERVICE_BOARD_H
#define SERVICE_BOARD_H

#include "base/slice.h"

#define BOARD_SLOTS 256u /* processes of one service at once */

/* Duties, in the order in which they start.  The numbers travel to children of the same binary. */
enum role {
	ROLE_PARENT,
	ROLE_PREPARE,
	ROLE_MIGRATE,
	ROLE_DESK,
	ROLE_READER,
	ROLE_INTAKE,
	ROLE_EDGE,
	ROLE_COUNT,
};

/* "edge"; never NULL. */
const char *role_name(enum role role);
/* ERR_NOTFOUND: no such role. */
enum err role_find(struct slice name, enum role *out) MUST_USE;

struct board;

/* What one slot showed at one moment. */
struct board_view {
	enum role role;
	int pid;             /* 0: nobody lives here */
	unsigned generation; /* how often a process was started here */
	uint64_t applied;    /* edge: the change sequence it serves */
	int64_t beat_ms;     /* clock_mono_ms of the last beat; 0: none since it started */
	uint64_t lost;       /* edge, desk: records of fetches that nobody counts */
};

/*
 * A new board and the descriptor that children map it by.  The caller owns both;
 * the mapping lasts until board_close.  ERR_IO: no memory for it.
 */
enum err board_new(struct board **out, int *fd_out) MUST_USE;
/* Maps the board behind fd, which may be closed afterwards.  ERR_IO: it is not one. */
enum err board_map(int fd, struct board **out) MUST_USE;
void board_close(struct board *b);

/* Parent: a process begins in slot, has applied nothing and has not beaten. */
void board_start(struct board *b, unsigned slot, enum role role, int pid);
/* Parent: the process in slot has ended. */
void board_end(struct board *b, unsigned slot);

/* Every role except reader, each second: proves that its loop turns. */
void board_beat(struct board *b, unsigned slot, int64_t now_ms);
/* Edge: changes up to seq are served from here; never goes back within a generation. */
void board_applied(struct board *b, unsigned slot, uint64_t seq);
/* Edge, desk: n more records of fetches were lost. */
void board_lost(struct board *b, unsigned slot, uint64_t n);
/* Of all slots. */
uint64_t board_lost_all(const struct board *b);
/* Desk: how many records of fetches it has read and not stored; the next desk finds it here. */
void board_hold(struct board *b, uint64_t n);
uint64_t board_held(const struct board *b);

/* Desk, after edge.db committed: the newest change; an older seq changes nothing. */
void board_commit(struct board *b, uint64_t seq);
uint64_t board_committed(const struct board *b);
/* Wakes the edges behind these eventfds (boot_bells); called after board_commit. */
void board_ring(const int *bells, size_t count);

/* What every live edge has applied; 0 while there is none. */
uint64_t board_served(const struct board *b);
/* True when there is a live edge and every live edge has applied seq. */
bool board_served_everywhere(const struct board *b, uint64_t seq);
/* slot is below BOARD_SLOTS. */
struct board_view board_view(const struct board *b, unsigned slot);

#endif

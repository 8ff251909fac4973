/*
 * Supplies: threads of intake that fetch messages from where they lie, because what they wait for
 * (servers, file systems of others) must not stop intake's loop.
 *
 * A supply touches neither the database nor the archive.  It asks the loop, and sleeps until the
 * answer: supply_give gives messages and returns when each is stored durably, or known to hold
 * nothing.  Its row in store/supplies.h is what it remembers between two runs of the program.
 */
#ifndef SERVICE_SUPPLY_H
#define SERVICE_SUPPLY_H

#include <stdatomic.h>

#include "service/intake_internal.h"
#include "service/reach.h"
#include "store/supplies.h"

#define SUPPLY_PARCELS_MAX 32u
#define SUPPLY_BYTES_MAX (16u << 20) /* given at once; one larger message goes alone */

struct supplies;
struct supply;

struct supply_parcel {
	struct item *item; /* with record.way, kind, hint and store filled; taken by supply_give */
	int64_t id;        /* the supply's own */
	enum err result;   /* OK: stored, or nothing to store; counts say which */
	struct item_counts counts;
};

/* No thread yet. */
struct supplies *supplies_new(struct intake *in);
/* Starts a thread that runs fn until supply_sleep or supply_give tells it to end. */
void supplies_start(struct supplies *all, void (*fn)(struct supply *s, void *arg), void *arg);
/* Asks all threads to end; returns at once. */
void supplies_stop(struct supplies *all);
/* Waits for the end of all threads.  The loop must have ended.  NULL does nothing. */
void supplies_free(struct supplies *all);

/* What follows is called by a supply's own thread. */

/* False: intake ends, and so must the thread. */
bool supply_sleep(struct supply *s, int64_t ms);
bool supply_must_end(const struct supply *s);
const atomic_bool *supply_stop_flag(const struct supply *s);
/* Becomes readable when intake ends. */
int supply_wake(const struct supply *s);
/*
 * Ends intake, which its parent starts anew, when one of these paths is lost: its next process
 * reaches it.
 */
void supply_keep_reach(struct supply *s, const struct reach *paths, size_t count);

/* The row of that kind and name, in a.  ERR_NOTFOUND: none; ERR_UNAVAILABLE, ERR_IO. */
enum err supply_load(struct supply *s, const char *kind, const char *name, struct arena *a,
                     struct supply_row *out) MUST_USE;
enum err supply_save(struct supply *s, const struct supply_row *row) MUST_USE;
/*
 * Hands count messages over and waits until all are stored.  ERR_UNAVAILABLE: intake ends, or one
 * of them could not be stored; the results say which.
 */
enum err supply_give(struct supply *s, struct supply_parcel *parcels, size_t count) MUST_USE;

#endif

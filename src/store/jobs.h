/*
 * Work to be done at a time, claimed under a lease so that a dead worker's job comes back.
 */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "store/db.h"

struct job {
	int64_t id;
	const char *kind, *key; /* together they are unique among open jobs */
	struct slice payload;
	int64_t run_at, claimed_until, attempts;
	const char *last_error; /* "" for none */
};

/* *new_out (may be NULL): false when an open job {kind, key} exists; its run_at becomes the
 * earlier. */
enum err jobs_add(struct db *db, const char *kind, const char *key, struct slice payload,
                  int64_t run_at, int64_t now, bool *new_out) MUST_USE;
/* The one most overdue of that kind (NULL: any), claimed for lease_s.  ERR_NOTFOUND: nothing due.
 */
enum err jobs_claim(struct db *db, const char *kind, int64_t now, int64_t lease_s, struct arena *a,
                    struct job *out) MUST_USE;
enum err jobs_done(struct db *db, int64_t id) MUST_USE; /* ERR_NOTFOUND */
/* Not now: again at run_at, with the reason. */
enum err jobs_again(struct db *db, int64_t id, int64_t run_at, const char *why) MUST_USE;
/* When the next one is due; ERR_NOTFOUND: none is waiting. */
enum err jobs_next(struct db *db, int64_t *run_at_out) MUST_USE;

#endif

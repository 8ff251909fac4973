/*
 * The service's part in a backup: copies of the databases as they stand at one moment, in
 * STATE/backup, for the command that asked to take along.
 *
 * They are made a little at each request, so that any size works: none takes long, whoever asks
 * sees how far it is, and an end of the requests is an end of the copy.  While the command takes
 * the whole copies along it holds a lock on STATE/backup/making; without that lock, and without a
 * request for BACKUP_GONE_S seconds, they are removed.
 *
 * The archive is copied by that command itself, afterwards: it only grows, and what it holds
 * beyond the databases is read again after a restore.
 *
 * Its calls may come from any thread.
 */
#ifndef SERVICE_BACKUP_H
#define SERVICE_BACKUP_H

#include "base/slice.h"

#define BACKUP_FOLDER "backup"
#define BACKUP_LAST BACKUP_FOLDER "/last"     /* its time is that of the last whole backup */
#define BACKUP_MAKING BACKUP_FOLDER "/making" /* there while one is made */
#define BACKUP_GONE_S 30

struct backup;

struct backup_far {
	int64_t copied, bytes;
	bool whole;
};

struct backup *backup_new(const char *state);
void backup_free(struct backup *b); /* NULL does nothing */

/*
 * Begins STATE/backup/mxseal.db and edge.db anew, as they stand now.  ERR_CONFLICT: another backup
 * is being made.  ERR_LIMIT: there is less room on the disk than they take.  ERR_IO,
 * ERR_UNAVAILABLE.
 */
enum err backup_begin(struct backup *b, int64_t now, struct backup_far *out) MUST_USE;
/*
 * Copies for about turn_ms.  ERR_NOTFOUND: none was begun, or it was given up.  ERR_LIMIT: the disk
 * is full.  ERR_IO.  After a failure nothing is left of it.
 */
enum err backup_step(struct backup *b, int64_t now, int64_t turn_ms,
                     struct backup_far *out) MUST_USE;
/* Removes the copies; done: the backup is whole, which is remembered. */
enum err backup_end(struct backup *b, bool done) MUST_USE;
/* About once a second: removes what was given up.  Never waits. */
void backup_tick(struct backup *b, int64_t now);

#endif

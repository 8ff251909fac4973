/*
 * The service's part in a backup: copies of the databases as they stand at one moment, in
 * STATE/backup, for the command that asked to take along.
 *
 * The archive is copied by that command itself, afterwards: it only grows, and what it holds
 * beyond the databases is read again after a restore.
 */
#ifndef SERVICE_BACKUP_H
#define SERVICE_BACKUP_H

#include "base/slice.h"

#define BACKUP_FOLDER "backup"
#define BACKUP_LAST BACKUP_FOLDER "/last" /* its time is that of the last whole backup */

/*
 * Makes STATE/backup/mxseal.db and edge.db anew.  ERR_CONFLICT: another backup is being
 * made (for an hour at most, then it counts as given up).  ERR_IO, ERR_UNAVAILABLE.
 */
enum err backup_make(const char *state, int64_t now) MUST_USE;

/* Removes the copies; done: the backup is whole, which is remembered. */
enum err backup_end(const char *state, bool done) MUST_USE;

#endif

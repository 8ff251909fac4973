/*
 * The main database: opening, transactions, and what the typed calls share.
 *
 * A struct db is one connection.  It belongs to one thread at a time: whoever
 * serves requests from several threads keeps a lock around each use, or opens a
 * second connection with DB_READ for the readers.  Open it after fork, never across.
 *
 * Each table has one writing process.  intake writes reports, figures, quarantine,
 * arrivals and archive positions; desk writes everything else.
 *
 * Every typed call may answer
 *   ERR_UNAVAILABLE  the database is busy beyond the time-out; nothing happened, try again
 *   ERR_IO           the database or the disk said no; db_why tells the words for the log
 * and its header names what else.  Writing calls are transactions by themselves; between
 * db_begin and db_end they become parts of that larger one.
 *
 * Time never comes from here: every moment is epoch seconds given by the caller.
 * 0 in a moment's place means "not yet", unless a header says otherwise.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/mem.h"
#include "base/slice.h"

/* The only tenant there is so far.  A call that takes a tenant never crosses it. */
#define TENANT_ONLY 1

#define DB_LIST_MAX 1000u /* rows one listing call returns at most */

struct db;

enum db_mode {
	DB_MIGRATE, /* reading and writing; creates the file and applies what migrations are missing
	             */
	DB_WRITE,   /* reading and writing; the file must stand at this program's version */
	DB_READ,    /* reading only; same */
};

/*
 * Opens path: write-ahead log, synchronous FULL, foreign keys checked, busy time-out 5 s.
 * ERR_NOTFOUND: no such file (not with DB_MIGRATE).  ERR_CONFLICT: made by a newer program, or,
 * without DB_MIGRATE, not migrated yet.  ERR_IO, ERR_UNAVAILABLE.  diag (may be NULL) says which.
 */
enum err db_open(const char *path, enum db_mode mode, struct db **out, struct diag *diag) MUST_USE;
void db_close(struct db *db); /* NULL does nothing */
/* What SQLite sets aside stays in memory: for processes that may make no files.  As conn_err. */
enum err db_temp_in_memory(struct db *db) MUST_USE;

/* The version of the newest migration this program knows, and the one the file stands at. */
int db_version_newest(void);
enum err db_version(struct db *db, int *out) MUST_USE;

/*
 * One larger transaction around several writing calls.  It takes the write lock at once.
 *
 *   enum err e = db_begin(db);
 *   if (e == OK)
 *           e = db_end(db, work(db));
 *
 * db_end commits when so_far is OK, else rolls everything back; it returns so_far, or what the
 * commit said.  They nest: only the outermost pair reaches the disk, and an inner one that ended
 * with an error makes the outermost roll back and return that error.
 */
enum err db_begin(struct db *db) MUST_USE;
enum err db_end(struct db *db, enum err so_far) MUST_USE;
/* In the place of the outermost db_end: nothing of it was meant to stay. */
void db_undo(struct db *db);

/* The same for reading several things from one state of the database; also ended by db_end. */
enum err db_begin_read(struct db *db) MUST_USE;

/*
 * The same for what is simply done again when power fails right after it (who works on what, and
 * when it is due next): the commit does not wait for the disk, and the next ordinary one makes it
 * durable.  Within another transaction it is a part of that one.
 */
enum err db_begin_light(struct db *db) MUST_USE;

/* SQLite's words for the last failure on this connection; for logs, not for people. */
const char *db_why(struct db *db);

/*
 * A fresh key for a row: positive, growing with time within this process, unlike those of
 * other processes.
 */
int64_t db_new_id(struct db *db, int64_t now);

#endif

/* A copy of a database while others write to it. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "base/slice.h"

/*
 * Copies the database at from as it stands at one moment into a new file at to, by SQLite's backup
 * interface; writers are not held up.  ERR_NOTFOUND: there is none.  ERR_CONFLICT: to is there
 * already.  ERR_UNAVAILABLE: busy.  ERR_IO: the disk is full or said no.  After a failure there is
 * no file at to.
 */
enum err copy_database(const char *from, const char *to) MUST_USE;

#endif

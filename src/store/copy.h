/*
 * A copy of a database while others write to it: some pages at a time, and still of one moment.
 *
 * From copy_begin to the end its own connection holds one read transaction.  So what others commit
 * meanwhile neither shows in the copy nor begins it anew, and nobody waits for it; the log of the
 * database grows by what they write until then.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "base/slice.h"

struct copy;

/*
 * Begins to copy the database at from, as it stands now, into a new file at to.  ERR_NOTFOUND:
 * there is none.  ERR_CONFLICT: to is there already.  ERR_UNAVAILABLE: busy.  ERR_IO: the disk said
 * no.  After a failure there is no file at to.
 */
enum err copy_begin(const char *from, const char *to, struct copy **out) MUST_USE;
/*
 * Copies so many pages.  ERR_AGAIN: there are more.  OK: it is whole; nothing waited for the disk,
 * so that a machine that fails may lose it.  ERR_UNAVAILABLE: busy; it may be called again.
 * ERR_LIMIT: the disk is full.  ERR_IO.
 */
enum err copy_step(struct copy *c, int pages) MUST_USE;
/* Bytes, as far as it was copied, and of the whole; the latter is known after a step. */
void copy_far(const struct copy *c, int64_t *copied_out, int64_t *whole_out);
/* What is not whole is removed.  NULL does nothing. */
void copy_free(struct copy *c);

#endif

/*
 * A descriptor that was passed over, as messages: a whole file, or an mbox piece by piece.
 *
 * Nothing is read by name.  The descriptor's own offset is not used, so that its giver may share
 * it.
 */
#ifndef SERVICE_INTAKE_SOURCE_H
#define SERVICE_INTAKE_SOURCE_H

#include "service/archive.h"
#include "wire/mbox.h"

#define SOURCE_MAIL_MAX (25u << 20) /* bytes of a message */

struct source {
	int fd;
	bool mbox, ended;
	size_t max; /* of one message or file */
	uint64_t offset;
	struct mbox split;
	char *chunk;
	struct slice rest; /* of chunk */
};

/*
 * Only descriptors that cannot make a reader wait are taken: regular files, and from strangers
 * (trusted false) only memory, since a file system of their own could block.
 * ERR_DENIED: another kind, and fd is still the caller's; OK: it is the source's.
 */
enum err source_init(struct source *s, int fd, bool mbox, size_t max, bool trusted) MUST_USE;
void source_fini(struct source *s);

/*
 * The next message into out (whose ceiling is at least max).  ERR_NOTFOUND: that was all.
 * ERR_LIMIT: one was too large and is left out; go on.  ERR_IO: the file cannot be read.
 */
enum err source_next(struct source *s, struct buf *out) MUST_USE;

#endif

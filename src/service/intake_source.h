/*
 * A descriptor that was passed over, as messages: a whole file, an mbox piece by piece, or a bundle
 * of small files.
 *
 * Nothing is read by name.  The descriptor's own offset is not used, so that its giver may share
 * it.
 */
#ifndef SERVICE_INTAKE_SOURCE_H
#define SERVICE_INTAKE_SOURCE_H

#include "service/archive.h"
#include "service/bundle.h"
#include "wire/mbox.h"

#define SOURCE_MAIL_MAX (25u << 20)  /* bytes of a message */
#define SOURCE_BUNDLE_MAX (2u << 20) /* bytes of a bundle */

enum source_form { SOURCE_FILE, SOURCE_MBOX, SOURCE_BUNDLE };

struct source {
	int fd;
	enum source_form form;
	bool ended;
	size_t max; /* of one message or file */
	uint64_t offset;
	struct mbox split;
	char *chunk;
	struct slice rest;       /* of chunk */
	struct bundle_item item; /* SOURCE_BUNDLE: the message given last */
};

/*
 * Only descriptors that cannot make a reader wait are taken: regular files, and from strangers
 * (trusted false) only memory, since a file system of their own could block.
 * ERR_DENIED: another kind, and fd is still the caller's; OK: it is the source's.
 */
enum err source_init(struct source *s, int fd, enum source_form form, size_t max,
                     bool trusted) MUST_USE;
void source_fini(struct source *s);

/*
 * The next message into out (whose ceiling is at least max).  ERR_NOTFOUND: that was all.
 * ERR_LIMIT: one was too large and is left out; go on.  ERR_IO: the file cannot be read, or is no
 * bundle.
 */
enum err source_next(struct source *s, struct buf *out) MUST_USE;

#endif

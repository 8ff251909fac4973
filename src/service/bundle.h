/*
 * Several messages in one piece of memory: from the importing client to intake, from intake to a
 * reader, and the reader's answers back.  One piece costs what one message would.  Pure.
 *
 * Each message is a head, its name and its bytes, without padding.  Both sides run on one machine,
 * so numbers stand as the machine has them.
 */
#ifndef SERVICE_BUNDLE_H
#define SERVICE_BUNDLE_H

#include "base/buf.h"

#define BUNDLE_HEAD_SIZE 16u

struct bundle_item {
	uint32_t kind; /* means something to the two sides only */
	struct slice name, bytes;
};

/* The head of an item whose name and bytes follow it. */
void bundle_head(const struct bundle_item *item, unsigned char out[BUNDLE_HEAD_SIZE]);
void bundle_add(const struct bundle_item *item, struct buf *out);

/*
 * The next item of *rest, pointing into it.  ERR_NOTFOUND: that was all.
 * ERR_SYNTAX: cut off, or no bundle.
 */
enum err bundle_next(struct slice *rest, struct bundle_item *out) MUST_USE;

#endif

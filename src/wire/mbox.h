/*
 * Splits an mbox, read in pieces of any size, into messages.
 *
 * A message starts at a "From " line at the very beginning or after an empty line, if the line
 * looks like one (an address, a clock time); other lines of that kind stay text.  The "From "
 * line is dropped, and so is one ">" before quoted ">From " lines.
 */
#ifndef WIRE_MBOX_H
#define WIRE_MBOX_H

#include "base/buf.h"

struct mbox {
	struct buf message; /* the message being gathered */
	struct buf line;    /* an unfinished line */
	size_t message_max;
	bool started; /* a line was seen */
	bool blank;   /* the last line was empty */
	bool inside;  /* the kept line continues a long one */
	bool oversize, done;
};

/* True when in starts as an mbox does. */
bool mbox_sniff(struct slice in);

void mbox_init(struct mbox *m, size_t message_max);
void mbox_fini(struct mbox *m);

/*
 * Takes bytes off *in.  OK: *message_out is a whole message, valid until the next call on m; call
 * again with the rest of *in.  ERR_LIMIT: a message above message_max ended; it was dropped, go
 * on likewise.  ERR_AGAIN: *in is used up.
 */
enum err mbox_step(struct mbox *m, struct slice *in, struct slice *message_out) MUST_USE;

/* After the last byte, until it gives ERR_NOTFOUND: the last message, as above. */
enum err mbox_end(struct mbox *m, struct slice *message_out) MUST_USE;

#endif

/*
 * Owned bytes that grow up to a ceiling given at birth.
 *
 * Adding past the ceiling adds nothing, frees nothing and marks the buffer as
 * full; buf_status tells once, at the end, so that formatters need no check
 * after each piece.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

struct buf {
	char *p; /* NULL while empty; not terminated, see buf_str */
	size_t len, cap, max;
	bool full;
};

/* max is the ceiling in bytes; nothing is allocated yet. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empty again, storage kept, the mark of fullness removed. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Drops n bytes from the front (n beyond the end drops all). */
void buf_consume(struct buf *b, size_t n);

/* OK, or ERR_LIMIT when something did not fit. */
enum err buf_status(const struct buf *b) MUST_USE;
/* The content; valid until the next change. */
struct slice buf_slice(const struct buf *b);
/* The content with a NUL behind it (not counted, beyond the ceiling); valid until the next change.
 */
const char *buf_str(struct buf *b);

#endif

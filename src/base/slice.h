/*
 * Borrowed bytes: a pointer and a length, never terminated, never owned.
 *
 * A slice points into storage of somebody else and must not outlive it.  NUL is
 * a byte like any other.  Functions named _i compare ASCII letters without case.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct slice {
	const char *p;
	size_t len;
};

/* S("literal") as an expression; SLICE_INIT("literal") in static tables. */
#define S(lit) ((struct slice){ "" lit, sizeof(lit) - 1 })
#define SLICE_INIT(lit)                 \
	{                               \
		"" lit, sizeof(lit) - 1 \
	}
/* For printf: "%.*s", SLICE_ARGS(s).  Only for text that was checked or is our own. */
#define SLICE_ARGS(s) (int)(s).len, (s).p

static inline struct slice slice_of(const void *p, size_t len)
{
	return (struct slice){ p, len };
}
static inline struct slice slice_str(const char *s)
{
	return (struct slice){ s == NULL ? "" : s, s == NULL ? 0 : strlen(s) };
}
static inline bool slice_is_empty(struct slice s)
{
	return s.len == 0;
}
static inline struct slice slice_skip(struct slice s, size_t n)
{
	return n >= s.len ? (struct slice){ s.p + s.len, 0 } : (struct slice){ s.p + n, s.len - n };
}
static inline struct slice slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.p, n < s.len ? n : s.len };
}

bool slice_eq(struct slice a, struct slice b);
bool slice_eq_i(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_i(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_ends_i(struct slice s, struct slice suffix);
/* Byte order, shorter first on a tie: <0, 0, >0. */
int slice_cmp(struct slice a, struct slice b);

/* Offset of the first c or of the first occurrence of what; SIZE_MAX when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_find_slice(struct slice s, struct slice what);

/* Without SP, HTAB, CR and LF at both ends (trim), or without SP and HTAB (trim_wsp). */
struct slice slice_trim(struct slice s);
struct slice slice_trim_wsp(struct slice s);

/* Splits at the first sep.  False, outputs untouched: there is none. */
bool slice_cut(struct slice s, char sep, struct slice *before, struct slice *after);

/*
 * Takes the next piece up to sep (which is dropped) off *rest.  A trailing sep
 * yields no empty last piece; false: nothing left.
 */
bool slice_next(struct slice *rest, char sep, struct slice *piece_out);

/* Takes the next line off *rest; LF and CRLF end a line and are dropped. */
bool slice_next_line(struct slice *rest, struct slice *line_out);

/* True when every byte is a printable ASCII character or a space. */
bool slice_is_printable(struct slice s);
/* True for well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
bool slice_is_utf8(struct slice s);

#endif

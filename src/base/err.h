/*
 * Results: one short enumeration for the whole program, and the place where a
 * reader leaves its words for people.
 *
 * A function that can fail returns enum err and is MUST_USE; each header says
 * which values its functions give and why.  On failure outputs are untouched.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum err {
	OK = 0,
	ERR_AGAIN,       /* call me when there is more; not a failure */
	ERR_SYNTAX,      /* the input is not what it claims to be */
	ERR_LIMIT,       /* a named ceiling was passed */
	ERR_NOTFOUND,    /* no such thing */
	ERR_CONFLICT,    /* exists already, or changed underneath */
	ERR_DENIED,      /* the caller may not do this */
	ERR_GUARD,       /* a guard or gate of the rollout is not met */
	ERR_UNAVAILABLE, /* could not find out: network, DNS, service not there */
	ERR_CRYPTO,      /* a seal, signature or key does not fit */
	ERR_IO,          /* the operating system or the database said no */
	ERR_CLOSED,      /* the peer is gone */
};

/* A short lower-case name, for logs and tests; never shown as the only explanation. */
const char *err_name(enum err e);

/* Where and why.  why is a constant sentence without a final stop; line 0 means no line. */
struct diag {
	enum err code;
	unsigned line; /* 1-based; 0: not about a line */
	size_t offset; /* bytes from the start of the line or of the input */
	const char *why;
};

/* Fills *d (which may be NULL) and returns code, so that a reader can return diag_set(...). */
enum err diag_set(struct diag *d, enum err code, unsigned line, const char *why);
enum err diag_at(struct diag *d, enum err code, unsigned line, size_t offset, const char *why);

#endif

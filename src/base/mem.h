/*
 * Allocation that does not fail, and arenas.
 *
 * When memory runs out the process says so and ends; no caller checks.  That is
 * only sound because no size a peer controls reaches these calls before it was
 * compared with a named ceiling.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/slice.h"

/* Zero-filled; n may be 0 (the result is still unique).  Free with mem_free. */
void *mem_alloc(size_t n);
/* count * size, zero-filled; an overflow ends the process. */
void *mem_calloc(size_t count, size_t size);
/* As realloc; new bytes are not cleared. */
void *mem_realloc(void *p, size_t n);
void mem_free(void *p);
char *mem_strdup(const char *s);

/* Clears secrets in a way the compiler keeps. */
void mem_wipe(void *p, size_t n);

/* Gives what was freed back to the system, where it can; takes milliseconds, or half a second after
 * very many pieces. */
void mem_trim(void);

/*
 * An arena: many allocations, one release.  Choose the shortest of three
 * lifetimes: process, job (one connection, one report, one request), step.
 * Everything from it is zero-filled and aligned for any type.
 */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL does nothing */
/* Releases everything but keeps a block, as large as was needed up to 64 KiB: for step arenas. */
void arena_reset(struct arena *a);
void *arena_alloc(struct arena *a, size_t n);
void *arena_calloc(struct arena *a, size_t count, size_t size);
/* A copy of s with a NUL behind it (not counted). */
struct slice arena_copy(struct arena *a, struct slice s);
/* The same with ASCII letters in lower case. */
struct slice arena_lower(struct arena *a, struct slice s);
/* The same as a C string; bytes after an embedded NUL stay but are not seen by strlen. */
char *arena_str(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Bytes handed out so far, for ceilings and tests. */
size_t arena_used(const struct arena *a);

#endif

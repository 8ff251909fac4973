#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#define ARENA_BLOCK 8192u
#define ARENA_KEEP (64u << 10) /* bytes that a reset keeps at most */

void *mem_alloc(size_t n)
{
	return mem_calloc(1, n);
}

void *mem_calloc(size_t count, size_t size)
{
	void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);

	if (p == NULL)
		log_fatal("out of memory");
	return p;
}

void *mem_realloc(void *p, size_t n)
{
	void *q = realloc(p, n == 0 ? 1 : n);

	if (q == NULL)
		log_fatal("out of memory");
	return q;
}

void mem_free(void *p)
{
	free(p);
}

char *mem_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(mem_alloc(n), s, n);
}

void mem_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

struct block {
	struct block *next;
	size_t size, used;
	max_align_t data[];
};

void mem_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0); /* whether there was anything does not matter */
#endif
}

struct arena {
	struct block *blocks; /* newest first */
	size_t total;
};

static struct block *block_new(size_t size, struct block *next)
{
	struct block *b = mem_realloc(NULL, sizeof(*b) + size);

	b->next = next;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = mem_alloc(sizeof(*a));

	a->blocks = block_new(ARENA_BLOCK, NULL);
	return a;
}

static void free_blocks(struct block *b)
{
	while (b != NULL) {
		struct block *next = b->next;

		mem_free(b);
		b = next;
	}
}

/* What was needed once is needed again: a block that it fits into is kept, if it is not large. */
void arena_reset(struct arena *a)
{
	size_t keep = a->total < ARENA_KEEP ? a->total : ARENA_KEEP;

	if (a->blocks->next != NULL) {
		free_blocks(a->blocks);
		a->blocks = block_new(keep > ARENA_BLOCK ? keep : ARENA_BLOCK, NULL);
	}
	a->blocks->used = 0;
	a->total = 0;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	free_blocks(a->blocks);
	mem_free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t align = _Alignof(max_align_t);
	size_t need = (n + align - 1) / align * align;

	if (need < n)
		log_fatal("allocation size overflows");
	if (a->blocks->size - a->blocks->used < need)
		a->blocks = block_new(need > ARENA_BLOCK ? need : ARENA_BLOCK, a->blocks);
	void *p = (char *)a->blocks->data + a->blocks->used;
	a->blocks->used += need;
	a->total += need;
	return memset(p, 0, need);
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		log_fatal("allocation size overflows");
	return arena_alloc(a, n);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return slice_of(p, s.len);
}

struct slice arena_lower(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
	return slice_of(p, s.len);
}

char *arena_str(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_fatal("formatting failed");
	char *p = arena_alloc(a, (size_t)n + 1);
	(void)vsnprintf(p, (size_t)n + 1, fmt, again); /* measured above */
	va_end(again);
	return p;
}

size_t arena_used(const struct arena *a)
{
	return a->total;
}

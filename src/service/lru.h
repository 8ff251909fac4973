/*
 * A map of bounded capacity from 32-byte keys (digests) to things; the least recently
 * used goes first.
 */
#ifndef SERVICE_LRU_H
#define SERVICE_LRU_H

#include <stdbool.h>
#include <stddef.h>

#define LRU_KEY_SIZE 32u

struct lru;

/* capacity is at least 1; release is called for each value that leaves. */
struct lru *lru_new(size_t capacity, void (*release)(void *value));
void lru_free(struct lru *l); /* releases all; NULL does nothing */
size_t lru_count(const struct lru *l);
size_t lru_room(const struct lru *l); /* how many more fit */
/* Another capacity, at least 1 and at most the first one; what does not fit leaves. */
void lru_limit(struct lru *l, size_t capacity);

/* NULL: not there.  A hit becomes the most recently used; the value stays the map's. */
void *lru_get(struct lru *l, const unsigned char key[LRU_KEY_SIZE]);
/* Takes value, which is not NULL; replaces what the key had. */
void lru_put(struct lru *l, const unsigned char key[LRU_KEY_SIZE], void *value);
/* Unknown keys do nothing. */
void lru_drop(struct lru *l, const unsigned char key[LRU_KEY_SIZE]);

#endif

#include "service/lru.h"

#include <string.h>

#include "base/mem.h"
#include "service/edge_list.h"

struct entry {
	struct link age;
	struct entry *next; /* in its bucket */
	unsigned char key[LRU_KEY_SIZE];
	void *value;
};

struct lru {
	void (*release)(void *value);
	size_t capacity, count, mask;
	struct link ages; /* least recently used first */
	struct entry **buckets;
};

struct lru *lru_new(size_t capacity, void (*release)(void *value))
{
	struct lru *l = mem_alloc(sizeof(*l));
	size_t size = 1;

	while (size < capacity)
		size *= 2;
	l->release = release;
	l->capacity = capacity;
	l->mask = size - 1;
	l->buckets = mem_calloc(size, sizeof(struct entry *));
	link_init(&l->ages);
	return l;
}

size_t lru_count(const struct lru *l)
{
	return l->count;
}

size_t lru_room(const struct lru *l)
{
	return l->capacity - l->count;
}

/* Keys are digests: any of their bits are as good as a hash. */
static struct entry **bucket(struct lru *l, const unsigned char *key)
{
	size_t n;

	memcpy(&n, key, sizeof(n));
	return &l->buckets[n & l->mask];
}

static struct entry *find(struct lru *l, const unsigned char *key)
{
	struct entry *e = *bucket(l, key);

	while (e != NULL && memcmp(e->key, key, LRU_KEY_SIZE) != 0)
		e = e->next;
	return e;
}

static void remove_entry(struct lru *l, struct entry *e)
{
	struct entry **at = bucket(l, e->key);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	link_remove(&e->age);
	l->release(e->value);
	mem_free(e);
	l->count--;
}

static void remove_oldest(struct lru *l)
{
	remove_entry(l, LINK_OWNER(l->ages.next, struct entry, age));
}

void lru_limit(struct lru *l, size_t capacity)
{
	l->capacity = capacity;
	while (l->count > capacity)
		remove_oldest(l);
}

void lru_free(struct lru *l)
{
	if (l == NULL)
		return;
	while (l->count > 0)
		remove_oldest(l);
	mem_free(l->buckets);
	mem_free(l);
}

void *lru_get(struct lru *l, const unsigned char key[LRU_KEY_SIZE])
{
	struct entry *e = find(l, key);

	if (e == NULL)
		return NULL;
	link_remove(&e->age);
	link_append(&l->ages, &e->age);
	return e->value;
}

void lru_put(struct lru *l, const unsigned char key[LRU_KEY_SIZE], void *value)
{
	struct entry *e;

	lru_drop(l, key);
	if (l->count == l->capacity)
		remove_oldest(l);
	e = mem_alloc(sizeof(*e));
	memcpy(e->key, key, LRU_KEY_SIZE);
	e->value = value;
	e->next = *bucket(l, key);
	*bucket(l, key) = e;
	link_init(&e->age);
	link_append(&l->ages, &e->age);
	l->count++;
}

void lru_drop(struct lru *l, const unsigned char key[LRU_KEY_SIZE])
{
	struct entry *e = find(l, key);

	if (e != NULL)
		remove_entry(l, e);
}

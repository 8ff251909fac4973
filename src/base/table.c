#include "base/table.h"

#include <sodium.h>

#include "base/mem.h"

#define FIRST_PLACES 64u

struct entry {
	struct slice key;
	size_t value;
	bool used;
};

/* Open addressing; at most half of the places are used. */
struct table {
	size_t count, mask;
	struct entry *places;
	unsigned char secret[crypto_shorthash_KEYBYTES];
};

struct table *table_new(void)
{
	struct table *t = mem_alloc(sizeof(*t));

	t->mask = FIRST_PLACES - 1;
	t->places = mem_calloc(FIRST_PLACES, sizeof(*t->places));
	crypto_shorthash_keygen(t->secret);
	return t;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	mem_free(t->places);
	mem_free(t);
}

size_t table_count(const struct table *t)
{
	return t->count;
}

/* The entry of key, or the free one where it belongs. */
static struct entry *find(const struct table *t, struct slice key)
{
	unsigned char hash[crypto_shorthash_BYTES];
	size_t at;

	(void)crypto_shorthash(hash, (const unsigned char *)key.p, key.len,
	                       t->secret); /* cannot fail */
	memcpy(&at, hash, sizeof(at));
	while (t->places[at & t->mask].used && !slice_eq(t->places[at & t->mask].key, key))
		at++;
	return &t->places[at & t->mask];
}

static void grow(struct table *t)
{
	struct entry *old = t->places;
	size_t size = t->mask + 1;

	t->mask = size * 2 - 1;
	t->places = mem_calloc(size * 2, sizeof(*t->places));
	for (size_t i = 0; i < size; i++)
		if (old[i].used)
			*find(t, old[i].key) = old[i];
	mem_free(old);
}

size_t table_get(const struct table *t, struct slice key)
{
	const struct entry *e = find(t, key);

	return e->used ? e->value : TABLE_NONE;
}

size_t *table_at(struct table *t, struct slice key)
{
	struct entry *e = find(t, key);

	if (e->used)
		return &e->value;
	if (t->count * 2 > t->mask) {
		grow(t);
		e = find(t, key);
	}
	*e = (struct entry){ key, TABLE_NONE, true };
	t->count++;
	return &e->value;
}

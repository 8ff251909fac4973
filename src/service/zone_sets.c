#include "service/zone_sets.h"

#include <sodium.h>

#include "base/mem.h"

#define FIRST_BUCKETS 64u

struct zone_sets {
	unsigned holders;
	size_t count, mask;
	struct zone_set **buckets;
	unsigned char key[crypto_shorthash_KEYBYTES];
};

struct zone_sets *zone_sets_new(void)
{
	struct zone_sets *p = mem_alloc(sizeof(*p));

	p->holders = 1;
	p->mask = FIRST_BUCKETS - 1;
	p->buckets = mem_calloc(FIRST_BUCKETS, sizeof(struct zone_set *));
	crypto_shorthash_keygen(p->key);
	return p;
}

struct zone_sets *zone_sets_hold(struct zone_sets *p)
{
	p->holders++;
	return p;
}

void zone_sets_release(struct zone_sets *p)
{
	if (p == NULL || --p->holders > 0)
		return;
	mem_free(p->buckets);
	mem_free(p);
}

size_t zone_sets_count(const struct zone_sets *p)
{
	return p->count;
}

static struct zone_set **bucket(const struct zone_sets *p, struct slice data)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)data.p, data.len,
	                       p->key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	return &p->buckets[n & p->mask];
}

static void grow(struct zone_sets *p)
{
	struct zone_set **old = p->buckets;
	size_t old_size = p->mask + 1;

	p->mask = old_size * 2 - 1;
	p->buckets = mem_calloc(old_size * 2, sizeof(struct zone_set *));
	for (size_t i = 0; i < old_size; i++) {
		while (old[i] != NULL) {
			struct zone_set *s = old[i];
			struct zone_set **to = bucket(p, zone_set_data(s));

			old[i] = s->next;
			s->next = *to;
			*to = s;
		}
	}
	mem_free(old);
}

static struct zone_set *set_new(uint16_t type, uint32_t ttl, struct slice data)
{
	struct zone_set *s = mem_alloc(offsetof(struct zone_set, bytes) + data.len);

	s->type = type;
	s->ttl = ttl;
	s->len = (uint16_t)data.len;
	memcpy(s->bytes, data.p, data.len);
	return s;
}

struct zone_set *zone_sets_take(struct zone_sets *p, uint16_t type, uint32_t ttl, struct slice data)
{
	if (p->count > p->mask)
		grow(p);
	struct zone_set **at = bucket(p, data), *s = *at;

	while (s != NULL && (s->type != type || s->ttl != ttl || !slice_eq(zone_set_data(s), data)))
		s = s->next;
	if (s == NULL) {
		s = set_new(type, ttl, data);
		s->next = *at;
		*at = s;
		p->count++;
	}
	return zone_set_hold(s);
}

struct zone_set *zone_set_hold(struct zone_set *s)
{
	s->holders++;
	return s;
}

void zone_set_drop(struct zone_sets *p, struct zone_set *s)
{
	struct zone_set **at;

	if (s == NULL || --s->holders > 0)
		return;
	at = bucket(p, zone_set_data(s));
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	mem_free(s);
	p->count--;
}

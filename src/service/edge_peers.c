#include "service/edge_peers.h"

#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

struct edge_peers {
	size_t count, mask;
	struct edge_peer **buckets;
	struct edge_peer *unused; /* linked by next */
	struct edge_peer *pool;
	unsigned char key[crypto_shorthash_KEYBYTES];
};

struct edge_peers *edge_peers_new(size_t most)
{
	struct edge_peers *p = mem_alloc(sizeof(*p));
	size_t size = 1;

	while (size < most)
		size *= 2;
	p->mask = size - 1;
	p->buckets = mem_calloc(size, sizeof(struct edge_peer *));
	p->pool = mem_calloc(most, sizeof(struct edge_peer));
	for (size_t i = 0; i < most; i++) {
		p->pool[i].next = p->unused;
		p->unused = &p->pool[i];
	}
	crypto_shorthash_keygen(p->key);
	return p;
}

void edge_peers_free(struct edge_peers *p)
{
	if (p == NULL)
		return;
	mem_free(p->pool);
	mem_free(p->buckets);
	mem_free(p);
}

size_t edge_peers_count(const struct edge_peers *p)
{
	return p->count;
}

static struct edge_peer **bucket(const struct edge_peers *p, uint64_t key)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)&key, sizeof(key),
	                       p->key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	return &p->buckets[n & p->mask];
}

struct edge_peer *edge_peers_find(const struct edge_peers *p, uint64_t key)
{
	struct edge_peer *peer = *bucket(p, key);

	while (peer != NULL && peer->key != key)
		peer = peer->next;
	return peer;
}

struct edge_peer *edge_peers_enter(struct edge_peers *p, uint64_t key)
{
	struct edge_peer *peer = edge_peers_find(p, key), **at = bucket(p, key);

	if (peer == NULL) {
		peer = p->unused;
		if (peer == NULL)
			log_fatal("more peers than connections");
		p->unused = peer->next;
		*peer = (struct edge_peer){ .next = *at, .key = key };
		link_init(&peer->headless);
		*at = peer;
		p->count++;
	}
	peer->open++;
	return peer;
}

void edge_peers_leave(struct edge_peers *p, struct edge_peer *peer)
{
	struct edge_peer **at = bucket(p, peer->key);

	if (--peer->open > 0)
		return;
	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	peer->next = p->unused;
	p->unused = peer;
	p->count--;
}

#include "service/edge_index.h"

#include <sodium.h>

#include "base/enc.h"

/* One allocation: the strings lie behind the structure. */
struct node {
	struct node *next;
	struct edge_site site;
	char bytes[];
};

struct edge_index {
	size_t count, mask;
	struct node **buckets;
	/* Names are chosen by tenants: a secret key keeps them from choosing one bucket. */
	unsigned char key[crypto_shorthash_KEYBYTES];
};

#define FIRST_BUCKETS 64u

struct edge_index *edge_index_new(void)
{
	struct edge_index *x = mem_alloc(sizeof(*x));

	x->mask = FIRST_BUCKETS - 1;
	x->buckets = mem_calloc(FIRST_BUCKETS, sizeof(struct node *));
	crypto_shorthash_keygen(x->key);
	return x;
}

void edge_index_free(struct edge_index *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i <= x->mask; i++) {
		while (x->buckets[i] != NULL) {
			struct node *n = x->buckets[i];

			x->buckets[i] = n->next;
			mem_free(n);
		}
	}
	mem_free(x->buckets);
	mem_free(x);
}

size_t edge_index_count(const struct edge_index *x)
{
	return x->count;
}

static size_t slot(const struct edge_index *x, struct slice name)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)name.p, name.len,
	                       x->key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	return n & x->mask;
}

/* The pointer that points at the node, or at NULL when there is none. */
static struct node **find(const struct edge_index *x, struct slice name)
{
	struct node **at = &x->buckets[slot(x, name)];

	while (*at != NULL && !slice_eq((*at)->site.name, name))
		at = &(*at)->next;
	return at;
}

static void grow(struct edge_index *x)
{
	struct node **old = x->buckets;
	size_t old_size = x->mask + 1;

	x->mask = old_size * 2 - 1;
	x->buckets = mem_calloc(old_size * 2, sizeof(struct node *));
	for (size_t i = 0; i < old_size; i++) {
		while (old[i] != NULL) {
			struct node *n = old[i];
			struct node **to = &x->buckets[slot(x, n->site.name)];

			old[i] = n->next;
			n->next = *to;
			*to = n;
		}
	}
	mem_free(old);
}

static struct slice put(char **at, struct slice s)
{
	struct slice copy = slice_of(*at, s.len);

	if (s.len > 0)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return copy;
}

/* The store keeps each below its own ceiling (EDGE_TEXT_MAX for texts). */
static struct node *node_new(const struct edge_host *row)
{
	struct node *n = mem_alloc(sizeof(*n) + row->name.len + row->domain.len + row->text.len +
	                           row->etag.len);
	char *at = n->bytes;

	n->site.kind = row->kind;
	n->site.publication = row->publication;
	n->site.name = put(&at, row->name);
	n->site.domain = put(&at, row->domain);
	n->site.text = put(&at, row->text);
	n->site.etag = put(&at, row->etag);
	return n;
}

static enum err read_fingerprint(struct slice hex, struct edge_site *site)
{
	size_t len = 0;

	if (hex.len == 0)
		return OK;
	if (enc_unhex(hex, site->fingerprint, EDGE_FINGERPRINT_SIZE, &len) != OK ||
	    len != EDGE_FINGERPRINT_SIZE)
		return ERR_SYNTAX;
	site->has_cert = true;
	return OK;
}

static void drop(struct edge_index *x, struct slice name)
{
	struct node **at = find(x, name), *n = *at;

	if (n == NULL)
		return;
	*at = n->next;
	mem_free(n);
	x->count--;
}

enum err edge_index_apply(struct edge_index *x, const struct edge_host *row)
{
	struct node *n, **at;

	drop(x, row->name);
	if (row->gone)
		return OK;
	if (row->name.len == 0)
		return ERR_SYNTAX;
	n = node_new(row);
	if (read_fingerprint(row->fingerprint, &n->site) != OK) {
		mem_free(n);
		return ERR_SYNTAX;
	}
	if (x->count > x->mask)
		grow(x);
	at = &x->buckets[slot(x, n->site.name)];
	n->next = *at;
	*at = n;
	x->count++;
	return OK;
}

const struct edge_site *edge_index_find(const struct edge_index *x, struct slice name)
{
	const struct node *n = *find(x, name);

	return n == NULL ? NULL : &n->site;
}

#include "service/zone_index.h"

#include <glib.h>
#include <sodium.h>

#include "wire/dns_rdata.h"

#define FIRST_BUCKETS 64u
#define SOA_FIXED 20u

struct zone_node {
	struct zone_node *next; /* of the same bucket */
	unsigned holders;
	uint16_t name_len, set_count;
	struct zone_set *sets[]; /* in the order of types; the name without the origin follows */
};

/* A name that only has names below it. */
static const struct zone_node nothing;

struct zone {
	struct dns_name origin;
	size_t set_count;
	size_t count, mask;
	struct zone_node **buckets;
	struct zone_sets *sets;
	GHashTable *below;    /* digest of a name: how many names below it have records */
	struct zone_set *soa; /* with the serial; the node's own has another one */
	uint32_t serial;
	/* Names are chosen by tenants: a secret key keeps them from choosing one bucket. */
	unsigned char key[crypto_shorthash_KEYBYTES];
};

struct zone *zone_new(const struct dns_name *origin)
{
	struct zone *z = mem_alloc(sizeof(*z));

	dns_name_lower(dns_name_slice(origin), &z->origin);
	z->mask = FIRST_BUCKETS - 1;
	z->buckets = mem_calloc(FIRST_BUCKETS, sizeof(struct zone_node *));
	z->sets = zone_sets_new();
	z->below = g_hash_table_new(NULL, NULL);
	crypto_shorthash_keygen(z->key);
	return z;
}

static void release(struct zone_sets *sets, struct zone_node *n)
{
	if (n == NULL || --n->holders > 0)
		return;
	for (size_t i = 0; i < n->set_count; i++)
		zone_set_drop(sets, n->sets[i]);
	mem_free(n);
}

void zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	for (size_t i = 0; i <= z->mask; i++) {
		while (z->buckets[i] != NULL) {
			struct zone_node *n = z->buckets[i];

			z->buckets[i] = n->next;
			release(z->sets, n);
		}
	}
	zone_set_drop(z->sets, z->soa);
	zone_sets_release(z->sets);
	g_hash_table_destroy(z->below);
	mem_free(z->buckets);
	mem_free(z);
}

struct slice zone_origin(const struct zone *z)
{
	return dns_name_slice(&z->origin);
}

size_t zone_count(const struct zone *z)
{
	return z->set_count;
}

static size_t hash(const struct zone *z, struct slice s)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)s.p, s.len, z->key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	return n;
}

static struct slice name_of(const struct zone_node *n)
{
	return slice_of((const char *)(n->sets + n->set_count), n->name_len);
}

/* Of a name in the zone: its labels above the origin. */
static struct slice relative(const struct zone *z, struct slice lower)
{
	return slice_of(lower.p, lower.len - z->origin.len);
}

/* The pointer that points at the node, or at NULL when there is none. */
static struct zone_node **find(const struct zone *z, struct slice name)
{
	struct zone_node **at = &z->buckets[hash(z, name) & z->mask];

	while (*at != NULL && !slice_eq(name_of(*at), name))
		at = &(*at)->next;
	return at;
}

static void grow(struct zone *z)
{
	struct zone_node **old = z->buckets;
	size_t old_size = z->mask + 1;

	z->mask = old_size * 2 - 1;
	z->buckets = mem_calloc(old_size * 2, sizeof(struct zone_node *));
	for (size_t i = 0; i < old_size; i++) {
		while (old[i] != NULL) {
			struct zone_node *n = old[i];
			struct zone_node **to = &z->buckets[hash(z, name_of(n)) & z->mask];

			old[i] = n->next;
			n->next = *to;
			*to = n;
		}
	}
	mem_free(old);
}

static gpointer digest(const struct zone *z, struct slice name)
{
	return GSIZE_TO_POINTER(hash(z, name));
}

/* All names between this one and the origin, which is the last, have one more or one less below. */
static void count_below(struct zone *z, struct slice name, int by)
{
	while (name.len > 0) {
		gpointer key;
		int count;

		name = slice_skip(name, 1 + (size_t)(unsigned char)name.p[0]);
		key = digest(z, name);
		count = GPOINTER_TO_INT(g_hash_table_lookup(z->below, key)) + by;
		if (count > 0)
			(void)g_hash_table_insert(z->below, key, GINT_TO_POINTER(count));
		else
			(void)g_hash_table_remove(z->below, key);
	}
}

/*
 * The sets of old (NULL: none), with set (NULL: nothing) in the place of that type; takes set.
 * NULL: no set is left.
 */
static struct zone_node *node_new(struct slice name, const struct zone_node *old, uint16_t type,
                                  struct zone_set *set)
{
	size_t had = old == NULL ? 0 : old->set_count, count = 0, at;
	struct zone_node *n =
	        mem_alloc(sizeof(*n) + (had + 1) * sizeof(struct zone_set *) + name.len);

	for (size_t i = 0; i < had; i++)
		if (old->sets[i]->type != type)
			n->sets[count++] = zone_set_hold(old->sets[i]);
	for (at = count; set != NULL && at > 0 && n->sets[at - 1]->type > type; at--)
		n->sets[at] = n->sets[at - 1];
	if (set != NULL) {
		n->sets[at] = set;
		count++;
	}
	if (count == 0) {
		mem_free(n);
		return NULL;
	}
	n->holders = 1;
	n->set_count = (uint16_t)count;
	n->name_len = (uint16_t)name.len;
	if (name.len > 0)
		memcpy(n->sets + count, name.p, name.len);
	return n;
}

/* Puts set (NULL: nothing) in the place of that type; takes set. */
static void put(struct zone *z, struct slice name, uint16_t type, struct zone_set *set)
{
	if (z->count > z->mask)
		grow(z);
	struct zone_node **at = find(z, name), *old = *at;
	struct zone_node *n = node_new(name, old, type, set);
	int more = (n != NULL) - (old != NULL);

	z->set_count += n == NULL ? 0u : n->set_count;
	z->set_count -= old == NULL ? 0u : old->set_count;
	z->count += (size_t)more;
	if (old != NULL)
		*at = old->next;
	if (n != NULL) {
		n->next = *at;
		*at = n;
	}
	if (more != 0)
		count_below(z, name, more);
	release(z->sets, old);
}

/* The SOA record carries the serial of the moment; a transfer under way keeps the one it has. */
static void renew_soa(struct zone *z)
{
	const struct zone_node *apex = *find(z, S(""));
	const struct zone_set *s = apex == NULL ? NULL : zone_node_get(apex, DNS_SOA);
	char bytes[DNS_SET_MAX];

	zone_set_drop(z->sets, z->soa);
	z->soa = NULL;
	if (s == NULL)
		return;
	memcpy(bytes, s->bytes, s->len);
	dns_put32(bytes + s->len - SOA_FIXED, z->serial);
	z->soa = zone_sets_take(z->sets, s->type, s->ttl, slice_of(bytes, s->len));
}

void zone_set_serial(struct zone *z, int64_t seq)
{
	z->serial = (uint32_t)seq;
	renew_soa(z);
}

/* A zone has one SOA record, at its origin. */
static enum err check(const struct zone *z, struct slice name, const struct edge_record *row)
{
	struct slice rest = row->set, rdata;

	if (row->type < 0 || row->type > UINT16_MAX || row->ttl < 0 || row->ttl > INT32_MAX ||
	    dns_set_check((uint16_t)row->type, row->set) != OK)
		return ERR_SYNTAX;
	if (row->type != DNS_SOA)
		return OK;
	return dns_set_next(&rest, &rdata) && rest.len == 0 && name.len == z->origin.len
	               ? OK
	               : ERR_SYNTAX;
}

enum err zone_apply(struct zone *z, const struct edge_record *row)
{
	struct dns_name name;
	struct zone_set *set = NULL;
	enum err e;

	if (dns_name_from_text(row->name, &name) != OK)
		return ERR_SYNTAX;
	if (!dns_name_is_in(dns_name_slice(&name), zone_origin(z)))
		return ERR_NOTFOUND;
	e = row->gone ? OK : check(z, dns_name_slice(&name), row);
	if (e == OK && !row->gone)
		set = zone_sets_take(z->sets, (uint16_t)row->type, (uint32_t)row->ttl, row->set);
	put(z, relative(z, dns_name_slice(&name)), (uint16_t)row->type, set);
	if (row->type == DNS_SOA)
		renew_soa(z);
	return e;
}

const struct zone_node *zone_find(const struct zone *z, struct slice name)
{
	struct dns_name lower;
	struct slice key;
	const struct zone_node *n;

	if (!dns_name_is_in(name, zone_origin(z)))
		return NULL;
	dns_name_lower(name, &lower);
	key = relative(z, dns_name_slice(&lower));
	n = *find(z, key);
	if (n == NULL && g_hash_table_contains(z->below, digest(z, key)))
		return &nothing;
	return n;
}

const struct zone_set *zone_node_get(const struct zone_node *n, uint16_t type)
{
	for (size_t i = 0; i < n->set_count; i++)
		if (n->sets[i]->type == type)
			return n->sets[i];
	return NULL;
}

const struct zone_set *zone_node_first(const struct zone_node *n)
{
	return n->set_count == 0 ? NULL : n->sets[0];
}

const struct zone_set *zone_soa(const struct zone *z)
{
	return z->soa;
}

enum err zone_copy_init(const struct zone *z, struct zone_copy *out)
{
	struct zone_copy c = { .origin = z->origin };

	if (z->soa == NULL)
		return ERR_UNAVAILABLE;
	c.soa = zone_set_hold(z->soa);
	c.sets = zone_sets_hold(z->sets);
	c.nodes = mem_calloc(z->count, sizeof(struct zone_node *));
	for (size_t i = 0; i <= z->mask; i++)
		for (struct zone_node *n = z->buckets[i]; n != NULL; n = n->next) {
			n->holders++;
			c.nodes[c.count++] = n;
		}
	*out = c;
	return OK;
}

void zone_copy_fini(struct zone_copy *c)
{
	for (size_t i = 0; i < c->count; i++)
		release(c->sets, c->nodes[i]);
	zone_set_drop(c->sets, c->soa);
	zone_sets_release(c->sets);
	mem_free(c->nodes);
	*c = (struct zone_copy){ 0 };
}

static void write_owner(const struct zone_copy *c, const struct zone_node *n, struct dns_name *out)
{
	struct slice name = name_of(n);

	out->len = name.len + c->origin.len;
	if (name.len > 0)
		memcpy(out->wire, name.p, name.len);
	memcpy(out->wire + name.len, c->origin.wire, c->origin.len);
}

const struct zone_set *zone_copy_next(const struct zone_copy *c, struct zone_walk *w,
                                      struct dns_name *owner_out)
{
	for (; w->node < c->count; w->node++, w->set = 0) {
		const struct zone_node *n = c->nodes[w->node];

		while (w->set < n->set_count) {
			const struct zone_set *s = n->sets[w->set++];

			if (s->type == DNS_SOA)
				continue;
			write_owner(c, n, owner_out);
			return s;
		}
	}
	return NULL;
}

#include "service/zone_index.h"

#include <sodium.h>

#include "wire/dns_rdata.h"

#define FIRST_BUCKETS 64u
#define SOA_FIXED 20u

struct zone_node {
	struct zone_node *next; /* of the same bucket */
	struct zone_set *sets;
	size_t children;   /* nodes right below */
	struct slice name; /* wire name, lower case */
	char bytes[];
};

struct zone {
	struct dns_name origin;
	size_t set_count;
	size_t count, mask;
	struct zone_node **buckets;
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
	crypto_shorthash_keygen(z->key);
	return z;
}

static void release(struct zone_set *s)
{
	if (s != NULL && --s->holders == 0)
		mem_free(s);
}

void zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	for (size_t i = 0; i <= z->mask; i++) {
		while (z->buckets[i] != NULL) {
			struct zone_node *n = z->buckets[i];

			z->buckets[i] = n->next;
			while (n->sets != NULL) {
				struct zone_set *s = n->sets;

				n->sets = s->next;
				release(s);
			}
			mem_free(n);
		}
	}
	release(z->soa);
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

static size_t slot(const struct zone *z, struct slice lower)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)lower.p, lower.len,
	                       z->key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	return n & z->mask;
}

/* The pointer that points at the node, or at NULL when there is none. */
static struct zone_node **find(const struct zone *z, struct slice lower)
{
	struct zone_node **at = &z->buckets[slot(z, lower)];

	while (*at != NULL && !slice_eq((*at)->name, lower))
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
			struct zone_node **to = &z->buckets[slot(z, n->name)];

			old[i] = n->next;
			n->next = *to;
			*to = n;
		}
	}
	mem_free(old);
}

static struct zone_node *add_node(struct zone *z, struct slice lower)
{
	struct zone_node *n = mem_alloc(sizeof(*n) + lower.len), **at;

	memcpy(n->bytes, lower.p, lower.len);
	n->name = slice_of(n->bytes, lower.len);
	if (z->count++ > z->mask)
		grow(z);
	at = &z->buckets[slot(z, lower)];
	n->next = *at;
	*at = n;
	return n;
}

/* The node of a name, made with those between it and the origin where they are missing. */
static struct zone_node *need(struct zone *z, struct slice lower)
{
	struct zone_node *first = NULL;

	for (bool below_is_new = false;; below_is_new = true) {
		struct zone_node *n = *find(z, lower);
		bool is_new = n == NULL;

		if (is_new)
			n = add_node(z, lower);
		if (first == NULL)
			first = n;
		if (below_is_new)
			n->children++;
		if (!is_new || lower.len == z->origin.len)
			return first;
		lower = dns_name_parent(lower);
	}
}

/* Removes names that have neither records nor names below, upwards. */
static void prune(struct zone *z, struct slice lower)
{
	for (;;) {
		struct zone_node **at = find(z, lower), *n = *at;

		if (n == NULL || n->sets != NULL || n->children > 0)
			return;
		*at = n->next;
		mem_free(n);
		z->count--;
		if (lower.len == z->origin.len)
			return;
		lower = dns_name_parent(lower);
		n = *find(z, lower);
		if (n != NULL)
			n->children--;
	}
}

static struct zone_set *set_new(struct slice owner, uint16_t type, uint32_t ttl, struct slice data)
{
	struct zone_set *s = mem_alloc(sizeof(*s) + owner.len + data.len);

	s->holders = 1;
	s->type = type;
	s->ttl = ttl;
	memcpy(s->bytes, owner.p, owner.len);
	memcpy(s->bytes + owner.len, data.p, data.len);
	s->owner = slice_of(s->bytes, owner.len);
	s->data = slice_of(s->bytes + owner.len, data.len);
	return s;
}

/* The SOA record carries the serial of the moment; a transfer under way keeps the one it has. */
static void renew_soa(struct zone *z)
{
	const struct zone_node *apex = *find(z, zone_origin(z));
	const struct zone_set *s = apex == NULL ? NULL : zone_node_get(apex, DNS_SOA);

	release(z->soa);
	z->soa = NULL;
	if (s == NULL)
		return;
	z->soa = set_new(s->owner, s->type, s->ttl, s->data);
	dns_put32(z->soa->bytes + s->owner.len + s->data.len - SOA_FIXED, z->serial);
}

void zone_set_serial(struct zone *z, int64_t seq)
{
	z->serial = (uint32_t)seq;
	renew_soa(z);
}

static void drop(struct zone *z, struct slice lower, uint16_t type)
{
	struct zone_node *n = *find(z, lower);
	struct zone_set **at, *s;

	if (n == NULL)
		return;
	at = &n->sets;
	while (*at != NULL && (*at)->type != type)
		at = &(*at)->next;
	s = *at;
	if (s == NULL)
		return;
	*at = s->next;
	release(s);
	z->set_count--;
	prune(z, lower);
}

static void add(struct zone *z, struct slice lower, const struct edge_record *row)
{
	struct zone_node *n = need(z, lower);
	struct zone_set *s = set_new(lower, (uint16_t)row->type, (uint32_t)row->ttl, row->set);
	struct zone_set **at = &n->sets;

	while (*at != NULL && (*at)->type < s->type)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	z->set_count++;
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
	enum err e;

	if (dns_name_from_text(row->name, &name) != OK)
		return ERR_SYNTAX;
	if (!dns_name_is_in(dns_name_slice(&name), zone_origin(z)))
		return ERR_NOTFOUND;
	drop(z, dns_name_slice(&name), (uint16_t)row->type);
	e = row->gone ? OK : check(z, dns_name_slice(&name), row);
	if (e == OK && !row->gone)
		add(z, dns_name_slice(&name), row);
	if (row->type == DNS_SOA)
		renew_soa(z);
	return e;
}

const struct zone_node *zone_find(const struct zone *z, struct slice name)
{
	struct dns_name lower;

	dns_name_lower(name, &lower);
	return *find(z, dns_name_slice(&lower));
}

const struct zone_set *zone_node_get(const struct zone_node *n, uint16_t type)
{
	const struct zone_set *s = n->sets;

	while (s != NULL && s->type != type)
		s = s->next;
	return s;
}

const struct zone_set *zone_node_first(const struct zone_node *n)
{
	return n->sets;
}

const struct zone_set *zone_soa(const struct zone *z)
{
	return z->soa;
}

enum err zone_copy_init(const struct zone *z, struct zone_copy *out)
{
	struct zone_copy c = { 0 };

	if (z->soa == NULL)
		return ERR_UNAVAILABLE;
	c.sets = mem_calloc(z->set_count, sizeof(struct zone_set *));
	c.sets[c.count++] = z->soa;
	for (size_t i = 0; i <= z->mask; i++)
		for (const struct zone_node *n = z->buckets[i]; n != NULL; n = n->next)
			for (struct zone_set *s = n->sets; s != NULL; s = s->next)
				if (s->type != DNS_SOA)
					c.sets[c.count++] = s;
	for (size_t i = 0; i < c.count; i++)
		c.sets[i]->holders++;
	*out = c;
	return OK;
}

void zone_copy_fini(struct zone_copy *c)
{
	for (size_t i = 0; i < c->count; i++)
		release(c->sets[i]);
	mem_free(c->sets);
	*c = (struct zone_copy){ 0 };
}

#include "service/edge_index.h"

#include <sodium.h>

#include "base/enc.h"

/* A text with its tag; many hosts have the same one. */
struct text {
	struct text *next;
	uint32_t refs, etag_len;
	size_t text_len;
	char bytes[]; /* the tag, then the text */
};

/* One allocation, as small as may be: there are as many as hosts. */
struct node {
	struct node *next;
	struct text *text;
	int64_t publication;
	unsigned char fingerprint[EDGE_FINGERPRINT_SIZE];
	unsigned char kind;
	bool has_cert;
	uint16_t name_len, domain_len;
	char bytes[]; /* the name; behind it the domain, unless the name ends in it */
};

struct edge_index {
	size_t count, mask;
	struct node **buckets;
	size_t text_count, text_mask;
	struct text **texts;
	/* Names are chosen by tenants: a secret key keeps them from choosing one bucket. */
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct edge_site site; /* what was found last */
};

#define FIRST_BUCKETS 64u

struct edge_index *edge_index_new(void)
{
	struct edge_index *x = mem_alloc(sizeof(*x));

	x->mask = x->text_mask = FIRST_BUCKETS - 1;
	x->buckets = mem_calloc(FIRST_BUCKETS, sizeof(struct node *));
	x->texts = mem_calloc(FIRST_BUCKETS, sizeof(struct text *));
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
	for (size_t i = 0; i <= x->text_mask; i++) {
		while (x->texts[i] != NULL) {
			struct text *t = x->texts[i];

			x->texts[i] = t->next;
			mem_free(t);
		}
	}
	mem_free(x->buckets);
	mem_free(x->texts);
	mem_free(x);
}

size_t edge_index_count(const struct edge_index *x)
{
	return x->count;
}

static size_t hash(const struct edge_index *x, struct slice s)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)s.p, s.len, x->key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	return n;
}

static struct slice text_of(const struct text *t)
{
	return slice_of(t->bytes + t->etag_len, t->text_len);
}

static struct slice etag_of(const struct text *t)
{
	return slice_of(t->bytes, t->etag_len);
}

static void grow_texts(struct edge_index *x)
{
	struct text **old = x->texts;
	size_t old_size = x->text_mask + 1;

	x->text_mask = old_size * 2 - 1;
	x->texts = mem_calloc(old_size * 2, sizeof(struct text *));
	for (size_t i = 0; i < old_size; i++) {
		while (old[i] != NULL) {
			struct text *t = old[i];
			struct text **to = &x->texts[hash(x, text_of(t)) & x->text_mask];

			old[i] = t->next;
			t->next = *to;
			*to = t;
		}
	}
	mem_free(old);
}

/* The one there is, or a new one; counted.  The store keeps both parts below EDGE_TEXT_MAX. */
static struct text *text_take(struct edge_index *x, struct slice etag, struct slice text)
{
	if (x->text_count > x->text_mask)
		grow_texts(x);
	struct text **at = &x->texts[hash(x, text) & x->text_mask], *t = *at;

	while (t != NULL && (!slice_eq(text_of(t), text) || !slice_eq(etag_of(t), etag)))
		t = t->next;
	if (t == NULL) {
		t = mem_alloc(sizeof(*t) + etag.len + text.len);
		t->etag_len = (uint32_t)etag.len;
		t->text_len = text.len;
		if (etag.len > 0)
			memcpy(t->bytes, etag.p, etag.len);
		if (text.len > 0)
			memcpy(t->bytes + etag.len, text.p, text.len);
		t->next = *at;
		*at = t;
		x->text_count++;
	}
	t->refs++;
	return t;
}

static void text_drop(struct edge_index *x, struct text *t)
{
	struct text **at = &x->texts[hash(x, text_of(t)) & x->text_mask];

	if (--t->refs > 0)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	mem_free(t);
	x->text_count--;
}

static struct slice name_of(const struct node *n)
{
	return slice_of(n->bytes, n->name_len);
}

static struct slice domain_of(const struct node *n)
{
	struct slice name = name_of(n);

	/* Kept apart, it does not stand at the end of the name. */
	return n->domain_len > n->name_len
	               ? slice_of(n->bytes + n->name_len, (size_t)n->domain_len - n->name_len - 1)
	               : slice_skip(name, name.len - n->domain_len);
}

/* The pointer that points at the node, or at NULL when there is none. */
static struct node **find(const struct edge_index *x, struct slice name)
{
	struct node **at = &x->buckets[hash(x, name) & x->mask];

	while (*at != NULL && !slice_eq(name_of(*at), name))
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
			struct node **to = &x->buckets[hash(x, name_of(n)) & x->mask];

			old[i] = n->next;
			n->next = *to;
			*to = n;
		}
	}
	mem_free(old);
}

/* ERR_SYNTAX: it is none. */
static enum err read_fingerprint(struct slice hex, struct node *n)
{
	size_t len = 0;

	if (hex.len == 0)
		return OK;
	if (enc_unhex(hex, n->fingerprint, EDGE_FINGERPRINT_SIZE, &len) != OK ||
	    len != EDGE_FINGERPRINT_SIZE)
		return ERR_SYNTAX;
	n->has_cert = true;
	return OK;
}

static struct node *node_new(const struct edge_host *row)
{
	bool inside = slice_ends(row->name, row->domain);
	struct node *n = mem_alloc(offsetof(struct node, bytes) + row->name.len +
	                           (inside ? 0 : row->domain.len));

	n->kind = (unsigned char)row->kind;
	n->publication = row->publication;
	n->name_len = (uint16_t)row->name.len;
	n->domain_len = (uint16_t)(inside ? row->domain.len : row->name.len + row->domain.len + 1);
	memcpy(n->bytes, row->name.p, row->name.len);
	if (!inside)
		memcpy(n->bytes + row->name.len, row->domain.p, row->domain.len);
	return n;
}

static void drop(struct edge_index *x, struct slice name)
{
	struct node **at = find(x, name), *n = *at;

	if (n == NULL)
		return;
	*at = n->next;
	text_drop(x, n->text);
	mem_free(n);
	x->count--;
}

enum err edge_index_apply(struct edge_index *x, const struct edge_host *row)
{
	struct node *n, **at;

	drop(x, row->name);
	if (row->gone)
		return OK;
	if (row->name.len == 0 || row->name.len > EDGE_NAME_MAX || row->domain.len > EDGE_NAME_MAX)
		return ERR_SYNTAX;
	n = node_new(row);
	if (read_fingerprint(row->fingerprint, n) != OK) {
		mem_free(n);
		return ERR_SYNTAX;
	}
	n->text = text_take(x, row->etag, row->text);
	if (x->count > x->mask)
		grow(x);
	at = &x->buckets[hash(x, name_of(n)) & x->mask];
	n->next = *at;
	*at = n;
	x->count++;
	return OK;
}

const struct edge_site *edge_index_find(struct edge_index *x, struct slice name)
{
	const struct node *n = *find(x, name);

	if (n == NULL)
		return NULL;
	x->site = (struct edge_site){ .kind = (enum edge_kind)n->kind,
		                      .has_cert = n->has_cert,
		                      .name = name_of(n),
		                      .domain = domain_of(n),
		                      .text = text_of(n->text),
		                      .etag = etag_of(n->text),
		                      .publication = n->publication };
	memcpy(x->site.fingerprint, n->fingerprint, EDGE_FINGERPRINT_SIZE);
	return &x->site;
}

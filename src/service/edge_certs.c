#include "service/edge_certs.h"

#include "base/buf.h"
#include "base/enc.h"
#include "service/lru.h"
#include "store/seal.h"

#define KEY_DER_MAX 16384u
#define MEMORY ((size_t)80 << 20) /* of names, texts and certificates together */
#define NAME_SIZE_ABOUT 480u      /* with its text, and something for growth */
#define CERT_SIZE_ABOUT 7900u     /* decoded, with its key */
#define CERTS_MIN 1024u

struct edge_certs {
	struct lru *lru;
	size_t capacity; /* at most */
	struct tls_chains *chains;
	struct arena *step;
	const unsigned char *edge_key, *report_key;
};

static void release(void *identity)
{
	tls_identity_unref(identity);
}

struct edge_certs *edge_certs_new(size_t capacity, const unsigned char *edge_key,
                                  const unsigned char *report_key)
{
	struct edge_certs *c = mem_alloc(sizeof(*c));

	*c = (struct edge_certs){ lru_new(capacity, release),
		                  capacity,
		                  tls_chains_new(),
		                  arena_new(),
		                  edge_key,
		                  report_key };
	return c;
}

void edge_certs_free(struct edge_certs *c)
{
	if (c == NULL)
		return;
	lru_free(c->lru);
	tls_chains_free(c->chains);
	arena_free(c->step);
	mem_free(c);
}

size_t edge_certs_count(const struct edge_certs *c)
{
	return lru_count(c->lru);
}

void edge_certs_names(struct edge_certs *c, size_t names)
{
	size_t taken = names * NAME_SIZE_ABOUT;
	size_t room = taken < MEMORY ? (MEMORY - taken) / CERT_SIZE_ABOUT : 0;

	if (room < CERTS_MIN)
		room = CERTS_MIN;
	lru_limit(c->lru, room < c->capacity ? room : c->capacity);
}

size_t edge_certs_room(const struct edge_certs *c)
{
	return lru_room(c->lru);
}

static const unsigned char *key_for(const struct edge_certs *c, struct slice purpose)
{
	if (slice_eq(purpose, S("edge-tls")))
		return c->edge_key;
	return slice_eq(purpose, S("report-tls")) ? c->report_key : NULL;
}

static enum err unseal(const struct edge_certs *c, const struct edge_cert *row, struct buf *key)
{
	const unsigned char *seal_key = key_for(c, row->purpose);
	struct seal_name name = { row->tenant, row->seal_domain, row->fingerprint };

	return seal_key == NULL ? ERR_CRYPTO : seal_unwrap(seal_key, &name, row->sealed_key, key);
}

static enum err decode(struct edge_certs *c, const struct edge_cert *row, struct tls_identity **out)
{
	struct tls_material m = { .leaf = row->der, .chain_count = row->chain_count };
	struct buf key;
	enum err e;

	m.key_type = slice_eq(row->key_type, S("rsa")) ? TLS_KEY_RSA : TLS_KEY_EC;
	memcpy(m.chain, row->chain, sizeof(m.chain));
	buf_init(&key, KEY_DER_MAX);
	e = unseal(c, row, &key);
	if (e == OK) {
		m.key = buf_slice(&key);
		e = tls_identity_new(&m, c->chains, out);
		mem_wipe(key.p, key.len);
	}
	buf_fini(&key);
	return e;
}

enum err edge_certs_get(struct edge_certs *c, struct edgedb *db,
                        const unsigned char fingerprint[32], struct tls_identity **out)
{
	struct tls_identity *id = lru_get(c->lru, fingerprint);
	char hex[2 * LRU_KEY_SIZE + 1];
	struct edge_cert row = { .tenant = 0 };
	enum err e = OK;

	if (id == NULL && db == NULL)
		return ERR_UNAVAILABLE;
	if (id == NULL) {
		(void)enc_hex(fingerprint, LRU_KEY_SIZE, hex); /* returns hex */
		e = edgedb_cert(db, slice_str(hex), c->step, &row);
		if (e == OK)
			e = decode(c, &row, &id);
		if (e == OK)
			lru_put(c->lru, fingerprint, id);
		arena_reset(c->step);
	}
	if (e == OK)
		*out = id;
	return e;
}

void edge_certs_drop(struct edge_certs *c, const unsigned char fingerprint[32])
{
	lru_drop(c->lru, fingerprint);
}

/* What desk writes into edge.db; each change has the number of the open transaction. */
#include "base/enc.h"
#include "store/db_internal.h"
#include "store/edgedb_internal.h"

enum err edgedb_put_host(struct edgedb *d, const struct edge_host *h)
{
	if (h->text.len > EDGE_TEXT_MAX)
		return ERR_LIMIT;

	struct query q = query_start(&d->conn, EDGE_HOST_PUT);
	query_text(&q, 1, h->name);
	query_int(&q, 2, (int64_t)h->kind);
	query_int(&q, 3, h->tenant);
	query_text(&q, 4, h->domain);
	query_text(&q, 5, h->text);
	query_text(&q, 6, h->etag);
	query_text(&q, 7, h->fingerprint);
	query_int(&q, 8, d->seq);
	query_int(&q, 9, h->publication);
	return query_run(&q);
}

static enum err drop(struct edgedb *d, enum edge_sql statement, struct slice key)
{
	struct query q = query_start(&d->conn, (int)statement);

	query_text(&q, 1, key);
	query_int(&q, 2, d->seq);
	return query_run(&q);
}

enum err edgedb_drop_host(struct edgedb *d, struct slice name)
{
	return drop(d, EDGE_HOST_DROP, name);
}

enum err edgedb_drop_cert(struct edgedb *d, struct slice fingerprint)
{
	return drop(d, EDGE_CERT_DROP, fingerprint);
}

static enum err put_chain(struct edgedb *d, const struct edge_cert *c, struct buf *list)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < c->chain_count; i++) {
		struct query q = query_start(&d->conn, EDGE_CHAIN_PUT);
		char digest[SHA256_HEX_SIZE];

		query_str(&q, 1, enc_sha256_hex(c->chain[i], digest));
		query_blob(&q, 2, c->chain[i]);
		e = query_run(&q);
		if (i > 0)
			buf_add_char(list, ' ');
		buf_add_str(list, digest);
	}
	return e;
}

enum err edgedb_put_cert(struct edgedb *d, const struct edge_cert *c)
{
	struct buf chain;

	if (c->chain_count > EDGE_CHAIN_MAX)
		return ERR_LIMIT;
	buf_init(&chain, (size_t)EDGE_CHAIN_MAX * SHA256_HEX_SIZE);
	enum err e = put_chain(d, c, &chain);
	if (e == OK) {
		struct query q = query_start(&d->conn, EDGE_CERT_PUT);

		query_text(&q, 1, c->fingerprint);
		query_int(&q, 2, c->tenant);
		query_text(&q, 3, c->seal_domain);
		query_text(&q, 4, c->purpose);
		query_text(&q, 5, c->key_type);
		query_text(&q, 6, buf_slice(&chain));
		query_blob(&q, 7, c->der);
		query_blob(&q, 8, c->sealed_key);
		query_int(&q, 9, d->seq);
		e = query_run(&q);
	}
	buf_fini(&chain);
	return e;
}

enum err edgedb_put_challenge(struct edgedb *d, const struct edge_challenge *c)
{
	struct query q = query_start(&d->conn, EDGE_CHALLENGE_PUT);

	query_text(&q, 1, c->host);
	query_text(&q, 2, c->token);
	query_text(&q, 3, c->answer);
	query_int(&q, 4, d->seq);
	return query_run(&q);
}

enum err edgedb_drop_challenge(struct edgedb *d, struct slice host)
{
	return drop(d, EDGE_CHALLENGE_DROP, host);
}

static enum err zone_changed(struct edgedb *d)
{
	struct query q = query_start(&d->conn, EDGE_ZONE_CHANGED);

	query_int(&q, 1, d->seq);
	return query_run(&q);
}

enum err edgedb_put_record(struct edgedb *d, const struct edge_record *r)
{
	if (r->set.len > EDGE_TEXT_MAX)
		return ERR_LIMIT;

	struct query q = query_start(&d->conn, EDGE_RECORD_PUT);
	query_text(&q, 1, r->name);
	query_int(&q, 2, r->type);
	query_int(&q, 3, r->ttl);
	query_text(&q, 4, r->domain);
	query_blob(&q, 5, r->set);
	query_int(&q, 6, d->seq);
	enum err e = query_run(&q);
	return e == OK ? zone_changed(d) : e;
}

enum err edgedb_drop_record(struct edgedb *d, struct slice name, int64_t type)
{
	struct query q = query_start(&d->conn, EDGE_RECORD_DROP);

	query_text(&q, 1, name);
	query_int(&q, 2, type);
	query_int(&q, 3, d->seq);
	enum err e = query_run(&q);
	return e == OK ? zone_changed(d) : e;
}

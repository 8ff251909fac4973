/* What an edge reads of edge.db. */
#include "store/db_internal.h"
#include "store/edgedb_internal.h"

/* Slices point into the row. */
static struct edge_challenge challenge_row(struct query *q)
{
	return (struct edge_challenge){
		.host = query_get(q, 0),
		.token = query_get(q, 1),
		.answer = query_get(q, 2),
		.gone = query_get_int(q, 3) != 0,
		.seq = query_get_int(q, 4),
	};
}

static enum err visit_challenges(struct edgedb *d, int64_t since, const struct edgedb_visit *visit)
{
	struct query q = query_start(&d->conn, EDGE_CHALLENGE_CHANGES);

	query_int(&q, 1, since);
	while (visit->challenge != NULL && query_row(&q)) {
		struct edge_challenge c = challenge_row(&q);

		visit->challenge(visit->ctx, &c);
	}
	return query_end(&q);
}

/* Slices point into the row. */
static struct edge_record record_row(struct query *q)
{
	return (struct edge_record){
		.name = query_get(q, 0),
		.type = query_get_int(q, 1),
		.ttl = query_get_int(q, 2),
		.domain = query_get(q, 3),
		.set = query_get(q, 4),
		.gone = query_get_int(q, 5) != 0,
		.seq = query_get_int(q, 6),
	};
}

/* Slices point into the row. */
static struct edge_host host_row(struct query *q)
{
	return (struct edge_host){
		.name = query_get(q, 0),
		.kind = (enum edge_kind)query_get_int(q, 1),
		.tenant = query_get_int(q, 2),
		.domain = query_get(q, 3),
		.text = query_get(q, 4),
		.etag = query_get(q, 5),
		.fingerprint = query_get(q, 6),
		.gone = query_get_int(q, 7) != 0,
		.seq = query_get_int(q, 8),
		.publication = query_get_int(q, 9),
	};
}

static struct edge_cert cert_row(struct query *q)
{
	return (struct edge_cert){
		.fingerprint = query_get(q, 0),
		.tenant = query_get_int(q, 1),
		.seal_domain = query_get(q, 2),
		.purpose = query_get(q, 3),
		.key_type = query_get(q, 4),
		.gone = query_get_int(q, 5) != 0,
		.seq = query_get_int(q, 6),
	};
}

static enum err visit_certs(struct edgedb *d, int64_t since, const struct edgedb_visit *visit)
{
	struct query q = query_start(&d->conn, EDGE_CERT_CHANGES);

	query_int(&q, 1, since);
	while (visit->cert != NULL && query_row(&q)) {
		struct edge_cert c = cert_row(&q);

		visit->cert(visit->ctx, &c);
	}
	return query_end(&q);
}

static enum err visit_hosts(struct edgedb *d, int64_t since, const struct edgedb_visit *visit)
{
	/* All of them in the order in which they lie: their index would lead to and fro. */
	struct query q = query_start(&d->conn, since == 0 ? EDGE_HOST_ALL : EDGE_HOST_CHANGES);

	if (since != 0)
		query_int(&q, 1, since);
	while (visit->host != NULL && query_row(&q)) {
		struct edge_host h = host_row(&q);

		visit->host(visit->ctx, &h);
	}
	return query_end(&q);
}

static enum err read_zone_seq(struct edgedb *d, int64_t *out)
{
	struct query q = query_start(&d->conn, EDGE_ZONE_SEQ);

	if (query_row(&q))
		*out = query_get_int(&q, 0);
	return query_end(&q);
}

enum err edgedb_zone_seq(struct edgedb *d, int64_t *out)
{
	enum err e = edgedb_ready(d);

	return edgedb_done(d, e == OK ? read_zone_seq(d, out) : e);
}

static enum err visit_records(struct edgedb *d, int64_t since, const struct edgedb_visit *visit)
{
	struct query q = query_start(&d->conn, EDGE_RECORD_CHANGES);
	int64_t seq = 0;

	query_int(&q, 1, since);
	while (visit->record != NULL && query_row(&q)) {
		struct edge_record r = record_row(&q);

		visit->record(visit->ctx, &r);
	}
	enum err e = query_end(&q);
	if (e == OK && visit->zone != NULL) {
		e = read_zone_seq(d, &seq);
		if (e == OK)
			visit->zone(visit->ctx, seq);
	}
	return e;
}

enum err edgedb_changes(struct edgedb *d, int64_t since, const struct edgedb_visit *visit,
                        int64_t *seq_out)
{
	int64_t seq = 0;
	enum err e = edgedb_ready(d);

	if (e == OK)
		e = conn_exec(&d->conn, "begin");
	if (e != OK)
		return edgedb_done(d, e);
	e = edgedb_read_seq(d, &seq);
	if (e == OK && seq > since)
		e = visit_certs(d, since, visit);
	if (e == OK && seq > since)
		e = visit_hosts(d, since, visit);
	if (e == OK && seq > since)
		e = visit_challenges(d, since, visit);
	if (e == OK && seq > since)
		e = visit_records(d, since, visit);
	conn_rollback(&d->conn); /* nothing was written */
	if (e == OK)
		*seq_out = seq;
	return edgedb_done(d, e);
}

static enum err read_host(struct edgedb *d, struct slice name, struct arena *a,
                          struct edge_host *out)
{
	struct query q = query_start(&d->conn, EDGE_HOST_GET);
	struct edge_host h = { 0 };

	query_text(&q, 1, name);
	bool found = query_row(&q);
	if (found) {
		h = host_row(&q);
		struct slice *parts[] = { &h.name, &h.domain, &h.text, &h.etag, &h.fingerprint };
		for (size_t i = 0; i < ARRAY_LEN(parts); i++)
			*parts[i] = arena_copy(a, *parts[i]);
	}
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = h;
	return e;
}

enum err edgedb_host(struct edgedb *d, struct slice name, struct arena *a, struct edge_host *out)
{
	enum err e = edgedb_ready(d);

	return edgedb_done(d, e == OK ? read_host(d, name, a, out) : e);
}

static enum err read_link(struct edgedb *d, struct slice digest, struct arena *a, struct slice *out)
{
	struct query q = query_start(&d->conn, EDGE_CHAIN_GET);

	query_text(&q, 1, digest);
	if (query_row(&q))
		*out = query_copy(&q, 0, a);
	return query_end(&q);
}

static enum err read_cert(struct edgedb *d, struct slice fingerprint, struct arena *a,
                          struct edge_cert *out)
{
	struct query q = query_start(&d->conn, EDGE_CERT_GET);
	struct edge_cert c = { 0 };
	struct slice chain = { 0 }, digest;

	query_text(&q, 1, fingerprint);
	bool found = query_row(&q);
	if (found) {
		c = cert_row(&q);
		c.der = query_get(&q, 8);
		c.sealed_key = query_get(&q, 9);
		chain = query_copy(&q, 7, a);
		struct slice *parts[] = { &c.fingerprint, &c.seal_domain, &c.purpose,
			                  &c.key_type,    &c.der,         &c.sealed_key };
		for (size_t i = 0; i < ARRAY_LEN(parts); i++)
			*parts[i] = arena_copy(a, *parts[i]);
	}
	enum err e = query_end_found(&q, found);
	while (e == OK && c.chain_count < EDGE_CHAIN_MAX && slice_next(&chain, ' ', &digest))
		e = read_link(d, digest, a, &c.chain[c.chain_count++]);
	if (e == OK)
		*out = c;
	return e;
}

enum err edgedb_cert(struct edgedb *d, struct slice fingerprint, struct arena *a,
                     struct edge_cert *out)
{
	enum err e = edgedb_ready(d);

	return edgedb_done(d, e == OK ? read_cert(d, fingerprint, a, out) : e);
}

static enum err read_records(struct edgedb *d, struct slice domain, struct arena *a,
                             struct edge_record **out, size_t *count_out)
{
	struct query q = query_start(&d->conn, EDGE_RECORD_LIST);
	struct rows r = ROWS(struct edge_record);

	query_text(&q, 1, domain);
	while (query_row(&q)) {
		struct edge_record *row = rows_add(&r, a);

		*row = record_row(&q);
		row->name = query_copy(&q, 0, a);
		row->domain = query_copy(&q, 3, a);
		row->set = query_copy(&q, 4, a);
	}
	enum err e = query_end(&q);
	if (e == OK) {
		*out = r.items;
		*count_out = r.count;
	}
	return e;
}

enum err edgedb_records(struct edgedb *d, struct slice domain, struct arena *a,
                        struct edge_record **out, size_t *count_out)
{
	enum err e = edgedb_ready(d);

	return edgedb_done(d, e == OK ? read_records(d, domain, a, out, count_out) : e);
}

static enum err read_challenge(struct edgedb *d, struct slice host, struct arena *a,
                               struct edge_challenge *out)
{
	struct query q = query_start(&d->conn, EDGE_CHALLENGE_GET);
	struct edge_challenge c = { .gone = true };

	query_text(&q, 1, host);
	if (query_row(&q)) {
		c = challenge_row(&q);
		c.host = arena_copy(a, c.host);
		c.token = arena_copy(a, c.token);
		c.answer = arena_copy(a, c.answer);
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	if (c.gone)
		return ERR_NOTFOUND;
	*out = c;
	return OK;
}

enum err edgedb_challenge(struct edgedb *d, struct slice host, struct arena *a,
                          struct edge_challenge *out)
{
	enum err e = edgedb_ready(d);

	return edgedb_done(d, e == OK ? read_challenge(d, host, a, out) : e);
}

#include "store/edgedb.h"

#include <assert.h>

#include "base/enc.h"
#include "store/conn.h"
#include "store/db_internal.h"

#define VERSION 4
#define BUSY_MS 5000

enum edge_sql {
	EDGE_SEQ,
	EDGE_SEQ_RAISE,
	EDGE_SEQ_NEXT,
	EDGE_HOST_PUT,
	EDGE_HOST_DROP,
	EDGE_HOST_CHANGES,
	EDGE_HOST_GET,
	EDGE_CERT_PUT,
	EDGE_CERT_DROP,
	EDGE_CERT_CHANGES,
	EDGE_CERT_GET,
	EDGE_CHAIN_PUT,
	EDGE_CHAIN_GET,
	EDGE_CHALLENGE_PUT,
	EDGE_CHALLENGE_DROP,
	EDGE_CHALLENGE_CHANGES,
	EDGE_CHALLENGE_GET,
	EDGE_RECORD_PUT,
	EDGE_RECORD_DROP,
	EDGE_RECORD_CHANGES,
	EDGE_RECORD_LIST,
	EDGE_ZONE_SEQ,
	EDGE_ZONE_CHANGED,
	EDGE_SQL_COUNT
};

#define ROW(id, text) [id] = { #id, text }
#define HOST_COLUMNS "name, kind, tenant, domain, body, etag, fingerprint, gone, seq, publication"

/* edge.db is SQLite on every node, whatever the main database is. */
static const struct statement statements[EDGE_SQL_COUNT] = {
	ROW(EDGE_SEQ, "select seq from meta"),
	ROW(EDGE_SEQ_RAISE, "update meta set seq = $1 where seq < $1"),
	ROW(EDGE_SEQ_NEXT, "update meta set seq = seq + 1 returning seq"),
	ROW(EDGE_HOST_PUT,
	    "insert into host (name, kind, tenant, domain, body, etag, fingerprint, gone, seq,"
	    " publication) values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9) on conflict (name)"
	    " do update set kind = $2, tenant = $3, domain = $4, body = $5, etag = $6,"
	    " fingerprint = $7, gone = 0, seq = $8, publication = $9"),
	ROW(EDGE_HOST_DROP, "update host set body = '', etag = '', fingerprint = '', gone = 1,"
	                    " seq = $2 where name = $1 and gone = 0"),
	ROW(EDGE_HOST_CHANGES, "select " HOST_COLUMNS " from host"
	                       " where seq > $1 and (gone = 0 or $1 > 0) order by seq"),
	ROW(EDGE_HOST_GET, "select " HOST_COLUMNS " from host"
	                   " where name = $1 and gone = 0"),
	ROW(EDGE_CERT_PUT,
	    "insert into cert (fingerprint, tenant, seal_domain, purpose, key_type, chain, der,"
	    " sealed_key, gone, seq) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)"
	    " on conflict (fingerprint) do update set tenant = $2, seal_domain = $3, purpose = $4,"
	    " key_type = $5, chain = $6, der = $7, sealed_key = $8, gone = 0, seq = $9"),
	ROW(EDGE_CERT_DROP, "update cert set der = x'', sealed_key = x'', chain = '', gone = 1,"
	                    " seq = $2 where fingerprint = $1 and gone = 0"),
	ROW(EDGE_CERT_CHANGES,
	    "select fingerprint, tenant, seal_domain, purpose, key_type, gone, seq from cert"
	    " where seq > $1 and (gone = 0 or $1 > 0) order by seq"),
	ROW(EDGE_CERT_GET,
	    "select fingerprint, tenant, seal_domain, purpose, key_type, gone, seq, chain, der,"
	    " sealed_key from cert where fingerprint = $1 and gone = 0"),
	ROW(EDGE_CHAIN_PUT, "insert into chain (fingerprint, der) values ($1, $2)"
	                    " on conflict (fingerprint) do nothing"),
	ROW(EDGE_CHAIN_GET, "select der from chain where fingerprint = $1"),
	ROW(EDGE_CHALLENGE_PUT,
	    "insert into challenge (host, token, answer, gone, seq) values ($1, $2, $3, 0, $4)"
	    " on conflict (host) do update set token = $2, answer = $3, gone = 0, seq = $4"),
	ROW(EDGE_CHALLENGE_DROP, "update challenge set token = '', answer = '', gone = 1, seq = $2"
	                         " where host = $1 and gone = 0"),
	ROW(EDGE_CHALLENGE_CHANGES, "select host, token, answer, gone, seq from challenge"
	                            " where seq > $1 and (gone = 0 or $1 > 0) order by seq"),
	ROW(EDGE_CHALLENGE_GET, "select host, token, answer, gone, seq from challenge"
	                        " where host = $1 and gone = 0"),
	ROW(EDGE_RECORD_PUT,
	    "insert into record (name, type, ttl, domain, data, gone, seq)"
	    " values ($1, $2, $3, $4, $5, 0, $6) on conflict (name, type) do update set"
	    " ttl = $3, domain = $4, data = $5, gone = 0, seq = $6"),
	ROW(EDGE_RECORD_DROP, "update record set data = x'', domain = '', gone = 1, seq = $3"
	                      " where name = $1 and type = $2 and gone = 0"),
	ROW(EDGE_RECORD_CHANGES, "select name, type, ttl, domain, data, gone, seq from record"
	                         " where seq > $1 and (gone = 0 or $1 > 0) order by seq"),
	ROW(EDGE_RECORD_LIST, "select name, type, ttl, domain, data, gone, seq from record"
	                      " where domain = $1 and gone = 0 order by name, type"),
	ROW(EDGE_ZONE_SEQ, "select zone_seq from meta"),
	ROW(EDGE_ZONE_CHANGED, "update meta set zone_seq = $1"),
};

/* Each step leads from the version before it to the one it sets. */
static const char *const steps[VERSION] = {
	"create table meta (seq integer not null) strict;"
	"insert into meta (seq) values (0);"
	"create table host (name text primary key, kind integer not null, tenant integer not null,"
	" domain text not null, body text not null, etag text not null, fingerprint text not null,"
	" gone integer not null, seq integer not null) strict;"
	"create index host_seq on host (seq);"
	"create table cert (fingerprint text primary key, tenant integer not null,"
	" seal_domain text not null, purpose text not null, key_type text not null,"
	" chain text not null, der blob not null, sealed_key blob not null, gone integer not null,"
	" seq integer not null) strict;"
	"create index cert_seq on cert (seq);"
	"create table chain (fingerprint text primary key, der blob not null) strict;"
	"pragma user_version = 1;",

	"alter table meta add column zone_seq integer not null default 0;"
	"create table record (name text not null, type integer not null, ttl integer not null,"
	" domain text not null, data blob not null, gone integer not null, seq integer not null,"
	" primary key (name, type)) strict;"
	"create index record_seq on record (seq);"
	"create index record_domain on record (domain);"
	"pragma user_version = 2;",

	"create table challenge (host text primary key, token text not null, answer text not null,"
	" gone integer not null, seq integer not null) strict;"
	"create index challenge_seq on challenge (seq);"
	"pragma user_version = 3;",

	"alter table host add column publication integer"
	" not null default 0;"
	"pragma user_version = 4;",
};

struct edgedb {
	struct conn conn;
	char *path;
	bool reader;
	bool broken; /* reopen before the next use */
	bool alone;  /* as in conn.h: the usual way is tried again at each use */
	int64_t seq; /* of the open transaction */
};

static enum err version_check(struct conn *c, struct diag *diag)
{
	int64_t version = 0;
	enum err e = conn_number(c, "pragma user_version", &version);

	if (e != OK)
		return diag_set(diag, e, 0, "edge.db cannot be read");
	if (version > VERSION)
		return diag_set(diag, ERR_CONFLICT, 0, "edge.db was made by a newer program");
	return version == VERSION ? OK
	                          : diag_set(diag, ERR_NOTFOUND, 0, "edge.db is not prepared yet");
}

static enum err open_spec(const struct conn_spec *spec, struct conn *out, struct diag *diag)
{
	int flags = spec->flags;
	struct conn c;
	enum err e = conn_open(&c, spec, diag);

	if (e != OK)
		return e;
	if ((flags & SQLITE_OPEN_READWRITE) != 0 && conn_make_wal(&c) != OK)
		e = diag_set(diag, ERR_IO, 0, "edge.db cannot be opened for writing");
	if (e == OK)
		e = version_check(&c, diag);
	if (e != OK && (e != ERR_NOTFOUND || (flags & SQLITE_OPEN_CREATE) == 0)) {
		conn_close(&c);
		return e;
	}
	*out = c;
	return e;
}

static enum err open_conn(const char *path, int flags, int busy_ms, struct conn *out,
                          struct diag *diag)
{
	struct conn_spec spec = { .path = path,
		                  .flags = flags,
		                  .busy_ms = busy_ms,
		                  .table = statements,
		                  .count = EDGE_SQL_COUNT };

	return open_spec(&spec, out, diag);
}

/*
 * Where the file beside the log (-shm) is gone and cannot be made, on a full or read-only disk, the
 * usual way fails; no writer gets further there, so that reading needs no locks.
 */
static enum err open_read_only(const char *path, struct conn *out, bool *alone_out,
                               struct diag *diag)
{
	struct conn_spec spec = {
		path, SQLITE_OPEN_READONLY, 0, statements, EDGE_SQL_COUNT, false
	};
	enum err e = open_spec(&spec, out, diag);

	*alone_out = false;
	if (e == OK || e == ERR_UNAVAILABLE || e == ERR_CONFLICT)
		return e;
	spec.alone = true;
	if (open_spec(&spec, out, NULL) != OK)
		return e;
	*alone_out = true;
	return OK;
}

static enum err step(struct conn *c, int64_t from)
{
	enum err e = conn_exec(c, "begin immediate");

	if (e == OK)
		e = conn_exec(c, steps[from]);
	if (e == OK)
		e = conn_exec(c, "commit");
	if (e != OK)
		conn_rollback(c);
	return e;
}

static enum err migrate(struct conn *c)
{
	int64_t version = 0;
	enum err e = conn_number(c, "pragma user_version", &version);

	for (; e == OK && version < VERSION; version++)
		e = step(c, version);
	return e;
}

enum err edgedb_prepare(const char *path, struct diag *diag)
{
	struct conn c;
	enum err e = open_conn(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, BUSY_MS, &c, diag);

	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (e == ERR_NOTFOUND)
		e = migrate(&c);
	if (e == OK)
		/* A log that grew while nobody checkpointed is folded in before edges read. */
		e = conn_exec(&c, "pragma wal_checkpoint(passive)");
	conn_close(&c);
	return e == OK ? OK : diag_set(diag, e, 0, "edge.db cannot be made");
}

static enum err open_as(const char *path, bool reader, struct edgedb **out, struct diag *diag)
{
	struct conn c;
	bool alone = false;
	enum err e = reader ? open_read_only(path, &c, &alone, diag)
	                    : open_conn(path, SQLITE_OPEN_READWRITE, BUSY_MS, &c, diag);

	if (e != OK)
		return e;
	struct edgedb *d = mem_alloc(sizeof(*d));
	d->alone = alone;
	d->conn = c;
	d->path = mem_strdup(path);
	d->reader = reader;
	*out = d;
	return OK;
}

enum err edgedb_open_writer(const char *path, struct edgedb **out, struct diag *diag)
{
	return open_as(path, false, out, diag);
}

enum err edgedb_open_reader(const char *path, struct edgedb **out, struct diag *diag)
{
	return open_as(path, true, out, diag);
}

void edgedb_close(struct edgedb *e)
{
	if (e == NULL)
		return;
	conn_close(&e->conn);
	mem_free(e->path);
	mem_free(e);
}

const char *edgedb_why(struct edgedb *e)
{
	return sqlite3_errmsg(e->conn.handle);
}

/* A reader whose connection failed gets a new one; a writer keeps its own. */
static enum err ready(struct edgedb *d)
{
	struct conn c;
	bool alone = false;

	if (!d->broken && !d->alone)
		return OK;
	enum err e = open_read_only(d->path, &c, &alone, NULL);
	if (e != OK)
		return e == ERR_UNAVAILABLE ? e : ERR_IO;
	conn_close(&d->conn);
	d->conn = c;
	d->alone = alone;
	d->broken = false;
	return OK;
}

static enum err done(struct edgedb *d, enum err e)
{
	d->broken = d->reader && e == ERR_IO;
	return e;
}

static enum err read_seq(struct edgedb *d, int64_t *out)
{
	struct query q = query_start(&d->conn, EDGE_SEQ);

	if (query_row(&q))
		*out = query_get_int(&q, 0);
	return query_end(&q);
}

enum err edgedb_seq(struct edgedb *d, int64_t *out)
{
	enum err e = ready(d);

	return done(d, e == OK ? read_seq(d, out) : e);
}

enum err edgedb_raise(struct edgedb *d, int64_t seq)
{
	struct query q = query_start(&d->conn, EDGE_SEQ_RAISE);

	query_int(&q, 1, seq);
	return query_run(&q);
}

enum err edgedb_begin(struct edgedb *d, int64_t *seq_out)
{
	enum err e = conn_exec(&d->conn, "begin immediate");

	if (e != OK)
		return e;
	struct query q = query_start(&d->conn, EDGE_SEQ_NEXT);
	if (query_row(&q))
		d->seq = query_get_int(&q, 0);
	e = query_run(&q);
	if (e == OK)
		*seq_out = d->seq;
	else
		conn_rollback(&d->conn);
	return e;
}

enum err edgedb_end(struct edgedb *d, enum err so_far)
{
	enum err e = so_far == OK ? conn_exec(&d->conn, "commit") : so_far;

	if (e != OK)
		conn_rollback(&d->conn);
	return e;
}

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
	struct query q = query_start(&d->conn, EDGE_HOST_CHANGES);

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
	enum err e = ready(d);

	return done(d, e == OK ? read_zone_seq(d, out) : e);
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
	enum err e = ready(d);

	if (e == OK)
		e = conn_exec(&d->conn, "begin");
	if (e != OK)
		return done(d, e);
	e = read_seq(d, &seq);
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
	return done(d, e);
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
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	if (!found)
		return ERR_NOTFOUND;
	*out = h;
	return OK;
}

enum err edgedb_host(struct edgedb *d, struct slice name, struct arena *a, struct edge_host *out)
{
	enum err e = ready(d);

	return done(d, e == OK ? read_host(d, name, a, out) : e);
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
	enum err e = query_end(&q);
	if (e == OK && !found)
		e = ERR_NOTFOUND;
	while (e == OK && c.chain_count < EDGE_CHAIN_MAX && slice_next(&chain, ' ', &digest))
		e = read_link(d, digest, a, &c.chain[c.chain_count++]);
	if (e == OK)
		*out = c;
	return e;
}

enum err edgedb_cert(struct edgedb *d, struct slice fingerprint, struct arena *a,
                     struct edge_cert *out)
{
	enum err e = ready(d);

	return done(d, e == OK ? read_cert(d, fingerprint, a, out) : e);
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
	enum err e = ready(d);

	return done(d, e == OK ? read_records(d, domain, a, out, count_out) : e);
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
	enum err e = ready(d);

	return done(d, e == OK ? read_challenge(d, host, a, out) : e);
}

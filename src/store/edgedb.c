#include "store/edgedb.h"

#include <assert.h>

#include "store/edgedb_internal.h"

#define VERSION 4
#define BUSY_MS 5000

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
	ROW(EDGE_HOST_ALL, "select " HOST_COLUMNS " from host where gone = 0"),
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

enum err edgedb_ready(struct edgedb *d)
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

enum err edgedb_done(struct edgedb *d, enum err e)
{
	d->broken = d->reader && e == ERR_IO;
	return e;
}

enum err edgedb_read_seq(struct edgedb *d, int64_t *out)
{
	struct query q = query_start(&d->conn, EDGE_SEQ);

	if (query_row(&q))
		*out = query_get_int(&q, 0);
	return query_end(&q);
}

enum err edgedb_seq(struct edgedb *d, int64_t *out)
{
	enum err e = edgedb_ready(d);

	return edgedb_done(d, e == OK ? edgedb_read_seq(d, out) : e);
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

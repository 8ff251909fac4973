/*
 * One SQLite connection with a table of statements: what db.c and edgedb.c are made of.
 * Internal to store.
 *
 * A statement is compiled at its first use and kept.  Parameters are written $1, $2 ... as
 * PostgreSQL wants them and bound by name, whatever their order in the text.
 *
 *   struct query q = query_start(c, SQL_DOMAIN_BY_NAME);
 *   query_int(&q, 1, tenant);
 *   query_text(&q, 2, name);
 *   while (query_row(&q))
 *           use(query_get_int(&q, 0));
 *   return query_end(&q);
 *
 * Binding and stepping remember the first failure; query_end tells it.  A statement cannot be
 * started again before its query_end.
 */
#ifndef STORE_CONN_H
#define STORE_CONN_H

#include <sqlite3.h>

#include "base/mem.h"
#include "base/slice.h"

#define CONN_PARAMS_MAX 32

struct statement {
	const char *name, *text;
};

/* A compiled statement; place[n] is where SQLite counts $n. */
struct compiled {
	sqlite3_stmt *st;
	unsigned char place[CONN_PARAMS_MAX + 1];
};

struct conn {
	sqlite3 *handle;
	const struct statement *table;
	struct compiled *cache;
	size_t count; /* of table and cache */
};

struct query {
	struct conn *conn;
	sqlite3_stmt *st;
	const unsigned char *place;
	enum err status;
	bool done;
};

/* What a caller of conn_open wants; flags are those of sqlite3_open_v2. */
struct conn_spec {
	const char *path;
	int flags, busy_ms;
	const struct statement *table;
	size_t count;
	/*
	 * No lock is taken and no file beside the log is needed: for reading where nothing may be
	 * made, and only while nobody writes.
	 */
	bool alone;
};

/* Opens without touching the file's content.  ERR_NOTFOUND, ERR_IO. */
enum err conn_open(struct conn *c, const struct conn_spec *spec, struct diag *diag) MUST_USE;
void conn_close(struct conn *c);
/* WAL mode, kept on disk when the last connection closes; synchronous FULL; foreign keys. */
enum err conn_make_wal(struct conn *c) MUST_USE;
/* Runs text that gives no rows; several statements are allowed. */
enum err conn_exec(struct conn *c, const char *text) MUST_USE;
/* Undoes an open transaction, if there is one. */
void conn_rollback(struct conn *c);
/* The first column of the first row of text, which has no parameters.  ERR_NOTFOUND: no row. */
enum err conn_number(struct conn *c, const char *text, int64_t *out) MUST_USE;
/* SQLite's result code as one of ours. */
enum err conn_err(int rc);

struct query query_start(struct conn *c, int statement);
void query_int(struct query *q, int n, int64_t v);
void query_text(struct query *q, int n, struct slice v); /* bytes must live until query_end */
void query_str(struct query *q, int n, const char *v);   /* NULL is bound as "" */
void query_blob(struct query *q, int n, struct slice v);
/* True: a row stands ready.  False: no more rows, or a failure. */
bool query_row(struct query *q);
int64_t query_get_int(struct query *q, int column);
/* Bytes of text or blob; valid until the next row or end. */
struct slice query_get(struct query *q, int column);
/* Copies of them that live in a. */
struct slice query_copy(struct query *q, int column, struct arena *a);
const char *query_copy_str(struct query *q, int column, struct arena *a);
/* Frees the statement for its next use and tells the first failure. */
enum err query_end(struct query *q) MUST_USE;
/* query_end of what looked for one row: ERR_NOTFOUND when all went well and there was none. */
enum err query_end_found(struct query *q, bool found) MUST_USE;
/* Steps to the end, then query_end.  ERR_CONFLICT: a constraint said no. */
enum err query_run(struct query *q) MUST_USE;
/* The same; ERR_NOTFOUND when no row was changed. */
enum err query_run_one(struct query *q) MUST_USE;

#endif

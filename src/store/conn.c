#include "store/conn.h"

#include <stdio.h>

enum err conn_err(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_UNAVAILABLE;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	default:
		return ERR_IO;
	}
}

static int be_alone(sqlite3 *handle)
{
	int rc = sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);

	return rc == SQLITE_OK
	               ? sqlite3_exec(handle, "pragma locking_mode = exclusive", NULL, NULL, NULL)
	               : rc;
}

enum err conn_open(struct conn *c, const struct conn_spec *spec, struct diag *diag)
{
	sqlite3 *handle = NULL;
	int rc = sqlite3_open_v2(spec->path, &handle, spec->flags | SQLITE_OPEN_NOMUTEX,
	                         spec->alone ? "unix-none" : NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(handle, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(handle, spec->busy_ms);
	if (rc == SQLITE_OK && spec->alone)
		rc = be_alone(handle);
	if (rc != SQLITE_OK) {
		/* Closing a handle that never opened has nothing to report. */
		(void)sqlite3_close(handle);
		if ((rc & 0xff) == SQLITE_CANTOPEN)
			return diag_set(diag, ERR_NOTFOUND, 0, "the database cannot be opened");
		return diag_set(diag, ERR_IO, 0, "the database cannot be opened");
	}
	*c = (struct conn){ .handle = handle, .table = spec->table, .count = spec->count };
	c->cache = mem_calloc(spec->count, sizeof(*c->cache));
	return OK;
}

void conn_close(struct conn *c)
{
	for (size_t i = 0; i < c->count; i++)
		/* It repeats the statement's last failure, which was told when it happened. */
		(void)sqlite3_finalize(c->cache[i].st);
	mem_free(c->cache);
	(void)sqlite3_close(c->handle); /* refuses only while statements live; none does */
	*c = (struct conn){ 0 };
}

enum err conn_exec(struct conn *c, const char *text)
{
	return conn_err(sqlite3_exec(c->handle, text, NULL, NULL, NULL));
}

void conn_rollback(struct conn *c)
{
	/* Called because something failed, and that is told; SQLite rolls back by itself else. */
	if (sqlite3_get_autocommit(c->handle) == 0)
		(void)sqlite3_exec(c->handle, "rollback", NULL, NULL, NULL);
}

enum err conn_number(struct conn *c, const char *text, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->handle, text, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st); /* repeats rc */
	return rc == SQLITE_DONE ? ERR_NOTFOUND : conn_err(rc);
}

static int first_is_wal(void *seen, int columns, char **values, char **names)
{
	(void)names;
	*(bool *)seen = columns == 1 && values[0] != NULL && strcmp(values[0], "wal") == 0;
	return 0;
}

enum err conn_make_wal(struct conn *c)
{
	int on = 1;
	bool wal = false;
	int rc = sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->handle, "pragma journal_mode = wal", first_is_wal, &wal, NULL);
	if (rc == SQLITE_OK && !wal)
		return ERR_IO;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->handle,
		                  "pragma synchronous = full; pragma foreign_keys = on;"
		                  "pragma journal_size_limit = 67108864; pragma cache_size = "
		                  "-32768; pragma wal_autocheckpoint = 8192",
		                  NULL, NULL, NULL);
	return conn_err(rc);
}

static void query_note(struct query *q, int rc)
{
	if (q->status == OK)
		q->status = conn_err(rc);
}

/* $n counts by its number, SQLite by first appearance: ask for the names once. */
static void find_places(struct compiled *c)
{
	char name[16];

	for (int n = 1; n <= CONN_PARAMS_MAX; n++) {
		(void)snprintf(name, sizeof(name), "$%d", n); /* always fits */
		c->place[n] = (unsigned char)sqlite3_bind_parameter_index(c->st, name);
	}
}

struct query query_start(struct conn *c, int statement)
{
	struct query q = { .conn = c };
	struct compiled *slot = &c->cache[statement];

	if (slot->st == NULL) {
		query_note(&q, sqlite3_prepare_v3(c->handle, c->table[statement].text, -1,
		                                  SQLITE_PREPARE_PERSISTENT, &slot->st, NULL));
		if (slot->st != NULL)
			find_places(slot);
	}
	q.st = slot->st;
	q.place = slot->place;
	return q;
}

void query_int(struct query *q, int n, int64_t v)
{
	if (q->st != NULL)
		query_note(q, sqlite3_bind_int64(q->st, q->place[n], v));
}

void query_text(struct query *q, int n, struct slice v)
{
	if (q->st != NULL)
		query_note(q, sqlite3_bind_text64(q->st, q->place[n], v.p == NULL ? "" : v.p, v.len,
		                                  SQLITE_STATIC, SQLITE_UTF8));
}

void query_str(struct query *q, int n, const char *v)
{
	query_text(q, n, slice_str(v));
}

void query_blob(struct query *q, int n, struct slice v)
{
	if (q->st != NULL)
		query_note(q, sqlite3_bind_blob64(q->st, q->place[n], v.p == NULL ? "" : v.p, v.len,
		                                  SQLITE_STATIC));
}

bool query_row(struct query *q)
{
	if (q->st == NULL || q->done || q->status != OK)
		return false;

	int rc = sqlite3_step(q->st);
	if (rc == SQLITE_ROW)
		return true;
	q->done = true;
	query_note(q, rc);
	return false;
}

int64_t query_get_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->st, column);
}

struct slice query_get(struct query *q, int column)
{
	const void *p = sqlite3_column_blob(q->st, column);

	return slice_of(p == NULL ? "" : p, (size_t)sqlite3_column_bytes(q->st, column));
}

struct slice query_copy(struct query *q, int column, struct arena *a)
{
	return arena_copy(a, query_get(q, column));
}

const char *query_copy_str(struct query *q, int column, struct arena *a)
{
	return arena_str(a, query_get(q, column));
}

enum err query_end(struct query *q)
{
	if (q->st != NULL) {
		(void)sqlite3_reset(q->st); /* repeats what the step said */
		(void)sqlite3_clear_bindings(q->st);
	}
	return q->status;
}

enum err query_end_found(struct query *q, bool found)
{
	enum err e = query_end(q);

	return e == OK && !found ? ERR_NOTFOUND : e;
}

enum err query_run(struct query *q)
{
	while (query_row(q))
		; /* a writing statement may give rows by RETURNING; nobody asked for them */
	return query_end(q);
}

enum err query_run_one(struct query *q)
{
	enum err e = query_run(q);

	if (e == OK && sqlite3_changes64(q->conn->handle) == 0)
		return ERR_NOTFOUND;
	return e;
}

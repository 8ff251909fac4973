#include "store/db.h"

#include <assert.h>

#include <sodium.h>

#include "base/enc.h"
#include "store/db_internal.h"
#include "store/migrate.h"

#define BUSY_MS 5000

static enum err version_check(struct conn *c, enum db_mode mode, struct diag *diag)
{
	int version = 0;

	if (mode == DB_MIGRATE) {
		enum err e = migrate_run(c, migrate_newest());
		if (e == ERR_CONFLICT)
			return diag_set(diag, e, 0, "the database was made by a newer program");
		return e == OK ? OK : diag_set(diag, e, 0, "the database cannot be migrated");
	}
	enum err e = migrate_version(c, &version);
	if (e != OK)
		return diag_set(diag, e, 0, "the database cannot be read");
	if (version > migrate_newest())
		return diag_set(diag, ERR_CONFLICT, 0, "the database was made by a newer program");
	if (version < migrate_newest())
		return diag_set(diag, ERR_CONFLICT, 0, "the database is not migrated yet");
	return OK;
}

enum err db_open(const char *path, enum db_mode mode, struct db **out, struct diag *diag)
{
	static const int flags[] = {
		[DB_MIGRATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		[DB_WRITE] = SQLITE_OPEN_READWRITE,
		[DB_READ] = SQLITE_OPEN_READONLY,
	};
	struct conn_spec spec = { .path = path,
		                  .flags = flags[mode],
		                  .busy_ms = BUSY_MS,
		                  .table = sql_table,
		                  .count = SQL_COUNT };
	struct conn conn;
	enum err e = conn_open(&conn, &spec, diag);

	if (e != OK)
		return e;
	if (mode != DB_READ) {
		e = conn_make_wal(&conn);
		if (e != OK)
			e = diag_set(diag, e, 0, "the database cannot be opened for writing");
	}
	if (e == OK)
		e = version_check(&conn, mode, diag);
	if (e != OK) {
		conn_close(&conn);
		return e;
	}
	struct db *db = mem_alloc(sizeof(*db));
	db->conn = conn;
	db->known = known_new();
	*out = db;
	return OK;
}

enum err db_temp_in_memory(struct db *db)
{
	return conn_exec(&db->conn, "pragma temp_store = memory");
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	conn_close(&db->conn);
	known_free(db->known);
	mem_free(db);
}

int db_version_newest(void)
{
	return migrate_newest();
}

enum err db_version(struct db *db, int *out)
{
	return migrate_version(&db->conn, out);
}

const char *db_why(struct db *db)
{
	return sqlite3_errmsg(db->conn.handle);
}

/* Whether commits wait for the disk; between transactions only. */
static enum err set_light(struct db *db, bool light)
{
	enum err e = OK;

	if (db->light != light)
		e = conn_exec(&db->conn,
		              light ? "pragma synchronous = normal" : "pragma synchronous = full");
	if (e == OK)
		db->light = light;
	return e;
}

static enum err begin(struct db *db, const char *how, bool light)
{
	if (db->depth > 0) {
		db->depth++;
		return OK;
	}
	enum err e = set_light(db, light);
	if (e == OK)
		e = conn_exec(&db->conn, how);
	if (e == OK) {
		db->depth = 1;
		db->doomed = OK;
	} else {
		(void)set_light(db, false); /* the next transaction sees to it otherwise */
	}
	return e;
}

/* False: SQLite does not tell. */
static bool data_version(struct db *db, unsigned *out)
{
	return sqlite3_file_control(db->conn.handle, "main", SQLITE_FCNTL_DATA_VERSION, out) ==
	       SQLITE_OK;
}

/* From here to the end of the transaction nobody else writes. */
static void compare_version(struct db *db)
{
	unsigned version = 0;

	if (!data_version(db, &version))
		known_forget(db->known);
	known_version(db->known, version);
}

/* SQLite counts this connection's commits as well. */
static void note_own_commit(struct db *db)
{
	unsigned version = 0;

	if (data_version(db, &version))
		known_own_version(db->known, version);
}

static enum err begin_write(struct db *db, bool light)
{
	enum err e = begin(db, "begin immediate", light);

	if (e == OK && db->depth == 1) {
		db->writes = true;
		compare_version(db);
	}
	return e;
}

enum err db_begin(struct db *db)
{
	return begin_write(db, false);
}

enum err db_begin_light(struct db *db)
{
	return begin_write(db, true);
}

enum err db_begin_read(struct db *db)
{
	return begin(db, "begin", false);
}

static void roll_back(struct db *db)
{
	conn_rollback(&db->conn);
	known_forget(db->known);
}

enum err db_end(struct db *db, enum err so_far)
{
	assert(db->depth > 0);
	if (so_far != OK && db->doomed == OK)
		db->doomed = so_far;
	if (--db->depth > 0)
		return so_far;

	enum err e = db->doomed != OK ? db->doomed : conn_exec(&db->conn, "commit");
	if (e != OK)
		roll_back(db);
	else if (db->writes)
		note_own_commit(db);
	db->writes = false;
	/* What follows without a transaction of its own is durable as well. */
	enum err back = set_light(db, false);
	return e == OK ? back : e;
}

void db_undo(struct db *db)
{
	assert(db->depth == 1);
	db->depth = 0;
	db->writes = false;
	roll_back(db);
	(void)set_light(db, false); /* the next transaction sees to it otherwise */
}

/* Seconds in front so that rows of one time lie together; then chance, then counting on. */
int64_t db_new_id(struct db *db, int64_t now)
{
	int64_t second = (now & 0x7fffffff) << 30;

	if (db->last_id >= second)
		return ++db->last_id;
	db->last_id = second | (int64_t)(randombytes_random() >> 2);
	return db->last_id;
}

int64_t db_short_digest(struct slice s)
{
	unsigned char digest[SHA256_SIZE];
	uint64_t n = 0;

	enc_sha256(s, digest);
	for (size_t i = 0; i < sizeof(n); i++)
		n = n << 8 | digest[i];
	return (int64_t)n;
}

struct query db_query(struct db *db, enum sql statement)
{
	return query_start(&db->conn, (int)statement);
}

size_t db_limit(size_t limit)
{
	return limit < DB_LIST_MAX ? limit : DB_LIST_MAX;
}

/* Bytes of the character at the start of s; 0: none that may be stored. */
static size_t character_len(struct slice s)
{
	for (size_t n = 1; n <= 4 && n <= s.len; n++)
		if (slice_is_utf8(slice_head(s, n)))
			return s.p[0] == '\0' ? 0 : n;
	return 0;
}

struct slice db_clean(struct slice s, size_t max, struct arena *a)
{
	struct slice in = slice_head(s, max);
	size_t used = 0;

	if (in.len == s.len && slice_is_utf8(s) && slice_find(s, '\0') == SIZE_MAX)
		return s;
	char *out = arena_alloc(a, in.len + 1);
	while (in.len > 0) {
		size_t n = character_len(in);

		/* The last few bytes may be a character that the cut went through. */
		if (n == 0 && in.len < 4 && s.len > max && (unsigned char)in.p[0] >= 0xc0)
			break;
		if (n == 0)
			out[used++] = '?';
		else
			memcpy(out + used, in.p, n);
		used += n;
		in = slice_skip(in, n == 0 ? 1 : n);
	}
	return slice_of(out, used);
}

struct slice db_clean_lower(struct slice s, size_t max, struct arena *a)
{
	return arena_lower(a, db_clean(slice_trim(s), max, a));
}

enum err db_word(struct slice s, const char *const *words, size_t count, size_t *out)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(s, slice_str(words[i]))) {
			*out = i;
			return OK;
		}
	return ERR_SYNTAX;
}

void *rows_add(struct rows *r, struct arena *a)
{
	if (r->count == r->room) {
		size_t room = r->room == 0 ? 16 : r->room * 2;
		void *items = arena_calloc(a, room, r->size);

		if (r->count > 0)
			memcpy(items, r->items, r->count * r->size);
		r->items = items;
		r->room = room;
	}
	return (char *)r->items + r->size * r->count++;
}

#include "store/db.h"

#include <sqlite3.h>

#include "unit/store/fixture.h"

/* A raw connection beside the one under test. */
static sqlite3 *raw_open(const char *path)
{
	sqlite3 *raw = NULL;

	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	return raw;
}

TEST(opening)
{
	struct fixture f;
	struct db *db = NULL;
	struct diag d = { 0 };

	fixture_open(&f);
	char missing[160];
	(void)snprintf(missing, sizeof(missing), "%s/none.db", f.dir);
	EXPECT(db_open(missing, DB_WRITE, &db, &d) == ERR_NOTFOUND, "a missing file is not made");
	EXPECT(db_open(missing, DB_READ, &db, &d) == ERR_NOTFOUND, "nor read");
	EXPECT(db == NULL, "the output is untouched on failure");

	EXPECT(db_open(f.path, DB_READ, &db, &d) == OK, "a reader opens beside the writer");
	EXPECT(conn_exec(&db->conn, "insert into setting values ('x', x'00')") != OK,
	       "a reader does not write");
	db_close(db);

	EXPECT(conn_exec(&f.db->conn, "pragma user_version = 1000") == OK,
	       "a newer program's file");
	EXPECT(db_open(f.path, DB_WRITE, &db, &d) == ERR_CONFLICT, "newer is refused for writing");
	EXPECT(db_open(f.path, DB_MIGRATE, &db, &d) == ERR_CONFLICT, "newer is not migrated");
	EXPECT(conn_exec(&f.db->conn, "pragma user_version = 1") == OK, "an older program's file");
	EXPECT(db_open(f.path, DB_WRITE, &db, &d) == ERR_CONFLICT, "older waits for its migration");
	db_close(NULL);
	fixture_close(&f);
}

TEST(pragmas)
{
	struct fixture f;

	fixture_open(&f);
	EXPECT(fixture_number(&f, "pragma synchronous") == 2, "synchronous is FULL");
	EXPECT(fixture_number(&f, "pragma foreign_keys") == 1, "foreign keys are checked");
	EXPECT(fixture_number(&f, "pragma busy_timeout") == 5000, "writers wait for each other");
	EXPECT(fixture_number(&f, "select 1 from pragma_journal_mode where journal_mode = 'wal'") ==
	               1,
	       "write-ahead log");
	EXPECT(fixture_number(&f, "select count(*) from sqlite_master where type = 'table'"
	                          " and sql not like '%strict'") == 0,
	       "every table is strict");
	fixture_close(&f);
}

static struct slice schema_of(struct db *db, struct arena *a)
{
	static const char text[] = "select group_concat(sql, ';') from"
	                           " (select sql from sqlite_master order by type, name)";
	sqlite3_stmt *st = NULL;
	struct slice out = { 0 };

	assert_int_equal(sqlite3_prepare_v2(db->conn.handle, text, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	out = arena_copy(a, slice_str((const char *)sqlite3_column_text(st, 0)));
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	return out;
}

/* A file that stands at version, with a row that must survive. */
static void make_old(const char *path, int version)
{
	struct conn_spec spec = { .path = path,
		                  .flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		                  .table = sql_table,
		                  .count = SQL_COUNT };
	struct conn c;

	assert_int_equal(conn_open(&c, &spec, NULL), OK);
	assert_int_equal(conn_make_wal(&c), OK);
	assert_int_equal(migrate_run(&c, version), OK);
	if (version >= 1)
		assert_int_equal(conn_exec(&c, "insert into tenant values (7, 'kept')"), OK);
	conn_close(&c);
}

TEST(migrations_from_each_version)
{
	struct fixture f;

	fixture_open(&f);
	struct slice fresh = schema_of(f.db, f.a);
	for (int version = 0; version <= migrate_newest(); version++) {
		char path[160], label[64];
		struct db *db = NULL;
		int now = -1;
		int64_t kept = 0;

		(void)snprintf(path, sizeof(path), "%s/from%d.db", f.dir, version);
		(void)snprintf(label, sizeof(label), "from version %d", version);
		make_old(path, version);
		EXPECT(db_open(path, DB_MIGRATE, &db, NULL) == OK, label);
		EXPECT(db_version(db, &now) == OK && now == db_version_newest(), label);
		EXPECT_SLICE(schema_of(db, f.a), fresh, label);
		if (version >= 1)
			EXPECT(conn_number(&db->conn, "select id from tenant where name = 'kept'",
			                   &kept) == OK &&
			               kept == 7,
			       label);
		db_close(db);
		EXPECT(db_open(path, DB_MIGRATE, &db, NULL) == OK,
		       "migrating twice changes nothing");
		db_close(db);
	}
	fixture_close(&f);
}

TEST(statements)
{
	struct fixture f;

	fixture_open(&f);
	for (int i = 0; i < SQL_COUNT; i++) {
		assert_non_null(sql_table[i].text);
		struct query q = db_query(f.db, (enum sql)i);
		EXPECT(q.status == OK, sql_table[i].name);
		if (q.status != OK) {
			(void)fprintf(stderr, "%s\n", db_why(f.db));
			continue;
		}
		int count = sqlite3_bind_parameter_count(q.st);
		EXPECT(count <= CONN_PARAMS_MAX, sql_table[i].name);
		for (int n = 1; n <= count; n++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "$%d", n);
			EXPECT(sqlite3_bind_parameter_index(q.st, name) > 0, sql_table[i].name);
		}
		EXPECT(query_end(&q) == OK, sql_table[i].name);
	}
	fixture_close(&f);
}

static enum err set(struct db *db, const char *name)
{
	struct query q = db_query(db, SQL_SETTING_SET);

	query_str(&q, 1, name);
	query_blob(&q, 2, S("1"));
	return query_run(&q);
}

TEST(transactions)
{
	struct fixture f;

	fixture_open(&f);
	EXPECT(db_begin(f.db) == OK && set(f.db, "a") == OK && db_end(f.db, OK) == OK, "commits");
	EXPECT(db_begin(f.db) == OK && set(f.db, "b") == OK &&
	               db_end(f.db, ERR_SYNTAX) == ERR_SYNTAX,
	       "rolls back and tells why");
	EXPECT(fixture_number(&f, "select count(*) from setting") == 1, "only the first is there");

	EXPECT(db_begin(f.db) == OK && db_begin(f.db) == OK && set(f.db, "c") == OK &&
	               db_end(f.db, OK) == OK && db_end(f.db, OK) == OK,
	       "nested ones commit with the outermost");
	EXPECT(fixture_number(&f, "select count(*) from setting") == 2, "both are there");
	EXPECT(db_begin(f.db) == OK && db_begin(f.db) == OK && set(f.db, "d") == OK &&
	               db_end(f.db, ERR_CONFLICT) == ERR_CONFLICT &&
	               db_end(f.db, OK) == ERR_CONFLICT,
	       "a failed inner one dooms the outermost");
	EXPECT(fixture_number(&f, "select count(*) from setting") == 2, "nothing of it is there");
	EXPECT(db_begin(f.db) == OK && set(f.db, "e") == OK && db_end(f.db, OK) == OK,
	       "the next one is not doomed");
	fixture_reopen(&f);
	EXPECT(fixture_number(&f, "select count(*) from setting") == 3, "and all is on disk");
	fixture_close(&f);
}

static int64_t waits(struct fixture *f)
{
	return fixture_number(f, "pragma synchronous");
}

TEST(light_transactions)
{
	static const struct {
		const char *label;
		bool outer_light, inner_light;
		enum err so_far;
		int64_t want;
	} rows[] = {
		{ "a light one does not wait for the disk", true, true, OK, 1 },
		{ "an ordinary one within it is a part of it", true, false, OK, 1 },
		{ "a light one within an ordinary one waits", false, true, OK, 2 },
		{ "also one that is rolled back", true, true, ERR_CONFLICT, 1 },
	};
	struct fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT((rows[i].outer_light ? db_begin_light : db_begin)(f.db) == OK,
		       rows[i].label);
		EXPECT((rows[i].inner_light ? db_begin_light : db_begin)(f.db) == OK,
		       rows[i].label);
		EXPECT(waits(&f) == rows[i].want, rows[i].label);
		EXPECT(db_end(f.db, rows[i].so_far) == rows[i].so_far, rows[i].label);
		EXPECT(db_end(f.db, rows[i].so_far) == rows[i].so_far, rows[i].label);
		EXPECT(waits(&f) == 2, "what follows waits for the disk again");
	}
	EXPECT(db_begin_light(f.db) == OK, "one more");
	db_undo(f.db);
	EXPECT(db_begin(f.db) == OK && waits(&f) == 2, "after an undone one as well");
	EXPECT(db_end(f.db, OK) == OK, "ended");
	fixture_close(&f);
}

TEST(busy_is_unavailable)
{
	struct fixture f;

	fixture_open(&f);
	sqlite3 *other = raw_open(f.path);
	assert_int_equal(sqlite3_exec(other, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(f.db->conn.handle, 10), SQLITE_OK);
	EXPECT(db_begin(f.db) == ERR_UNAVAILABLE, "another writer holds the lock");
	EXPECT(db_begin_light(f.db) == ERR_UNAVAILABLE, "a light transaction says so too");
	EXPECT(waits(&f) == 2, "and what follows waits for the disk again");
	EXPECT(set(f.db, "a") == ERR_UNAVAILABLE, "a single statement says so too");
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	EXPECT(set(f.db, "a") == OK, "and goes on afterwards");
	fixture_close(&f);
}

TEST(ids)
{
	struct fixture f;
	int64_t last = 0;

	fixture_open(&f);
	for (int i = 0; i < 1000; i++) {
		int64_t id = db_new_id(f.db, NOON - i * 10);
		EXPECT(id > last, "ids grow, also when the clock steps back");
		last = id;
	}
	EXPECT(db_new_id(f.db, NOON + 10000) > last, "and with time");
	fixture_close(&f);
}

TEST(cleaning)
{
	static const struct row {
		const char *label;
		struct slice in;
		size_t max;
		struct slice want;
	} rows[] = {
		{ "plain text stays", SLICE_INIT("plain"), 512, SLICE_INIT("plain") },
		{ "empty stays", SLICE_INIT(""), 512, SLICE_INIT("") },
		{ "a NUL is replaced", SLICE_INIT("a\0b"), 512, SLICE_INIT("a?b") },
		{ "letters beyond ASCII stay", SLICE_INIT("b\xc3\xbc"), 512,
		  SLICE_INIT("b\xc3\xbc") },
		{ "broken UTF-8 is replaced",
		  SLICE_INIT("b\xfc"
		             "c"),
		  512, SLICE_INIT("b?c") },
		{ "a lone continuation is replaced", SLICE_INIT("\x80"), 512, SLICE_INIT("?") },
		{ "as long as allowed", SLICE_INIT("12345"), 5, SLICE_INIT("12345") },
		{ "one more is cut", SLICE_INIT("123456"), 5, SLICE_INIT("12345") },
		{ "no character is cut in two", SLICE_INIT("123\xe2\x82\xac"), 5,
		  SLICE_INIT("123") },
		{ "a surrogate is replaced", SLICE_INIT("\xed\xa0\x80"), 512, SLICE_INIT("???") },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice got = db_clean(rows[i].in, rows[i].max, a);

		EXPECT_SLICE(got, rows[i].want, rows[i].label);
		EXPECT(slice_is_utf8(got), rows[i].label);
	}
	EXPECT_SLICE(db_clean_lower(S(" Google Inc. "), 512, a), S("google inc."),
	             "lower case without blanks around");
	arena_free(a);
}

TEST_MAIN(UNIT(opening), UNIT(pragmas), UNIT(migrations_from_each_version), UNIT(statements),
          UNIT(transactions), UNIT(light_transactions), UNIT(busy_is_unavailable), UNIT(ids),
          UNIT(cleaning))

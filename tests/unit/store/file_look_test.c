/* What is told of a database by its files: heads of the database and of its log, from both sides.
 */
#include "store/file_look.h"

#include "unit/store/fixture.h"

#define MAGIC "\x37\x7f\x06\x82"
#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void put(const char *path, struct slice bytes)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes.p, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

TEST(the_log)
{
	static const struct {
		const char *label;
		struct slice log;
		enum file_look want;
	} rows[] = {
		{ "nothing", SLICE_INIT(""), FILE_LOOK_GOOD },
		{ "big-endian sums", SLICE_INIT("\x37\x7f\x06\x83" ZEROS), FILE_LOOK_GOOD },
		{ "little-endian sums", SLICE_INIT(MAGIC ZEROS), FILE_LOOK_GOOD },
		{ "another magic", SLICE_INIT("\x37\x7f\x06\x84" ZEROS), FILE_LOOK_NO_LOG },
		{ "zeros, as after a power cut", SLICE_INIT(ZEROS), FILE_LOOK_GOOD },
		{ "shorter than a head", SLICE_INIT("garbage"), FILE_LOOK_GOOD },
		{ "31 bytes", SLICE_INIT("0123456789012345678901234567890"), FILE_LOOK_GOOD },
		{ "32 bytes", SLICE_INIT("01234567890123456789012345678901"), FILE_LOOK_NO_LOG },
	};
	struct fixture f;
	char log[160];

	fixture_open(&f);
	(void)snprintf(log, sizeof(log), "%s-wal", f.path);
	EXPECT(file_look(f.path, db_version_newest()) == FILE_LOOK_GOOD, "one that is in use");
	db_close(f.db);
	f.db = NULL;
	EXPECT(file_look(f.path, db_version_newest()) == FILE_LOOK_GOOD, "as it was closed");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put(log, rows[i].log);
		EXPECT(file_look(f.path, db_version_newest()) == rows[i].want, rows[i].label);
	}
	assert_int_equal(unlink(log), 0);
	EXPECT(file_look(f.path, db_version_newest()) == FILE_LOOK_GOOD, "no log");
	fixture_close(&f);
}

TEST(the_database)
{
	struct fixture f;
	char other[160];

	fixture_open(&f);
	db_close(f.db);
	f.db = NULL;
	(void)snprintf(other, sizeof(other), "%s/other.db", f.dir);
	EXPECT(file_look(f.path, db_version_newest()) == FILE_LOOK_GOOD, "of this version");
	EXPECT(file_look(f.path, db_version_newest() - 1) == FILE_LOOK_NEWER, "of a newer one");
	EXPECT(file_look(other, 1) == FILE_LOOK_ABSENT, "none");
	put(other, S(""));
	EXPECT(file_look(other, 1) == FILE_LOOK_GOOD, "an empty one becomes one");
	put(other, S("SQLite format 3"));
	EXPECT(file_look(other, 1) == FILE_LOOK_NO_DB, "cut off");
	EXPECT(file_look(f.dir, 1) == FILE_LOOK_CLOSED, "a folder");
	fixture_close(&f);
}

TEST_MAIN(UNIT(the_log), UNIT(the_database))

/* Copies of the databases in small turns, beside whoever writes, and what is left of them. */
#include "service/backup.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/clock.h"
#include "test.h"

#define ROWS 3000 /* of a thousand bytes each */

struct world {
	char dir[64];
	sqlite3 *db;
	struct backup *b;
	struct backup_far far;
	int64_t now;
};

static const char *path_of(const struct world *w, const char *tail)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, tail);
	return path;
}

static bool is_there(const struct world *w, const char *tail)
{
	return access(path_of(w, tail), F_OK) == 0;
}

static void run(sqlite3 *db, const char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

static sqlite3 *make(const char *path, int rows)
{
	char text[200];
	sqlite3 *db = NULL;

	(void)snprintf(text, sizeof(text),
	               "create table t (v blob); with recursive n(i) as (select 1 union all select"
	               " i + 1 from n where i < %d) insert into t select randomblob(1000) from n",
	               rows);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run(db, "pragma journal_mode = wal");
	run(db, text);
	run(db, "pragma wal_checkpoint(truncate)");
	return db;
}

static void begin(struct world *w)
{
	*w = (struct world){ .now = clock_now_s() };
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/mxseal-backup-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(mkdir(path_of(w, "edge"), 0700), 0);
	assert_int_equal(sqlite3_close(make(path_of(w, "edge/edge.db"), 1)), SQLITE_OK);
	w->db = make(path_of(w, "mxseal.db"), ROWS);
	w->b = backup_new(w->dir);
}

static void end(struct world *w)
{
	char command[100];

	backup_free(w->b);
	assert_int_equal(sqlite3_close(w->db), SQLITE_OK);
	(void)snprintf(command, sizeof(command), "rm -r %s", w->dir);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* Rows of the copy, or -1. */
static int copied_rows(const struct world *w)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int n = -1;

	if (sqlite3_open_v2(path_of(w, "backup/mxseal.db"), &db, SQLITE_OPEN_READWRITE, NULL) ==
	            SQLITE_OK &&
	    sqlite3_prepare_v2(db, "select count(*) from t", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return n;
}

TEST(turns_beside_a_writer)
{
	struct world w;
	int64_t before = -1;
	unsigned turns = 0;

	begin(&w);
	EXPECT(backup_step(w.b, w.now, 0, &w.far) == ERR_NOTFOUND, "none was begun");
	EXPECT(backup_begin(w.b, w.now, &w.far) == OK && !w.far.whole && w.far.bytes > 2000000,
	       "begun");
	EXPECT(backup_begin(w.b, w.now, &w.far) == ERR_CONFLICT, "one at a time");
	while (!w.far.whole && turns < 100) {
		run(w.db, "insert into t values (randomblob(1000)); update t set v = randomblob(9)"
		          " where rowid = (select max(rowid) / 2 from t)");
		EXPECT(backup_step(w.b, w.now, 0, &w.far) == OK, "a turn");
		EXPECT(w.far.copied > before, "each gets on");
		before = w.far.copied;
		turns++;
	}
	EXPECT(turns > 2 && w.far.whole && w.far.copied == w.far.bytes, "whole, in several turns");
	EXPECT(copied_rows(&w) == ROWS, "as it stood when it was begun");
	EXPECT(is_there(&w, "backup/edge.db"), "both of them");
	EXPECT(backup_end(w.b, true) == OK && is_there(&w, "backup/last"), "remembered");
	EXPECT(!is_there(&w, "backup/mxseal.db") && !is_there(&w, "backup/edge.db") &&
	               !is_there(&w, "backup/making"),
	       "and nothing is left");
	EXPECT(backup_begin(w.b, w.now, &w.far) == OK, "another one");
	end(&w);
}

/* As a command does that takes the copies along. */
static pid_t hold(const struct world *w)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path_of(w, "backup/making"), O_RDWR | O_CLOEXEC);
	int ready[2];
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		byte = fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
		(void)!write(ready[1], &byte, 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	(void)close(ready[0]);
	(void)close(ready[1]);
	(void)close(fd);
	return pid;
}

TEST(whoever_goes_away_leaves_nothing)
{
	struct world w;

	begin(&w);
	EXPECT(backup_begin(w.b, w.now, &w.far) == OK && backup_step(w.b, w.now, 0, &w.far) == OK &&
	               !w.far.whole,
	       "on its way");
	backup_tick(w.b, w.now + BACKUP_GONE_S);
	EXPECT(backup_step(w.b, w.now + BACKUP_GONE_S, 0, &w.far) == OK, "within the time");
	backup_tick(w.b, w.now + 2 * BACKUP_GONE_S + 1);
	EXPECT(!is_there(&w, "backup/mxseal.db") && !is_there(&w, "backup/making"), "removed");
	EXPECT(backup_step(w.b, w.now, 0, &w.far) == ERR_NOTFOUND, "given up");

	EXPECT(backup_begin(w.b, w.now, &w.far) == OK &&
	               backup_step(w.b, w.now, 60000, &w.far) == OK && w.far.whole,
	       "a whole one");
	pid_t pid = hold(&w);
	backup_tick(w.b, w.now + 1000000);
	EXPECT(copied_rows(&w) == ROWS, "as long as somebody takes it along");
	EXPECT(backup_begin(w.b, w.now + 1000000, &w.far) == ERR_CONFLICT, "no other meanwhile");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	backup_free(w.b); /* desk is another one */
	w.b = backup_new(w.dir);
	backup_tick(w.b, w.now + 1);
	EXPECT(is_there(&w, "backup/mxseal.db"), "not at once");
	backup_tick(w.b, w.now + 1000000);
	EXPECT(!is_there(&w, "backup/mxseal.db") && !is_there(&w, "backup/making"), "then it goes");
	end(&w);
}

TEST_MAIN(UNIT(turns_beside_a_writer), UNIT(whoever_goes_away_leaves_nothing))

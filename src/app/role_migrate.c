/* The databases of a state are made and migrated before anything else opens them. */
#include <errno.h>
#include <limits.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/boot.h"
#include "app/command.h"
#include "store/db.h"
#include "store/edgedb.h"
#include "store/file_look.h"

#define ROOM_MIN (1u << 20) /* bytes; less is a full disk */

/* What the operating system says of the place of a database. */
static enum store_fault fault_of_place(const char *folder)
{
	struct statvfs v;

	if (statvfs(folder, &v) == 0 && (v.f_flag & ST_RDONLY) != 0)
		return STORE_READ_ONLY;
	if (statvfs(folder, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < ROOM_MIN)
		return STORE_FULL;
	return access(folder, W_OK) != 0 ? STORE_NO_WRITE : STORE_GOOD;
}

static enum store_fault fault_of(const char *folder, enum err e)
{
	enum store_fault place = fault_of_place(folder);

	if (place != STORE_GOOD)
		return place;
	if (e == ERR_UNAVAILABLE)
		return STORE_LOCKED;
	return e == ERR_CONFLICT ? STORE_NEWER : STORE_DAMAGED;
}

static int failed(const char *path, enum store_fault f, const char *reason)
{
	const struct store_fault_words *w = store_fault_words(f);

	log_error(w->lasting ? "the database cannot be used"
	                     : "the database cannot be used; it is tried again",
	          F("path", path), F("reason", reason == NULL ? w->why : reason), F("fix", w->fix));
	return store_fault_exit(f);
}

int role_prepare(const struct boot *b)
{
	const char *path = conf_path(b->conf, "edge/edge.db");
	struct diag d = { .why = "the disk or the file said no" };

	/* What it held is in the main database, too, and desk brings it back. */
	if (file_look(path, INT_MAX) == FILE_LOOK_NO_LOG)
		log_warn("the write-ahead log of edge.db was overwritten: what was published last "
		         "is served again once the main database is open",
		         F("path", path));
	enum err e = edgedb_prepare(path, &d);

	return e == OK ? EXIT_GOOD : failed(path, fault_of(b->conf->server.state, e), d.why);
}

/* A large one takes its time; whoever waits for the dashboard meanwhile reads why. */
static bool is_older(const char *path)
{
	return file_look(path, 0) == FILE_LOOK_NEWER &&
	       file_look(path, db_version_newest() - 1) == FILE_LOOK_GOOD;
}

/* edge.db again, for what could not be done before the edges started. */
int role_migrate(const struct boot *b)
{
	const char *path = conf_path(b->conf, "mxseal.db");
	struct diag d = { .why = "the disk or the file said no" };
	struct db *db = NULL;
	int code = role_prepare(b);

	if (code != EXIT_GOOD)
		return code;
	/* SQLite would go on without it, and what senders hold would be forgotten. */
	if (file_look(path, INT_MAX) == FILE_LOOK_NO_LOG)
		return failed(path, STORE_NO_LOG, NULL);
	bool older = is_older(path);
	if (older)
		log_info("an older database is brought up to date; policies are served meanwhile",
		         F("path", path));
	enum err e = db_open(path, DB_MIGRATE, &db, &d);
	db_close(db);
	if (e == OK && older)
		log_info("the database is up to date", F("path", path));
	return e == OK ? EXIT_GOOD : failed(path, fault_of(b->conf->server.state, e), d.why);
}

/* The databases of a state are made and migrated before anything else opens them. */
#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/boot.h"
#include "app/command.h"
#include "store/db.h"
#include "store/edgedb.h"

#define ROOM_MIN (1u << 20) /* bytes; less is a full disk */

/* What the operating system says of the place of a database. */
static const char *fix_of_place(const char *folder)
{
	struct statvfs v;

	if (statvfs(folder, &v) == 0 && (v.f_flag & ST_RDONLY) != 0)
		return "the file system is mounted read-only: see why (dmesg), and mount it for "
		       "writing";
	if (statvfs(folder, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < ROOM_MIN)
		return "the disk is full: free some space";
	if (access(folder, W_OK) != 0)
		return "the service may not write into the folder: correct its owner and mode";
	return NULL;
}

static const char *fix_of(const char *folder, enum err e)
{
	const char *fix = fix_of_place(folder);

	if (fix != NULL)
		return fix;
	if (e == ERR_UNAVAILABLE)
		return "another program holds it locked: end that program";
	if (e == ERR_CONFLICT)
		return "run the newer mxseal again that has used this state";
	return "the file is damaged: stop the service and restore the last backup "
	       "(mxseal restore)";
}

static int failed(const struct boot *b, const char *path, enum err e, const struct diag *d)
{
	log_error("the database cannot be used; it is tried again", F("path", path),
	          F("reason", d->why == NULL ? "the disk or the file said no" : d->why),
	          F("fix", fix_of(b->conf->server.state, e)));
	return EXIT_UNKNOWN;
}

int role_prepare(const struct boot *b)
{
	const char *path = conf_path(b->conf, "edge/edge.db");
	struct diag d = { .why = NULL };
	enum err e = edgedb_prepare(path, &d);

	return e == OK ? EXIT_GOOD : failed(b, path, e, &d);
}

/* edge.db again, for what could not be done before the edges started. */
int role_migrate(const struct boot *b)
{
	const char *path = conf_path(b->conf, "mxseal.db");
	struct diag d = { .why = NULL };
	struct db *db = NULL;
	int code = role_prepare(b);

	if (code != EXIT_GOOD)
		return code;
	enum err e = db_open(path, DB_MIGRATE, &db, &d);
	db_close(db);
	return e == OK ? EXIT_GOOD : failed(b, path, e, &d);
}

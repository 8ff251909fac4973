/* Creates and migrates the databases of a state before anything else opens them. */
#include "app/boot.h"
#include "app/command.h"
#include "store/db.h"
#include "store/edgedb.h"

static int failed(const char *path, const struct diag *d)
{
	log_error("the database cannot be used", F("path", path),
	          F("reason", d->why == NULL ? "the disk or the file said no" : d->why));
	return EXIT_UNKNOWN;
}

int role_migrate(const struct boot *b)
{
	const char *path = conf_path(b->conf, "mxseal.db");
	struct diag d = { .why = NULL };
	struct db *db = NULL;

	if (db_open(path, DB_MIGRATE, &db, &d) != OK)
		return failed(path, &d);
	db_close(db);
	path = conf_path(b->conf, "edge/edge.db");
	return edgedb_prepare(path, &d) == OK ? EXIT_GOOD : failed(path, &d);
}

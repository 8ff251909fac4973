#include "store/copy.h"

#include <sys/stat.h>
#include <unistd.h>

#include "store/conn.h"

#define BUSY_MS 5000

static enum err copy(struct conn *from, struct conn *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to->handle, "main", from->handle, "main");

	if (b == NULL)
		return ERR_IO;
	/* All pages in one step: one read transaction, so one moment; the log lets others write. */
	int rc = sqlite3_backup_step(b, -1);
	int end = sqlite3_backup_finish(b);

	if (rc != SQLITE_DONE)
		return rc == SQLITE_OK ? ERR_IO : conn_err(rc);
	return conn_err(end);
}

enum err copy_database(const char *from, const char *to)
{
	const struct conn_spec in = { .path = from,
		                      .flags = SQLITE_OPEN_READWRITE,
		                      .busy_ms = BUSY_MS };
	const struct conn_spec out = { .path = to,
		                       .flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		                       .busy_ms = BUSY_MS };
	struct stat st;
	struct conn a, b;
	enum err e;

	if (lstat(to, &st) == 0)
		return ERR_CONFLICT;
	e = conn_open(&a, &in, NULL);
	if (e != OK)
		return e;
	e = conn_open(&b, &out, NULL);
	if (e == OK) {
		e = copy(&a, &b);
		conn_close(&b);
	}
	conn_close(&a);
	if (e != OK)
		(void)unlink(to); /* what is there is no copy */
	return e;
}

#include "store/copy.h"

#include <sys/stat.h>
#include <unistd.h>

#include "store/conn.h"

#define BUSY_MS 5000

struct copy {
	struct conn from, to;
	sqlite3_backup *backup;
	int64_t page_size;
	bool whole;
	char *path;
};

/* The moment: whoever reads first in a transaction sees the same until its end. */
static enum err begin_to_read(struct copy *c)
{
	int64_t ignored = 0;
	enum err e = conn_exec(&c->from, "begin");

	if (e == OK)
		e = conn_number(&c->from, "select count(*) from sqlite_schema", &ignored);
	return e == OK ? conn_number(&c->from, "pragma page_size", &c->page_size) : e;
}

static enum err open_both(struct copy *c, const char *from)
{
	const struct conn_spec in = { .path = from,
		                      .flags = SQLITE_OPEN_READWRITE,
		                      .busy_ms = BUSY_MS };
	const struct conn_spec out = { .path = c->path,
		                       .flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		                       .busy_ms = BUSY_MS };
	enum err e = conn_open(&c->from, &in, NULL);

	if (e == OK)
		e = conn_open(&c->to, &out, NULL);
	/* One that is not whole is thrown away: nothing is to be undone, or to be on disk soon. */
	if (e == OK)
		e = conn_exec(&c->to, "pragma journal_mode = off; pragma synchronous = off");
	return e == OK ? begin_to_read(c) : e;
}

static enum err begin(struct copy *c, const char *from)
{
	enum err e = open_both(c, from);

	if (e != OK)
		return e;
	c->backup = sqlite3_backup_init(c->to.handle, "main", c->from.handle, "main");
	return c->backup == NULL ? ERR_IO : OK;
}

enum err copy_begin(const char *from, const char *to, struct copy **out)
{
	struct copy *c;
	struct stat st;

	if (lstat(to, &st) == 0)
		return ERR_CONFLICT;
	c = mem_alloc(sizeof(*c));
	*c = (struct copy){ .path = mem_strdup(to) };
	enum err e = begin(c, from);
	if (e == OK)
		*out = c;
	else
		copy_free(c);
	return e;
}

static enum err step_err(int rc)
{
	return (rc & 0xff) == SQLITE_FULL ? ERR_LIMIT : conn_err(rc);
}

static enum err finish(struct copy *c)
{
	int rc = sqlite3_backup_finish(c->backup);

	c->backup = NULL;
	c->whole = rc == SQLITE_OK;
	return step_err(rc);
}

enum err copy_step(struct copy *c, int pages)
{
	int rc;

	if (c->whole)
		return OK;
	rc = sqlite3_backup_step(c->backup, pages);
	if (rc == SQLITE_OK)
		return ERR_AGAIN;
	return rc == SQLITE_DONE ? finish(c) : step_err(rc);
}

void copy_far(const struct copy *c, int64_t *copied_out, int64_t *whole_out)
{
	struct stat st = { 0 };
	int64_t pages;

	if (c->backup == NULL) {
		(void)stat(c->path, &st); /* it is there */
		*copied_out = *whole_out = st.st_size;
		return;
	}
	pages = sqlite3_backup_pagecount(c->backup);
	*whole_out = pages * c->page_size;
	*copied_out = (pages - sqlite3_backup_remaining(c->backup)) * c->page_size;
}

void copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	if (c->backup != NULL)
		(void)sqlite3_backup_finish(c->backup); /* it is thrown away */
	if (c->to.handle != NULL)
		conn_close(&c->to);
	if (c->from.handle != NULL)
		conn_close(&c->from);
	if (!c->whole)
		(void)unlink(c->path); /* there may be none yet */
	mem_free(c->path);
	mem_free(c);
}

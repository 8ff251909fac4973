#include "store/settings.h"

#include <unistd.h>

#include "base/buf.h"
#include "store/db_internal.h"

static enum err read_one(struct query q, const char *name, struct arena *a, struct slice *out)
{
	struct slice value = { 0 };

	query_str(&q, 1, name);
	bool found = query_row(&q);
	if (found)
		value = query_copy(&q, 0, a);
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = value;
	return e;
}

enum err settings_get(struct db *db, const char *name, struct arena *a, struct slice *out)
{
	return read_one(db_query(db, SQL_SETTING_GET), name, a, out);
}

/* https://sqlite.org/uri.html: nothing but the file itself is looked at. */
static const char *immutable(const char *path, struct arena *a)
{
	struct buf uri;
	const char *text;

	buf_init(&uri, 3 * strlen(path) + sizeof("file:?immutable=1"));
	buf_add_str(&uri, "file:");
	for (; *path != '\0'; path++)
		if (strchr("%?#", *path) != NULL)
			buf_printf(&uri, "%%%02x", (unsigned)(unsigned char)*path);
		else
			buf_add_char(&uri, *path);
	buf_add_str(&uri, "?immutable=1");
	text = arena_str(a, buf_slice(&uri));
	buf_fini(&uri);
	return text;
}

enum err settings_peek(const char *path, const char *name, struct arena *a, struct slice *out)
{
	/* SQLite would make a log where there is none. */
	bool has_log = access(arena_printf(a, "%s-wal", path), F_OK) == 0;
	const struct conn_spec spec = { .path = has_log ? path : immutable(path, a),
		                        .flags = SQLITE_OPEN_READONLY |
		                                 (has_log ? 0 : SQLITE_OPEN_URI),
		                        .table = sql_table,
		                        .count = SQL_COUNT,
		                        .alone = has_log };
	struct conn c;
	enum err e = conn_open(&c, &spec, NULL);

	if (e != OK)
		return e;
	e = read_one(query_start(&c, SQL_SETTING_GET), name, a, out);
	conn_close(&c);
	return e;
}

enum err settings_set(struct db *db, const char *name, struct slice value)
{
	if (value.len > SETTING_MAX)
		return ERR_LIMIT;

	struct query q = db_query(db, SQL_SETTING_SET);
	query_str(&q, 1, name);
	query_blob(&q, 2, value);
	return query_run(&q);
}

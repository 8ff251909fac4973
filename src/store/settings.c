#include "store/settings.h"

#include "store/db_internal.h"

enum err settings_get(struct db *db, const char *name, struct arena *a, struct slice *out)
{
	struct query q = db_query(db, SQL_SETTING_GET);
	struct slice value = { 0 };

	query_str(&q, 1, name);
	bool found = query_row(&q);
	if (found)
		value = query_copy(&q, 0, a);
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	if (!found)
		return ERR_NOTFOUND;
	*out = value;
	return OK;
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

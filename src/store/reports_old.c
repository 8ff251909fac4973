/* Reports that are not kept any more, and how the figures do without them. */
#include "base/utc.h"
#include "store/reports_part.h"

enum err reports_purge(struct db *db, int64_t before, int64_t limit, int64_t *count_out)
{
	struct query q = db_query(db, SQL_REPORT_PURGE);
	int64_t count = 0;

	query_int(&q, 1, before);
	query_int(&q, 2, limit);
	while (query_row(&q))
		count++;
	enum err e = query_end(&q);
	if (e == OK)
		*count_out = count;
	return e;
}

enum err part_is_gone(struct db *db, const struct part *p, bool *out)
{
	int64_t late = p->in->arrived - p->figure.day;
	bool gone = false;

	if (late < (int64_t)REPORTS_KEEP_MIN * UTC_DAY) {
		*out = false;
		return OK;
	}
	struct query q = db_query(db, SQL_REPORT_DAY_PURGED);
	query_int(&q, 1, p->domain);
	query_int(&q, 2, p->figure.day);
	if (query_row(&q))
		gone = query_get_int(&q, 0) != 0;
	enum err e = query_end(&q);
	if (e == OK)
		*out = gone;
	return e;
}

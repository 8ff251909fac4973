/* Fetches of a domain's policies. */
#include "base/num.h"
#include "base/utc.h"
#include "service/board.h"
#include "store/fetches.h"
#include "web/api_internal.h"

/* "DAY.PUBLICATION.STATUS.NETWORK" of the last row. */
static bool read_cursor(const struct request *q, struct fetch_cursor *out, struct response *r)
{
	struct slice text = request_query(q, "cursor", 0), day, publication, status;
	int64_t number = 0;

	*out = (struct fetch_cursor){ .network = "" };
	if (text.p == NULL)
		return true;
	if (slice_cut(text, '.', &day, &text) && num_parse_i64(day, &out->day) == OK &&
	    slice_cut(text, '.', &publication, &text) &&
	    num_parse_i64(publication, &out->publication) == OK &&
	    slice_cut(text, '.', &status, &text) && num_parse_i64(status, &number) == OK) {
		out->status = (unsigned)number;
		out->network = arena_str(q->arena, text);
		return true;
	}
	problem_say(r, ERR_SYNTAX, "cursor", "the cursor is none of ours", "take it from \"next\"");
	return false;
}

static const char *span_of(int64_t day, int64_t now)
{
	return fetch_is_month(day, now) ? "month" : "day";
}

static json_t *fetch_json(const struct fetch_row *f, int64_t now)
{
	return json_pack("{s:o, s:s, s:s, s:i, s:o, s:I, s:o, s:o}", "day", api_day(f->day), "span",
	                 span_of(f->day, now), "id", f->policy_id, "status", (int)f->status,
	                 "network", api_string(f->network), "fetches", (json_int_t)f->count,
	                 "first", api_time(f->first), "last", api_time(f->last));
}

/* Per day, or month, of the answers with status 200. */
static enum err own_json(const struct request *q, int64_t domain, int64_t today, json_t **out)
{
	struct fetch_day *days = NULL;
	size_t count = 0;
	enum err e = fetches_days(q->desk->db, domain, 0, today, q->arena, &days, &count);

	if (e != OK)
		return e;
	*out = json_array();
	for (size_t i = 0; i < count; i++)
		if (days[i].own > 0)
			(void)json_array_append_new(
			        *out, json_pack("{s:o, s:s, s:I}", "day", api_day(days[i].day),
			                        "span", span_of(days[i].day, q->now), "fetches",
			                        (json_int_t)days[i].own));
	return OK;
}

void api_domain_fetches(const struct request *q, struct response *r)
{
	int64_t today = utc_day_start(q->now);
	struct fetch_cursor after;
	struct fetch_row *rows = NULL;
	json_t *own = NULL;
	const char *next = NULL;
	struct domain d;
	size_t count = 0;

	if (!api_find_domain(q, &d, r) || !read_cursor(q, &after, r))
		return;
	enum err e = fetches_list(q->desk->db, d.id, 0, today, &after, API_PAGE, q->arena, &rows,
	                          &count);
	if (e == OK)
		e = own_json(q, d.id, today, &own);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, fetch_json(&rows[i], q->now));
	if (count == API_PAGE)
		next = arena_printf(q->arena, "%lld.%lld.%u.%s", (long long)rows[count - 1].day,
		                    (long long)rows[count - 1].publication, rows[count - 1].status,
		                    rows[count - 1].network);
	json_t *list = api_list(items, next);
	(void)json_object_set_new(list, "own", own);
	(void)json_object_set_new(list, "lost",
	                          json_integer((json_int_t)board_lost_all(q->desk->board)));
	response_json(r, list);
}

enum err api_fetches_metrics(const struct request *q, struct buf *b)
{
	struct fetch_total *totals = NULL;
	int64_t own = 0;
	size_t count = 0;
	enum err e = fetches_totals(q->desk->db, q->arena, &totals, &count);

	if (e != OK)
		return e;
	buf_add_str(b, "# HELP mxseal_policy_fetches_total Answers of policy hosts by status\n"
	               "# TYPE mxseal_policy_fetches_total counter\n");
	for (size_t i = 0; i < count; i++) {
		if (totals[i].status == FETCH_OWN)
			own = totals[i].count;
		else
			buf_printf(b, "mxseal_policy_fetches_total{status=\"%u\"} %lld\n",
			           totals[i].status, (long long)totals[i].count);
	}
	buf_printf(b,
	           "# HELP mxseal_policy_fetches_own_total Looks of this service itself among "
	           "them, with status 200\n"
	           "# TYPE mxseal_policy_fetches_own_total counter\n"
	           "mxseal_policy_fetches_own_total %lld\n"
	           "# HELP mxseal_fetches_lost_total Answers that were given and not counted, "
	           "since the start\n"
	           "# TYPE mxseal_fetches_lost_total counter\nmxseal_fetches_lost_total %llu\n",
	           (long long)own, (unsigned long long)board_lost_all(q->desk->board));
	return OK;
}

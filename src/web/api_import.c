/* Many domains at once. */
#include "service/hosting_import.h"
#include "web/api_internal.h"

/* One row of the body, member by member; what is wrong with a row as JSON is noted in b. */
struct reading {
	struct api_body *b;
	struct arena *a;
	struct import_row *row;
};

static struct slice text_of(struct reading *r, const char *key, const json_t *v)
{
	if (!json_is_string(v)) {
		api_body_fault(r->b, key, "is not a string");
		return (struct slice){ "", 0 };
	}
	return slice_trim(arena_copy(r->a, slice_of(json_string_value(v), json_string_length(v))));
}

static int64_t number_of(struct reading *r, const char *key, const json_t *v)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		api_body_fault(r->b, key, "is not a whole number from 0");
	return json_integer_value(v);
}

static void read_patterns(struct reading *r, const json_t *v)
{
	size_t count = json_array_size(v);
	struct slice *list;

	if (!json_is_array(v) || count > API_LIST_MAX) {
		api_body_fault(r->b, "mx", json_is_array(v) ? "is too long" : "is not a list");
		return;
	}
	list = arena_calloc(r->a, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		list[i] = text_of(r, "mx", json_array_get(v, i));
	r->row->mx = list;
	r->row->mx_count = count;
}

static void read_member(struct reading *r, const char *key, const json_t *v)
{
	struct import_row *row = r->row;
	const struct {
		const char *key;
		struct slice *to;
	} texts[] = { { "domain", &row->domain },
		      { "mode", &row->mode },
		      { "profile", &row->profile },
		      { "tenant", &row->tenant } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (strcmp(texts[i].key, key) == 0) {
			*texts[i].to = text_of(r, key, v);
			return;
		}
	}
	if (strcmp(key, "line") == 0) {
		row->line = number_of(r, key, v);
	} else if (strcmp(key, "max_age") == 0) {
		row->has_max_age = true;
		row->max_age = (uint64_t)number_of(r, key, v);
	} else if (strcmp(key, "mx") == 0) {
		read_patterns(r, v);
	} else {
		api_body_fault(r->b, key, "is no member of a row");
	}
}

static void read_row(struct reading *r, json_t *row)
{
	const char *key;
	json_t *value;

	if (!json_is_object(row) || json_object_get(row, "domain") == NULL)
		api_body_fault(r->b, "rows", "has a row without a domain");
	json_object_foreach(row, key, value)
	{
		read_member(r, key, value);
	}
}

static void read_rows(struct api_body *b, struct arena *a, struct import_request *out)
{
	json_t *list = api_body_objects(b, "rows");
	size_t count = json_array_size(list);
	struct import_row *rows;

	if (list == NULL)
		api_body_fault(b, "rows", "is missing");
	else if (count > IMPORT_ROWS_MAX)
		api_body_fault(b, "rows", "has more than 1000 rows");
	if (b->fault == NULL) {
		rows = arena_calloc(a, count + 1, sizeof(*rows));
		for (size_t i = 0; i < count; i++)
			read_row(&(struct reading){ b, a, &rows[i] }, json_array_get(list, i));
		out->rows = rows;
		out->count = count;
	}
	json_decref(list);
}

static json_t *problems_json(const struct import_request *in, const struct import_done *done)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->count; i++) {
		const struct refusal *why = done->results[i].why;

		if (why != NULL)
			(void)json_array_append_new(
			        list, json_pack("{s:I, s:o, s:s, s:o, s:o}", "line",
			                        (json_int_t)in->rows[i].line, "domain",
			                        json_text(in->rows[i].domain), "code", why->slug,
			                        "message", json_text(slice_str(why->detail)), "fix",
			                        json_text(slice_str(why->fix))));
	}
	return list;
}

static json_t *answer(const struct import_request *in, const struct import_done *done, bool served)
{
	return json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:b}", "schema",
	                 "mxseal.domain-import/1", "changed",
	                 (int)(done->added > 0 && !in->dry_run), "dry_run", (int)in->dry_run, "seq",
	                 (json_int_t)done->seq, "lines", (json_int_t)in->count, "added",
	                 (json_int_t)done->added, "unchanged", (json_int_t)done->unchanged,
	                 "refused", (json_int_t)done->refused, "not_checked",
	                 (json_int_t)done->unchecked, "problems", problems_json(in, done),
	                 "served_everywhere", (int)served);
}

void api_domains_import(const struct request *q, struct response *r)
{
	struct import_request in = { .count = 0 };
	struct import_done done;
	struct refusal why;
	struct api_body b;
	bool any;

	api_body_open(&b, q);
	read_rows(&b, q->arena, &in);
	in.anyway = slice_trim(api_body_text(&b, "anyway", &any));
	if (any && in.anyway.len == 0)
		api_body_fault(&b, "anyway", "needs a reason");
	in.dry_run = api_body_flag(&b, "dry_run");
	if (!api_body_close(&b, r))
		return;
	if (hosting_import(q->desk, q->actor, &in, q->now, q->arena, &done, &why) != OK) {
		problem_put(r, &why);
		return;
	}
	bool served = done.seq > 0 && api_wait_served(q, done.seq);
	response_json(r, answer(&in, &done, served));
}

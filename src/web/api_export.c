/* Stored reports as they came, for programs that keep or search them elsewhere. */
#include "base/num.h"
#include "base/utc.h"
#include "web/api_internal.h"

static json_t *text_or_null(struct slice s)
{
	return s.len == 0 ? json_null() : json_text(s);
}

/* The parts of a text, as the store keeps lists in one column. */
static json_t *parts_json(struct slice text, char between)
{
	json_t *out = json_array();
	struct slice part;

	while (slice_next(&text, between, &part))
		if (part.len > 0)
			(void)json_array_append_new(out, json_text(part));
	return out;
}

static json_t *failures_json(const struct report_policy_row *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->failure_count; i++) {
		const struct report_failure_row *f = &p->failures[i];

		(void)json_array_append_new(
		        out, json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "result_type",
		                       json_text(f->result_type), "sending_mta_ip",
		                       text_or_null(f->sending_mta_ip), "receiving_mx_hostname",
		                       text_or_null(f->receiving_mx), "receiving_mx_helo",
		                       text_or_null(f->receiving_helo), "receiving_ip",
		                       text_or_null(f->receiving_ip), "failed_sessions",
		                       (json_int_t)f->sessions, "additional_information",
		                       text_or_null(f->additional), "reason_code",
		                       text_or_null(f->reason_code)));
	}
	return out;
}

static json_t *policies_json(const struct report_row *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->policy_count; i++) {
		const struct report_policy_row *p = &r->policies[i];

		(void)json_array_append_new(
		        out, json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "type",
		                       text_or_null(p->type), "domain", text_or_null(p->domain),
		                       "strings", parts_json(p->strings, '\n'), "mx_hosts",
		                       parts_json(p->mx_hosts, '\n'), "successful",
		                       (json_int_t)p->successful, "failed", (json_int_t)p->failed,
		                       "failures", failures_json(p)));
	}
	return out;
}

static json_t *totals_json(const struct report_row *r)
{
	int64_t successful = 0, failed = 0;
	size_t rows = 0;

	for (size_t i = 0; i < r->policy_count; i++) {
		successful += r->policies[i].successful;
		failed += r->policies[i].failed;
		rows += r->policies[i].failure_count;
	}
	return json_pack("{s:I, s:I, s:I, s:I}", "policies", (json_int_t)r->policy_count,
	                 "successful", (json_int_t)successful, "failed", (json_int_t)failed,
	                 "failure_rows", (json_int_t)rows);
}

/* mxseal.report/1; what only a stored report has stands behind it. */
static json_t *report_json(const struct report_row *r)
{
	json_t *o =
	        json_pack("{s:s, s:n, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
	                  "mxseal.report/1", "file", "index", 0, "organization",
	                  text_or_null(r->organization), "report_id", text_or_null(r->report_id),
	                  "contact", text_or_null(r->contact), "start", api_time(r->start), "end",
	                  api_time(r->end), "policies", policies_json(r), "totals", totals_json(r),
	                  "notes", parts_json(r->notes, ' '));

	(void)json_object_set_new(o, "domain", api_string(r->domain_name));
	(void)json_object_set_new(o, "trust", json_string(report_trust_name(r->trust)));
	(void)json_object_set_new(o, "signer", text_or_null(r->signer));
	(void)json_object_set_new(o, "day", api_day(r->day));
	(void)json_object_set_new(o, "arrived", api_time(r->arrived));
	(void)json_object_set_new(o, "id", api_id(r->id));
	(void)json_object_set_new(o, "sha256", json_string(r->raw_sha256));
	return o;
}

/* "ARRIVED.ID" of the last row. */
static bool read_place(const struct request *q, int64_t *since, struct report_cursor *after,
                       struct response *r)
{
	struct slice text = request_query(q, "since", 0), cursor = request_query(q, "cursor", 0);
	struct slice arrived, id;
	bool zoned;

	*since = 0;
	*after = (struct report_cursor){ 0 };
	if (text.p != NULL && utc_parse(text, since, &zoned) != OK) {
		problem_say(r, ERR_SYNTAX, "since", "since is neither a day nor a time",
		            "write it as 2026-05-12 or 2026-05-12T06:00:00Z");
		return false;
	}
	if (cursor.p == NULL ||
	    (slice_cut(cursor, '.', &arrived, &id) && num_parse_i64(arrived, &after->day) == OK &&
	     num_parse_i64(id, &after->id) == OK))
		return true;
	problem_say(r, ERR_SYNTAX, "cursor", "the cursor is none of ours", "take it from \"next\"");
	return false;
}

void api_reports_export(const struct request *q, struct response *r)
{
	struct report_cursor after;
	struct report_row *rows = NULL;
	const char *next = NULL;
	size_t count = 0;
	int64_t since;

	if (!read_place(q, &since, &after, r))
		return;
	enum err e = reports_since(q->desk->db, TENANT_ONLY, since, &after, API_PAGE, q->arena,
	                           &rows, &count);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, report_json(&rows[i]));
	if (count > 0)
		next = arena_printf(q->arena, "%lld.%lld", (long long)rows[count - 1].arrived,
		                    (long long)rows[count - 1].id);
	response_json(r, api_list(items, next));
}

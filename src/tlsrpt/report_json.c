#include "tlsrpt/report_json.h"

#include "base/utc.h"
#include "tlsrpt/report_json_internal.h"

#define RANGE_LONG (8 * (int64_t)UTC_DAY)

const struct json_limits report_json_limits = {
	.text_max = REPORT_TEXT_MAX + 3, /* a byte order mark is no part of the JSON */
	.depth_max = REPORT_DEPTH_MAX,
	.values_max = REPORT_VALUES_MAX,
	.string_max = REPORT_STRING_MAX,
	.reals = true,
};

enum err reading_refuse(struct reading *r, enum fault_code code, const char *why)
{
	*r->fault = (struct report_fault){ .code = code, .why = why };
	return code == FAULT_TOO_LARGE || code == FAULT_TOO_MANY || code == FAULT_TOO_COMPLEX
	               ? ERR_LIMIT
	               : ERR_SYNTAX;
}

void reading_note(struct reading *r, enum report_note n)
{
	r->out->notes |= NOTE_BIT(n);
}

void reading_note_if(struct reading *r, bool cond, enum report_note n)
{
	if (cond)
		reading_note(r, n);
}

enum err reading_text(struct reading *r, const struct json_node *value, const char *why,
                      struct slice *out)
{
	if (is_absent(value))
		return OK;
	if (!json_node_is(value, NODE_STRING))
		return reading_refuse(r, FAULT_WRONG_TYPE, why);
	*out = arena_copy(r->arena, json_node_string(value));
	return OK;
}

enum err reading_count(struct reading *r, const struct json_node *value, const char *why,
                       uint64_t *out)
{
	double d = json_node_is(value, NODE_NUMBER) ? value->number : -1;

	if (!(d >= 0 && d <= (double)REPORT_COUNT_MAX) || (double)(uint64_t)d < d)
		return reading_refuse(r, FAULT_BAD_COUNT, why);
	*out = (uint64_t)d;
	return OK;
}

static enum err take_time(struct reading *r, const struct json_node *value, bool *has_out,
                          int64_t *out)
{
	struct slice text = { 0 };
	bool zoned = false;
	enum err e = reading_text(r, value, "a time of date-range is not a string", &text);

	if (e != OK)
		return e;
	if (text.len == 0) {
		reading_note(r, NOTE_NO_DATE_RANGE);
		return OK;
	}
	if (utc_parse(slice_trim(text), out, &zoned) != OK)
		return reading_refuse(r, FAULT_BAD_DATE,
		                      "a time of date-range is not an RFC 3339 time");
	*has_out = true;
	reading_note_if(r, !zoned, slice_trim(text).len == 10 ? NOTE_DATE_ONLY : NOTE_NO_TIME_ZONE);
	return OK;
}

static enum err take_range(struct reading *r, const struct json_node *range)
{
	struct report *out = r->out;
	enum err e;

	if (is_absent(range)) {
		reading_note(r, NOTE_NO_DATE_RANGE);
		return OK;
	}
	if (!json_node_is(range, NODE_OBJECT))
		return reading_refuse(r, FAULT_WRONG_TYPE, "date-range is not an object");
	e = take_time(r, json_node_member(range, "start-datetime"), &out->has_start, &out->start);
	if (e == OK)
		e = take_time(r, json_node_member(range, "end-datetime"), &out->has_end, &out->end);
	if (e != OK || !out->has_start || !out->has_end)
		return e;
	if (out->end < out->start)
		return reading_refuse(r, FAULT_END_BEFORE_START,
		                      "the report ends before it starts");
	reading_note_if(r, out->end - out->start > RANGE_LONG, NOTE_LONG_RANGE);
	reading_note_if(r, !report_is_utc_day(out), NOTE_ODD_RANGE);
	return OK;
}

static bool is_odd_id(struct slice id)
{
	bool control = false;

	for (size_t i = 0; i < id.len; i++)
		control = control || (unsigned char)id.p[i] < 0x20 || id.p[i] == 0x7F;
	return control || id.len > REPORT_ID_MAX;
}

static enum err take_head(struct reading *r, const struct json_node *root)
{
	struct report *out = r->out;
	enum err e = reading_text(r, json_node_member(root, "organization-name"),
	                          "organization-name is not a string", &out->organization);

	if (e == OK)
		e = reading_text(r, json_node_member(root, "report-id"),
		                 "report-id is not a string", &out->report_id);
	if (e == OK)
		e = reading_text(r, json_node_member(root, "contact-info"),
		                 "contact-info is not a string", &out->contact);
	reading_note_if(r, out->organization.len == 0, NOTE_NO_ORGANIZATION);
	reading_note_if(r, out->report_id.len == 0, NOTE_NO_REPORT_ID);
	reading_note_if(r, is_odd_id(out->report_id), NOTE_ODD_REPORT_ID);
	reading_note_if(r, out->contact.len == 0, NOTE_NO_CONTACT);
	reading_note_if(r, slice_starts_i(out->contact, S("mailto:")), NOTE_CONTACT_MAILTO);
	return e == OK ? take_range(r, json_node_member(root, "date-range")) : e;
}

static enum err not_json(struct report_fault *fault, enum err e, const struct diag *diag)
{
	*fault = (struct report_fault){ .code = e == ERR_CONFLICT ? FAULT_DUPLICATE_KEY
		                                : e == ERR_LIMIT  ? FAULT_TOO_COMPLEX
		                                                  : FAULT_NOT_JSON,
		                        .line = diag->line,
		                        .why = diag->why };
	return e == ERR_LIMIT ? ERR_LIMIT : ERR_SYNTAX;
}

enum err report_json_parse(struct slice text, struct arena *arena, struct report *out,
                           struct report_fault *fault)
{
	struct report report = { 0 };
	struct reading r = { .arena = arena, .out = &report, .fault = fault };
	struct diag diag = { 0 };
	const struct json_node *root = NULL;
	bool bom = false;
	enum err e;

	if (text.len > report_json_limits.text_max)
		return reading_refuse(&r, FAULT_TOO_LARGE, "the JSON is larger than 64 MB");
	e = json_tree_read(text, &report_json_limits, arena, &root, &bom, &diag);
	if (e != OK)
		return not_json(fault, e, &diag);
	reading_note_if(&r, bom, NOTE_BOM);
	if (!json_node_is(root, NODE_OBJECT))
		e = reading_refuse(&r, FAULT_NOT_A_REPORT, "the JSON is not an object");
	if (e == OK && json_node_member(root, "policies") == NULL)
		e = reading_refuse(&r, FAULT_NOT_A_REPORT, "there is no list of policies");
	if (e == OK)
		e = take_head(&r, root);
	if (e == OK)
		e = reading_policies(&r, json_node_member(root, "policies"));
	if (e == OK)
		*out = report;
	return e;
}

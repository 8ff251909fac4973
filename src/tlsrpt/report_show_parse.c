#include "tlsrpt/report_show.h"

#include "base/utc.h"
#include "tlsrpt/signatures.h"
#include "wire/json.h"

static const struct json_limits limits = {
	.text_max = SHOW_TEXT_MAX,
	.depth_max = REPORT_DEPTH_MAX,
	.values_max = 2 * REPORT_VALUES_MAX, /* a line names members that a report may leave out */
	.string_max = REPORT_STRING_MAX,
};

struct reading {
	struct arena *arena;
	struct show_line *line;
	size_t failures;
	enum err error; /* the first; what follows is passed over */
};

static void fail(struct reading *r, enum err e)
{
	if (r->error == OK)
		r->error = e;
}

/* A string, or null where it may be absent. */
static struct slice text(struct reading *r, const json_t *object, const char *name, bool required)
{
	const json_t *value = json_member(object, name);

	if (json_is_string(value))
		return arena_copy(r->arena, json_slice(value));
	if (required || (value != NULL && !json_is_null(value)))
		fail(r, ERR_SYNTAX);
	return S("");
}

static uint64_t count(struct reading *r, const json_t *object, const char *name)
{
	const json_t *value = json_member(object, name);
	json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;

	if (n < 0 || (uint64_t)n > REPORT_COUNT_MAX) {
		fail(r, ERR_SYNTAX);
		return 0;
	}
	return (uint64_t)n;
}

static void stamp(struct reading *r, const json_t *object, const char *name, bool *has_out,
                  int64_t *out)
{
	struct slice s = text(r, object, name, false);
	bool zoned;

	if (s.len == 0)
		return;
	if (utc_parse(s, out, &zoned) != OK)
		fail(r, ERR_SYNTAX);
	else
		*has_out = true;
}

static const json_t *array(struct reading *r, const json_t *object, const char *name)
{
	const json_t *value = json_member(object, name);

	if (!json_is_array(value))
		fail(r, ERR_SYNTAX);
	return value;
}

static struct slice *list(struct reading *r, const json_t *object, const char *name,
                          size_t *count_out)
{
	const json_t *value = array(r, object, name);
	size_t n = json_array_size(value);
	struct slice *items = arena_calloc(r->arena, n, sizeof(*items));

	for (size_t i = 0; i < n; i++) {
		if (!json_is_string(json_array_get(value, i)))
			fail(r, ERR_SYNTAX);
		items[i] = arena_copy(r->arena, json_slice(json_array_get(value, i)));
	}
	*count_out = n;
	return n == 0 ? NULL : items;
}

static struct report_failure failure(struct reading *r, const json_t *row)
{
	return (struct report_failure){
		.result_type = text(r, row, "result_type", true),
		.sending_mta_ip = text(r, row, "sending_mta_ip", false),
		.receiving_mx_hostname = text(r, row, "receiving_mx_hostname", false),
		.receiving_mx_helo = text(r, row, "receiving_mx_helo", false),
		.receiving_ip = text(r, row, "receiving_ip", false),
		.failed_sessions = count(r, row, "failed_sessions"),
		.additional_information = text(r, row, "additional_information", false),
		.reason_code = text(r, row, "reason_code", false),
	};
}

static void failures(struct reading *r, const json_t *entry, struct report_policy *p)
{
	const json_t *rows = array(r, entry, "failures");
	size_t n = json_array_size(rows);

	r->failures += n;
	if (r->failures > REPORT_FAILURES_MAX) {
		fail(r, ERR_LIMIT);
		return;
	}
	p->failures = arena_calloc(r->arena, n, sizeof(*p->failures));
	p->failure_count = n;
	for (size_t i = 0; i < n; i++)
		p->failures[i] = failure(r, json_array_get(rows, i));
}

static void policy(struct reading *r, const json_t *entry, struct report_policy *p)
{
	struct slice type = text(r, entry, "type", false);

	p->type = report_type_of(type);
	if (p->type == REPORT_TYPE_OTHER)
		p->type_text = type;
	p->domain = text(r, entry, "domain", false);
	p->strings = list(r, entry, "strings", &p->string_count);
	p->mx_hosts = list(r, entry, "mx_hosts", &p->mx_host_count);
	p->successful = count(r, entry, "successful");
	p->failed = count(r, entry, "failed");
	failures(r, entry, p);
}

static void policies(struct reading *r, const json_t *root, struct report *out)
{
	const json_t *entries = array(r, root, "policies");
	size_t n = json_array_size(entries);
	struct report_totals totals;

	if (n > REPORT_POLICIES_MAX) {
		fail(r, ERR_LIMIT);
		return;
	}
	out->policies = arena_calloc(r->arena, n, sizeof(*out->policies));
	out->policy_count = n;
	for (size_t i = 0; i < n; i++)
		policy(r, json_array_get(entries, i), &out->policies[i]);
	totals = report_totals(out); /* 10 000 times 2^53 does not overflow */
	if (totals.successful > REPORT_COUNT_MAX || totals.failed > REPORT_COUNT_MAX)
		fail(r, ERR_SYNTAX);
}

static uint64_t notes(struct reading *r, const json_t *root)
{
	const json_t *codes = array(r, root, "notes");
	uint64_t set = 0;

	for (size_t i = 0; i < json_array_size(codes); i++) {
		enum report_note n = NOTE_COUNT;

		if (note_by_code(json_slice(json_array_get(codes, i)), &n) != OK)
			fail(r, ERR_SYNTAX);
		else
			set |= NOTE_BIT(n);
	}
	return set;
}

static void read_report(struct reading *r, const json_t *root)
{
	struct report_item *item = &r->line->item;
	struct report *out = &item->report;

	r->line->kind = SHOW_REPORT;
	r->line->index = (size_t)count(r, root, "index");
	out->organization = text(r, root, "organization", false);
	out->report_id = text(r, root, "report_id", false);
	out->contact = text(r, root, "contact", false);
	stamp(r, root, "start", &out->has_start, &out->start);
	stamp(r, root, "end", &out->has_end, &out->end);
	policies(r, root, out);
	out->notes = notes(r, root);
	item->file_name = text(r, root, "attachment", false);
	item->hint = text(r, root, "domain_hint", false);
	item->inner_hint = text(r, root, "inner_hint", false);
	if (json_member(root, "forwarded") != NULL)
		item->forwarded = (unsigned)count(r, root, "forwarded");
}

static void read_error(struct reading *r, const json_t *root)
{
	struct slice code = text(r, root, "code", true);

	r->line->kind = SHOW_ERROR;
	r->line->index = (size_t)count(r, root, "index");
	r->line->message = text(r, root, "message", true);
	if (fault_by_name(code, &r->line->item.fault.code) != OK ||
	    r->line->item.fault.code == FAULT_NONE)
		fail(r, ERR_SYNTAX);
}

static void read_mail(struct reading *r, const json_t *root)
{
	struct mail_facts *m = &r->line->mail;

	r->line->kind = SHOW_MAIL;
	m->from = text(r, root, "from", false);
	m->subject = text(r, root, "subject", false);
	m->date = text(r, root, "date", false);
	m->message_id = text(r, root, "message_id", false);
	m->report_domain = text(r, root, "report_domain", false);
	m->report_submitter = text(r, root, "report_submitter", false);
	stamp(r, root, "time", &m->has_time, &m->time);
}

static void read_signatures(struct reading *r, const json_t *root)
{
	r->line->kind = SHOW_SIGNATURES;
	if (signatures_parse(root, r->arena, &r->line->signatures) != OK)
		fail(r, ERR_SYNTAX);
}

static void read_line(struct reading *r, const json_t *root)
{
	static const struct {
		struct slice schema;
		void (*read)(struct reading *r, const json_t *root);
	} kinds[] = {
		{ SLICE_INIT("mxseal.report/1"), read_report },
		{ SLICE_INIT("mxseal.error/1"), read_error },
		{ SLICE_INIT("mxseal.mail/1"), read_mail },
		{ SLICE_INIT("mxseal.signatures/1"), read_signatures },
	};
	struct slice schema = json_slice(json_member(root, "schema"));

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_eq(schema, kinds[i].schema))
			continue;
		r->line->file = text(r, root, "file", true);
		kinds[i].read(r, root);
		return;
	}
	fail(r, ERR_SYNTAX);
}

enum err report_show_parse(struct slice line, struct arena *arena, struct show_line *out,
                           struct diag *diag)
{
	struct show_line parsed = { 0 };
	struct reading r = { .arena = arena, .line = &parsed };
	json_t *root = NULL;
	enum err e = json_read(line, &limits, &root, NULL, diag);

	if (e != OK)
		return e == ERR_LIMIT ? e : ERR_SYNTAX;
	read_line(&r, root);
	json_decref(root);
	if (r.error != OK)
		return diag_set(diag, r.error, 0, "not a line of facts about reports");
	*out = parsed;
	return OK;
}

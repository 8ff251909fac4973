#include "tlsrpt/report_show.h"

#include <inttypes.h>

#include "base/utc.h"
#include "wire/json.h"

/* Every helper writes `,"name":value`; the first member of an object is written by hand. */
static void member(struct buf *out, const char *name)
{
	buf_add(out, S(",\""));
	buf_add_str(out, name);
	buf_add(out, S("\":"));
}

static void text(struct buf *out, const char *name, struct slice value)
{
	member(out, name);
	json_add_string_or_null(out, value);
}

/* Written only where it says something, so that lines of plain files stay as short as they were. */
static void text_if_any(struct buf *out, const char *name, struct slice value)
{
	if (value.len > 0)
		text(out, name, value);
}

static void count(struct buf *out, const char *name, uint64_t value)
{
	char digits[20];
	size_t n = sizeof(digits);

	member(out, name);
	do
		digits[--n] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	buf_add(out, slice_of(digits + n, sizeof(digits) - n));
}

static void stamp(struct buf *out, const char *name, bool has, int64_t t)
{
	char stamp_text[UTC_TEXT_SIZE];

	text(out, name, has ? slice_str(utc_format(t, stamp_text)) : S(""));
}

static void list(struct buf *out, const char *name, const struct slice *items, size_t n)
{
	member(out, name);
	buf_add_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		json_add_string(out, items[i]);
	}
	buf_add_char(out, ']');
}

static void head(struct buf *out, const char *schema, struct slice file)
{
	buf_printf(out, "{\"schema\":\"mxseal.%s/1\",\"file\":", schema);
	json_add_string(out, file);
}

static void failure(struct buf *out, const struct report_failure *f)
{
	buf_add_str(out, "{\"result_type\":");
	json_add_string(out, f->result_type);
	text(out, "sending_mta_ip", f->sending_mta_ip);
	text(out, "receiving_mx_hostname", f->receiving_mx_hostname);
	text(out, "receiving_mx_helo", f->receiving_mx_helo);
	text(out, "receiving_ip", f->receiving_ip);
	count(out, "failed_sessions", f->failed_sessions);
	text(out, "additional_information", f->additional_information);
	text(out, "reason_code", f->reason_code);
	buf_add_char(out, '}');
}

static void policy(struct buf *out, const struct report_policy *p)
{
	buf_add_str(out, "{\"type\":");
	json_add_string_or_null(out, report_type_text(p));
	text(out, "domain", p->domain);
	list(out, "strings", p->strings, p->string_count);
	list(out, "mx_hosts", p->mx_hosts, p->mx_host_count);
	count(out, "successful", p->successful);
	count(out, "failed", p->failed);
	buf_add_str(out, ",\"failures\":[");
	for (size_t i = 0; i < p->failure_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		failure(out, &p->failures[i]);
	}
	buf_add_str(out, "]}");
}

static void notes(struct buf *out, uint64_t set)
{
	const char *comma = "";

	buf_add_str(out, ",\"notes\":[");
	for (size_t i = 0; i < NOTE_COUNT; i++) {
		if ((set & NOTE_BIT(i)) == 0)
			continue;
		buf_printf(out, "%s\"%s\"", comma, note_code((enum report_note)i));
		comma = ",";
	}
	buf_add_char(out, ']');
}

void report_show_report(const struct report_item *item, struct slice file, size_t index,
                        struct buf *out)
{
	const struct report *r = &item->report;
	struct report_totals totals = report_totals(r);

	head(out, "report", file);
	count(out, "index", index);
	text(out, "organization", r->organization);
	text(out, "report_id", r->report_id);
	text(out, "contact", r->contact);
	stamp(out, "start", r->has_start, r->start);
	stamp(out, "end", r->has_end, r->end);
	buf_add_str(out, ",\"policies\":[");
	for (size_t i = 0; i < r->policy_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		policy(out, &r->policies[i]);
	}
	buf_printf(out, "],\"totals\":{\"policies\":%zu", totals.policies);
	count(out, "successful", totals.successful);
	count(out, "failed", totals.failed);
	count(out, "failure_rows", totals.failure_rows);
	buf_add_char(out, '}');
	notes(out, r->notes);
	text_if_any(out, "attachment", item->file_name);
	text_if_any(out, "domain_hint", item->hint);
	text_if_any(out, "inner_hint", item->inner_hint);
	if (item->forwarded > 0)
		count(out, "forwarded", item->forwarded);
	buf_add_char(out, '}');
}

void report_show_words(const struct report_fault *fault, struct buf *out)
{
	buf_add_str(out, fault_sentence(fault->code));
	if (fault->why != NULL && strcmp(fault->why, fault_sentence(fault->code)) != 0)
		buf_printf(out, ": %s", fault->why);
	if (fault->line > 0)
		buf_printf(out, " (line %u)", fault->line);
}

void report_show_error(const struct report_fault *fault, struct slice file, size_t index,
                       struct buf *out)
{
	struct buf words;

	buf_init(&words, 1024);
	report_show_words(fault, &words);
	head(out, "error", file);
	count(out, "index", index);
	text(out, "code", slice_str(fault_name(fault->code)));
	text(out, "message", buf_slice(&words));
	buf_add_char(out, '}');
	buf_fini(&words);
}

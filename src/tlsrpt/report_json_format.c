#include "tlsrpt/report_json.h"

#include <inttypes.h>

#include "base/utc.h"
#include "wire/json.h"

/* Members are separated by a comma unless the first. */
struct object {
	struct buf *out;
	bool begun;
};

static struct object object_begin(struct buf *out)
{
	buf_add_char(out, '{');
	return (struct object){ .out = out };
}

static void key(struct object *o, const char *name)
{
	buf_printf(o->out, "%s\"%s\":", o->begun ? "," : "", name);
	o->begun = true;
}

static void text(struct object *o, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	key(o, name);
	json_add_string(o->out, value);
}

static void count(struct object *o, const char *name, uint64_t value)
{
	key(o, name);
	buf_printf(o->out, "%" PRIu64, value);
}

static void list(struct object *o, const char *name, const struct slice *items, size_t n)
{
	if (n == 0)
		return;
	key(o, name);
	for (size_t i = 0; i < n; i++) {
		buf_add_char(o->out, i == 0 ? '[' : ',');
		json_add_string(o->out, items[i]);
	}
	buf_add_char(o->out, ']');
}

static void time_member(struct object *o, const char *name, bool has, int64_t t)
{
	char stamp[UTC_TEXT_SIZE];

	if (has)
		text(o, name, slice_str(utc_format(t, stamp)));
}

static void range(struct object *o, const struct report *r)
{
	if (!r->has_start && !r->has_end)
		return;
	key(o, "date-range");
	struct object inner = object_begin(o->out);
	time_member(&inner, "start-datetime", r->has_start, r->start);
	time_member(&inner, "end-datetime", r->has_end, r->end);
	buf_add_char(o->out, '}');
}

static void failure(struct buf *out, const struct report_failure *f)
{
	struct object o = object_begin(out);

	text(&o, "result-type", f->result_type);
	text(&o, "sending-mta-ip", f->sending_mta_ip);
	text(&o, "receiving-mx-hostname", f->receiving_mx_hostname);
	text(&o, "receiving-mx-helo", f->receiving_mx_helo);
	text(&o, "receiving-ip", f->receiving_ip);
	count(&o, "failed-session-count", f->failed_sessions);
	text(&o, "additional-information", f->additional_information);
	text(&o, "failure-reason-code", f->reason_code);
	buf_add_char(out, '}');
}

static void policy(struct buf *out, const struct report_policy *p)
{
	struct object o = object_begin(out);

	key(&o, "policy");
	struct object inner = object_begin(out);
	text(&inner, "policy-type", report_type_text(p));
	list(&inner, "policy-string", p->strings, p->string_count);
	text(&inner, "policy-domain", p->domain);
	list(&inner, "mx-host", p->mx_hosts, p->mx_host_count);
	buf_add_str(out, "},\"summary\":");
	inner = object_begin(out);
	count(&inner, "total-successful-session-count", p->successful);
	count(&inner, "total-failure-session-count", p->failed);
	buf_add_str(out, "},\"failure-details\":[");
	for (size_t i = 0; i < p->failure_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		failure(out, &p->failures[i]);
	}
	buf_add_str(out, "]}");
}

void report_json_format(const struct report *r, struct buf *out)
{
	struct object o = object_begin(out);

	text(&o, "organization-name", r->organization);
	range(&o, r);
	text(&o, "contact-info", r->contact);
	text(&o, "report-id", r->report_id);
	key(&o, "policies");
	buf_add_char(out, '[');
	for (size_t i = 0; i < r->policy_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		policy(out, &r->policies[i]);
	}
	buf_add_str(out, "]}");
}

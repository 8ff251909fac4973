#include "tlsrpt/report_json.h"

#include <arpa/inet.h>
#include <idn2.h>

#include "base/utc.h"
#include "wire/json_tree.h"

#define RANGE_LONG (8 * (int64_t)UTC_DAY)
#define DOMAIN_MAX 253u
#define INNER_DEPTH 2u     /* a list inside a policy-string */
#define INNER_VALUES 1000u /* of it */

struct reading {
	struct arena *arena;
	struct report *out;
	struct report_fault *fault;
	size_t failures; /* rows so far, of all policies */
};

static const struct json_limits limits = {
	.text_max = REPORT_TEXT_MAX + 3, /* a byte order mark is no part of the JSON */
	.depth_max = REPORT_DEPTH_MAX,
	.values_max = REPORT_VALUES_MAX,
	.string_max = REPORT_STRING_MAX,
	.reals = true,
};
static const struct json_limits inner_limits = { .text_max = REPORT_STRING_MAX,
	                                         .depth_max = INNER_DEPTH,
	                                         .values_max = INNER_VALUES,
	                                         .string_max = REPORT_STRING_MAX };

static enum err refuse(struct reading *r, enum fault_code code, const char *why)
{
	*r->fault = (struct report_fault){ .code = code, .why = why };
	return code == FAULT_TOO_LARGE || code == FAULT_TOO_MANY || code == FAULT_TOO_COMPLEX
	               ? ERR_LIMIT
	               : ERR_SYNTAX;
}

static void note(struct reading *r, enum report_note n)
{
	r->out->notes |= NOTE_BIT(n);
}

static void note_if(struct reading *r, bool cond, enum report_note n)
{
	if (cond)
		note(r, n);
}

static bool is_absent(const struct json_node *value)
{
	return value == NULL || json_node_is(value, NODE_NULL);
}

/* A string or nothing; why is said about any other type. */
static enum err take_text(struct reading *r, const struct json_node *value, const char *why,
                          struct slice *out)
{
	if (is_absent(value))
		return OK;
	if (!json_node_is(value, NODE_STRING))
		return refuse(r, FAULT_WRONG_TYPE, why);
	*out = arena_copy(r->arena, json_node_string(value));
	return OK;
}

/* RFC 8460, 4.2 with RPT-36: 5, 5.0 and 1e3 are whole numbers, "5", -1 and 2^53 are refused. */
static enum err take_count(struct reading *r, const struct json_node *value, const char *why,
                           uint64_t *out)
{
	double d = json_node_is(value, NODE_NUMBER) ? value->number : -1;

	if (!(d >= 0 && d <= (double)REPORT_COUNT_MAX) || (double)(uint64_t)d < d)
		return refuse(r, FAULT_BAD_COUNT, why);
	*out = (uint64_t)d;
	return OK;
}

static enum err list_size(struct reading *r, const struct json_node *value, const char *why)
{
	if (!is_absent(value) && !json_node_is(value, NODE_ARRAY) &&
	    !json_node_is(value, NODE_STRING))
		return refuse(r, FAULT_WRONG_TYPE, why);
	for (const struct json_node *n = json_node_entries(value); n != NULL; n = n->next)
		if (!json_node_is(n, NODE_STRING))
			return refuse(r, FAULT_WRONG_TYPE, why);
	note_if(r, json_node_is(value, NODE_NULL), NOTE_NULL_LIST);
	return OK;
}

struct strings {
	struct slice *list;
	size_t count, room;
};

static void push(struct reading *r, struct strings *s, struct slice item)
{
	if (s->count == s->room) {
		size_t room = s->room == 0 ? 8 : s->room * 2;
		struct slice *list = arena_calloc(r->arena, room, sizeof(*list));

		if (s->count > 0)
			memcpy(list, s->list, s->count * sizeof(*list));
		s->list = list;
		s->room = room;
	}
	s->list[s->count++] = arena_copy(r->arena, item);
}

/* Microsoft writes the list of TLSA records as JSON inside the only string. */
static bool push_inner_list(struct reading *r, struct strings *s, struct slice text)
{
	const struct json_node *inner = NULL, *n;
	bool good = slice_starts(slice_trim(text), S("[")) &&
	            json_tree_read(text, &inner_limits, r->arena, &inner, NULL, NULL) == OK;

	for (n = json_node_entries(inner); good && n != NULL; n = n->next)
		good = json_node_is(n, NODE_STRING);
	for (n = json_node_entries(inner); good && n != NULL; n = n->next)
		push(r, s, json_node_string(n));
	note_if(r, good, NOTE_POLICY_STRING_JSON);
	return good;
}

/* One string for all lines or records; RFC 8460, section 4 reads as if that were meant. */
static void push_split(struct reading *r, struct strings *s, struct slice text)
{
	char sep = slice_find(text, '\n') != SIZE_MAX ? '\n' : ';';
	struct slice piece;

	while (slice_next(&text, sep, &piece))
		if (slice_trim(piece).len > 0)
			push(r, s, slice_trim(piece));
}

static enum err take_policy_string(struct reading *r, const struct json_node *value,
                                   struct report_policy *p)
{
	struct strings s = { 0 };
	enum err e = list_size(r, value, "policy-string is neither a list of strings nor a string");

	if (e != OK)
		return e;
	for (const struct json_node *n = json_node_entries(value); n != NULL; n = n->next) {
		struct slice item = json_node_string(n);

		if (!push_inner_list(r, &s, item))
			push(r, &s, item);
	}
	if (json_node_is(value, NODE_STRING)) {
		note(r, NOTE_POLICY_STRING_FORM);
		if (!push_inner_list(r, &s, json_node_string(value)))
			push_split(r, &s, json_node_string(value));
	}
	p->strings = s.list;
	p->string_count = s.count;
	return OK;
}

static void push_mx_host(struct reading *r, struct strings *s, struct slice host)
{
	if (slice_starts_i(host, S("mx:"))) {
		note(r, NOTE_MX_HOST_PREFIX);
		host = slice_trim(slice_skip(host, 3));
	}
	push(r, s, host);
}

static enum err take_mx_hosts(struct reading *r, const struct json_node *policy,
                              struct report_policy *p)
{
	const struct json_node *value = json_node_member(policy, "mx-host");
	struct strings s = { 0 };

	if (value == NULL) {
		value = json_node_member(policy, "mx-host-pattern");
		note_if(r, value != NULL, NOTE_MX_HOST_PATTERN);
	}
	enum err e = list_size(r, value, "mx-host is neither a list of strings nor a string");
	if (e != OK)
		return e;
	for (const struct json_node *n = json_node_entries(value); n != NULL; n = n->next)
		push_mx_host(r, &s, json_node_string(n));
	if (json_node_is(value, NODE_STRING)) {
		note(r, NOTE_MX_HOST_FORM);
		if (json_node_string(value).len > 0)
			push_mx_host(r, &s, json_node_string(value));
	}
	p->mx_hosts = s.list;
	p->mx_host_count = s.count;
	return OK;
}

static enum err take_type(struct reading *r, const struct json_node *value, struct report_policy *p)
{
	struct slice text = { 0 };
	enum err e = take_text(r, value, "policy-type is not a string", &text);

	if (e != OK)
		return e;
	struct slice plain = arena_lower(r->arena, slice_trim(text));
	p->type = report_type_of(plain);
	note_if(r, p->type == REPORT_TYPE_NONE, NOTE_NO_POLICY_TYPE);
	if (p->type == REPORT_TYPE_OTHER) {
		note(r, NOTE_UNKNOWN_POLICY_TYPE);
		p->type_text = slice_trim(text);
	} else {
		note_if(r, !slice_eq(plain, text), NOTE_POLICY_TYPE_FORM);
	}
	return OK;
}

static bool is_domain(struct slice s)
{
	struct slice label;

	if (s.len == 0 || s.len > DOMAIN_MAX || slice_ends(s, S(".")))
		return false;
	while (slice_next(&s, '.', &label)) {
		if (label.len == 0 || label.len > 63)
			return false;
		for (size_t i = 0; i < label.len; i++) {
			char c = label.p[i];

			if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			      c == '_'))
				return false;
		}
	}
	return true;
}

/* RPT-30: a name in Unicode becomes its A-labels.  False: it cannot be one. */
static bool to_ascii(struct reading *r, struct slice *name)
{
	char *ascii = NULL;

	if (slice_is_printable(*name) || name->len > 4 * DOMAIN_MAX ||
	    slice_find(*name, '\0') != SIZE_MAX ||
	    idn2_to_ascii_8z(arena_str(r->arena, *name), &ascii,
	                     IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return false;
	*name = arena_copy(r->arena, slice_str(ascii));
	idn2_free(ascii);
	note(r, NOTE_POLICY_DOMAIN_UNICODE);
	return true;
}

static enum err take_domain(struct reading *r, const struct json_node *value,
                            struct report_policy *p)
{
	struct slice text = { 0 };
	enum err e = take_text(r, value, "policy-domain is not a string", &text);

	if (e != OK)
		return e;
	struct slice name = slice_trim(text);
	if (name.len > 1 && slice_ends(name, S(".")))
		name.len--;
	if (name.len == 0) {
		note(r, NOTE_NO_POLICY_DOMAIN);
		return OK;
	}
	bool unicode = to_ascii(r, &name);
	name = arena_lower(r->arena, name);
	note_if(r, !unicode && !slice_eq(name, text), NOTE_POLICY_DOMAIN_FORM);
	note_if(r, !is_domain(name), NOTE_ODD_POLICY_DOMAIN);
	p->domain = is_domain(name) ? name : text;
	return OK;
}

static enum err take_summary(struct reading *r, const struct json_node *entry,
                             struct report_policy *p)
{
	const struct json_node *summary = json_node_member(entry, "summary");
	enum err e = OK;

	if (is_absent(summary)) {
		note(r, NOTE_NO_SUMMARY);
		return OK;
	}
	if (!json_node_is(summary, NODE_OBJECT))
		return refuse(r, FAULT_WRONG_TYPE, "summary is not an object");
	const struct json_node *good = json_node_member(summary, "total-successful-session-count");
	const struct json_node *bad = json_node_member(summary, "total-failure-session-count");
	note_if(r, good == NULL, NOTE_NO_SUCCESS_COUNT);
	note_if(r, bad == NULL, NOTE_NO_FAILURE_COUNT);
	if (good != NULL)
		e = take_count(r, good, "total-successful-session-count is no count",
		               &p->successful);
	if (e == OK && bad != NULL)
		e = take_count(r, bad, "total-failure-session-count is no count", &p->failed);
	return e;
}

/* The texts of a failure: RFC 8460's name first, then what else it is called. */
struct failure_text {
	size_t offset;
	const char *names[4];
	const char *why;
};

static const struct failure_text failure_texts[] = {
	{ offsetof(struct report_failure, sending_mta_ip),
	  { "sending-mta-ip" },
	  "sending-mta-ip is not a string" },
	{ offsetof(struct report_failure, receiving_mx_hostname),
	  { "receiving-mx-hostname", "receiving-mx-host-name" },
	  "receiving-mx-hostname is not a string" },
	{ offsetof(struct report_failure, receiving_mx_helo),
	  { "receiving-mx-helo" },
	  "receiving-mx-helo is not a string" },
	{ offsetof(struct report_failure, receiving_ip),
	  { "receiving-ip" },
	  "receiving-ip is not a string" },
	{ offsetof(struct report_failure, reason_code),
	  { "failure-reason-code", "failure-error-code" },
	  "failure-reason-code is not a string" },
	{ offsetof(struct report_failure, additional_information),
	  { "additional-information", "additional-info-uri", "additional-information-uri" },
	  "additional-information is not a string" },
};

/* RPT-45 wants a URI; some put an object there, which is kept as its JSON. */
static struct slice object_text(struct reading *r, const struct json_node *value)
{
	json_t *object = NULL;
	bool good = json_read(value->text, &limits, &object, NULL, NULL) == OK;
	char *text =
	        good ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII) : NULL;
	struct slice s = arena_copy(r->arena, slice_head(slice_str(text), REPORT_STRING_MAX));

	note(r, NOTE_ADDITIONAL_OBJECT);
	free(text); /* jansson's, by the C library's allocator */
	json_decref(object);
	return s;
}

static enum err take_failure_text(struct reading *r, const struct json_node *row,
                                  const struct failure_text *t, struct report_failure *f)
{
	void *at = (char *)f + t->offset;
	struct slice *out = at;
	const struct json_node *value = NULL;

	for (size_t i = 0; value == NULL && i < ARRAY_LEN(t->names) && t->names[i] != NULL; i++) {
		value = json_node_member(row, t->names[i]);
		note_if(r, value != NULL && i > 0, NOTE_FAILURE_MEMBER_NAME);
	}
	if (out == &f->additional_information &&
	    (json_node_is(value, NODE_OBJECT) || json_node_is(value, NODE_ARRAY))) {
		*out = object_text(r, value);
		return OK;
	}
	return take_text(r, value, t->why, out);
}

static enum err take_result_type(struct reading *r, const struct json_node *value,
                                 struct report_failure *f)
{
	struct slice text = { 0 };
	enum err e = take_text(r, value, "result-type is not a string", &text);

	if (e != OK)
		return e;
	struct slice trimmed = slice_trim(text), plain = arena_lower(r->arena, trimmed);
	if (plain.len == 0)
		return refuse(r, FAULT_NO_RESULT_TYPE, "a failure has no result-type");
	bool known = report_result_type_known(plain);
	note_if(r, !known, NOTE_UNKNOWN_RESULT_TYPE);
	note_if(r, known && !slice_eq(plain, text), NOTE_RESULT_TYPE_FORM);
	f->result_type = known ? plain : trimmed;
	return OK;
}

/* RPT-40: dotted IPv4 without leading zeros, or IPv6 of any spelling; many leave it empty. */
static bool is_address(struct slice s)
{
	char text[INET6_ADDRSTRLEN] = { 0 };
	unsigned char ip[16];

	if (s.len >= sizeof(text) || slice_find(s, '\0') != SIZE_MAX)
		return false;
	memcpy(text, s.p == NULL ? "" : s.p, s.len);
	return s.len == 0 || inet_pton(AF_INET, text, ip) == 1 ||
	       inet_pton(AF_INET6, text, ip) == 1;
}

static enum err take_failure(struct reading *r, const struct json_node *row,
                             struct report_failure *f)
{
	enum err e;

	if (!json_node_is(row, NODE_OBJECT))
		return refuse(r, FAULT_WRONG_TYPE, "an entry of failure-details is not an object");
	e = take_result_type(r, json_node_member(row, "result-type"), f);
	if (e == OK)
		e = take_count(r, json_node_member(row, "failed-session-count"),
		               "failed-session-count is missing or no count", &f->failed_sessions);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(failure_texts); i++)
		e = take_failure_text(r, row, &failure_texts[i], f);
	if (e != OK)
		return e;
	note_if(r, f->failed_sessions == 0, NOTE_ZERO_COUNT);
	note_if(r, !is_address(f->sending_mta_ip) || !is_address(f->receiving_ip),
	        NOTE_ODD_ADDRESS);
	return OK;
}

static enum err take_failures(struct reading *r, const struct json_node *entry,
                              struct report_policy *p)
{
	const struct json_node *rows = json_node_member(entry, "failure-details");
	enum err e = OK;

	if (rows == NULL) {
		rows = json_node_member(entry, "failures");
		note_if(r, rows != NULL, NOTE_FAILURES_NAME);
	}
	if (!is_absent(rows) && !json_node_is(rows, NODE_ARRAY))
		return refuse(r, FAULT_WRONG_TYPE, "failure-details is not a list");
	const struct json_node *row = json_node_entries(rows);
	size_t count = row == NULL ? 0 : rows->count;
	r->failures += count;
	if (r->failures > REPORT_FAILURES_MAX)
		return refuse(r, FAULT_TOO_MANY, "more than 100000 failures");
	note_if(r, json_node_is(rows, NODE_NULL), NOTE_NULL_LIST);
	note_if(r, count == 0 && p->failed > 0, NOTE_NO_FAILURE_DETAILS);
	p->failures = arena_calloc(r->arena, count, sizeof(*p->failures));
	p->failure_count = count;
	uint64_t sum = 0;
	for (size_t i = 0; e == OK && i < count; i++, row = row->next) {
		e = take_failure(r, row, &p->failures[i]);
		sum += p->failures[i].failed_sessions; /* 100000 times 2^53 does not overflow */
	}
	note_if(r, count > 0 && sum != p->failed, NOTE_COUNTS_DIFFER);
	return e;
}

static enum err take_policy(struct reading *r, const struct json_node *entry,
                            struct report_policy *p)
{
	const struct json_node *policy = json_node_member(entry, "policy");
	enum err e;

	if (!json_node_is(entry, NODE_OBJECT))
		return refuse(r, FAULT_WRONG_TYPE, "an entry of policies is not an object");
	if (is_absent(policy) && json_node_member(entry, "summary") == NULL)
		return refuse(r, FAULT_NOT_A_REPORT,
		              "an entry of policies has no policy and no summary");
	if (is_absent(policy)) {
		note(r, NOTE_FLAT_POLICY);
		policy = entry;
	}
	if (!json_node_is(policy, NODE_OBJECT))
		return refuse(r, FAULT_WRONG_TYPE, "policy is not an object");
	e = take_type(r, json_node_member(policy, "policy-type"), p);
	if (e == OK)
		e = take_domain(r, json_node_member(policy, "policy-domain"), p);
	if (e == OK)
		e = take_policy_string(r, json_node_member(policy, "policy-string"), p);
	if (e == OK)
		e = take_mx_hosts(r, policy, p);
	if (e == OK)
		e = take_summary(r, entry, p);
	return e == OK ? take_failures(r, entry, p) : e;
}

/* Each count fits; their sums must, too. */
static enum err check_sums(struct reading *r)
{
	uint64_t good = 0, bad = 0;

	for (size_t i = 0; i < r->out->policy_count; i++) {
		good += r->out->policies[i].successful;
		bad += r->out->policies[i].failed;
		if (good > REPORT_COUNT_MAX || bad > REPORT_COUNT_MAX)
			return refuse(r, FAULT_BAD_COUNT,
			              "the sum of the sessions is above 2^53-1");
	}
	return OK;
}

static enum err take_policies(struct reading *r, const struct json_node *value)
{
	bool wrapped = json_node_is(value, NODE_OBJECT);
	const struct json_node *entry = wrapped ? value : json_node_entries(value);
	size_t count = entry == NULL ? 0 : wrapped ? 1 : value->count;
	enum err e = OK;

	if (!wrapped && !json_node_is(value, NODE_ARRAY))
		return refuse(r, FAULT_NOT_A_REPORT, "there is no list of policies");
	if (count > REPORT_POLICIES_MAX)
		return refuse(r, FAULT_TOO_MANY, "more than 10000 policies");
	if (count == 0 && !r->out->has_start && r->out->report_id.len == 0)
		return refuse(r, FAULT_NOT_A_REPORT,
		              "there are no policies, no times and no report-id");
	note_if(r, wrapped, NOTE_POLICIES_NOT_ARRAY);
	note_if(r, count == 0, NOTE_NO_POLICIES);
	r->out->policies = arena_calloc(r->arena, count, sizeof(*r->out->policies));
	r->out->policy_count = count;
	for (size_t i = 0; e == OK && i < count; i++, entry = entry->next)
		e = take_policy(r, entry, &r->out->policies[i]);
	return e == OK ? check_sums(r) : e;
}

static enum err take_time(struct reading *r, const struct json_node *value, bool *has_out,
                          int64_t *out)
{
	struct slice text = { 0 };
	bool zoned = false;
	enum err e = take_text(r, value, "a time of date-range is not a string", &text);

	if (e != OK)
		return e;
	if (text.len == 0) {
		note(r, NOTE_NO_DATE_RANGE);
		return OK;
	}
	if (utc_parse(slice_trim(text), out, &zoned) != OK)
		return refuse(r, FAULT_BAD_DATE, "a time of date-range is not an RFC 3339 time");
	*has_out = true;
	note_if(r, !zoned, slice_trim(text).len == 10 ? NOTE_DATE_ONLY : NOTE_NO_TIME_ZONE);
	return OK;
}

static enum err take_range(struct reading *r, const struct json_node *range)
{
	struct report *out = r->out;
	enum err e;

	if (is_absent(range)) {
		note(r, NOTE_NO_DATE_RANGE);
		return OK;
	}
	if (!json_node_is(range, NODE_OBJECT))
		return refuse(r, FAULT_WRONG_TYPE, "date-range is not an object");
	e = take_time(r, json_node_member(range, "start-datetime"), &out->has_start, &out->start);
	if (e == OK)
		e = take_time(r, json_node_member(range, "end-datetime"), &out->has_end, &out->end);
	if (e != OK || !out->has_start || !out->has_end)
		return e;
	if (out->end < out->start)
		return refuse(r, FAULT_END_BEFORE_START, "the report ends before it starts");
	note_if(r, out->end - out->start > RANGE_LONG, NOTE_LONG_RANGE);
	note_if(r, !report_is_utc_day(out), NOTE_ODD_RANGE);
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
	enum err e = take_text(r, json_node_member(root, "organization-name"),
	                       "organization-name is not a string", &out->organization);

	if (e == OK)
		e = take_text(r, json_node_member(root, "report-id"), "report-id is not a string",
		              &out->report_id);
	if (e == OK)
		e = take_text(r, json_node_member(root, "contact-info"),
		              "contact-info is not a string", &out->contact);
	note_if(r, out->organization.len == 0, NOTE_NO_ORGANIZATION);
	note_if(r, out->report_id.len == 0, NOTE_NO_REPORT_ID);
	note_if(r, is_odd_id(out->report_id), NOTE_ODD_REPORT_ID);
	note_if(r, out->contact.len == 0, NOTE_NO_CONTACT);
	note_if(r, slice_starts_i(out->contact, S("mailto:")), NOTE_CONTACT_MAILTO);
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

	if (text.len > limits.text_max)
		return refuse(&r, FAULT_TOO_LARGE, "the JSON is larger than 64 MB");
	e = json_tree_read(text, &limits, arena, &root, &bom, &diag);
	if (e != OK)
		return not_json(fault, e, &diag);
	note_if(&r, bom, NOTE_BOM);
	if (!json_node_is(root, NODE_OBJECT))
		e = refuse(&r, FAULT_NOT_A_REPORT, "the JSON is not an object");
	if (e == OK && json_node_member(root, "policies") == NULL)
		e = refuse(&r, FAULT_NOT_A_REPORT, "there is no list of policies");
	if (e == OK)
		e = take_head(&r, root);
	if (e == OK)
		e = take_policies(&r, json_node_member(root, "policies"));
	if (e == OK)
		*out = report;
	return e;
}

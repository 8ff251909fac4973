#include <idn2.h>

#include "tlsrpt/report_json_internal.h"

#define DOMAIN_MAX 253u
#define INNER_DEPTH 2u     /* a list inside a policy-string */
#define INNER_VALUES 1000u /* of it */

static const struct json_limits inner_limits = { .text_max = REPORT_STRING_MAX,
	                                         .depth_max = INNER_DEPTH,
	                                         .values_max = INNER_VALUES,
	                                         .string_max = REPORT_STRING_MAX };

static enum err list_size(struct reading *r, const struct json_node *value, const char *why)
{
	if (!is_absent(value) && !json_node_is(value, NODE_ARRAY) &&
	    !json_node_is(value, NODE_STRING))
		return reading_refuse(r, FAULT_WRONG_TYPE, why);
	for (const struct json_node *n = json_node_entries(value); n != NULL; n = n->next)
		if (!json_node_is(n, NODE_STRING))
			return reading_refuse(r, FAULT_WRONG_TYPE, why);
	reading_note_if(r, json_node_is(value, NODE_NULL), NOTE_NULL_LIST);
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
	reading_note_if(r, good, NOTE_POLICY_STRING_JSON);
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
		reading_note(r, NOTE_POLICY_STRING_FORM);
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
		reading_note(r, NOTE_MX_HOST_PREFIX);
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
		reading_note_if(r, value != NULL, NOTE_MX_HOST_PATTERN);
	}
	enum err e = list_size(r, value, "mx-host is neither a list of strings nor a string");
	if (e != OK)
		return e;
	for (const struct json_node *n = json_node_entries(value); n != NULL; n = n->next)
		push_mx_host(r, &s, json_node_string(n));
	if (json_node_is(value, NODE_STRING)) {
		reading_note(r, NOTE_MX_HOST_FORM);
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
	enum err e = reading_text(r, value, "policy-type is not a string", &text);

	if (e != OK)
		return e;
	struct slice plain = arena_lower(r->arena, slice_trim(text));
	p->type = report_type_of(plain);
	reading_note_if(r, p->type == REPORT_TYPE_NONE, NOTE_NO_POLICY_TYPE);
	if (p->type == REPORT_TYPE_OTHER) {
		reading_note(r, NOTE_UNKNOWN_POLICY_TYPE);
		p->type_text = slice_trim(text);
	} else {
		reading_note_if(r, !slice_eq(plain, text), NOTE_POLICY_TYPE_FORM);
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
	reading_note(r, NOTE_POLICY_DOMAIN_UNICODE);
	return true;
}

static enum err take_domain(struct reading *r, const struct json_node *value,
                            struct report_policy *p)
{
	struct slice text = { 0 };
	enum err e = reading_text(r, value, "policy-domain is not a string", &text);

	if (e != OK)
		return e;
	struct slice name = slice_trim(text);
	if (name.len > 1 && slice_ends(name, S(".")))
		name.len--;
	if (name.len == 0) {
		reading_note(r, NOTE_NO_POLICY_DOMAIN);
		return OK;
	}
	bool unicode = to_ascii(r, &name);
	name = arena_lower(r->arena, name);
	reading_note_if(r, !unicode && !slice_eq(name, text), NOTE_POLICY_DOMAIN_FORM);
	reading_note_if(r, !is_domain(name), NOTE_ODD_POLICY_DOMAIN);
	p->domain = is_domain(name) ? name : text;
	return OK;
}

static enum err take_summary(struct reading *r, const struct json_node *entry,
                             struct report_policy *p)
{
	const struct json_node *summary = json_node_member(entry, "summary");
	enum err e = OK;

	if (is_absent(summary)) {
		reading_note(r, NOTE_NO_SUMMARY);
		return OK;
	}
	if (!json_node_is(summary, NODE_OBJECT))
		return reading_refuse(r, FAULT_WRONG_TYPE, "summary is not an object");
	const struct json_node *good = json_node_member(summary, "total-successful-session-count");
	const struct json_node *bad = json_node_member(summary, "total-failure-session-count");
	reading_note_if(r, good == NULL, NOTE_NO_SUCCESS_COUNT);
	reading_note_if(r, bad == NULL, NOTE_NO_FAILURE_COUNT);
	if (good != NULL)
		e = reading_count(r, good, "total-successful-session-count is no count",
		                  &p->successful);
	if (e == OK && bad != NULL)
		e = reading_count(r, bad, "total-failure-session-count is no count", &p->failed);
	return e;
}

static enum err take_policy(struct reading *r, const struct json_node *entry,
                            struct report_policy *p)
{
	const struct json_node *policy = json_node_member(entry, "policy");
	enum err e;

	if (!json_node_is(entry, NODE_OBJECT))
		return reading_refuse(r, FAULT_WRONG_TYPE, "an entry of policies is not an object");
	if (is_absent(policy) && json_node_member(entry, "summary") == NULL)
		return reading_refuse(r, FAULT_NOT_A_REPORT,
		                      "an entry of policies has no policy and no summary");
	if (is_absent(policy)) {
		reading_note(r, NOTE_FLAT_POLICY);
		policy = entry;
	}
	if (!json_node_is(policy, NODE_OBJECT))
		return reading_refuse(r, FAULT_WRONG_TYPE, "policy is not an object");
	e = take_type(r, json_node_member(policy, "policy-type"), p);
	if (e == OK)
		e = take_domain(r, json_node_member(policy, "policy-domain"), p);
	if (e == OK)
		e = take_policy_string(r, json_node_member(policy, "policy-string"), p);
	if (e == OK)
		e = take_mx_hosts(r, policy, p);
	if (e == OK)
		e = take_summary(r, entry, p);
	return e == OK ? reading_failures(r, entry, p) : e;
}

/* Each count fits; their sums must, too. */
static enum err check_sums(struct reading *r)
{
	uint64_t good = 0, bad = 0;

	for (size_t i = 0; i < r->out->policy_count; i++) {
		good += r->out->policies[i].successful;
		bad += r->out->policies[i].failed;
		if (good > REPORT_COUNT_MAX || bad > REPORT_COUNT_MAX)
			return reading_refuse(r, FAULT_BAD_COUNT,
			                      "the sum of the sessions is above 2^53-1");
	}
	return OK;
}

enum err reading_policies(struct reading *r, const struct json_node *value)
{
	bool wrapped = json_node_is(value, NODE_OBJECT);
	const struct json_node *entry = wrapped ? value : json_node_entries(value);
	size_t count = entry == NULL ? 0 : wrapped ? 1 : value->count;
	enum err e = OK;

	if (!wrapped && !json_node_is(value, NODE_ARRAY))
		return reading_refuse(r, FAULT_NOT_A_REPORT, "there is no list of policies");
	if (count > REPORT_POLICIES_MAX)
		return reading_refuse(r, FAULT_TOO_MANY, "more than 10000 policies");
	if (count == 0 && !r->out->has_start && r->out->report_id.len == 0)
		return reading_refuse(r, FAULT_NOT_A_REPORT,
		                      "there are no policies, no times and no report-id");
	reading_note_if(r, wrapped, NOTE_POLICIES_NOT_ARRAY);
	reading_note_if(r, count == 0, NOTE_NO_POLICIES);
	r->out->policies = arena_calloc(r->arena, count, sizeof(*r->out->policies));
	r->out->policy_count = count;
	for (size_t i = 0; e == OK && i < count; i++, entry = entry->next)
		e = take_policy(r, entry, &r->out->policies[i]);
	return e == OK ? check_sums(r) : e;
}

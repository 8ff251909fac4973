#include <arpa/inet.h>

#include "tlsrpt/report_json_internal.h"

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
	bool good = json_read(value->text, &report_json_limits, &object, NULL, NULL) == OK;
	char *text =
	        good ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII) : NULL;
	struct slice s = arena_copy(r->arena, slice_head(slice_str(text), REPORT_STRING_MAX));

	reading_note(r, NOTE_ADDITIONAL_OBJECT);
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
		reading_note_if(r, value != NULL && i > 0, NOTE_FAILURE_MEMBER_NAME);
	}
	if (out == &f->additional_information &&
	    (json_node_is(value, NODE_OBJECT) || json_node_is(value, NODE_ARRAY))) {
		*out = object_text(r, value);
		return OK;
	}
	return reading_text(r, value, t->why, out);
}

static enum err take_result_type(struct reading *r, const struct json_node *value,
                                 struct report_failure *f)
{
	struct slice text = { 0 };
	enum err e = reading_text(r, value, "result-type is not a string", &text);

	if (e != OK)
		return e;
	struct slice trimmed = slice_trim(text), plain = arena_lower(r->arena, trimmed);
	if (plain.len == 0)
		return reading_refuse(r, FAULT_NO_RESULT_TYPE, "a failure has no result-type");
	bool known = report_result_type_known(plain);
	reading_note_if(r, !known, NOTE_UNKNOWN_RESULT_TYPE);
	reading_note_if(r, known && !slice_eq(plain, text), NOTE_RESULT_TYPE_FORM);
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
		return reading_refuse(r, FAULT_WRONG_TYPE,
		                      "an entry of failure-details is not an object");
	e = take_result_type(r, json_node_member(row, "result-type"), f);
	if (e == OK)
		e = reading_count(r, json_node_member(row, "failed-session-count"),
		                  "failed-session-count is missing or no count",
		                  &f->failed_sessions);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(failure_texts); i++)
		e = take_failure_text(r, row, &failure_texts[i], f);
	if (e != OK)
		return e;
	reading_note_if(r, f->failed_sessions == 0, NOTE_ZERO_COUNT);
	reading_note_if(r, !is_address(f->sending_mta_ip) || !is_address(f->receiving_ip),
	                NOTE_ODD_ADDRESS);
	return OK;
}

enum err reading_failures(struct reading *r, const struct json_node *entry, struct report_policy *p)
{
	const struct json_node *rows = json_node_member(entry, "failure-details");
	enum err e = OK;

	if (rows == NULL) {
		rows = json_node_member(entry, "failures");
		reading_note_if(r, rows != NULL, NOTE_FAILURES_NAME);
	}
	if (!is_absent(rows) && !json_node_is(rows, NODE_ARRAY))
		return reading_refuse(r, FAULT_WRONG_TYPE, "failure-details is not a list");
	const struct json_node *row = json_node_entries(rows);
	size_t count = row == NULL ? 0 : rows->count;
	r->failures += count;
	if (r->failures > REPORT_FAILURES_MAX)
		return reading_refuse(r, FAULT_TOO_MANY, "more than 100000 failures");
	reading_note_if(r, json_node_is(rows, NODE_NULL), NOTE_NULL_LIST);
	reading_note_if(r, count == 0 && p->failed > 0, NOTE_NO_FAILURE_DETAILS);
	p->failures = arena_calloc(r->arena, count, sizeof(*p->failures));
	p->failure_count = count;
	uint64_t sum = 0;
	for (size_t i = 0; e == OK && i < count; i++, row = row->next) {
		e = take_failure(r, row, &p->failures[i]);
		sum += p->failures[i].failed_sessions; /* 100000 times 2^53 does not overflow */
	}
	reading_note_if(r, count > 0 && sum != p->failed, NOTE_COUNTS_DIFFER);
	return e;
}

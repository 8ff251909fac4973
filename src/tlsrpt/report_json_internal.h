/*
 * What the files that read the JSON of a report share: report_json.c has the frame of a report,
 * report_json_policies.c its policies, report_json_failures.c the failures of a policy.
 */
#ifndef TLSRPT_REPORT_JSON_INTERNAL_H
#define TLSRPT_REPORT_JSON_INTERNAL_H

#include "tlsrpt/report_json.h"
#include "wire/json_tree.h"

struct reading {
	struct arena *arena;
	struct report *out;
	struct report_fault *fault;
	size_t failures; /* rows so far, of all policies */
};

extern const struct json_limits report_json_limits;

/* Says why a report is refused: ERR_LIMIT for ceilings, else ERR_SYNTAX. */
enum err reading_refuse(struct reading *r, enum fault_code code, const char *why) MUST_USE;
/* Notes a departure from RFC 8460. */
void reading_note(struct reading *r, enum report_note n);
void reading_note_if(struct reading *r, bool cond, enum report_note n);

static inline bool is_absent(const struct json_node *value)
{
	return value == NULL || json_node_is(value, NODE_NULL);
}

/* A string or nothing; why is said about any other type. */
enum err reading_text(struct reading *r, const struct json_node *value, const char *why,
                      struct slice *out) MUST_USE;
/* RFC 8460, 4.2 with RPT-36: 5, 5.0 and 1e3 are whole numbers, "5", -1 and 2^53 are refused. */
enum err reading_count(struct reading *r, const struct json_node *value, const char *why,
                       uint64_t *out) MUST_USE;

/* The failure-details of an entry of policies; p has its summary already. */
enum err reading_failures(struct reading *r, const struct json_node *entry,
                          struct report_policy *p) MUST_USE;
/* The policies of a report, whose times and id are read already. */
enum err reading_policies(struct reading *r, const struct json_node *value) MUST_USE;

#endif

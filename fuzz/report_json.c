/*
 * The JSON of a report: what is read can be written, and is then read with the same figures; what
 * is refused has a code and leaves the result alone.
 */
#include <assert.h>

#include "tlsrpt/report_json.h"

#define WRITTEN_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_counts(const struct report *a, const struct report *b)
{
	assert(a->policy_count == b->policy_count);
	for (size_t i = 0; i < a->policy_count; i++) {
		assert(a->policies[i].successful == b->policies[i].successful);
		assert(a->policies[i].failed == b->policies[i].failed);
		assert(a->policies[i].failure_count == b->policies[i].failure_count);
	}
}

static void reads_back(const struct report *report, struct arena *a)
{
	struct report_fault fault = { 0 };
	struct report again = { 0 };
	struct buf text;
	enum err e;

	buf_init(&text, WRITTEN_MAX);
	report_json_format(report, &text);
	assert(buf_status(&text) == OK);
	e = report_json_parse(buf_slice(&text), a, &again, &fault);
	assert(e == OK);
	check_counts(report, &again);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report = { .policy_count = SIZE_MAX };
	struct report_fault fault = { 0 };
	struct arena *a = arena_new();

	if (report_json_parse(slice_of(data, size), a, &report, &fault) == OK)
		reads_back(&report, a);
	else
		assert(report.policy_count == SIZE_MAX && fault.code != FAULT_NONE &&
		       fault.why != NULL);
	arena_free(a);
	return 0;
}

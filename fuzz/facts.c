/*
 * Facts as a hostile reader may write them: what is read keeps to its ceilings, lies in the record,
 * and a part of a record is none.
 */
#include <assert.h>

#include "tlsrpt/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct report_item *item)
{
	struct report_totals totals = report_totals(&item->report);

	assert(item->fault.code == FAULT_NONE);
	assert(item->report.policy_count <= REPORT_POLICIES_MAX);
	assert(totals.failure_rows <= REPORT_FAILURES_MAX);
	assert(totals.successful <= REPORT_COUNT_MAX && totals.failed <= REPORT_COUNT_MAX);
	assert(slice_is_utf8(item->report.report_id) && slice_is_utf8(item->hint));
	for (size_t i = 0; i < item->report.policy_count; i++) {
		const struct report_policy *p = &item->report.policies[i];

		assert(p->type == report_type_of(report_type_text(p)));
		for (size_t k = 0; k < p->failure_count; k++)
			assert(p->failures[k].result_type.len > 0);
	}
}

static void check_scan(const struct dkim_scan *s)
{
	assert(s->count <= DKIM_SIGNATURES_MAX);
	for (size_t i = 0; i < s->count; i++) {
		const struct dkim_signed *one = &s->signatures[i];

		assert(one->fault != DKIM_NONE ||
		       (dkim_is_domain(one->domain) && one->b.len > 0 && one->b.len <= DKIM_B_MAX &&
		        one->time >= 0 && one->expiry >= 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice record = slice_of(data, size);
	struct arena *a = arena_new();
	struct facts f = { .items = NULL }, part = { .items = NULL };

	if (facts_parse(record, a, &f) == OK) {
		assert(f.count > 0 || f.no_report || f.reason != NULL);
		for (size_t i = 0; i < f.count; i++)
			check_item(&f.items[i]);
		if (f.signatures != NULL)
			check_scan(f.signatures);
		assert(facts_parse(slice_head(record, size - 1), a, &part) != OK);
	}
	arena_free(a);
	return 0;
}

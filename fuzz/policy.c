/* Policy documents: what is read can be written, and is then read as the same. */
#include <assert.h>

#include "mtasts/match.h"
#include "mtasts/name.h"
#include "mtasts/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_patterns(const struct policy *p)
{
	for (size_t i = 0; i < p->mx_count; i++) {
		struct slice mx = p->mx[i];

		assert(mxpattern_fault(mx) == NULL);
		if (slice_starts(mx, S("*.")))
			assert(!mxmatch(mx, slice_skip(mx, 2)));
		else
			assert(mxmatch(mx, mx));
	}
}

/* The writer may refuse what a reader has to take; what it writes is a fixed point. */
static void check_format(struct arena *a, const struct policy *p)
{
	struct buf one, two;
	struct policy again;
	struct findings f = findings_in(a);
	struct policy_reading reading;

	buf_init(&one, POLICY_TEXT_MAX);
	buf_init(&two, POLICY_TEXT_MAX);
	if (policy_format(p, &one, NULL) == OK) {
		policy_read(buf_slice(&one), &f, &reading);
		assert(reading.valid);
		assert(policy_parse(a, buf_slice(&one), &again, NULL) == OK);
		assert(policy_same(p, &again));
		assert(policy_format(&again, &two, NULL) == OK);
		assert(slice_eq(buf_slice(&one), buf_slice(&two)));
	}
	buf_fini(&one);
	buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct arena *a = arena_new();
	struct findings f = findings_in(a);
	struct policy_reading reading;
	struct policy p;
	struct diag d = { .why = NULL };
	enum err e = policy_parse(a, text, &p, &d);

	policy_read(text, &f, &reading);
	assert(reading.valid == !findings_fail(&f));
	assert(!reading.valid || reading.usable);
	assert((e == OK) == reading.usable);
	assert(e == OK || d.why != NULL);
	assert(f.len <= FINDINGS_MAX);
	for (size_t i = 0; i < f.len; i++)
		assert(slice_is_printable(slice_str(f.list[i].message)));
	check_patterns(&reading.policy);
	if (e == OK) {
		assert(p.max_age <= POLICY_MAX_AGE_TOP);
		assert(p.mx_count > 0 || p.mode == POLICY_NONE);
		check_format(a, &p);
	}
	arena_free(a);
	return 0;
}

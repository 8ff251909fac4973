/* Reports by chance for laws, and comparison of two. */
#ifndef TESTS_UNIT_TLSRPT_REPORT_MAKE_H
#define TESTS_UNIT_TLSRPT_REPORT_MAKE_H

#include "test.h"
#include "tlsrpt/report.h"

/* Text of a few characters, each kind of which once made somebody stumble. */
static inline struct slice make_text(struct arena *a, uint64_t *seed)
{
	static const struct slice pieces[] = {
		SLICE_INIT("a"),  SLICE_INIT("Z"),        SLICE_INIT("\""),
		SLICE_INIT("\\"), SLICE_INIT("\xc3\xa4"), SLICE_INIT("\xe2\x80\xae"),
		SLICE_INIT("\n"), SLICE_INIT("\t"),       SLICE_INIT("<"),
		SLICE_INIT("="),  SLICE_INIT("\x1b"),     SLICE_INIT("\xf0\x9f\x98\x80"),
		SLICE_INIT("/"),  SLICE_INIT("'"),        SLICE_INIT(" x"),
		SLICE_INIT("%s"), SLICE_INIT("\0"),
	};
	char text[64] = "t";
	size_t len = 1;

	for (unsigned n = test_random(seed) % 8; n > 0; n--) {
		struct slice piece = pieces[test_random(seed) % ARRAY_LEN(pieces)];

		memcpy(text + len, piece.p, piece.len);
		len += piece.len;
	}
	return arena_copy(a, slice_of(text, len));
}

static inline struct slice make_optional(struct arena *a, uint64_t *seed)
{
	return test_random(seed) % 3 == 0 ? S("") : make_text(a, seed);
}

static inline struct slice *make_list(struct arena *a, uint64_t *seed, size_t *count)
{
	*count = test_random(seed) % 4;
	struct slice *list = arena_calloc(a, *count, sizeof(*list));

	for (size_t i = 0; i < *count; i++)
		list[i] = make_text(a, seed);
	return list;
}

static inline uint64_t make_count(uint64_t *seed)
{
	return ((uint64_t)test_random(seed) << 20 | test_random(seed)) >> test_random(seed) % 50;
}

static inline struct report_failure make_failure(struct arena *a, uint64_t *seed)
{
	return (struct report_failure){
		.result_type = test_random(seed) % 4 == 0
		                       ? S("x-own-type")
		                       : slice_str(report_result_types[test_random(seed) % 11]),
		.sending_mta_ip = test_random(seed) % 2 == 0 ? S("") : S("2001:db8::1"),
		.receiving_mx_hostname = make_optional(a, seed),
		.receiving_mx_helo = make_optional(a, seed),
		.receiving_ip = test_random(seed) % 2 == 0 ? S("") : S("192.0.2.7"),
		.failed_sessions = make_count(seed),
		.additional_information = make_optional(a, seed),
		.reason_code = make_optional(a, seed),
	};
}

static inline struct report_policy make_policy(struct arena *a, uint64_t *seed)
{
	struct report_policy p = {
		.type = (enum report_type)(test_random(seed) % 5),
		.domain = test_random(seed) % 5 == 0 ? S("") : S("acme.example"),
		.successful = make_count(seed),
		.failed = make_count(seed),
		.failure_count = test_random(seed) % 4,
	};

	if (p.type == REPORT_TYPE_OTHER)
		p.type_text = S("x-own-policy");
	p.strings = make_list(a, seed, &p.string_count);
	p.mx_hosts = make_list(a, seed, &p.mx_host_count);
	p.failures = arena_calloc(a, p.failure_count, sizeof(*p.failures));
	for (size_t i = 0; i < p.failure_count; i++)
		p.failures[i] = make_failure(a, seed);
	return p;
}

static inline struct report make_report(struct arena *a, uint64_t *seed)
{
	struct report r = {
		.organization = make_optional(a, seed),
		.report_id = make_text(a, seed),
		.contact = make_optional(a, seed),
		.has_start = test_random(seed) % 4 != 0,
		.has_end = test_random(seed) % 4 != 0,
		.policy_count = test_random(seed) % 4,
	};

	r.start = r.has_start ? (int64_t)test_random(seed) : 0;
	r.end = r.has_end ? r.start + (int64_t)(test_random(seed) % 1000000) : 0;
	r.policies = arena_calloc(a, r.policy_count, sizeof(*r.policies));
	for (size_t i = 0; i < r.policy_count; i++)
		r.policies[i] = make_policy(a, seed);
	return r;
}

static inline bool same_list(const struct slice *a, size_t m, const struct slice *b, size_t n)
{
	for (size_t i = 0; m == n && i < n; i++)
		if (!slice_eq(a[i], b[i]))
			return false;
	return m == n;
}

static inline bool same_failure(const struct report_failure *a, const struct report_failure *b)
{
	return slice_eq(a->result_type, b->result_type) &&
	       slice_eq(a->sending_mta_ip, b->sending_mta_ip) &&
	       slice_eq(a->receiving_mx_hostname, b->receiving_mx_hostname) &&
	       slice_eq(a->receiving_mx_helo, b->receiving_mx_helo) &&
	       slice_eq(a->receiving_ip, b->receiving_ip) &&
	       a->failed_sessions == b->failed_sessions &&
	       slice_eq(a->additional_information, b->additional_information) &&
	       slice_eq(a->reason_code, b->reason_code);
}

static inline bool same_policy(const struct report_policy *a, const struct report_policy *b)
{
	for (size_t i = 0; a->failure_count == b->failure_count && i < a->failure_count; i++)
		if (!same_failure(&a->failures[i], &b->failures[i]))
			return false;
	return a->type == b->type && slice_eq(a->type_text, b->type_text) &&
	       slice_eq(a->domain, b->domain) && a->successful == b->successful &&
	       a->failed == b->failed && a->failure_count == b->failure_count &&
	       same_list(a->strings, a->string_count, b->strings, b->string_count) &&
	       same_list(a->mx_hosts, a->mx_host_count, b->mx_hosts, b->mx_host_count);
}

/* All but the notes. */
static inline bool same_report(const struct report *a, const struct report *b)
{
	for (size_t i = 0; a->policy_count == b->policy_count && i < a->policy_count; i++)
		if (!same_policy(&a->policies[i], &b->policies[i]))
			return false;
	return a->policy_count == b->policy_count && slice_eq(a->organization, b->organization) &&
	       slice_eq(a->report_id, b->report_id) && slice_eq(a->contact, b->contact) &&
	       a->has_start == b->has_start && a->has_end == b->has_end && a->start == b->start &&
	       a->end == b->end;
}

#endif

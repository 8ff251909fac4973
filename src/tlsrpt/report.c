#include "tlsrpt/report.h"

#include "base/utc.h"

const char *const report_result_types[] = {
	"starttls-not-supported", "certificate-host-mismatch",
	"certificate-expired",    "certificate-not-trusted",
	"validation-failure",     "tlsa-invalid",
	"dnssec-invalid",         "dane-required",
	"sts-policy-fetch-error", "sts-policy-invalid",
	"sts-webpki-invalid",     NULL,
};

static const struct {
	enum report_type type;
	struct slice text;
} types[] = {
	{ REPORT_TYPE_NONE, SLICE_INIT("") },
	{ REPORT_TYPE_TLSA, SLICE_INIT("tlsa") },
	{ REPORT_TYPE_STS, SLICE_INIT("sts") },
	{ REPORT_TYPE_NO_POLICY_FOUND, SLICE_INIT("no-policy-found") },
};

bool report_result_type_known(struct slice text)
{
	for (const char *const *p = report_result_types; *p != NULL; p++)
		if (slice_eq(text, slice_str(*p)))
			return true;
	return false;
}

enum report_type report_type_of(struct slice text)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq(text, types[i].text))
			return types[i].type;
	return REPORT_TYPE_OTHER;
}

struct slice report_type_text(const struct report_policy *p)
{
	return p->type == REPORT_TYPE_OTHER ? p->type_text : types[p->type].text;
}

struct report_totals report_totals(const struct report *r)
{
	struct report_totals t = { .policies = r->policy_count };

	for (size_t i = 0; i < r->policy_count; i++) {
		t.successful += r->policies[i].successful;
		t.failed += r->policies[i].failed;
		t.failure_rows += r->policies[i].failure_count;
	}
	return t;
}

static void add(struct report_sessions *sum, const struct report_policy *p)
{
	sum->successful += p->successful;
	sum->failed += p->failed;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct report_sessions report_headline(const struct report *r, struct slice domain)
{
	struct report_sessions tlsa = { 0 }, sts = { 0 }, other = { 0 };

	for (size_t i = 0; i < r->policy_count; i++) {
		const struct report_policy *p = &r->policies[i];

		if (!slice_eq(p->domain, domain))
			continue;
		add(p->type == REPORT_TYPE_TLSA  ? &tlsa
		    : p->type == REPORT_TYPE_STS ? &sts
		                                 : &other,
		    p);
	}
	/* A session refused under either policy was refused: the rest of the larger total went
	 * well. */
	uint64_t total = larger(tlsa.successful + tlsa.failed, sts.successful + sts.failed);
	uint64_t failed = larger(tlsa.failed, sts.failed);
	return (struct report_sessions){ .successful = other.successful + total - failed,
		                         .failed = other.failed + failed };
}

bool report_day(const struct report *r, int64_t *day_start_out)
{
	if (!r->has_start || !r->has_end)
		return false;
	*day_start_out = utc_day_start(r->start + (r->end - r->start) / 2);
	return true;
}

bool report_is_utc_day(const struct report *r)
{
	int64_t length = r->end - r->start;

	return r->has_start && r->has_end && r->start == utc_day_start(r->start) &&
	       (length == UTC_DAY || length == UTC_DAY - 1);
}

struct slice report_contact_domain(const struct report *r)
{
	struct slice rest = r->contact, before;

	if (slice_starts_i(rest, S("mailto:")))
		rest = slice_skip(rest, 7);
	if (!slice_cut(rest, '@', &before, &rest))
		return S("");
	while (rest.len > 0 && (slice_ends(rest, S(">")) || slice_ends(rest, S("."))))
		rest.len--;
	return rest;
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.';
}

static struct slice domain_or_nothing(struct slice s)
{
	size_t dot = slice_find(s, '.');

	if (s.len > 253 || dot == SIZE_MAX || dot == 0)
		return S("");
	for (size_t i = 0; i < s.len; i++)
		if (!is_host_char(s.p[i]))
			return S("");
	return s;
}

struct slice report_id_domain(struct slice report_id)
{
	size_t n = report_id.len;

	while (n > 0 && report_id.p[n - 1] != '_' && report_id.p[n - 1] != '+')
		n--;
	return n == 0 ? S("") : domain_or_nothing(slice_skip(report_id, n));
}

struct slice report_file_name_domain(struct slice file_name)
{
	struct slice sender, rest, domain, times;

	if (!slice_cut(file_name, '!', &sender, &rest) || !slice_cut(rest, '!', &domain, &times))
		return S("");
	return domain_or_nothing(domain);
}

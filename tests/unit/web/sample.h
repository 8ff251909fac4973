/* A domain with something of everything, for tests of pages.  NOW is 2026-05-12 15:40 UTC. */
#ifndef TESTS_UNIT_WEB_SAMPLE_H
#define TESTS_UNIT_WEB_SAMPLE_H

#include "base/utc.h"
#include "web/view.h"

#define NOW ((int64_t)1778600400)
#define TODAY ((int64_t)1778544000)
#define HOSTILE                                                \
	"<img src=x onerror=alert(1)>\"'&\x1b[31m\xe2\x80\xae" \
	"gpj.exe\xff\x01"
#define SAMPLE_DAYS 20

static const struct slice sample_patterns[] = { SLICE_INIT("mx1.acme.example"),
	                                        SLICE_INIT("*.filter.example") };
static const struct policy sample_policy = {
	.mode = POLICY_TESTING,
	.max_age = 86400,
	.mx_count = 2,
	.mx = sample_patterns,
};
static const struct domain sample_domain = {
	.id = 1,
	.tenant = 1,
	.name = "acme.example",
	.stage = STAGE_TESTING,
	.profile = "default",
	.hosting = HOSTING_HERE,
	.rua = "",
	.tag = "tag",
	.hosted = true,
};
static const struct publication sample_publication = {
	.id = 1,
	.domain = 1,
	.policy_id = "20260501090000",
	.state = PUBLICATION_ANNOUNCED,
	.staged = TODAY - 11 * UTC_DAY,
	.served = TODAY - 11 * UTC_DAY,
	.announced = TODAY - 11 * UTC_DAY,
	.text = SLICE_INIT("version: STSv1\r\nmode: testing\r\nmx: mx1.acme.example\r\n"
	                   "mx: *.filter.example\r\nmax_age: 86400\r\n"),
	.policy = &sample_policy,
};
static const struct cert sample_cert = {
	.issuer = "CN=Demonstration CA",
	.subject = "CN=mta-sts.acme.example",
	.source = "demo",
	.note = "",
	.not_before = TODAY - 29 * UTC_DAY,
	.not_after = TODAY + 61 * UTC_DAY,
};
static const struct view_mx sample_mx[] = { { "mx1.acme.example", 10, true },
	                                    { "mx2.filter.test", 20, false } };
static const char *const sample_unused[] = { "*.filter.example" };
static const struct record_row sample_records[] = {
	{ "policy-host", "cname", "mta-sts.acme.example", "mta-sts", "CNAME",
	  "acme.example.k3vq7z.web.sts.mxseal.example.", 300, "seen", NULL, NULL, 0, NULL },
	{ "policy-id", "txt", "_mta-sts.acme.example", "_mta-sts", "TXT", NULL, 300, "not-checked",
	  "there is an id once the policy is served", NULL, 0, NULL },
	{ "reports", "cname", "_smtp._tls.acme.example", "_smtp._tls", "CNAME",
	  "acme.example.k3vq7z.rpt.sts.mxseal.example.", 300, "pending", NULL, NULL, 0, NULL },
};
static struct summary_organization sample_senders[] = {
	{ SLICE_INIT("Microsoft Corporation"),
	  SLICE_INIT("microsoft.com"),
	  TRUST_BIT(TRUST_DKIM),
	  { 17, 1204, 7 },
	  TODAY - 19 * UTC_DAY,
	  TODAY - UTC_DAY,
	  { 1, 0 },
	  627,
	  SLICE_INIT(""),
	  true,
	  TODAY - 19 * UTC_DAY,
	  TODAY - UTC_DAY },
	{ SLICE_INIT("Google Inc."),
	  SLICE_INIT(""),
	  TRUST_BIT(TRUST_IMPORTED) | TRUST_BIT(TRUST_POSTED),
	  { 17, 698, 2 },
	  TODAY - 19 * UTC_DAY,
	  TODAY - UTC_DAY,
	  { 1, 3 },
	  364,
	  SLICE_INIT(""),
	  false,
	  TODAY - 5 * UTC_DAY,
	  TODAY - UTC_DAY },
	{ SLICE_INIT(HOSTILE),
	  SLICE_INIT(""),
	  TRUST_BIT(TRUST_POSTED),
	  { 1, 10, 3 },
	  TODAY - 5 * UTC_DAY,
	  TODAY - 5 * UTC_DAY,
	  { 0, 0 },
	  7,
	  SLICE_INIT(""),
	  false,
	  TODAY - 5 * UTC_DAY,
	  TODAY - UTC_DAY },
};
static struct summary_failure sample_failures[] = {
	{ SLICE_INIT("validation-failure"), SLICE_INIT("MX_HOSTS_MISMATCH"), 7, TODAY - 4 * UTC_DAY,
	  TODAY - UTC_DAY },
	{ SLICE_INIT("certificate-expired"), SLICE_INIT(""), 2, TODAY - 12 * UTC_DAY,
	  TODAY - 12 * UTC_DAY },
	{ SLICE_INIT("sts-policy-fetch-error"), SLICE_INIT("bad https response code: 404"), 2,
	  TODAY - 9 * UTC_DAY, TODAY - 9 * UTC_DAY },
	{ SLICE_INIT(HOSTILE), SLICE_INIT(HOSTILE), 1, TODAY - 5 * UTC_DAY, TODAY - 5 * UTC_DAY },
};
static struct summary_organization sample_unsigned_senders[] = {
	{ SLICE_INIT("Somebody"),
	  SLICE_INIT(""),
	  TRUST_BIT(TRUST_UNSIGNED),
	  { 2, 5, 95 },
	  TODAY - 2 * UTC_DAY,
	  TODAY - UTC_DAY,
	  { 0, 0 },
	  1000,
	  SLICE_INIT(""),
	  false,
	  TODAY - 5 * UTC_DAY,
	  TODAY - UTC_DAY },
};

/* Every fourth day has no report. */
static size_t sample_fill_days(struct summary_day days[SAMPLE_DAYS])
{
	size_t n = 0;

	for (int i = 0; i < SAMPLE_DAYS; i++) {
		if (i % 4 == 2)
			continue;
		days[n++] = (struct summary_day){
			.day = TODAY - (SAMPLE_DAYS - 1 - i) * UTC_DAY,
			.counts = { 2, 90 + i * 37 % 61, i % 5 == 0 ? i + 2 : 0 },
		};
	}
	return n;
}

struct sample {
	struct summary_day days[SAMPLE_DAYS], unsigned_days[1];
	struct summary figures, apart;
	struct horizon_policy policies[2];
	int64_t held[2];
	struct horizon_answer horizon;
	struct view_domain view;
};

static void sample_fill(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->figures = (struct summary){
		.from = TODAY - (SAMPLE_DAYS - 1) * UTC_DAY,
		.to = TODAY,
		.total = { 35, 1912, 12 },
		.organization_count = ARRAY_LEN(sample_senders),
		.organizations = sample_senders,
		.failure_count = ARRAY_LEN(sample_failures),
		.failures = sample_failures,
		.day_count = sample_fill_days(s->days),
		.days = s->days,
	};
	s->unsigned_days[0] = (struct summary_day){ TODAY - UTC_DAY, { 2, 5, 95 } };
	s->apart = (struct summary){
		.from = s->figures.from,
		.to = TODAY,
		.total = { 2, 5, 95 },
		.organization_count = 1,
		.organizations = sample_unsigned_senders,
		.day_count = 1,
		.days = s->unsigned_days,
	};
	s->policies[0] = (struct horizon_policy){
		.id = S("20260401090000"),
		.mode = POLICY_ENFORCE,
		.max_age = 1209600,
		.served_from = TODAY - 41 * UTC_DAY,
		.served_until = TODAY - 11 * UTC_DAY,
	};
	s->policies[1] = (struct horizon_policy){
		.id = S("20260501090000"),
		.mode = POLICY_TESTING,
		.max_age = 86400,
		.served_from = TODAY - 11 * UTC_DAY,
		.served_until = HORIZON_OPEN,
	};
	s->held[0] = TODAY + 3 * UTC_DAY + 120;
	s->held[1] = HORIZON_OPEN;
	s->horizon = (struct horizon_answer){
		.count = 2,
		.policies = s->policies,
		.held_until = s->held,
		.old_policy_until = s->held[0],
		.remove_after = HORIZON_OPEN,
	};
	s->view = (struct view_domain){
		.domain = &sample_domain,
		.now = NOW,
		.newest = &sample_publication,
		.served = &sample_publication,
		.cert_host = "mta-sts.acme.example",
		.cert = &sample_cert,
		.horizon = &s->horizon,
		.mx_known = true,
		.mx_count = ARRAY_LEN(sample_mx),
		.mx = sample_mx,
		.unused_count = 1,
		.unused = sample_unused,
		.record_count = ARRAY_LEN(sample_records),
		.records = sample_records,
		.figures = &s->figures,
		.unsigned_ = &s->apart,
		.quarantined = 3,
		.quarantined_all = 5,
	};
}

static inline void sample_lines(struct view_line lines[3])
{
	static struct domain bank, shop;

	bank = sample_domain;
	bank.name = "bank.example";
	bank.stage = STAGE_ENFORCE;
	shop = sample_domain;
	shop.name = "shop.example";
	lines[0] = (struct view_line){ &sample_domain,
		                       &sample_publication,
		                       &sample_cert,
		                       { 35, 1912, 12 },
		                       TODAY - UTC_DAY,
		                       TODAY - 3 * UTC_DAY,
		                       NULL,
		                       NULL,
		                       { 0 } };
	lines[1] = (struct view_line){
		&bank, &sample_publication, &sample_cert, { 60, 48211, 0 }, TODAY, 0, NULL, NULL,
		{ 0 }
	};
	lines[2] = (struct view_line){ &shop, NULL, NULL, { 0, 0, 0 }, 0, 0, NULL, NULL, { 0 } };
}

#endif

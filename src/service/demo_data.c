#include "service/demo_data.h"

static const char *const acme_mx[] = { "mx1.acme.example", "mx2.acme.example", NULL };
static const char *const bank_mx[] = { "mx.bank.example", NULL };
static const char *const clinic_mx[] = { "mail.clinic.example", NULL };
static const struct demo_policy acme_policies[] = { { "testing", 86400, 70 } };
static const struct demo_policy bank_policies[] = { { "testing", 86400, 160 },
	                                            { "enforce", 86400, 120 },
	                                            { "enforce", 1209600, 80 } };
static const struct demo_policy clinic_policies[] = { { "testing", 86400, 90 },
	                                              { "enforce", 86400, 62 } };

const struct demo_domain demo_domains[] = {
	{ "acme.example", acme_mx, acme_policies, 1 },
	{ "bank.example", bank_mx, bank_policies, 3 },
	{ "clinic.example", clinic_mx, clinic_policies, 2 },
};
const size_t demo_domain_count = ARRAY_LEN(demo_domains);

enum err demo_reports(int64_t now, uint64_t seed, struct slice to, demo_sink sink, void *arg)
{
	(void)now;
	(void)seed;
	(void)to;
	(void)sink;
	(void)arg;
	return OK;
}

#include "service/acme_plan.h"

#include "test.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1800000000)
#define LAST UINT32_MAX

TEST(renewals)
{
	static const struct {
		const char *label;
		int64_t life;
		bool foreign;
		uint32_t random;
		int64_t want;
	} rows[] = {
		{ "at two thirds", 90 * DAY, false, 0, 60 * DAY },
		{ "spread over a twentieth before", 90 * DAY, false, LAST, 60 * DAY - 9 * DAY / 2 },
		{ "CERT-07: six days", 6 * DAY, false, 0, 4 * DAY },
		{ "somebody else's: five sixths", 90 * DAY, true, LAST, 75 * DAY },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t at =
		        acme_plan_renewal(NOW, NOW + rows[i].life, rows[i].foreign, rows[i].random);
		EXPECT(at >= NOW + rows[i].want && at <= NOW + rows[i].want + 1, rows[i].label);
	}
}

TEST(windows)
{
	uint64_t seed = 7;

	for (unsigned i = 0; i < 1000; i++) {
		uint32_t r = test_random(&seed);
		int64_t at = acme_plan_window(NOW + 100, NOW + 200, NOW, r);
		EXPECT(at >= NOW + 100 && at < NOW + 200, "ACME-25: inside the window");
	}
	EXPECT(acme_plan_window(NOW + 100, NOW + 200, NOW, 0) == NOW + 100, "ACME-25: its start");
	EXPECT(acme_plan_window(NOW + 100, NOW + 200, NOW, LAST / 2) > NOW + 140,
	       "ACME-25: not always at its start");
	EXPECT(acme_plan_window(NOW - 200, NOW - 100, NOW, LAST) == NOW, "ACME-25: past is now");
	EXPECT(acme_plan_window(NOW - 100, NOW + 100, NOW, 0) == NOW,
	       "ACME-25: of a window that has begun, the rest");
	EXPECT(acme_plan_ask(NOW, 1) == NOW + 60, "ACME-27: not before a minute");
	EXPECT(acme_plan_ask(NOW, 3600) == NOW + 3600, "ACME-27: as the CA says");
	EXPECT(acme_plan_ask(NOW, 30 * DAY) == NOW + DAY, "ACME-27: once a day");
	EXPECT(acme_plan_ask(NOW, 0) == NOW + 6 * 3600, "ACME-27: after a failure, six hours");
}

TEST(pauses)
{
	int64_t before = 0;

	for (int64_t n = 1; n < 20; n++) {
		EXPECT(acme_plan_refused(n) >= before, "ACME-07: never shorter");
		before = acme_plan_refused(n);
		EXPECT(acme_plan_fault(n) <= acme_plan_refused(n), "an outage ends by itself");
	}
	EXPECT(acme_plan_refused(1) == 600 && before == DAY, "ten minutes to a day");
	EXPECT(acme_plan_fault(0) == 5 && acme_plan_fault(1000) == 600, "seconds to ten minutes");
}

TEST(allowances)
{
	static const struct {
		const char *label;
		struct acme_spending s;
		bool renewal, want;
	} rows[] = {
		{ "ACME-07: a new name", { 300, 199, 199, 1 }, false, true },
		{ "ACME-07: the reserve is not for new names", { 300, 200, 0, 1 }, false, false },
		{ "ACME-07: it is for renewals", { 300, 299, 299, 1 }, true, true },
		{ "ACME-07: spent is spent", { 300, 300, 0, 1 }, true, false },
		{ "one of several tenants has half", { 300, 100, 99, 2 }, false, true },
		{ "and no more", { 300, 100, 100, 2 }, false, false },
		{ "the least there can be", { 3, 1, 1, 1 }, false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(acme_plan_may_spend(&rows[i].s, rows[i].renewal) == rows[i].want,
		       rows[i].label);
}

TEST_MAIN(UNIT(renewals), UNIT(windows), UNIT(pauses), UNIT(allowances))

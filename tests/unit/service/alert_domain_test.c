#include "service/alert_domain.h"

#include "advice/alert.h"
#include "unit/test.h"

TEST(again)
{
	static const struct {
		const char *label;
		struct self_check look;
		int64_t every, want;
	} rows[] = {
		{ "all is well", { .policy = ALERT_GOOD }, 3600, 3600 },
		{ "one fetch has failed", { .policy = ALERT_BAD, .policy_bad = 1 }, 3600, 300 },
		{ "among few domains", { .policy = ALERT_BAD, .policy_bad = 1 }, 60, 60 },
		{ "two have failed", { .policy = ALERT_BAD, .policy_bad = 2 }, 3600, 3600 },
		{ "it could not be found out",
		  { .policy = ALERT_UNKNOWN, .policy_bad = 1 },
		  3600,
		  3600 },
		{ "never looked", { 0 }, 3600, 3600 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(alert_domain_again(&rows[i].look, rows[i].every) == rows[i].want,
		       rows[i].label);
}

TEST_MAIN(UNIT(again))

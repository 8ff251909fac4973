/* What is said of certificates that are not ours. */
#include "advice/outside_judge.h"

#include "unit/test.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

TEST(findings)
{
	static const struct {
		const char *label;
		struct outside_seen seen;
		enum outside_severity severity;
		const char *detail;
	} rows[] = {
		{ "good",
		  { .checked = NOW - 60, .why = "", .not_after = NOW + 60 * DAY },
		  OUTSIDE_PASS,
		  "seen from outside at 2027-01-15T07:59:00Z, 60 days left of its certificate" },
		{ "one look in vain may be a blip",
		  { .checked = NOW, .faults = 1, .why = "no", .not_after = NOW + 60 * DAY },
		  OUTSIDE_PASS,
		  "seen from outside at 2027-01-15T08:00:00Z, 60 days left of its certificate" },
		{ "two are not",
		  { .checked = NOW, .faults = 2, .why = "no", .not_after = NOW + 60 * DAY },
		  OUTSIDE_FAIL,
		  "from outside, 2 times in a row: no" },
		{ "14 days left",
		  { .checked = NOW, .why = "", .not_after = NOW + 14 * DAY },
		  OUTSIDE_PASS,
		  "seen from outside at 2027-01-15T08:00:00Z, 14 days left of its certificate" },
		{ "a second less",
		  { .checked = NOW, .why = "", .not_after = NOW + 14 * DAY - 1 },
		  OUTSIDE_WARN,
		  "its last day is 2027-01-29 UTC, 13 days left, and it was not renewed" },
		{ "3 days left",
		  { .checked = NOW, .why = "", .not_after = NOW + 3 * DAY },
		  OUTSIDE_WARN,
		  "its last day is 2027-01-18 UTC, 3 days left, and it was not renewed" },
		{ "a second less than 3 days",
		  { .checked = NOW, .why = "", .not_after = NOW + 3 * DAY - 1 },
		  OUTSIDE_FAIL,
		  "its last day is 2027-01-18 UTC, 2 days left, and it was not renewed" },
		{ "a day and a half",
		  { .checked = NOW, .why = "", .not_after = NOW + DAY + DAY / 2 },
		  OUTSIDE_FAIL,
		  "its last day is 2027-01-16 UTC, 1 day left, and it was not renewed" },
		{ "over",
		  { .checked = NOW, .why = "", .not_after = NOW },
		  OUTSIDE_FAIL,
		  "its last day is 2027-01-15 UTC, no time is left, and it was not renewed" },
		{ "never looked at", { .why = "" }, OUTSIDE_SKIP, "it is about to be looked at" },
		{ "the first look in vain",
		  { .checked = NOW, .faults = 1, .why = "no" },
		  OUTSIDE_SKIP,
		  "no" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct outside_seen seen = rows[i].seen;
		struct outside_finding f;

		seen.host = "mta-sts.a.example";
		seen.policy = true;
		f = outside_judge(&seen, NOW, a);
		EXPECT(f.severity == rows[i].severity, rows[i].label);
		EXPECT_SLICE(slice_str(f.detail), slice_str(rows[i].detail), rows[i].label);
		EXPECT(f.title[0] != '\0', rows[i].label);
		EXPECT((f.fix != NULL) == (f.severity >= OUTSIDE_WARN), rows[i].label);
		arena_free(a);
	}
}

TEST_MAIN(UNIT(findings))

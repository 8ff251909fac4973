/* The guards in front of a stricter policy, both sides of every limit. */
#include "advice/guard.h"

#include "unit/test.h"

#define DAY 86400
#define NOW (1000 * (int64_t)DAY)
#define NEEDED (14 * (int64_t)DAY)

/* A domain that may do everything; rows change one thing. */
static const struct guard_facts good = {
	.domain = "example.com",
	.had_policy = true,
	.old_mode = POLICY_TESTING,
	.new_mode = POLICY_ENFORCE,
	.old_max_age = 86400,
	.new_max_age = 86400,
	.now = NOW,
	.testing_since = NOW - NEEDED,
	.testing_needed = NEEDED,
	.tlsrpt = GUARD_YES,
	.mx = GUARD_YES,
};

static bool unmet(const struct guard_facts *f, bool offline, enum guard_code code)
{
	struct guard_result r[GUARD_COUNT];
	size_t n = guard_check(f, offline, r);

	for (size_t i = 0; i < n; i++) {
		EXPECT(r[i].reason[0] != '\0' && r[i].fix[0] != '\0', "a reason and a fix");
		EXPECT(strstr(r[i].fix, "--anyway") != NULL, "the override is named");
		if (r[i].code == code)
			return true;
	}
	return false;
}

TEST(long_enough_is_the_profiles_time)
{
	static const struct {
		const char *label;
		int64_t since;
		bool unmet;
	} rows[] = {
		{ "STS-93: enforce on a domain never in testing is refused", 0, true },
		{ "one second short of the profile's time", NOW - NEEDED + 1, true },
		{ "exactly the profile's time", NOW - NEEDED, false },
		{ "longer", NOW - NEEDED - 1, false },
		{ "began in the future (the clock stepped back)", NOW + 5, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guard_facts f = good;
		f.testing_since = rows[i].since;
		EXPECT(unmet(&f, false, GUARD_TESTING_TIME) == rows[i].unmet, rows[i].label);
		EXPECT(unmet(&f, true, GUARD_TESTING_TIME) == rows[i].unmet, rows[i].label);
	}
	EXPECT(guard_testing_time(S("default")) == NEEDED, "fourteen days by default");
	EXPECT(guard_testing_time(S("careful")) == 30 * DAY, "a slower profile");
	EXPECT(guard_testing_time(S("no such")) == NEEDED, "an unknown profile is no way around");
}

TEST(what_dns_says_decides)
{
	static const struct {
		const char *label;
		enum guard_seen seen;
		bool unmet;
	} rows[] = {
		{ "seen", GUARD_YES, false },
		{ "not there", GUARD_NO, true },
		{ "could not be asked counts as not met", GUARD_UNKNOWN, true },
		{ "was not asked counts as not met", GUARD_NOT_ASKED, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guard_facts f = good;
		f.tlsrpt = rows[i].seen;
		EXPECT(unmet(&f, false, GUARD_TLSRPT) == rows[i].unmet, rows[i].label);
		EXPECT(!unmet(&f, true, GUARD_TLSRPT), "offline asks no DNS");
		f = good;
		f.mx = rows[i].seen;
		f.first_unmatched = "mx2.example.com";
		f.unmatched_count = 2;
		EXPECT(unmet(&f, false, GUARD_MX) == rows[i].unmet, rows[i].label);
		EXPECT(!unmet(&f, true, GUARD_MX), "offline asks no DNS");
	}
}

TEST(only_stricter_steps_are_guarded)
{
	static const struct {
		const char *label;
		bool had;
		enum policy_mode old_mode;
		uint32_t old_age;
		enum policy_mode new_mode;
		uint32_t new_age;
		bool removed, needed;
	} rows[] = {
		{ "a first testing policy", false, POLICY_NONE, 0, POLICY_TESTING, 86400, false,
		  false },
		{ "a first testing policy above the stage", false, POLICY_NONE, 0, POLICY_TESTING,
		  86401, false, true },
		{ "a first enforce policy", false, POLICY_NONE, 0, POLICY_ENFORCE, 300, false,
		  true },
		{ "a first policy of mode none", false, POLICY_NONE, 0, POLICY_NONE, 31557600,
		  false, false },
		{ "testing to enforce", true, POLICY_TESTING, 86400, POLICY_ENFORCE, 86400, false,
		  true },
		{ "none to enforce", true, POLICY_NONE, 86400, POLICY_ENFORCE, 86400, false, true },
		{ "testing, longer but within the stage", true, POLICY_TESTING, 300, POLICY_TESTING,
		  86400, false, false },
		{ "testing, above the stage", true, POLICY_TESTING, 86400, POLICY_TESTING, 86401,
		  false, true },
		{ "enforce, above the stage", true, POLICY_ENFORCE, 86400, POLICY_ENFORCE, 1209600,
		  false, true },
		{ "none to a long testing that was long before", true, POLICY_NONE, 1209600,
		  POLICY_TESTING, 1209600, false, true },
		{ "enforce, long already", true, POLICY_ENFORCE, 1209600, POLICY_ENFORCE, 1209600,
		  false, false },
		{ "enforce, shorter", true, POLICY_ENFORCE, 1209600, POLICY_ENFORCE, 604800, false,
		  false },
		{ "enforce, a little longer than long", true, POLICY_ENFORCE, 1209600,
		  POLICY_ENFORCE, 1209601, false, true },
		{ "back to testing", true, POLICY_ENFORCE, 1209600, POLICY_TESTING, 86400, false,
		  false },
		{ "to none", true, POLICY_ENFORCE, 1209600, POLICY_NONE, 86400, true, false },
		{ "STS-87: enforce that loses a pattern", true, POLICY_ENFORCE, 86400,
		  POLICY_ENFORCE, 86400, true, true },
		{ "testing that loses a pattern", true, POLICY_TESTING, 86400, POLICY_TESTING,
		  86400, true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guard_facts f = good;
		f.had_policy = rows[i].had;
		f.old_mode = rows[i].old_mode;
		f.old_max_age = rows[i].old_age;
		f.new_mode = rows[i].new_mode;
		f.new_max_age = rows[i].new_age;
		f.patterns_removed = rows[i].removed;
		f.testing_since = 0;
		f.mx = GUARD_NO;
		EXPECT(guard_is_needed(&f) == rows[i].needed, rows[i].label);
		EXPECT(unmet(&f, false, GUARD_MX) == rows[i].needed, rows[i].label);
	}
}

TEST(a_lost_pattern_needs_no_testing_time)
{
	struct guard_facts f = good;

	f.old_mode = POLICY_ENFORCE;
	f.patterns_removed = true;
	f.testing_since = 0;
	f.tlsrpt = GUARD_NO;
	EXPECT(!unmet(&f, false, GUARD_TESTING_TIME), "no new stage, no time needed");
	EXPECT(!unmet(&f, false, GUARD_TLSRPT), "no new stage, no record asked for");
	EXPECT(!unmet(&f, false, GUARD_MX), "every host is still matched");
	f.mx = GUARD_NO;
	EXPECT(unmet(&f, false, GUARD_MX), "STS-87: the only pattern of a live host stays");
}

TEST(a_line_that_waits_to_be_typed)
{
	struct guard_facts f = good;

	f.waiting = true;
	EXPECT(unmet(&f, false, GUARD_WAITING), "no stricter step before the last id is seen");
	EXPECT(unmet(&f, true, GUARD_WAITING), "which needs no DNS to know");
	f.new_mode = POLICY_TESTING;
	f.new_max_age = f.old_max_age;
	EXPECT(!unmet(&f, false, GUARD_WAITING), "a step that is no stricter is free");
}

TEST(offline_guards_come_first)
{
	struct guard_facts f = good;
	struct guard_result r[GUARD_COUNT];

	f.testing_since = 0;
	f.tlsrpt = GUARD_NO;
	f.mx = GUARD_UNKNOWN;
	f.waiting = true;
	f.dns_why = "no answer in time";
	EXPECT(guard_check(&f, false, r) == GUARD_COUNT, "all are not met");
	EXPECT(r[0].code == GUARD_TESTING_TIME, "time first");
	EXPECT(strstr(r[3].reason, "no answer in time") != NULL, "the message says why DNS failed");
	EXPECT(guard_check(&f, true, r) == 2, "without DNS the time and what waits");
	f = good;
	EXPECT(guard_check(&f, false, r) == 0, "everything met");
}

TEST(testing_counts_from_its_unbroken_start)
{
	static const struct {
		const char *label;
		size_t count;
		struct guard_served rows[4];
		int64_t since;
	} t[] = {
		{ "nothing published", 0, { { 0 } }, 0 },
		{ "never served", 1, { { POLICY_TESTING, 0, false } }, 0 },
		{ "served", 1, { { POLICY_TESTING, 100, false } }, 100 },
		{ "changed since",
		  2,
		  { { POLICY_TESTING, 100, false }, { POLICY_TESTING, 200, false } },
		  100 },
		{ "a staged one does not count",
		  2,
		  { { POLICY_TESTING, 100, false }, { POLICY_TESTING, 0, false } },
		  100 },
		{ "back from enforce",
		  3,
		  { { POLICY_TESTING, 100, false },
		    { POLICY_ENFORCE, 200, false },
		    { POLICY_TESTING, 300, false } },
		  100 },
		{ "mode none breaks it",
		  3,
		  { { POLICY_TESTING, 100, false },
		    { POLICY_NONE, 200, false },
		    { POLICY_TESTING, 300, false } },
		  300 },
		{ "mode none now",
		  2,
		  { { POLICY_TESTING, 100, false }, { POLICY_NONE, 200, false } },
		  0 },
		{ "a stop breaks it",
		  2,
		  { { POLICY_TESTING, 100, true }, { POLICY_TESTING, 300, false } },
		  300 },
		{ "stopped now", 1, { { POLICY_TESTING, 100, true } }, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		EXPECT(guard_testing_since(t[i].rows, t[i].count) == t[i].since, t[i].label);
}

TEST_MAIN(UNIT(long_enough_is_the_profiles_time), UNIT(what_dns_says_decides),
          UNIT(only_stricter_steps_are_guarded), UNIT(a_lost_pattern_needs_no_testing_time),
          UNIT(offline_guards_come_first), UNIT(a_line_that_waits_to_be_typed),
          UNIT(testing_counts_from_its_unbroken_start))

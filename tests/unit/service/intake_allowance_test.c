#include "service/intake_allowance.h"

#include "store/arrivals.h"
#include "unit/store/fixture.h"

#define LATER (NOON + 3600)

static enum err take(struct allowances *a, int64_t domain, int64_t now, struct allowance_place *p)
{
	return allowance_take(a, domain, TRUST_UNSIGNED, 100, now, p);
}

TEST(limits)
{
	static const struct allowance_limits limits = { .keep_unsigned = 3, .keep_posted = 1 };
	struct allowance_place p[4], q;
	struct allowances *a;
	struct fixture f;

	fixture_open(&f);
	a = allowances_new(f.db, &limits);
	for (unsigned i = 0; i < 3; i++)
		EXPECT(take(a, 7, NOON, &p[i]) == OK, "RPT-87: as many as are allowed");
	EXPECT(take(a, 7, LATER, &p[3]) == ERR_LIMIT, "RPT-87: one more");
	EXPECT(take(a, 8, NOON, &q) == OK, "each domain has its own");
	EXPECT(allowance_take(a, 7, TRUST_POSTED, 100, NOON, &q) == OK, "and each way in");
	EXPECT(allowance_take(a, 7, TRUST_POSTED, 100, NOON, &q) == ERR_LIMIT, "with its limit");
	EXPECT(allowance_take(a, 7, TRUST_DKIM, 100, NOON, &q) == OK, "signed mail has none");
	allowance_give_back(a, &p[1]);
	allowance_give_back(a, &p[1]); /* an empty place does nothing */
	EXPECT(take(a, 7, LATER, &p[1]) == OK, "a place that was given back");
	EXPECT(take(a, 7, LATER, &p[3]) == ERR_LIMIT, "once");
	EXPECT(take(a, 7, NOON + UTC_DAY, &p[3]) == OK, "the next day begins anew");
	allowance_give_back(a, &p[0]);
	EXPECT(take(a, 7, NOON + UTC_DAY, &q) == OK && take(a, 7, NOON + UTC_DAY, &q) == OK &&
	               take(a, 7, NOON + UTC_DAY, &q) == ERR_LIMIT,
	       "a place of the day before gives nothing back");
	allowances_free(a);
	fixture_close(&f);
}

TEST(sizes)
{
	static const struct allowance_limits limits = { .keep_unsigned = 5, .keep_posted = 5 };
	struct allowance_place p, q;
	struct allowances *a;
	struct fixture f;

	fixture_open(&f);
	a = allowances_new(f.db, &limits);
	EXPECT(allowance_take(a, 1, TRUST_UNSIGNED, 4 * ALLOWANCE_UNIT, NOON, &p) == OK &&
	               p.units == 5,
	       "a large message counts for several");
	EXPECT(take(a, 1, NOON, &q) == ERR_LIMIT, "and uses the day up");
	allowance_give_back(a, &p);
	EXPECT(take(a, 1, NOON, &p) == OK, "given back as a whole");
	allowance_grow(a, &p, 4 * ALLOWANCE_UNIT);
	EXPECT(take(a, 1, NOON, &q) == ERR_LIMIT, "a message that turned out to be large");
	allowance_give_back(a, &p);
	EXPECT(allowance_take(a, 1, TRUST_UNSIGNED, 25 * ALLOWANCE_UNIT, NOON, &p) == OK,
	       "the first of a day is taken whatever its size");
	allowances_free(a);
	fixture_close(&f);
}

TEST(what_was_there)
{
	static const struct allowance_limits limits = { .keep_unsigned = 2, .keep_posted = 2 };
	static const struct allowance_limits none = { .keep_unsigned = 0, .keep_posted = 0 };
	static const struct allowance_limits all = { .keep_unsigned = UINT64_MAX,
		                                     .keep_posted = UINT64_MAX };
	struct arrival in = {
		.sha256 = "aa", .way = "smtp", .trust = TRUST_UNSIGNED, .arrived = NOON, .domain = 7
	};
	struct allowance_place p;
	struct allowances *a;
	struct fixture f;

	fixture_open(&f);
	EXPECT(arrivals_put(f.db, &in, NULL) == OK, "one from before the start");
	a = allowances_new(f.db, &limits);
	EXPECT(take(a, 7, NOON, &p) == OK && take(a, 7, NOON, &p) == ERR_LIMIT, "is counted");
	allowances_free(a);
	a = allowances_new(f.db, &none);
	EXPECT(take(a, 8, NOON, &p) == ERR_LIMIT, "off: none is taken");
	allowances_free(a);
	a = allowances_new(f.db, &all);
	for (unsigned i = 0; i < 1000; i++)
		EXPECT(take(a, 7, NOON, &p) == OK && p.units == 0, "unlimited");
	allowances_free(a);
	fixture_close(&f);
}

TEST(mail_without_a_report_address)
{
	static const struct allowance_limits limits = { .keep_unsigned = 1, .keep_posted = 1 };
	struct allowance_place p;
	struct allowances *a;
	struct fixture f;

	fixture_open(&f);
	a = allowances_new(f.db, &limits);
	EXPECT(take(a, 0, NOON, &p) == OK && take(a, 0, NOON, &p) == ERR_LIMIT, "without domains");
	(void)fixture_domain(&f, "a.example");
	(void)fixture_domain(&f, "b.example");
	EXPECT(take(a, 0, NOON, &p) == ERR_LIMIT, "domains are counted once a second");
	EXPECT(take(a, 0, LATER, &p) == OK && take(a, 0, LATER, &p) == ERR_LIMIT,
	       "it may be about each of the domains");
	allowances_free(a);
	fixture_close(&f);
}

TEST(many_domains)
{
	static const struct allowance_limits limits = { .keep_unsigned = 1, .keep_posted = 1 };
	struct allowance_place p;
	struct allowances *a;
	struct fixture f;

	fixture_open(&f);
	a = allowances_new(f.db, &limits);
	for (int64_t d = 1; d <= 3000; d++)
		EXPECT(take(a, d, NOON, &p) == OK, "each has its place");
	for (int64_t d = 1; d <= 3000; d++)
		EXPECT(take(a, d, NOON, &p) == ERR_LIMIT, "and keeps it while others come");
	allowances_free(a);
	fixture_close(&f);
}

/* Slots are for what is ours, so that there are enough of them for all domains. */
TEST(as_many_as_domains)
{
	static const struct allowance_limits limits = { .keep_unsigned = 1, .keep_posted = 1 };
	const int64_t all = ALLOWANCES_SPARE + ALLOWANCES_EACH;
	struct allowance_place p = { .units = 0 };
	struct allowances *a;
	int64_t d = 0;
	struct fixture f;

	fixture_open(&f);
	a = allowances_new(f.db, &limits);
	while (d < all && take(a, d + 1, NOON, &p) == OK)
		d++;
	EXPECT(d == all, "more than the spare ones");
	EXPECT(take(a, d + 1, NOON, &p) == ERR_UNAVAILABLE, "but not without end");
	(void)fixture_domain(&f, "a.example");
	EXPECT(take(a, d + 1, NOON + 1, &p) == OK, "a domain brings its own");
	EXPECT(take(a, d + 1, NOON + 1, &p) == ERR_LIMIT, "which counts");
	EXPECT(take(a, 1, NOON + 1, &p) == ERR_LIMIT, "and the others still do");
	allowances_free(a);
	fixture_close(&f);
}

TEST_MAIN(UNIT(limits), UNIT(sizes), UNIT(what_was_there), UNIT(mail_without_a_report_address),
          UNIT(many_domains), UNIT(as_many_as_domains))

/* On which day which record of a leaving domain may go: lockout-math.md, (iii), as time passes. */
#include "service/leaving.h"

#include "mtasts/policy.h"
#include "unit/test.h"

#define DAY 86400
#define NONE_AT 1000000 /* the policy of mode none was saved */
#define TOLD_AT 1000060 /* its id was answered */
#define HELD 1709720    /* the last moment of an enforce policy: vector 5 */
#define TTL 3600

static const struct policy none = { .mode = POLICY_NONE, .max_age = DAY };
static const struct policy testing = { .mode = POLICY_TESTING, .max_age = DAY };
static const struct domain bye = { .name = "bye.example", .hosted = true };
static const struct horizon_policy policies[] = { { .mode = POLICY_ENFORCE },
	                                          { .mode = POLICY_TESTING },
	                                          { .mode = POLICY_NONE } };
static const int64_t held_until[] = { HELD, 986520, HORIZON_OPEN };
static const struct horizon_answer horizon = { .count = 3,
	                                       .policies = policies,
	                                       .held_until = held_until };

static struct publication newest(const struct policy *p, int64_t announced)
{
	return (struct publication){
		.policy = p, .staged = NONE_AT, .announced = announced, .ttl = TTL
	};
}

static const struct row {
	const char *label;
	const struct policy *policy;
	int64_t announced;
	bool with_horizon;
	int64_t gone; /* no server answers the id since; 0: one does */
	int64_t now;
	bool leaving;
	int64_t id_may_go, host_may_go;
	const char *words; /* a part of them */
} rows[] = {
	{ "a domain in testing is not leaving", &testing, TOLD_AT, true, 0, NONE_AT, false,
	  HORIZON_OPEN, HORIZON_OPEN, "no record may go yet" },
	{ "STS-91: nothing may go before the id of mode none is answered", &none, 0, true, 0,
	  NONE_AT + 1, true, HORIZON_OPEN, HORIZON_OPEN, "no record may go yet" },
	{ "STS-92: a testing or enforce policy is held until its day", &none, TOLD_AT, true, 0,
	  HELD - 1, true, HELD, HORIZON_OPEN, "until then no record may go" },
	{ "on that day the id goes first", &none, TOLD_AT, true, 0, HELD, true, HELD, HORIZON_OPEN,
	  "take _mta-sts.bye.example out of DNS, then mta-sts.bye.example" },
	{ "the host stays while resolvers may hold the id", &none, TOLD_AT, true, HELD + 10,
	  HELD + 10 + TTL - 1, true, HELD, HELD + 10 + TTL,
	  "_mta-sts.bye.example is gone; mta-sts.bye.example may go from" },
	{ "then the host goes too", &none, TOLD_AT, true, HELD + 10, HELD + 10 + TTL, true, HELD,
	  HELD + 10 + TTL, "then remove the domain here" },
	{ "STS-91: an id taken out too early does not let the host go earlier", &none, TOLD_AT,
	  true, NONE_AT + 100, HELD - 1, true, HELD, HELD + TTL, "until then no record may go" },
	{ "nothing was ever held: the id may go once mode none is answered", &none, TOLD_AT, false,
	  0, TOLD_AT, true, TOLD_AT, HORIZON_OPEN, "nobody holds an older policy" },
};

TEST(days_follow_what_senders_hold)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *t = &rows[i];
		struct arena *a = arena_new();
		struct publication p = newest(t->policy, t->announced);
		struct check c = { .checked = t->now,
			           .id = t->gone != 0 ? "" : "20260512000000",
			           .id_since = t->gone };
		struct leaving l;

		leaving_make(a, &bye, &p, t->with_horizon ? &horizon : NULL, &c, t->now, &l);
		EXPECT(l.leaving == t->leaving, t->label);
		EXPECT(l.records[0].may_go == t->id_may_go, t->label);
		EXPECT(l.records[1].may_go == t->id_may_go, t->label);
		EXPECT(l.records[2].may_go == t->host_may_go, t->label);
		EXPECT(strstr(leaving_words(a, &l, t->now), t->words) != NULL, t->label);
		arena_free(a);
	}
}

/* The law: whatever the hour, the host never goes before the id may, and neither before Z. */
TEST(nothing_goes_before_its_time)
{
	uint64_t seed = 20260512;

	for (unsigned n = 0; n < 2000; n++) {
		struct arena *a = arena_new();
		int64_t gone = (int64_t)(test_random(&seed) % (2 * HELD));
		struct publication p = newest(&none, TOLD_AT);
		struct check c = { .checked = 1, .id = "", .id_since = gone };
		struct leaving l;

		leaving_make(a, &bye, &p, &horizon, &c, gone, &l);
		EXPECT(l.records[0].may_go >= HELD, "STS-92: the id waits for Z");
		EXPECT(l.records[2].may_go >= l.records[0].may_go &&
		               (gone == 0 || l.records[2].may_go >= gone + TTL),
		       "the host waits for the id and its TTL");
		arena_free(a);
	}
}

TEST(a_domain_without_facts)
{
	struct arena *a = arena_new();
	struct leaving l;

	leaving_make(a, &bye, NULL, NULL, NULL, NONE_AT, &l);
	EXPECT(!l.leaving && l.held_until == 0, "no policy, nothing held");
	EXPECT(l.records[0].may_go == HORIZON_OPEN && l.records[2].may_go == HORIZON_OPEN,
	       "and no day can be said");
	arena_free(a);
}

TEST_MAIN(UNIT(days_follow_what_senders_hold), UNIT(nothing_goes_before_its_time),
          UNIT(a_domain_without_facts))

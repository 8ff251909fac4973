#include "store/policies.h"

#include "base/utc.h"
#include "mtasts/policy.h"
#include "store/domains.h"
#include "unit/store/fixture.h"

static const struct slice one_mx[] = { SLICE_INIT("mx1.example.com") };
static const struct slice two_mx[] = { SLICE_INIT("mx1.example.com"), SLICE_INIT("*.example.net") };
static const struct policy testing = { POLICY_TESTING, 86400, 1, one_mx };
static const struct policy enforce = { POLICY_ENFORCE, 86400, 1, one_mx };
static const struct policy wider = { POLICY_TESTING, 86400, 2, two_mx };

static int64_t add_domain(struct fixture *f, const char *name)
{
	struct domain d = { .tenant = TENANT_ONLY,
		            .name = name,
		            .stage = STAGE_TESTING,
		            .tag = name,
		            .claim = "c",
		            .hosted = true };
	int64_t id = 0;

	assert_int_equal(domains_add(f->db, &d, NOON, &id), OK);
	return id;
}

static struct policies_saved save(struct fixture *f, int64_t domain, const struct policy *p,
                                  int64_t now)
{
	struct policies_saved s = { 0 };

	assert_int_equal(policies_save(f->db, domain, POLICIES_SAVE, p, now, f->a, &s), OK);
	return s;
}

static struct policies_saved bump(struct fixture *f, int64_t domain, int64_t now)
{
	struct policies_saved s = { 0 };

	assert_int_equal(policies_save(f->db, domain, POLICIES_BUMP, NULL, now, f->a, &s), OK);
	return s;
}

TEST(saving)
{
	struct fixture f;
	struct publication p;
	struct policies_saved s;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	EXPECT(policies_newest(f.db, d, f.a, &p) == ERR_NOTFOUND, "nothing at first");
	EXPECT(policies_save(f.db, d, POLICIES_BUMP, NULL, NOON, f.a, &s) == ERR_NOTFOUND,
	       "nothing to bump");
	EXPECT(policies_save(f.db, d + 1, POLICIES_SAVE, &testing, NOON, f.a, &s) == ERR_NOTFOUND,
	       "no such domain");
	struct policy bad = { POLICY_ENFORCE, 86400, 0, NULL };
	EXPECT(policies_save(f.db, d, POLICIES_SAVE, &bad, NOON, f.a, &s) == ERR_SYNTAX,
	       "enforce without a pattern is not written");

	s = save(&f, d, &wider, NOON);
	EXPECT(s.changed && s.superseded == 0, "the first save");
	EXPECT_SLICE(slice_str(s.newest.policy_id), S("20260101120000"), "the id is the moment");
	EXPECT_SLICE(s.newest.text,
	             S("version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmx: "
	               "*.example.net\r\nmax_age: 86400\r\n"),
	             "the text as it is served");
	EXPECT(s.newest.state == PUBLICATION_STAGED && s.newest.staged == NOON, "staged");
	EXPECT(policy_same(s.newest.policy, &wider), "the policy reads back");
	EXPECT_SLICE(slice_str(publication_state_name(s.newest.state)), S("staged"), "its word");
	fixture_close(&f);
}

TEST(unchanged_save_changes_nothing)
{
	struct fixture f;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	struct policies_saved first = save(&f, d, &testing, NOON);
	struct policies_saved again = save(&f, d, &testing, NOON + 100);
	EXPECT(!again.changed && again.newest.id == first.newest.id, "the same publication");
	EXPECT(fixture_number(&f, "select count(*) from publication") == 1, "one publication");
	EXPECT(fixture_number(&f, "select count(*) from policy_version") == 1, "one version");
	EXPECT(policies_mark_served(f.db, first.newest.id, NOON + 1) == OK, "served");
	EXPECT(!save(&f, d, &testing, NOON + 200).changed, "nor when it is served");
	fixture_close(&f);
}

TEST(a_bump_publishes_the_version_again)
{
	struct fixture f;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	struct policies_saved first = save(&f, d, &testing, NOON);
	EXPECT(policies_mark_served(f.db, first.newest.id, NOON) == OK, "served");
	struct policies_saved b = bump(&f, d, NOON + 60);
	EXPECT(b.changed && b.newest.version == first.newest.version, "the same version");
	EXPECT(strcmp(b.newest.policy_id, first.newest.policy_id) > 0, "a later id");
	EXPECT(fixture_number(&f, "select count(*) from policy_version") == 1, "no new version");
	fixture_close(&f);
}

TEST(ids_never_repeat)
{
	static const struct row {
		const char *label;
		int64_t now;
		const char *want;
	} rows[] = {
		{ "the moment", NOON, "20260101120000" },
		{ "within the same second", NOON, "20260101120001" },
		{ "again", NOON, "20260101120002" },
		{ "time passed", NOON + 60, "20260101120100" },
		{ "the clock steps back", NOON - 86400, "20260101120101" },
		{ "to 1970", 0, "20260101120102" },
		{ "it is right again", NOON + 3600, "20260101130000" },
	};
	struct fixture f;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policies_saved s =
		        save(&f, d, i % 2 == 0 ? &testing : &enforce, rows[i].now);
		EXPECT_SLICE(slice_str(s.newest.policy_id), slice_str(rows[i].want), rows[i].label);
	}
	EXPECT(domains_remove(f.db, d, NOON) == OK, "removed");
	EXPECT(add_domain(&f, "example.com") == d, "and added again");
	struct policies_saved s = save(&f, d, &testing, NOON);
	EXPECT(s.changed, "what ended is published again");
	EXPECT_SLICE(slice_str(s.newest.policy_id), S("20260101130001"), "ids outlive a removal");
	fixture_close(&f);
}

/* Law: whatever the clock does, ids of one domain only grow. */
TEST(ids_grow_under_any_clock)
{
	struct fixture f;
	uint64_t seed = 20260101;
	char last[POLICY_ID_TEXT_MAX + 1] = "";

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	for (int i = 0; i < 200; i++) {
		int64_t now = NOON + (int64_t)(test_random(&seed) % 2000) - 1000;
		struct policies_saved s = i == 0 ? save(&f, d, &testing, now) : bump(&f, d, now);
		EXPECT(strcmp(s.newest.policy_id, last) > 0, "seed 20260101: an id did not grow");
		(void)snprintf(last, sizeof(last), "%s", s.newest.policy_id);
	}
	fixture_close(&f);
}

TEST(superseding)
{
	struct fixture f;
	struct publication p;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	struct policies_saved first = save(&f, d, &testing, NOON);
	struct policies_saved second = save(&f, d, &enforce, NOON + 10);
	EXPECT(second.superseded == first.newest.id, "the staged one gives way");
	EXPECT(policies_by_id(f.db, first.newest.id, f.a, &p) == OK && p.end == END_SUPERSEDED &&
	               p.ended == NOON + 10 && p.state == PUBLICATION_ENDED,
	       "it has ended");
	EXPECT(policies_mark_served(f.db, p.id, NOON + 11) == ERR_CONFLICT, "is never served");
	EXPECT(policies_mark_announced(f.db, p.id, NOON + 11) == ERR_CONFLICT, "nor announced");
	EXPECT(policies_mark_offered(f.db, second.newest.id, 5, NOON + 12) == OK, "offered");
	struct policies_saved third = save(&f, d, &testing, NOON + 20);
	EXPECT(policies_by_id(f.db, second.newest.id, f.a, &p) == OK && p.end == END_SUPERSEDED &&
	               p.ended == 0,
	       "edges may still show what was offered");
	EXPECT(policies_mark_served(f.db, third.newest.id, NOON + 30) == OK, "the third is served");
	EXPECT(policies_by_id(f.db, second.newest.id, f.a, &p) == OK && p.end == END_SUPERSEDED &&
	               p.ended == NOON + 30,
	       "until the next is served everywhere");
	fixture_close(&f);
}

TEST(marks)
{
	struct fixture f;
	struct publication p;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	int64_t first = save(&f, d, &testing, NOON).newest.id;
	EXPECT(policies_served(f.db, d, f.a, &p) == ERR_NOTFOUND, "nothing is served yet");
	EXPECT(policies_mark_announced(f.db, first, NOON) == ERR_CONFLICT,
	       "an id is not announced before its text is served");
	EXPECT(policies_mark_offered(f.db, first, 7, NOON + 1) == OK, "offered");
	EXPECT(policies_mark_offered(f.db, first, 8, NOON + 5) == OK, "offered again");
	EXPECT(policies_mark_served(f.db, first, NOON + 2) == OK, "served");
	EXPECT(policies_mark_served(f.db, first, NOON + 6) == OK, "told again");
	EXPECT(policies_mark_announced(f.db, first, NOON + 3) == ERR_CONFLICT,
	       "STS-86: the first id is not announced before the policy was fetched");
	EXPECT(policies_mark_fetched(f.db, first, NOON + 3) == OK, "fetched");
	EXPECT(policies_mark_announced(f.db, first, NOON + 3) == OK, "announced");
	EXPECT(policies_mark_seen(f.db, first, NOON + 4, 300) == OK, "seen");
	EXPECT(policies_served(f.db, d, f.a, &p) == OK && p.id == first, "the served one");
	EXPECT(p.offered == NOON + 1 && p.served == NOON + 2 && p.announced == NOON + 3 &&
	               p.id_seen == NOON + 4 && p.ttl == 300 && p.seq == 8,
	       "first moments stay");
	EXPECT(p.state == PUBLICATION_ANNOUNCED, "announced");
	EXPECT(policies_mark_served(f.db, first + 1, NOON) == ERR_NOTFOUND, "an unknown one");

	int64_t second = save(&f, d, &enforce, NOON + 10).newest.id;
	EXPECT(policies_served(f.db, d, f.a, &p) == OK && p.id == first,
	       "the old id is answered until the new text is served");
	struct publication *staged = NULL, *all = NULL;
	size_t count = 0;
	EXPECT(policies_offered(f.db, 9, 10, f.a, &staged, &count) == OK && count == 0,
	       "what was not offered is not waited for");
	EXPECT(policies_mark_offered(f.db, second, 9, NOON + 15) == OK, "offered");
	EXPECT(policies_offered(f.db, 8, 10, f.a, &staged, &count) == OK && count == 0,
	       "nor what edges have not applied");
	EXPECT(policies_offered(f.db, 9, 10, f.a, &staged, &count) == OK && count == 1 &&
	               staged[0].id == second,
	       "what is left to do, also after a restart");
	EXPECT(policies_mark_served(f.db, second, NOON + 20) == OK, "served");
	EXPECT(policies_served(f.db, d, f.a, &p) == OK && p.id == second, "now the new one");
	EXPECT(policies_history(f.db, d, f.a, &all, &count) == OK && count == 2, "two");
	EXPECT(all[0].id == first && all[0].ended == NOON + 20 && all[0].end == END_REPLACED,
	       "the first ended when the second was served everywhere");
	EXPECT(all[1].offered == NOON + 15 && all[1].ended == 0, "the second lives");
	EXPECT(policies_mark_stopped(f.db, d, NOON + 30) == OK, "service stops");
	EXPECT(policies_history(f.db, d, f.a, &all, &count) == OK && all[1].end == END_STOPPED &&
	               all[1].ended == NOON + 30 && all[0].ended == NOON + 20,
	       "only what lived ends");
	EXPECT(save(&f, d, &enforce, NOON + 40).changed, "and begins again with a save");
	fixture_close(&f);
}

/* What stands between a served text and its id. */
TEST(order)
{
	static const struct row {
		const char *label;
		enum domain_hosting hosting;
		bool first, fetched, ahead;
		int64_t after; /* seconds since it was served */
		bool want;
	} rows[] = {
		{ "STS-86: a first one, not fetched", HOSTING_HERE, true, false, false, 900,
		  false },
		{ "STS-86: a first one, fetched", HOSTING_HERE, true, true, false, 0, true },
		{ "a later one here needs no fetch", HOSTING_HERE, false, false, false, 0, true },
		{ "behind a proxy it does", HOSTING_BEHIND, false, false, false, 900, false },
		{ "STS-90: and waits for the proxy", HOSTING_BEHIND, false, true, false, 59,
		  false },
		{ "STS-90: long enough", HOSTING_BEHIND, false, true, false, 60, true },
		{ "elsewhere too", HOSTING_EXTERNAL, false, true, false, 59, false },
		{ "elsewhere, long enough", HOSTING_EXTERNAL, false, true, false, 60, true },
		{ "an id that ran ahead is used up", HOSTING_HERE, false, true, true, 900, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct publication p = { .served = NOON,
			                 .hosting = r->hosting,
			                 .first = r->first,
			                 .fetched = r->fetched ? NOON : 0,
			                 .ahead = r->ahead ? NOON : 0 };
		EXPECT(publication_may_answer(&p, NOON + r->after) == r->want, r->label);
		p.served = 0;
		EXPECT(!publication_may_answer(&p, NOON + r->after), "nothing without a text");
	}
}

TEST(ahead)
{
	struct fixture f;
	struct publication p;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	int64_t first = save(&f, d, &testing, NOON).newest.id;
	bool noted = true;
	EXPECT(policies_mark_ahead(f.db, first, NOON + 1, &noted) == OK && !noted,
	       "nobody holds anything under a first id");
	EXPECT(policies_mark_served(f.db, first, NOON + 2) == OK &&
	               policies_mark_fetched(f.db, first, NOON + 2) == OK &&
	               policies_mark_announced(f.db, first, NOON + 2) == OK,
	       "the first one stands");
	int64_t second = save(&f, d, &enforce, NOON + 10).newest.id;
	EXPECT(policies_mark_ahead(f.db, second, NOON + 11, &noted) == OK && noted,
	       "the second is seen too early");
	EXPECT(policies_mark_served(f.db, second, NOON + 12) == OK, "served");
	EXPECT(policies_mark_announced(f.db, second, NOON + 90) == ERR_CONFLICT,
	       "STS-86: an id that ran ahead is never announced");
	EXPECT(policies_answered(f.db, d, NOON + 90, f.a, &p) == OK && p.id == first,
	       "the one before stays in DNS");
	struct policies_saved third;
	EXPECT(policies_save(f.db, d, POLICIES_BUMP, NULL, NOON + 91, f.a, &third) == OK &&
	               policies_mark_served(f.db, third.newest.id, NOON + 92) == OK &&
	               policies_mark_announced(f.db, third.newest.id, NOON + 92) == OK,
	       "a further id repairs it");
	EXPECT(policies_mark_ahead(f.db, third.newest.id, NOON + 93, &noted) == OK && !noted,
	       "once announced it cannot be early");
	EXPECT(policies_mark_stopped(f.db, d, NOON + 100) == OK, "service stops");
	EXPECT(policies_answered(f.db, d, NOON + 101, f.a, &p) == ERR_NOTFOUND, "nothing stands");
	int64_t again = save(&f, d, &enforce, NOON + 110).newest.id;
	EXPECT(policies_mark_served(f.db, again, NOON + 111) == OK &&
	               policies_by_id(f.db, again, f.a, &p) == OK && p.first,
	       "after a stop the next one is a first one");
	fixture_close(&f);
}

TEST(claims)
{
	struct fixture f;
	struct publication p;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	int64_t id = save(&f, d, &testing, NOON).newest.id;
	EXPECT(policies_claim(f.db, NOON, NOON + 60, f.a, &p) == OK && p.id == id, "it is due");
	EXPECT(policies_claim(f.db, NOON, NOON + 60, f.a, &p) == ERR_NOTFOUND, "and claimed");
	EXPECT(policies_again(f.db, id, NOON + 5, "not in DNS", true) == OK, "put back");
	EXPECT(policies_claim(f.db, NOON + 4, NOON + 60, f.a, &p) == ERR_NOTFOUND, "too early");
	EXPECT(policies_claim(f.db, NOON + 5, NOON + 60, f.a, &p) == OK && p.tries == 1 &&
	               strcmp(p.why, "not in DNS") == 0,
	       "due again, with its reason");
	EXPECT(policies_hurry(f.db, d) == OK &&
	               policies_again(f.db, id, NOON + 500, "not in DNS", true) == OK &&
	               policies_claim(f.db, NOON + 5, NOON + 60, f.a, &p) == OK,
	       "hurried while it is worked on, it is due at once");
	EXPECT(policies_mark_served(f.db, id, NOON + 6) == OK &&
	               policies_claim(f.db, NOON + 6, NOON + 60, f.a, &p) == OK && p.tries == 0 &&
	               p.why[0] == '\0',
	       "the next step begins at once");
	EXPECT(policies_all_due(f.db) == OK &&
	               policies_claim(f.db, NOON + 6, NOON + 60, f.a, &p) == OK,
	       "nobody holds a claim after a restart");
	EXPECT(policies_mark_fetched(f.db, id, NOON + 7) == OK &&
	               policies_mark_announced(f.db, id, NOON + 7) == OK &&
	               policies_claim(f.db, NOON + 99, NOON + 160, f.a, &p) == ERR_NOTFOUND,
	       "what is announced is done");
	fixture_close(&f);
}

TEST(adopted_ids)
{
	static const struct row {
		const char *label;
		struct slice id;
		enum err want;
	} rows[] = {
		{ "STS-07: one character", SLICE_INIT("1"), OK },
		{ "STS-07: 32 characters", SLICE_INIT("abcdefghijklmnopqrstuvwxyzABCDEF"), OK },
		{ "STS-07: 33 characters", SLICE_INIT("abcdefghijklmnopqrstuvwxyzABCDEFG"),
		  ERR_SYNTAX },
		{ "STS-07: none", SLICE_INIT(""), ERR_SYNTAX },
		{ "STS-07: a hyphen", SLICE_INIT("2026-01-01"), ERR_SYNTAX },
		{ "an id of our form", SLICE_INIT("20300101000000"), OK },
		{ "an id that spells no moment", SLICE_INIT("20309901000000"), OK },
		{ "the end of time", SLICE_INIT("99991231235959"), OK },
	};
	struct fixture f;
	struct publication p;

	fixture_open(&f);
	int64_t d = add_domain(&f, "example.com");
	EXPECT(policies_adopt_id(f.db, d, S("1"), NOON) == ERR_NOTFOUND, "nothing to adopt it for");
	struct policies_saved s = save(&f, d, &testing, NOON);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT(policies_adopt_id(f.db, d, rows[i].id, NOON) == rows[i].want, rows[i].label);
		if (rows[i].want != OK)
			continue;
		EXPECT(policies_newest(f.db, d, f.a, &p) == OK, rows[i].label);
		EXPECT_SLICE(slice_str(p.policy_id), rows[i].id, rows[i].label);
	}
	EXPECT(policies_adopt_id(f.db, d, S("99991231235959"), NOON) == OK, "again, no change");
	s = bump(&f, d, NOON + 60);
	EXPECT_SLICE(slice_str(s.newest.policy_id), S("20300101000001"),
	             "ours goes on behind the latest moment that one of them spelt");
	EXPECT(policies_adopt_id(f.db, d, S("99991231235959"), NOON) == ERR_CONFLICT,
	       "an earlier publication has it");
	int64_t id = s.newest.id;
	EXPECT(policies_mark_served(f.db, id, NOON + 61) == OK &&
	               policies_mark_fetched(f.db, id, NOON + 62) == OK &&
	               policies_mark_announced(f.db, id, NOON + 63) == OK &&
	               policies_adopt_id(f.db, d, S("mine"), NOON + 99) == OK,
	       "another id for a text that is announced already");
	EXPECT(policies_newest(f.db, d, f.a, &p) == OK && p.id != id && p.served == NOON + 61 &&
	               p.announced == 0 && publication_may_answer(&p, NOON + 99),
	       "a further publication has it, whose text is served as before");
	EXPECT_SLICE(slice_str(p.policy_id), S("mine"), "as it was typed");
	EXPECT(policies_by_id(f.db, id, f.a, &p) == OK && p.end == END_REPLACED &&
	               p.ended == NOON + 99,
	       "the one before has ended");
	EXPECT(policies_adopt_id(f.db, d, S("20300101000001"), NOON + 99) == ERR_CONFLICT,
	       "STS-08: an id under which a text was held is not taken again");
	EXPECT(db_begin(f.db) == OK &&
	               policies_adopt_id(f.db, d, S("20300101000001"), NOON + 99) == ERR_CONFLICT &&
	               db_end(f.db, OK) == OK,
	       "and whoever asked in the middle of something else goes on");
	fixture_close(&f);
}

TEST_MAIN(UNIT(saving), UNIT(unchanged_save_changes_nothing),
          UNIT(a_bump_publishes_the_version_again), UNIT(ids_never_repeat),
          UNIT(ids_grow_under_any_clock), UNIT(superseding), UNIT(marks), UNIT(order), UNIT(ahead),
          UNIT(claims), UNIT(adopted_ids))

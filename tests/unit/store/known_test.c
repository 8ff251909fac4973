/* What a connection remembers never says anything else than the tables. */
#include "unit/store/reports_fixture.h"

static const struct sent one = { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "k1" };
static const struct sent two = { .json = TEN_GOOD, .trust = TRUST_IMPORTED, .id = "k2" };

TEST(a_domain_that_is_removed)
{
	struct fixture f;

	fixture_open(&f);
	int64_t id = fixture_domain(&f, "example.com");
	EXPECT(send(&f, &one).result == REPORT_NEW, "known");
	assert_int_equal(domains_remove(f.db, id, NOON), OK);
	EXPECT(send(&f, &two).result == REPORT_FOREIGN, "removed by this connection");
	fixture_close(&f);
}

static void remove_beside(struct fixture *f, int64_t domain)
{
	struct db *other = NULL;

	assert_int_equal(db_open(f->path, DB_WRITE, &other, NULL), OK);
	assert_int_equal(domains_remove(other, domain, NOON), OK);
	db_close(other);
}

TEST(a_domain_that_another_process_removes)
{
	struct fixture f;

	fixture_open(&f);
	int64_t id = fixture_domain(&f, "example.com");
	EXPECT(send(&f, &one).result == REPORT_NEW, "known");
	remove_beside(&f, id);
	EXPECT(send(&f, &two).result == REPORT_FOREIGN, "removed by another one");
	fixture_close(&f);
}

TEST(what_stays)
{
	struct fixture f;

	fixture_open(&f);
	int64_t id = fixture_domain(&f, "example.com");
	EXPECT(send(&f, &one).result == REPORT_NEW, "known");
	EXPECT(known_domain(f.db->known, 1, S("example.com")) == id, "after its own commit, too");
	assert_int_equal(db_begin_light(f.db), OK);
	EXPECT(known_domain(f.db->known, 1, S("example.com")) == id, "and in the next transaction");
	assert_int_equal(db_end(f.db, OK), OK);
	remove_beside(&f, id);
	assert_int_equal(db_begin_read(f.db), OK);
	assert_int_equal(db_end(f.db, OK), OK);
	assert_int_equal(db_begin(f.db), OK);
	EXPECT(known_domain(f.db->known, 1, S("example.com")) == 0,
	       "not when another one wrote, though it was read since");
	assert_int_equal(db_end(f.db, OK), OK);
	fixture_close(&f);
}

TEST(what_is_rolled_back)
{
	struct fixture f;
	const char *const reporters = "select count(*) from reporter where name = 'Sender'";

	fixture_open(&f);
	assert_int_equal(db_begin(f.db), OK);
	(void)fixture_domain(&f, "example.com");
	EXPECT(send(&f, &one).result == REPORT_NEW, "within the transaction");
	EXPECT(db_end(f.db, ERR_IO) == ERR_IO, "rolled back");
	EXPECT(send(&f, &one).result == REPORT_FOREIGN, "the domain is not there");
	(void)fixture_domain(&f, "example.com");
	assert_int_equal(db_begin(f.db), OK);
	(void)send(&f, &one);
	db_undo(f.db);
	EXPECT(fixture_number(&f, reporters) == 0, "nothing was kept");
	EXPECT(send(&f, &one).result == REPORT_NEW && fixture_number(&f, reporters) == 1,
	       "the reporter is noted again");
	fixture_close(&f);
}

TEST(the_last_note_of_a_reporter)
{
	static const struct row {
		const char *organization, *want;
	} rows[] = {
		{ "Sender", "Sender" },
		{ "SENDER", "SENDER" },
		{ "SENDER", "SENDER" },
		{ "Sender", "Sender" },
	};
	struct fixture f;

	fixture_open(&f);
	(void)fixture_domain(&f, "example.com");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sent s = one;

		s.id = arena_printf(f.a, "n%zu", i);
		s.organization = rows[i].organization;
		s.trust = TRUST_DKIM;
		s.signer = "sender.example";
		s.known_as = rows[i].organization;
		(void)send(&f, &s);
		EXPECT(fixture_number(&f, arena_printf(f.a,
		                                       "select count(*) from reporter where name = "
		                                       "'%s'",
		                                       rows[i].want)) == 1,
		       arena_printf(f.a, "note %zu", i));
	}
	fixture_close(&f);
}

/* More names than are remembered at a time, and one that is too long for it. */
TEST(more_than_is_remembered)
{
	struct fixture f;
	struct known *k = known_new();
	static char name[300];
	size_t kept = 0;

	fixture_open(&f);
	for (int64_t i = 1; i <= 10000; i++) {
		struct slice s = slice_str(arena_printf(f.a, "d%d.example", (int)i));

		known_domain_add(k, 1, s, i);
		EXPECT(known_domain(k, 1, s) == i, "just added");
		EXPECT(known_domain(k, 2, s) == 0, "of another tenant");
	}
	for (int64_t i = 1; i <= 10000; i++) {
		int64_t id =
		        known_domain(k, 1, slice_str(arena_printf(f.a, "d%d.example", (int)i)));

		EXPECT(id == 0 || id == i, "its own or none");
		kept += id == i;
	}
	EXPECT(kept > 0 && kept < 10000, "some are still there");
	memset(name, 'a', sizeof(name));
	known_domain_add(k, 1, slice_of(name, 253), 7);
	EXPECT(known_domain(k, 1, slice_of(name, 253)) == 0, "a long name is asked for each time");
	known_domain_add(k, 1, slice_of(name, 64), 7);
	EXPECT(known_domain(k, 1, slice_of(name, 64)) == 7, "the longest that is kept");
	known_version(k, 1);
	EXPECT(known_domain(k, 1, slice_of(name, 64)) == 0, "another version");
	known_free(k);
	fixture_close(&f);
}

TEST_MAIN(UNIT(a_domain_that_is_removed), UNIT(a_domain_that_another_process_removes),
          UNIT(what_stays), UNIT(what_is_rolled_back), UNIT(the_last_note_of_a_reporter),
          UNIT(more_than_is_remembered))

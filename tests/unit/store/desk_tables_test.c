/* What desk writes beside domains and policies: jobs, the audit log, sessions, settings. */
#include "store/audit.h"
#include "store/checks.h"
#include "store/domains.h"
#include "store/jobs.h"
#include "store/looks.h"
#include "store/pushes.h"
#include "store/sessions.h"
#include "store/settings.h"
#include "unit/store/copy_all.h"
#include "unit/store/fixture.h"

TEST(jobs)
{
	struct fixture f;
	struct job job;
	int64_t at = 0;
	bool added = false;

	fixture_open(&f);
	EXPECT(jobs_next(f.db, &at) == ERR_NOTFOUND, "none at first");
	EXPECT(jobs_claim(f.db, NULL, NOON, 60, f.a, &job) == ERR_NOTFOUND, "nothing to claim");
	EXPECT(jobs_add(f.db, "publish", "1", S("p"), NOON + 10, NOON, &added) == OK && added,
	       "one");
	EXPECT(jobs_add(f.db, "publish", "1", S("q"), NOON + 5, NOON, &added) == OK && !added,
	       "the same again");
	EXPECT(jobs_next(f.db, &at) == OK && at == NOON + 5, "is due at the earlier time");
	EXPECT(jobs_add(f.db, "publish", "1", S("q"), NOON + 50, NOON, NULL) == OK, "later");
	EXPECT(jobs_next(f.db, &at) == OK && at == NOON + 5, "does not put it off");
	EXPECT(jobs_claim(f.db, "publish", NOON + 4, 60, f.a, &job) == ERR_NOTFOUND, "not yet due");
	EXPECT(jobs_claim(f.db, "check", NOON + 5, 60, f.a, &job) == ERR_NOTFOUND, "another kind");
	EXPECT(jobs_claim(f.db, "publish", NOON + 5, 60, f.a, &job) == OK && job.attempts == 1,
	       "claimed");
	EXPECT_SLICE(job.payload, S("p"), "with its payload");
	EXPECT(jobs_claim(f.db, NULL, NOON + 64, 60, f.a, &job) == ERR_NOTFOUND, "under lease");
	EXPECT(jobs_next(f.db, &at) == OK && at == NOON + 65, "until the lease ends");
	EXPECT(jobs_claim(f.db, NULL, NOON + 65, 60, f.a, &job) == OK && job.attempts == 2,
	       "a dead worker's job comes back");
	EXPECT(jobs_again(f.db, job.id, NOON + 200, "no answer") == OK, "put off");
	EXPECT(jobs_claim(f.db, NULL, NOON + 199, 60, f.a, &job) == ERR_NOTFOUND, "until then");
	EXPECT(jobs_claim(f.db, NULL, NOON + 200, 60, f.a, &job) == OK, "due");
	EXPECT_SLICE(slice_str(job.last_error), S("no answer"), "with the reason");
	EXPECT(jobs_done(f.db, job.id) == OK && jobs_done(f.db, job.id) == ERR_NOTFOUND,
	       "done once");
	fixture_close(&f);
}

TEST(looks_at_records)
{
	struct domain d = { .tenant = TENANT_ONLY,
		            .name = "example.com",
		            .profile = "default",
		            .rua = "",
		            .tag = "t",
		            .tag_before = "",
		            .claim = "c",
		            .hosted = true };
	struct check c = { .facts = S("{}"), .id = "a1", .rua_kept = "", .checked = NOON }, got;
	struct fixture f;
	struct job job;
	int64_t id;

	fixture_open(&f);
	assert_int_equal(domains_add(f.db, &d, NOON, &id), OK);
	EXPECT(checks_get(f.db, id, f.a, &got) == ERR_NOTFOUND, "nobody looked yet");
	c.domain = id;
	EXPECT(checks_put(f.db, &c) == OK, "a first look");
	c.id = "b2";
	c.other_last = NOON;
	c.host_seen = NOON + 1;
	c.adopted = NOON + 2;
	c.definite = NOON + 3;
	EXPECT(checks_put(f.db, &c) == OK, "and another");
	EXPECT(checks_get(f.db, id, f.a, &got) == OK && got.other_last == NOON &&
	               got.host_seen == NOON + 1 && got.adopted == NOON + 2 &&
	               got.definite == NOON + 3,
	       "is what is there");
	EXPECT_SLICE(slice_str(got.id), S("b2"), "with its id");
	EXPECT(checks_follow(f.db, "records", NOON) == OK &&
	               checks_follow(f.db, "records", NOON + 9) == OK,
	       "every domain has its job");
	EXPECT(jobs_claim(f.db, "records", NOON, 60, f.a, &job) == OK, "due at once");
	EXPECT(jobs_claim(f.db, "records", NOON + 9, 60, f.a, &job) == ERR_NOTFOUND,
	       "and one only");
	c.facts.len = CHECK_FACTS_MAX + 1;
	EXPECT(checks_put(f.db, &c) == ERR_LIMIT, "facts have a ceiling");
	fixture_close(&f);
}

/* Where every domain has its job nothing is written: a connection that cannot is enough. */
TEST(following_reads_first)
{
	struct domain d = { .tenant = TENANT_ONLY,
		            .name = "example.com",
		            .tag = "t",
		            .hosting = HOSTING_BEHIND,
		            .hosted = true };
	struct db *reader = NULL;
	struct fixture f;
	struct job job;

	fixture_open(&f);
	assert_int_equal(domains_add(f.db, &d, NOON, NULL), OK);
	assert_int_equal(db_open(f.path, DB_READ, &reader, NULL), OK);
	EXPECT(checks_follow(reader, "records", NOON) != OK, "something is missing");
	EXPECT(looks_follow(reader, "outside", NOON) != OK, "here, too");
	EXPECT(checks_follow(f.db, "records", NOON) == OK &&
	               checks_follow(reader, "records", NOON) == OK,
	       "nothing any more");
	EXPECT(looks_follow(f.db, "outside", NOON) == OK &&
	               looks_follow(reader, "outside", NOON) == OK,
	       "nor here");
	EXPECT(jobs_claim(f.db, "outside", NOON, 60, f.a, &job) == OK, "due at once");
	EXPECT_SLICE(slice_str(job.key), S("mta-sts.example.com"), "by its host");
	db_close(reader);
	fixture_close(&f);
}

/* Whether an id came before or after a moment is told by looks at which all servers agreed. */
TEST(since_when_an_id_stands)
{
	struct check c = { .id = "" };

	checks_note_id(&c, "a", 10);
	EXPECT(strcmp(c.id, "a") == 0 && c.id_since == 10 && c.other_last == 0,
	       "before the first look anything may have been there");
	checks_note_id(&c, "a", 20);
	EXPECT(c.id_since == 10 && c.other_last == 0 && c.definite == 20, "still the same");
	/* At 30 a server is silent, or has b already: nothing is noted. */
	checks_note_id(&c, "b", 40);
	EXPECT(c.id_since == 40 && c.other_last == 20,
	       "STS-86: another id may be there since the last look that all agreed on");
	checks_note_id(&c, "a", 35);
	EXPECT(strcmp(c.id, "b") == 0 && c.definite == 40,
	       "a look that began earlier is passed over");
	checks_note_id(&c, "", 50);
	EXPECT(c.id[0] == '\0' && c.id_since == 50, "none is something definite too");
	c = (struct check){ .id = "" };
	checks_note_id(&c, "", 60);
	EXPECT(c.id_since == 60, "also as the first thing that is known");
}

static struct audit_entry entry(const char *action, const char *actor)
{
	return (struct audit_entry){ .at = NOON,
		                     .action = action,
		                     .object = "example.com",
		                     .actor = slice_str(actor),
		                     .detail = S("--anyway because") };
}

TEST(records_we_write)
{
	struct fixture f;
	struct domain d = { .hosted = true, .way = { WAY_CNAME, WAY_UPDATE, WAY_TXT } };
	struct push_row row, other;

	fixture_open(&f);
	d.id = fixture_domain(&f, "example.com");
	EXPECT(pushes_follow(f.db, &d) == OK && pushes_claim(f.db, 10, 60, f.a, &row) == OK &&
	               row.record == RECORD_ID && row.content[0] == '\0',
	       "the record of the way update is due");
	EXPECT(pushes_claim(f.db, 10, 60, f.a, &other) == ERR_NOTFOUND, "and claimed");
	row.content = "TXT v=STSv1; id=1;";
	row.due = 100;
	EXPECT(pushes_put(f.db, &row) == OK &&
	               pushes_claim(f.db, 99, 160, f.a, &row) == ERR_NOTFOUND,
	       "written, it is not due for a while");
	EXPECT(pushes_hurry(f.db, d.id, RECORD_ID) == OK &&
	               pushes_claim(f.db, 20, 80, f.a, &row) == OK &&
	               strcmp(row.content, "TXT v=STSv1; id=1;") == 0,
	       "what was written is remembered");
	EXPECT(pushes_reset(f.db, d.id) == OK, "a person begins anew while it is worked on");
	row.content = NULL;
	row.due = 500;
	EXPECT(pushes_put(f.db, &row) == OK && pushes_claim(f.db, 21, 80, f.a, &row) == OK &&
	               row.content[0] == '\0',
	       "DNS-09: a step that did nothing does not bring back what was forgotten");
	d.way[RECORD_ID] = WAY_CNAME;
	EXPECT(pushes_follow(f.db, &d) == OK &&
	               pushes_get(f.db, d.id, RECORD_ID, f.a, &row) == ERR_NOTFOUND,
	       "another way, and it is not ours any more");
	fixture_close(&f);
}

TEST(audit_log)
{
	static const char *const actions[] = { "domain.add", "policy.set", "policy.bump" };
	struct fixture f;
	struct audit_entry *rows = NULL;
	size_t count = 0;
	int64_t seq = 0, bad = 0;

	fixture_open(&f);
	EXPECT(audit_verify(f.db, TENANT_ONLY, &bad) == OK, "an empty log holds");
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		struct audit_entry e = entry(actions[i], "uid 0");
		EXPECT(audit_add(f.db, TENANT_ONLY, &e, &seq) == OK && seq == (int64_t)i + 1,
		       "numbers without gaps");
	}
	EXPECT(audit_verify(f.db, TENANT_ONLY, &bad) == OK, "the chain holds");
	EXPECT(audit_list(f.db, TENANT_ONLY, NULL, 0, 2, f.a, &rows, &count) == OK && count == 2 &&
	               rows[0].seq == 3 && rows[1].seq == 2,
	       "newest first");
	EXPECT(audit_list(f.db, TENANT_ONLY, NULL, rows[1].seq, 2, f.a, &rows, &count) == OK &&
	               count == 1 && rows[0].seq == 1,
	       "the next page");
	EXPECT_SLICE(rows[0].actor, S("uid 0"), "who");
	EXPECT(audit_list(f.db, TENANT_ONLY, "other.example", 0, 9, f.a, &rows, &count) == OK &&
	               count == 0,
	       "of another domain");
	EXPECT(audit_list(f.db, TENANT_ONLY, "example.com", 0, 9, f.a, &rows, &count) == OK &&
	               count == 3,
	       "of this one");
	EXPECT(audit_purge(f.db, TENANT_ONLY, NOON + 1) == OK, "purged");
	EXPECT(audit_list(f.db, TENANT_ONLY, NULL, 0, 9, f.a, &rows, &count) == OK && count == 3 &&
	               rows[0].purged && rows[0].actor.len == 0 && rows[0].detail.len == 0,
	       "without personal data");
	EXPECT(audit_verify(f.db, TENANT_ONLY, &bad) == OK, "and the chain still holds");
	fixture_close(&f);
}

TEST(audit_changes_show)
{
	static const struct row {
		const char *label, *change;
		int64_t bad;
	} rows[] = {
		{ "another action", "update audit set action = 'x' where seq = 2", 2 },
		{ "another object", "update audit set object = 'x' where seq = 2", 2 },
		{ "another person", "update audit set actor = 'x' where seq = 2", 2 },
		{ "another reason", "update audit set detail = 'x' where seq = 3", 3 },
		{ "another time", "update audit set moment = 1 where seq = 1", 1 },
		{ "purged without its digest",
		  "update audit set actor = '', purged = 1, personal = 'x' where seq = 2", 2 },
		{ "an entry taken out", "delete from audit where seq = 2", 2 },
		{ "the first taken out", "delete from audit where seq = 1", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		int64_t bad = 0;

		fixture_open(&f);
		for (int n = 0; n < 3; n++) {
			struct audit_entry e = entry("policy.set", "uid 0");
			EXPECT(audit_add(f.db, TENANT_ONLY, &e, NULL) == OK, rows[i].label);
		}
		assert_int_equal(conn_exec(&f.db->conn, rows[i].change), OK);
		EXPECT(audit_verify(f.db, TENANT_ONLY, &bad) == ERR_CRYPTO && bad == rows[i].bad,
		       rows[i].label);
		fixture_close(&f);
	}
}

TEST(sessions)
{
	static const unsigned char link[SHA256_SIZE] = { 1 }, web[SHA256_SIZE] = { 2 },
	                           token[SHA256_SIZE] = { 3 }, other[SHA256_SIZE] = { 4 };
	struct session s = { .tenant = TENANT_ONLY,
		             .kind = SESSION_LOGIN,
		             .role = ROLE_OPERATOR,
		             .who = "uid 7",
		             .created = NOON,
		             .expires = NOON + 600 };
	struct fixture f;

	fixture_open(&f);
	EXPECT(sessions_add(f.db, link, &s) == OK, "a link");
	EXPECT(sessions_add(f.db, link, &s) == ERR_CONFLICT, "not twice");
	EXPECT(sessions_find(f.db, link, NOON, f.a, &s) == ERR_DENIED, "a link is no session");
	EXPECT(sessions_login(f.db, other, web, NOON, NOON + 900, f.a, &s) == ERR_DENIED,
	       "unknown");
	EXPECT(sessions_login(f.db, link, web, NOON + 600, NOON + 900, f.a, &s) == ERR_DENIED,
	       "expired");
	EXPECT(sessions_login(f.db, link, web, NOON + 599, NOON + 900, f.a, &s) == OK &&
	               s.kind == SESSION_WEB && s.role == ROLE_OPERATOR && s.expires == NOON + 900,
	       "used in time");
	EXPECT_SLICE(slice_str(s.who), S("uid 7"), "for the same person");
	EXPECT(sessions_login(f.db, link, other, NOON, NOON + 900, f.a, &s) == ERR_DENIED, "once");
	EXPECT(sessions_find(f.db, web, NOON + 899, f.a, &s) == OK, "a live session");
	EXPECT(sessions_find(f.db, web, NOON + 900, f.a, &s) == ERR_DENIED, "not for longer");
	EXPECT(sessions_login(f.db, web, other, NOON, NOON + 900, f.a, &s) == ERR_DENIED,
	       "a session is no link");
	s.kind = SESSION_TOKEN;
	EXPECT(sessions_add(f.db, token, &s) == OK &&
	               sessions_find(f.db, token, NOON, f.a, &s) == OK,
	       "a token");
	EXPECT(sessions_end(f.db, token) == OK &&
	               sessions_find(f.db, token, NOON, f.a, &s) == ERR_DENIED,
	       "ended");
	EXPECT(sessions_purge(f.db, NOON + 900) == OK &&
	               fixture_number(&f, "select count(*) from session") == 0,
	       "expired ones go");
	EXPECT_SLICE(slice_str(session_role_name(ROLE_OWNER)), S("owner"), "a role's word");
	fixture_close(&f);
}

TEST(settings)
{
	struct fixture f;
	struct slice got;
	char *big = mem_alloc(SETTING_MAX + 1);

	fixture_open(&f);
	EXPECT(settings_get(f.db, "a", f.a, &got) == ERR_NOTFOUND, "unknown");
	EXPECT(settings_set(f.db, "a",
	                    S("1\0"
	                      "2")) == OK &&
	               settings_set(f.db, "a",
	                            S("3\0"
	                              "4")) == OK &&
	               settings_get(f.db, "a", f.a, &got) == OK,
	       "set twice");
	EXPECT_SLICE(got,
	             S("3\0"
	               "4"),
	             "the last one");
	EXPECT(settings_set(f.db, "a", slice_of(big, SETTING_MAX)) == OK, "at the ceiling");
	EXPECT(settings_set(f.db, "a", slice_of(big, SETTING_MAX + 1)) == ERR_LIMIT, "above it");
	mem_free(big);
	fixture_close(&f);
}

/* A copy stands alone, under whatever name. */
static void peek_backup(const struct fixture *f)
{
	char copy[160], log[176];
	struct slice got;

	(void)snprintf(copy, sizeof(copy), "%s/a?b#%%41.db", f->dir);
	(void)snprintf(log, sizeof(log), "%s-wal", copy);
	EXPECT(copy_all(f->path, copy) == OK, "copied");
	EXPECT(settings_peek(copy, "a", f->a, &got) == OK, "read");
	EXPECT_SLICE(got, S("in the log"), "the same");
	EXPECT(access(log, F_OK) != 0, "no log is made");
	(void)unlink(copy);
}

/* As a command looks at the state of a stopped service, or at a backup. */
TEST(settings_of_a_file_that_nobody_has_open)
{
	struct fixture f;
	struct slice got;
	char shm[160];

	fixture_open(&f);
	(void)snprintf(shm, sizeof(shm), "%s-shm", f.path);
	EXPECT(settings_set(f.db, "a", S("in the log")) == OK, "set");
	EXPECT(settings_peek("/nonexistent/mxseal.db", "a", f.a, &got) == ERR_NOTFOUND, "no file");
	db_close(f.db);
	f.db = NULL;
	(void)unlink(shm); /* as a backup, which has none */
	EXPECT(settings_peek(f.path, "b", f.a, &got) == ERR_NOTFOUND, "unknown");
	EXPECT(settings_peek(f.path, "a", f.a, &got) == OK, "read");
	EXPECT_SLICE(got, S("in the log"), "what was committed last");
	EXPECT(access(shm, F_OK) != 0, "no file is made");
	peek_backup(&f);
	fixture_close(&f);
}

TEST_MAIN(UNIT(jobs), UNIT(looks_at_records), UNIT(following_reads_first),
          UNIT(since_when_an_id_stands), UNIT(records_we_write), UNIT(audit_log),
          UNIT(audit_changes_show), UNIT(sessions), UNIT(settings),
          UNIT(settings_of_a_file_that_nobody_has_open))

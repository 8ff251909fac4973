/* Policies and failures in the row of their report: the text, and how older rows came to it. */
#include "store/arrivals.h"
#include "store/reports_internal.h"
#include "unit/store/fixture.h"

#define ODD "a\\b\tc\nd\\n\\"

static void same_failure(const struct report_failure_row *got,
                         const struct report_failure_row *want, const char *label)
{
	EXPECT_SLICE(got->result_type, want->result_type, label);
	EXPECT_SLICE(got->reason_code, want->reason_code, label);
	EXPECT_SLICE(got->sending_mta_ip, want->sending_mta_ip, label);
	EXPECT_SLICE(got->receiving_mx, want->receiving_mx, label);
	EXPECT_SLICE(got->receiving_helo, want->receiving_helo, label);
	EXPECT_SLICE(got->receiving_ip, want->receiving_ip, label);
	EXPECT_SLICE(got->additional, want->additional, label);
	EXPECT(got->sessions == want->sessions, label);
}

static void same_policy(const struct report_policy_row *got, const struct report_policy_row *want,
                        const char *label)
{
	EXPECT_SLICE(got->type, want->type, label);
	EXPECT_SLICE(got->domain, want->domain, label);
	EXPECT_SLICE(got->strings, want->strings, label);
	EXPECT_SLICE(got->mx_hosts, want->mx_hosts, label);
	EXPECT(got->successful == want->successful && got->failed == want->failed, label);
	EXPECT(got->failure_count == want->failure_count, label);
	for (size_t i = 0; i < got->failure_count && i < want->failure_count; i++)
		same_failure(&got->failures[i], &want->failures[i], label);
}

static struct report_failure_row failures[] = {
	{ SLICE_INIT("certificate-expired"), SLICE_INIT(ODD), SLICE_INIT("192.0.2.1"),
	  SLICE_INIT("mx.example.com"), SLICE_INIT(""), SLICE_INIT("198.51.100.1"),
	  SLICE_INIT("\t"), 7 },
	{ SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT(""),
	  SLICE_INIT(""), SLICE_INIT(""), 0 },
};

static const struct row {
	const char *label;
	size_t count;
	struct report_policy_row rows[2];
} rows[] = {
	{ "no policy", 0, { { .successful = 0 } } },
	{ "a policy without failures",
	  1,
	  { { SLICE_INIT("sts"), SLICE_INIT("example.com"),
	      SLICE_INIT("version: STSv1\nmode: none"), SLICE_INIT("a\nb"),
	      INT64_C(9007199254740991), 0, 0, NULL } } },
	{ "failures stay with their policy",
	  2,
	  { { SLICE_INIT("sts"), SLICE_INIT("example.com"), SLICE_INIT(ODD), SLICE_INIT(""), 0, 7,
	      ARRAY_LEN(failures), failures },
	    { SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("\\"), 0, 7, 1,
	      failures } } },
};

TEST(text_and_back)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report_policy_row *got = NULL;
		struct buf text;
		size_t count = 7;

		buf_init(&text, 65536);
		policies_format(rows[i].rows, rows[i].count, &text);
		policies_parse(buf_slice(&text), a, &got, &count);
		EXPECT(count == rows[i].count, rows[i].label);
		for (size_t j = 0; j < count && j < rows[i].count; j++)
			same_policy(&got[j], &rows[i].rows[j], rows[i].label);
		buf_fini(&text);
	}
	arena_free(a);
}

/* What nobody here wrote gives rows of some kind, and no fault. */
TEST(any_text)
{
	static const char *const texts[] = {
		"x",   "\n",     "\n\n",  "p",          "f",
		"p\t", "f\tq\n", "p\\\n", "p\t\\\nf\n", "p\ta\tb\tc\td\tx\ty\n"
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct report_policy_row *got = NULL;
		size_t count = 0;

		policies_parse(slice_str(texts[i]), a, &got, &count);
		EXPECT(count >= 1 && got[0].successful == 0, texts[i]);
	}
	arena_free(a);
}

/* A report as it lay in three tables, and the arrival it came with. */
static const char old_rows[] =
        "insert into domain select 5, 1, 'example.com', '', '', '', '', '', '', '', 't', '', 0, '',"
        " 1, 0, 0, 0, 0;"
        "insert into report (id, domain, organization, report_key, name, report_id, contact, "
        "signer,"
        " trust, content, range_start, range_end, day, arrived, arrived_day, successful, failed,"
        " notes, raw_sha256, segment, place_offset, place_length, claimed) values (9, 5, 'org',"
        " 'i:r1', 'Org', 'r1', 'me', '', 1, 'digest', 1, 2, 3, 4, 0, 10, 7, 'no-contact', 'raw',"
        " 20260101, 5, 6, '');"
        "insert into report_policy values (9, 1, '', '', '', '\\', 0, 7), (9, 0, 'sts',"
        " 'example.com', 'a\\b\tc\nd\\n\\', '', 0, 7);"
        "insert into report_failure values (9, 1, 0, 'certificate-expired', 'a\\b\tc\nd\\n\\',"
        " '192.0.2.1', 'mx.example.com', '', '198.51.100.1', '\t', 7),"
        " (9, 0, 1, '', '', '', '', '', '', '', 0), (9, 0, 0, 'certificate-expired',"
        " 'a\\b\tc\nd\\n\\', '192.0.2.1', 'mx.example.com', '', '198.51.100.1', '\t', 7);"
        "insert into arrival values ('00ff', 20260101, 5, 6, 'smtp', 3, 4, 1, 5)";

static void make_before(const char *path)
{
	struct conn_spec spec = { .path = path,
		                  .flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		                  .table = sql_table,
		                  .count = SQL_COUNT };
	struct conn c;

	assert_int_equal(conn_open(&c, &spec, NULL), OK);
	assert_int_equal(conn_make_wal(&c), OK);
	assert_int_equal(migrate_run(&c, 14), OK);
	assert_int_equal(conn_exec(&c, old_rows), OK);
	conn_close(&c);
}

TEST(reports_of_three_tables)
{
	struct fixture f;
	struct report_row r = { 0 };
	struct arrival arrival;
	char path[160];
	int64_t units = 0;

	fixture_open(&f);
	(void)snprintf(path, sizeof(path), "%s/before.db", f.dir);
	make_before(path);
	db_close(f.db);
	assert_int_equal(db_open(path, DB_MIGRATE, &f.db, NULL), OK);
	assert_int_equal(reports_get(f.db, 9, f.a, &r), OK);
	EXPECT(r.policy_count == 2, "both policies");
	for (size_t i = 0; i < r.policy_count; i++)
		same_policy(&r.policies[i], &rows[2].rows[i], "as it was");
	EXPECT_SLICE(r.notes, S("no-contact"), "its other members");
	EXPECT(fixture_number(&f, "select identity from report") == db_short_digest(S("5 i:r1")),
	       "found as every other one");
	EXPECT(arrivals_get(f.db, S("00ff"), f.a, &arrival) == OK && arrival.place.offset == 5,
	       "arrivals are known");
	EXPECT(arrivals_units(f.db, 5, TRUST_UNSIGNED, 0, &units) == OK && units == 1,
	       "and counted");
	fixture_close(&f);
}

TEST_MAIN(UNIT(text_and_back), UNIT(any_text), UNIT(reports_of_three_tables))

/* What intake writes beside reports: arrivals, the archive's position, quarantine. */
#include "store/arrivals.h"
#include "store/quarantine.h"
#include "store/signatures.h"
#include "store/supplies.h"
#include "store/taken.h"
#include "unit/store/fixture.h"

TEST(arrivals)
{
	struct fixture f;
	struct arrival in = { .sha256 = "aa",
		              .place = { 20260101, 5, 6 },
		              .way = "post",
		              .trust = TRUST_POSTED,
		              .arrived = NOON,
		              .reports = 1 };
	struct arrival got;
	bool added = false;

	fixture_open(&f);
	EXPECT(arrivals_get(f.db, S("aa"), f.a, &got) == ERR_NOTFOUND, "unknown at first");
	EXPECT(arrivals_put(f.db, &in, &added) == OK && added, "noted");
	in.trust = TRUST_IMPORTED;
	in.place.segment = 20260102;
	EXPECT(arrivals_put(f.db, &in, &added) == OK && !added, "the same bytes again");
	EXPECT(arrivals_get(f.db, S("aa"), f.a, &got) == OK && got.trust == TRUST_IMPORTED,
	       "the best trust stays");
	EXPECT(got.place.segment == 20260101 && got.place.offset == 5 && got.place.length == 6 &&
	               got.arrived == NOON && got.reports == 1,
	       "and where they lie");
	in.trust = TRUST_UNSIGNED;
	EXPECT(arrivals_put(f.db, &in, NULL) == OK &&
	               arrivals_get(f.db, S("aa"), f.a, &got) == OK && got.trust == TRUST_IMPORTED,
	       "a worse one changes nothing");
	fixture_close(&f);
}

/* What allowances are counted by. */
TEST(arrival_units)
{
	struct fixture f;
	struct arrival in = { .way = "smtp", .trust = TRUST_UNSIGNED, .domain = 7 };
	static const struct {
		const char *sha256;
		int64_t length, arrived, domain;
		enum report_trust trust;
	} rows[] = {
		{ "a", 100, NOON, 7, TRUST_UNSIGNED },
		{ "b", 3 << 20, NOON, 7, TRUST_UNSIGNED }, /* counts for four */
		{ "c", 100, NOON + UTC_DAY, 7, TRUST_UNSIGNED },
		{ "d", 100, NOON, 8, TRUST_UNSIGNED },
		{ "e", 100, NOON, 7, TRUST_POSTED },
	};
	int64_t got = 0;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(in.sha256, sizeof(in.sha256), "%s", rows[i].sha256); /* fits */
		in.place.length = rows[i].length;
		in.arrived = rows[i].arrived;
		in.domain = rows[i].domain;
		in.trust = rows[i].trust;
		EXPECT(arrivals_put(f.db, &in, NULL) == OK, rows[i].sha256);
	}
	EXPECT(arrivals_units(f.db, 7, TRUST_UNSIGNED, MIDNIGHT, &got) == OK && got == 5,
	       "a large message counts for as many as it has mebibytes");
	EXPECT(arrivals_units(f.db, 7, TRUST_UNSIGNED, MIDNIGHT + UTC_DAY, &got) == OK && got == 1,
	       "each day has its own");
	EXPECT(arrivals_units(f.db, 9, TRUST_UNSIGNED, MIDNIGHT, &got) == OK && got == 0,
	       "nothing");
	in = (struct arrival){ .sha256 = "a", .trust = TRUST_DKIM };
	EXPECT(arrivals_put(f.db, &in, NULL) == OK &&
	               arrivals_units(f.db, 7, TRUST_UNSIGNED, MIDNIGHT, &got) == OK && got == 4,
	       "what was verified does not count any more");
	EXPECT(arrivals_domains(f.db, &got) == OK && got == 0, "no domain yet");
	(void)fixture_domain(&f, "a.example");
	EXPECT(arrivals_domains(f.db, &got) == OK && got == 1, "one");
	fixture_close(&f);
}

TEST(position)
{
	struct fixture f;
	struct archive_position at = { 1, 1 };

	fixture_open(&f);
	EXPECT(archive_get_position(f.db, &at) == OK && at.segment == 0 && at.offset == 0,
	       "nothing is stored at first");
	at = (struct archive_position){ 20260101, 77 };
	EXPECT(archive_set_position(f.db, &at) == OK, "set");
	at.offset = 99;
	EXPECT(db_begin(f.db) == OK && archive_set_position(f.db, &at) == OK &&
	               db_end(f.db, ERR_IO) == ERR_IO,
	       "with the transaction that it is part of");
	EXPECT(archive_get_position(f.db, &at) == OK && at.segment == 20260101 && at.offset == 77,
	       "or not at all");
	fixture_reopen(&f);
	EXPECT(archive_get_position(f.db, &at) == OK && at.offset == 77, "also after a restart");
	fixture_close(&f);
}

static struct quarantine_row entry(const char *sha256)
{
	struct quarantine_row row = { .reason = "bad-json",
		                      .message = S("<script> \xff"),
		                      .way = "post",
		                      .kind = "gz",
		                      .trust = TRUST_POSTED,
		                      .name = S("a.json.gz"),
		                      .domain = S("example.com"),
		                      .place = { 20260101, 1, 2 },
		                      .arrived = NOON,
		                      .tried = NOON,
		                      .tries = 1 };

	(void)snprintf(row.sha256, sizeof(row.sha256), "%s", sha256);
	return row;
}

TEST(quarantine)
{
	struct fixture f;
	struct quarantine_row row = entry("bb"), got;
	int64_t count = 0;
	bool added = false;

	fixture_open(&f);
	EXPECT(quarantine_put(f.db, &row, &added) == OK && added, "put");
	row.trust = TRUST_IMPORTED;
	row.reason = "other";
	EXPECT(quarantine_put(f.db, &row, &added) == OK && !added, "a second arrival adds nothing");
	EXPECT(quarantine_count(f.db, S(""), &count) == OK && count == 1, "one entry");
	EXPECT(quarantine_count(f.db, row.domain, &count) == OK && count == 1, "of its domain");
	EXPECT(quarantine_count(f.db, S("other.example"), &count) == OK && count == 0,
	       "none of another");
	EXPECT(quarantine_get(f.db, S("bb"), f.a, &got) == OK && got.trust == TRUST_IMPORTED,
	       "but its better trust");
	EXPECT_SLICE(slice_str(got.reason), S("bad-json"), "the reason stays");
	EXPECT_SLICE(got.message, S("<script> ?"), "text is kept as UTF-8");
	row.reason = "reader-died";
	row.message = S("again");
	row.tried = NOON + 5;
	row.program = "2";
	EXPECT(quarantine_retried(f.db, &row) == OK, "tried");
	EXPECT(quarantine_get(f.db, S("bb"), f.a, &got) == OK && got.tries == 2 &&
	               got.tried == NOON + 5 && got.arrived == NOON,
	       "counted");
	EXPECT_SLICE(slice_str(got.reason), S("reader-died"), "with the new reason");
	EXPECT_SLICE(slice_str(got.program), S("2"), "and by whom");
	(void)snprintf(row.sha256, sizeof(row.sha256), "cc"); /* fits */
	EXPECT(quarantine_retried(f.db, &row) == ERR_NOTFOUND, "unknown");
	EXPECT(quarantine_resolve(f.db, S("bb")) == OK, "read at last");
	EXPECT(quarantine_resolve(f.db, S("bb")) == ERR_NOTFOUND, "gone");
	EXPECT(quarantine_get(f.db, S("bb"), f.a, &got) == ERR_NOTFOUND, "gone");
	fixture_close(&f);
}

TEST(quarantine_of_an_older_program)
{
	struct fixture f;
	struct quarantine_row old = entry("aa"), new = entry("bb"), late = entry("cc"), *rows;
	size_t count = 0;
	int64_t left = 0;

	fixture_open(&f);
	old.program = "1";
	new.program = "2";
	late.program = "1";
	late.arrived = NOON + UTC_DAY;
	EXPECT(quarantine_put(f.db, &old, NULL) == OK && quarantine_put(f.db, &new, NULL) == OK &&
	               quarantine_put(f.db, &late, NULL) == OK,
	       "three entries");
	EXPECT(quarantine_others(f.db, "2", S(""), 9, f.a, &rows, &count) == OK && count == 2,
	       "what another program has read");
	EXPECT_SLICE(slice_str(rows[0].sha256), S("aa"), "the first of them");
	EXPECT(quarantine_others(f.db, "2", S("aa"), 9, f.a, &rows, &count) == OK && count == 1,
	       "behind it");
	EXPECT(quarantine_purge(f.db, NOON + 1) == OK &&
	               quarantine_count(f.db, S(""), &left) == OK && left == 1,
	       "what is too old goes");
	fixture_close(&f);
}

static void add_arrival(struct fixture *f, unsigned n, int64_t segment)
{
	static const struct signature_row signature = { .algorithm = "", .result = "pass" };
	struct arrival in = { .way = "smtp", .arrived = NOON, .place = { .segment = segment } };

	(void)snprintf(in.sha256, sizeof(in.sha256), "%04u", n);
	assert_int_equal(arrivals_put(f->db, &in, NULL), OK);
	assert_int_equal(signatures_put(f->db, in.sha256, &signature, 1), OK);
}

static bool is_signed(struct fixture *f, const char *sha256)
{
	struct signature_row *rows;
	size_t count = 0;

	assert_int_equal(signatures_list(f->db, sha256, f->a, &rows, &count), OK);
	return count > 0;
}

TEST(arrivals_by_pages)
{
	static const int64_t segments[] = { 20260101, 20260102, 20260103, 20260102, 20260104 };
	struct arrivals_page p;
	struct arrival row;
	struct fixture f;

	fixture_open(&f);
	EXPECT(arrivals_page(f.db, 0, 20260103, 9, &p) == OK && p.count == 0 && p.old == 0,
	       "none at all");
	for (unsigned i = 0; i < ARRAY_LEN(segments); i++)
		add_arrival(&f, i, segments[i]);
	EXPECT(arrivals_page(f.db, 0, 20260103, 2, &p) == OK && p.count == 2 && p.old == 2 &&
	               p.earliest == 20260101,
	       "the first page");
	int64_t first = p.last;
	EXPECT(arrivals_page(f.db, first, 20260103, 2, &p) == OK && p.count == 2 && p.old == 1 &&
	               p.earliest == 20260102,
	       "the next one, with one that came late");
	EXPECT(arrivals_purge(f.db, first, p.last, 20260103) == OK, "of that page");
	EXPECT(arrivals_get(f.db, S("0003"), f.a, &row) == ERR_NOTFOUND, "the old one goes");
	EXPECT(arrivals_get(f.db, S("0002"), f.a, &row) == OK, "the other one stays");
	EXPECT(!is_signed(&f, "0003") && is_signed(&f, "0002") && is_signed(&f, "0000"),
	       "signatures are kept as long");
	EXPECT(arrivals_get(f.db, S("0000"), f.a, &row) == OK, "and what is on another page");
	EXPECT(arrivals_page(f.db, p.last, 20260103, 2, &p) == OK && p.count == 1 && p.old == 0,
	       "the last page");
	fixture_close(&f);
}

TEST(taken_by_ways)
{
	static const struct taken rows[] = {
		{ "smtp", "messages", 3 },
		{ "smtp", "messages", 4 },
		{ "post", "foreign", 1 },
	};
	struct fixture f;
	struct taken *list;
	size_t count = 0;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(taken_add(f.db, MIDNIGHT + (int64_t)i * UTC_DAY, &rows[i]) == OK, "added");
	EXPECT(taken_add(f.db, MIDNIGHT, &rows[0]) == OK, "the same day again");
	EXPECT(taken_list(f.db, f.a, &list, &count) == OK && count == 2, "two kinds");
	EXPECT_SLICE(slice_str(list[0].way), S("post"), "in order");
	EXPECT(list[0].count == 1 && list[1].count == 10, "summed over all days");
	fixture_close(&f);
}

TEST(quarantine_pages)
{
	static const char *const digests[] = { "a", "b", "c", "d", "e" };
	struct fixture f;
	struct quarantine_row *rows = NULL;
	struct slice after = S("");
	size_t count = 0, seen = 0;

	fixture_open(&f);
	for (size_t i = ARRAY_LEN(digests); i > 0; i--) {
		struct quarantine_row row = entry(digests[i - 1]);
		EXPECT(quarantine_put(f.db, &row, NULL) == OK, digests[i - 1]);
	}
	do {
		EXPECT(quarantine_list(f.db, S(""), after, 2, f.a, &rows, &count) == OK, "a page");
		for (size_t i = 0; i < count; i++)
			EXPECT_SLICE(slice_str(rows[i].sha256), slice_str(digests[seen++]),
			             "in order");
		if (count > 0)
			after = slice_str(rows[count - 1].sha256);
	} while (count > 0);
	EXPECT(seen == ARRAY_LEN(digests), "each once");
	fixture_close(&f);
}

TEST(supplies)
{
	struct fixture f;
	struct supply_row row = { .kind = "imap",
		                  .name = "office",
		                  .identity = "imaps://x/INBOX",
		                  .mark = 7,
		                  .place = 42,
		                  .why = "<b> \xff",
		                  .note = "",
		                  .polled = NOON,
		                  .looked = 3 };
	struct supply_row *rows = NULL, got;
	size_t count = 9;

	fixture_open(&f);
	EXPECT(supplies_get(f.db, "imap", "office", f.a, &got) == ERR_NOTFOUND, "not there");
	EXPECT(supplies_put(f.db, &row) == OK, "put");
	EXPECT(supplies_get(f.db, "imap", "office", f.a, &got) == OK && got.mark == 7 &&
	               got.place == 42 && got.polled == NOON && got.looked == 3,
	       "kept");
	EXPECT_SLICE(slice_str(got.why), S("<b> ?"), "words of a server are kept as UTF-8");
	EXPECT(supplies_list(f.db, f.a, &rows, &count) == OK && count == 1, "listed");
	EXPECT(supplies_unlist(f.db) == OK, "unlisted");
	EXPECT(supplies_list(f.db, f.a, &rows, &count) == OK && count == 0, "not listed");
	EXPECT(supplies_get(f.db, "imap", "office", f.a, &got) == OK, "and not forgotten");
	row.place = 43;
	row.why = "";
	EXPECT(supplies_put(f.db, &row) == OK, "put again");
	EXPECT(supplies_list(f.db, f.a, &rows, &count) == OK && count == 1 && rows[0].place == 43 &&
	               rows[0].why[0] == '\0',
	       "listed again, replaced");
	fixture_close(&f);
}

TEST_MAIN(UNIT(supplies), UNIT(arrivals), UNIT(arrival_units), UNIT(position), UNIT(quarantine),
          UNIT(quarantine_pages), UNIT(quarantine_of_an_older_program), UNIT(arrivals_by_pages),
          UNIT(taken_by_ways))

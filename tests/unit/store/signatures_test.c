/* What intake keeps of a mail's signatures, and of mails that wait for a key. */
#include "store/signatures.h"

#include "store/held.h"
#include "unit/store/fixture.h"

TEST(signatures)
{
	static const struct signature_row rows[] = {
		{ .domain = SLICE_INIT("a.example"),
		  .selector = SLICE_INIT("k"),
		  .algorithm = "rsa-sha256",
		  .result = "pass",
		  .key = SLICE_INIT("v=DKIM1; p=abc"),
		  .key_bits = 2048,
		  .secure = true,
		  .checked = NOON },
		{ .algorithm = "", .result = "bad-signature-field" },
	};
	struct fixture f;
	struct signature_row *got = NULL;
	size_t count = 9;

	fixture_open(&f);
	EXPECT(signatures_list(f.db, "aa", f.a, &got, &count) == OK && count == 0, "none yet");
	EXPECT(signatures_put(f.db, "aa", rows, 2) == OK, "put");
	EXPECT(signatures_put(f.db, "bb", rows, 1) == OK, "the same key for another mail");
	EXPECT(signatures_list(f.db, "aa", f.a, &got, &count) == OK && count == 2,
	       "DKIM-24: in their order");
	EXPECT_SLICE(got[0].domain, S("a.example"), "domain");
	EXPECT_SLICE(got[0].selector, S("k"), "selector");
	EXPECT_SLICE(got[0].key, S("v=DKIM1; p=abc"), "DKIM-24: the key record is kept");
	EXPECT(strcmp(got[0].algorithm, "rsa-sha256") == 0 && strcmp(got[0].result, "pass") == 0,
	       "DKIM-24: with the verdict");
	EXPECT(got[0].key_bits == 2048 && got[0].secure && got[0].checked == NOON, "numbers");
	EXPECT(got[1].key.len == 0 && got[1].checked == 0 && !got[1].secure,
	       "no key was asked for");
	EXPECT(signatures_put(f.db, "aa", rows + 1, 1) == OK &&
	               signatures_list(f.db, "aa", f.a, &got, &count) == OK && count == 1,
	       "a later look replaces");
	EXPECT(signatures_list(f.db, "bb", f.a, &got, &count) == OK && count == 1 &&
	               got[0].key.len > 0,
	       "and leaves others alone");
	fixture_close(&f);
}

static struct held_row mail(const char *sha256, const char *author, int64_t due)
{
	struct held_row row = { .author = author, .place = { 20260101, 32, 5 }, .due = due };

	row.arrived = NOON;
	(void)snprintf(row.sha256, sizeof(row.sha256), "%s", sha256);
	return row;
}

TEST(held)
{
	struct fixture f;
	struct held_row row, *list = NULL;
	int64_t count = 9, due = 9;
	size_t n = 0;

	fixture_open(&f);
	EXPECT(held_count(f.db, &count, &due) == OK && count == 0 && due == INT64_MAX, "none");
	for (int i = 0; i < 3; i++) {
		row = mail(i == 0   ? "aa"
		           : i == 1 ? "bb"
		                    : "cc",
		           i < 2 ? "a.example" : "b.example", NOON + 60 - 10 * i);
		EXPECT(held_put(f.db, &row) == OK, "DKIM-21: put");
	}
	EXPECT(held_count(f.db, &count, &due) == OK && count == 3 && due == NOON + 40, "counted");
	EXPECT(held_count_author(f.db, "a.example", &count) == OK && count == 2, "by author");
	EXPECT(held_due(f.db, NOON + 50, 10, f.a, &list, &n) == OK && n == 2 &&
	               strcmp(list[0].sha256, "cc") == 0 && strcmp(list[1].sha256, "bb") == 0,
	       "the most urgent first");
	EXPECT(list[0].place.segment == 20260101 && list[0].place.offset == 32 &&
	               list[0].place.length == 5 && list[0].arrived == NOON,
	       "where it lies");
	EXPECT(held_due(f.db, NOON, 10, f.a, &list, &n) == OK && n == 0, "none is due");
	row = mail("cc", "x", NOON + 900);
	row.tries = 2;
	EXPECT(held_put(f.db, &row) == OK && held_get(f.db, "cc", f.a, &row) == OK &&
	               row.tries == 2 && row.due == NOON + 900 &&
	               strcmp(row.author, "b.example") == 0,
	       "DKIM-21: a further try in vain");
	EXPECT(held_wake(f.db, NOON + 1) == OK &&
	               held_due(f.db, NOON + 1, 2, f.a, &list, &n) == OK && n == 2,
	       "DKIM-21: all are due at once, at most the limit is listed");
	EXPECT(held_drop(f.db, "aa") == OK && held_get(f.db, "aa", f.a, &row) == ERR_NOTFOUND,
	       "gone");
	EXPECT(held_drop(f.db, "aa") == OK, "dropping nothing is no fault");
	fixture_close(&f);
}

TEST_MAIN(UNIT(signatures), UNIT(held))

/* How long and how many mails wait for a key that DNS does not tell. */
#include "service/intake_internal.h"
#include "service/intake_trust.h"
#include "store/held.h"
#include "unit/store/fixture.h"

#define DAY (INT64_C(86400))

static const struct archive_place place = { 20260101, 32, 5 };

/* Whether a mail that is from author, as it says, and came at NOON is held at now. */
static bool is_held(struct fixture *f, const char *author, const char *sha256, int64_t now)
{
	struct intake in = { .db = f->db, .held_due = INT64_MAX };
	struct proof proof = { .author = slice_str(author) };
	struct item it = { .arena = f->a, .proof = &proof, .record.received = NOON };
	bool held = false;

	EXPECT(held_take(&in, &it, sha256, &place, now, &held) == OK, "asked");
	EXPECT(!held || (in.held_due > now && in.held_due <= now + DAY / 4),
	       "DKIM-21: looked at again");
	return held;
}

static void fill(struct fixture *f, const char *author, unsigned from, unsigned to)
{
	assert_int_equal(db_begin(f->db), OK);
	for (unsigned i = from; i < to; i++) {
		struct held_row row = {
			.author = author, .place = place, .arrived = NOON, .due = NOON + DAY
		};
		(void)snprintf(row.sha256, sizeof(row.sha256), "%08x", i);
		assert_int_equal(held_put(f->db, &row), OK);
	}
	assert_int_equal(db_end(f->db, OK), OK);
}

TEST(four_days)
{
	struct fixture f;

	fixture_open(&f);
	EXPECT(is_held(&f, "a.example", "aa", NOON), "DKIM-21: at first");
	EXPECT(is_held(&f, "a.example", "aa", NOON + 4 * DAY - 1), "DKIM-21: for four days");
	EXPECT(!is_held(&f, "a.example", "aa", NOON + 4 * DAY), "DKIM-21: and no longer");
	EXPECT(!is_held(&f, "google.com", "bb", NOON + 4 * DAY), "nobody waits longer");
	fixture_close(&f);
}

TEST(room)
{
	struct fixture f;

	fixture_open(&f);
	fill(&f, "flood.example", 0, 99);
	EXPECT(is_held(&f, "flood.example", "aa", NOON), "the hundredth of one author");
	EXPECT(!is_held(&f, "flood.example", "bb", NOON), "RPT-87: not one more");
	EXPECT(is_held(&f, "flood.example", "aa", NOON + 60), "what waits goes on waiting");
	EXPECT(is_held(&f, "other.example", "cc", NOON), "RPT-87: others have their own room");
	fill(&f, "many.example", 1000, 10898);
	EXPECT(is_held(&f, "third.example", "dd", NOON), "the last of all");
	EXPECT(!is_held(&f, "fourth.example", "ee", NOON), "RPT-87: ten thousand altogether");
	EXPECT(is_held(&f, "google.com", "ff", NOON), "known reporters are always waited for");
	fixture_close(&f);
}

TEST_MAIN(UNIT(four_days), UNIT(room))

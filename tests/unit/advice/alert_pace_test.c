#include "advice/alert_pace.h"

#include "unit/test.h"

#define NOW INT64_C(1795780800)
#define MINUTE INT64_C(60)
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

static const struct alert_kind opened = { ALERT_MX, ALERT_OPENED, false },
                               opened_refusing = { ALERT_MX, ALERT_OPENED, true },
                               worse = { ALERT_POLICY, ALERT_WORSE, false },
                               worse_refusing = { ALERT_MX, ALERT_WORSE, true },
                               closed = { ALERT_MX, ALERT_CLOSED, false };

/* Mails of one kind, each row behind the one before, as early as the rule lets it. */
static const struct {
	const char *label;
	const struct alert_kind *kind;
	int64_t waits[7]; /* between mails while there is always more to say */
} runs[] = {
	{ "what opens",
	  &opened,
	  { 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR } },
	{ "what opens and refuses mail is heard of within the hour",
	  &opened_refusing,
	  { 5 * MINUTE, 15 * MINUTE, HOUR, HOUR, HOUR, HOUR, HOUR } },
	{ "what gets worse",
	  &worse,
	  { 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR } },
	{ "what begins to refuse mail waits for nothing", &worse_refusing, { 0 } },
	{ "what closes",
	  &closed,
	  { 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR } },
};

static struct alert_pace said(const struct alert_kind *k, const struct alert_pace *p, int64_t now)
{
	return (struct alert_pace){ now, alert_pace_next(k, p, now) };
}

TEST(growing_pauses)
{
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		const struct alert_kind *k = runs[i].kind;
		struct alert_pace p = { 0 };
		int64_t now = NOW;

		EXPECT(alert_pace_is_over(k, &p, now), runs[i].label);
		for (size_t n = 0; n < ARRAY_LEN(runs[i].waits); n++) {
			int64_t wait = runs[i].waits[n];

			p = said(k, &p, now);
			EXPECT(wait == 0 || !alert_pace_is_over(k, &p, now + wait - 1),
			       runs[i].label);
			EXPECT(alert_pace_is_over(k, &p, now + wait), runs[i].label);
			now += wait;
		}
	}
}

/* When something of a kind that opened before is opening again. */
static const struct {
	const char *label;
	struct alert_pace before;
	int64_t now;
	bool over;
	unsigned next;
} rows[] = {
	{ "never said", { 0, 0 }, NOW, true, 1 },
	{ "within the pause", { NOW, 3 }, NOW + HOUR - 1, false, 4 },
	{ "behind it", { NOW, 3 }, NOW + HOUR, true, 4 },
	{ "the longest stays", { NOW, 4 }, NOW + 6 * HOUR, true, 4 },
	{ "not quiet yet", { NOW, 4 }, NOW + ALERT_QUIET_S - 1, true, 4 },
	{ "quiet", { NOW, 4 }, NOW + ALERT_QUIET_S, true, 1 },
	{ "for ever", { NOW, 4 }, NOW + 400 * DAY, true, 1 },
	{ "the clock went back", { NOW, 4 }, NOW - 1, true, 1 },
	{ "a number that no mail gave", { NOW, 4000000000u }, NOW + 6 * HOUR, true, 4 },
};

TEST(quiet)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT(alert_pace_is_over(&opened, &rows[i].before, rows[i].now) == rows[i].over,
		       rows[i].label);
		EXPECT(alert_pace_next(&opened, &rows[i].before, rows[i].now) == rows[i].next,
		       rows[i].label);
	}
}

/* Whatever opens and how often: there is no day with more mails of a kind. */
TEST(mails_of_a_day)
{
	static const int64_t every[] = {
		MINUTE, 5 * MINUTE, 16 * MINUTE, HOUR, 5 * HOUR, 7 * HOUR
	};

	for (size_t i = 0; i < ARRAY_LEN(every); i++) {
		struct alert_pace p = { 0 };
		unsigned mails = 0;
		bool unsaid = false;

		for (int64_t t = 0; t < DAY; t += MINUTE) {
			unsaid = unsaid || t % every[i] == 0;
			if (!unsaid || !alert_pace_is_over(&opened, &p, NOW + t))
				continue;
			p = said(&opened, &p, NOW + t);
			mails++;
			unsaid = false;
		}
		EXPECT(mails >= 4 && mails <= 7, "a handful");
	}
}

static const struct {
	const char *label;
	enum alert_cause cause;
	struct alert_state state;
	struct alert_kind kind;
} kinds[] = {
	{ "opened, testing",
	  ALERT_MX,
	  { .level = 1, .extent = 1, .subject = "a" },
	  { ALERT_MX, ALERT_OPENED, false } },
	{ "opened, enforce",
	  ALERT_MX,
	  { .level = 2, .extent = 1, .subject = "a" },
	  { ALERT_MX, ALERT_OPENED, true } },
	{ "protection is off, and mail goes on",
	  ALERT_POLICY,
	  { .level = 1, .extent = 1, .subject = "" },
	  { ALERT_POLICY, ALERT_OPENED, false } },
	{ "worse",
	  ALERT_FAILURES,
	  { .level = 2, .extent = 1, .subject = "", .said = 1001 },
	  { ALERT_FAILURES, ALERT_WORSE, true } },
	{ "closed, whatever it was",
	  ALERT_MX,
	  { .level = 0, .extent = 1, .subject = "a", .said = 2001 },
	  { ALERT_MX, ALERT_CLOSED, false } },
	{ "nothing",
	  ALERT_ID,
	  { .level = 0, .extent = 1, .subject = "" },
	  { ALERT_ID, ALERT_NOTHING, false } },
};

TEST(kinds_of_mails)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct alert_state s = kinds[i].state;

		s.said_subject = s.subject;
		struct alert_kind k = alert_kind(kinds[i].cause, &s, NOW);
		EXPECT(alert_kind_eq(&k, &kinds[i].kind), kinds[i].label);
	}
}

TEST(of_all)
{
	struct alert_paces all = { 0 };

	all.of[ALERT_MX][ALERT_OPENED][1].pause = 3;
	EXPECT(alert_pace(&all, &opened_refusing)->pause == 3, "its own");
	EXPECT(alert_pace(&all, &opened)->pause == 0 && alert_pace(&all, &closed)->pause == 0,
	       "no other's");
	EXPECT(!alert_kind_eq(&opened, &opened_refusing) && !alert_kind_eq(&opened, &closed),
	       "kinds differ");
	EXPECT(alert_pace_words(1)[0] == '\0' && alert_pace_words(99)[0] == '\0', "not a word");
	EXPECT_SLICE(slice_str(alert_pace_words(4)), S("six hours"), "long enough to be said");
}

TEST_MAIN(UNIT(growing_pauses), UNIT(quiet), UNIT(mails_of_a_day), UNIT(kinds_of_mails),
          UNIT(of_all))

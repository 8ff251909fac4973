#include "advice/alert.h"

#include "advice/outside_judge.h"
#include "base/utc.h"
#include "unit/test.h"

#define DAY UTC_DAY
#define NOW (INT64_C(20000) * UTC_DAY + 43200) /* noon */
#define LONG_AGO (NOW - 400 * DAY)

/* A domain for which all is well; rows change what they are about. */
static struct alert_facts base(void)
{
	return (struct alert_facts){
		.now = NOW,
		.domain = "example.com",
		.hosted = true,
		.announced = LONG_AGO,
		.mode = POLICY_ENFORCE,
		.max_age = 86400,
		.id = "a1",
		.newest_id = "a1",
		.cert = { .host = "mta-sts.example.com", .fingerprint = "f", .order_words = "" },
		.policy = { .look = ALERT_GOOD, .good = NOW, .why = "" },
		.seen = { .look = ALERT_GOOD, .id = "a1" },
		.mx = { .look = ALERT_GOOD, .count = 2 },
		.typing = { .id = "", .name = "", .value = "" },
	};
}

static struct alert_finding judged(const struct alert_facts *f, enum alert_cause cause,
                                   struct arena *a)
{
	struct alert_finding out[ALERT_CAUSES];

	alert_judge(f, a, out);
	return out[cause];
}

TEST(nothing)
{
	struct arena *a = arena_new();
	struct alert_facts f = base();

	for (unsigned i = 0; i < ALERT_CAUSES; i++) {
		struct alert_finding x = judged(&f, (enum alert_cause)i, a);
		EXPECT(x.known && x.level == 0, alert_code((enum alert_cause)i));
	}
	arena_free(a);
}

/* A certificate of a thousand hours, with so many of them left. */
static const struct {
	const char *label;
	bool ordered, failed;
	int64_t left; /* hours; 1001: there is none */
	int64_t announced;
	unsigned level;
} certs[] = {
	{ "imported, fresh", false, false, 900, LONG_AGO, 0 },
	{ "imported, three tenths left", false, false, 300, LONG_AGO, 0 },
	{ "STS-58: imported, less than three tenths", false, false, 299, LONG_AGO, 1 },
	{ "imported, a tenth left", false, false, 100, LONG_AGO, 1 },
	{ "imported, less than a tenth", false, false, 99, LONG_AGO, 2 },
	{ "an hour left", false, false, 1, LONG_AGO, 2 },
	{ "ended this moment", false, false, 0, LONG_AGO, 3 },
	{ "ended long ago, nothing announced", false, false, -500, 0, 3 },
	{ "ordered, in its last third: that is when renewal begins", true, false, 299, LONG_AGO,
	  0 },
	{ "ordered, refused, a quarter left", true, true, 250, LONG_AGO, 0 },
	{ "ACME-31: ordered, refused, less than a quarter", true, true, 249, LONG_AGO, 1 },
	{ "ordered, nothing said, a sixth left", true, false, 167, LONG_AGO, 0 },
	{ "ordered, nothing said, less than a sixth", true, false, 165, LONG_AGO, 1 },
	{ "ordered, less than a tenth", true, false, 99, LONG_AGO, 2 },
	{ "ordered, ended", true, true, -1, LONG_AGO, 3 },
	{ "none, and nothing announced", false, false, 1001, 0, 0 },
	{ "none any more, and senders come", false, false, 1001, LONG_AGO, 3 },
};

TEST(certificates)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(certs); i++) {
		struct alert_facts f = base();

		f.cert.ours = true;
		f.cert.ordered = certs[i].ordered;
		f.cert.failed = certs[i].failed;
		f.announced = certs[i].announced;
		if (certs[i].left <= 1000) {
			f.cert.not_after = NOW + certs[i].left * 3600;
			f.cert.not_before = f.cert.not_after - INT64_C(3600000);
		}
		EXPECT(judged(&f, ALERT_CERT, a).level == certs[i].level, certs[i].label);
		f.cert.ours = false;
		EXPECT(judged(&f, ALERT_CERT, a).level == 0, "one that is not ours");
	}
	arena_free(a);
}

/* Of somebody else, as it is seen from outside. */
TEST(foreign_certificates)
{
	static const struct {
		const char *label;
		int64_t left;
		unsigned level;
	} rows[] = {
		{ "two weeks left", OUTSIDE_WARN_S, 0 },
		{ "less", OUTSIDE_WARN_S - 1, 1 },
		{ "three days", OUTSIDE_FAIL_S, 1 },
		{ "less", OUTSIDE_FAIL_S - 1, 2 },
		{ "a second", 1, 2 },
		{ "over", 0, 3 },
		{ "not known", -NOW, 0 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct alert_facts f = base();

		f.cert.seen_until = NOW + rows[i].left;
		EXPECT(judged(&f, ALERT_CERT, a).level == rows[i].level, rows[i].label);
	}
	arena_free(a);
}

static const struct {
	const char *label;
	enum alert_look look;
	int64_t bad, good; /* good: seconds ago; -1: never */
	int64_t since;     /* seconds ago */
	enum policy_mode mode;
	bool announced, known;
	unsigned level;
} fetches[] = {
	{ "it is fetched", ALERT_GOOD, 0, 0, 0, POLICY_ENFORCE, true, true, 0 },
	{ "failed once: perhaps the network", ALERT_BAD, 1, 60, 30, POLICY_ENFORCE, true, false,
	  0 },
	{ "STS-58: failed twice", ALERT_BAD, 2, 600, 300, POLICY_ENFORCE, true, true, 1 },
	{ "in testing too", ALERT_BAD, 2, 600, 300, POLICY_TESTING, true, true, 1 },
	{ "as long as max_age", ALERT_BAD, 9, 86400, 86000, POLICY_ENFORCE, true, true, 1 },
	{ "longer than max_age", ALERT_BAD, 9, 86401, 86000, POLICY_ENFORCE, true, true, 2 },
	{ "never, for max_age", ALERT_BAD, 9, -1, 86400, POLICY_ENFORCE, true, true, 1 },
	{ "never, for longer", ALERT_BAD, 9, -1, 86401, POLICY_ENFORCE, true, true, 2 },
	{ "DNS cannot be asked", ALERT_UNKNOWN, 9, 600, 300, POLICY_ENFORCE, true, false, 0 },
	{ "DNS cannot be asked for two days", ALERT_UNKNOWN, 0, -1, ALERT_UNASKED_S, POLICY_ENFORCE,
	  true, false, 0 },
	{ "for longer", ALERT_UNKNOWN, 0, -1, ALERT_UNASKED_S + 1, POLICY_ENFORCE, true, true, 2 },
	{ "for longer, within max_age", ALERT_UNKNOWN, 0, 0, ALERT_UNASKED_S + 1, POLICY_ENFORCE,
	  true, true, 1 },
	{ "never looked at", ALERT_UNKNOWN, 0, -1, NOW, POLICY_ENFORCE, true, false, 0 },
	{ "STS-58: mode none", ALERT_BAD, 9, 600, 300, POLICY_NONE, true, true, 0 },
	{ "not announced: nobody looks for it", ALERT_BAD, 9, 600, 300, POLICY_ENFORCE, false, true,
	  0 },
};

TEST(policies)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(fetches); i++) {
		struct alert_facts f = base();

		f.policy.look = fetches[i].look;
		f.policy.bad = fetches[i].bad;
		f.policy.good = fetches[i].good < 0 ? 0 : NOW - fetches[i].good;
		f.policy.since = NOW - fetches[i].since;
		f.mode = fetches[i].mode;
		f.announced = fetches[i].announced ? LONG_AGO : 0;
		struct alert_finding x = judged(&f, ALERT_POLICY, a);
		EXPECT(x.known == fetches[i].known, fetches[i].label);
		EXPECT(x.level == fetches[i].level, fetches[i].label);
	}
	arena_free(a);
}

static const struct {
	const char *label;
	enum alert_look look;
	const char *id, *newest;
	int64_t announced, ttl; /* announced: seconds ago */
	bool known;
	unsigned level;
} ids[] = {
	{ "the same", ALERT_GOOD, "a1", "a1", 9000, 0, true, 0 },
	{ "another one", ALERT_GOOD, "b2", "a1", 9000, 0, true, 1 },
	{ "that of a text under way", ALERT_GOOD, "b2", "b2", 9000, 0, true, 0 },
	{ "there is none", ALERT_BAD, "", "a1", 9000, 0, true, 2 },
	{ "resolvers may still have the one before", ALERT_GOOD, "b2", "a1", 3600, 0, false, 0 },
	{ "not any more", ALERT_GOOD, "b2", "a1", 3601, 0, true, 1 },
	{ "a longer TTL", ALERT_GOOD, "b2", "a1", 7200, 7200, false, 0 },
	{ "and beyond it", ALERT_GOOD, "b2", "a1", 7201, 7200, true, 1 },
	{ "DNS cannot be asked", ALERT_UNKNOWN, "", "a1", 9000, 0, false, 0 },
};

TEST(published_ids)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct alert_facts f = base();

		f.seen.look = ids[i].look;
		f.seen.id = ids[i].id;
		f.newest_id = ids[i].newest;
		f.announced = NOW - ids[i].announced;
		f.ttl = ids[i].ttl;
		struct alert_finding x = judged(&f, ALERT_ID, a);
		EXPECT(x.known == ids[i].known && x.level == ids[i].level, ids[i].label);
		f.mode = POLICY_NONE;
		EXPECT(judged(&f, ALERT_ID, a).level == 0, "mode none");
	}
	arena_free(a);
}

static const struct {
	const char *label;
	enum policy_mode mode;
	enum alert_look look;
	size_t count, unmatched;
	bool known;
	unsigned level;
} mxs[] = {
	{ "all matched", POLICY_ENFORCE, ALERT_GOOD, 2, 0, true, 0 },
	{ "one of two, testing", POLICY_TESTING, ALERT_BAD, 2, 1, true, 1 },
	{ "both, testing", POLICY_TESTING, ALERT_BAD, 2, 2, true, 1 },
	{ "one of two, enforce", POLICY_ENFORCE, ALERT_BAD, 2, 1, true, 2 },
	{ "both, enforce", POLICY_ENFORCE, ALERT_BAD, 2, 2, true, 3 },
	{ "mode none", POLICY_NONE, ALERT_BAD, 2, 2, true, 0 },
	{ "DNS cannot be asked", POLICY_ENFORCE, ALERT_UNKNOWN, 0, 0, false, 0 },
};

TEST(live_mx)
{
	static const char *const hosts[] = { "mx1.example.net", "mx2.example.net" };
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(mxs); i++) {
		struct alert_facts f = base();

		f.mode = mxs[i].mode;
		f.mx.look = mxs[i].look;
		f.mx.count = mxs[i].count;
		f.mx.unmatched_count = mxs[i].unmatched;
		f.mx.unmatched = hosts;
		struct alert_finding x = judged(&f, ALERT_MX, a);
		EXPECT(x.known == mxs[i].known && x.level == mxs[i].level, mxs[i].label);
		if (x.level > 0)
			EXPECT(x.extent == mxs[i].unmatched, mxs[i].label);
	}
	arena_free(a);
}

TEST(typing)
{
	static const struct {
		const char *label;
		int64_t ago;
		unsigned level;
	} rows[] = {
		{ "nothing is to be typed", 0, 0 },
		{ "whoever changed it is at it", ALERT_TYPING_S - 1, 0 },
		{ "not typed", ALERT_TYPING_S, 1 },
		{ "for nearly a week", ALERT_TYPING_LONG_S - 1, 1 },
		{ "for a week", ALERT_TYPING_LONG_S, 2 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct alert_facts f = base();

		f.typing.since = rows[i].ago == 0 ? 0 : NOW - rows[i].ago;
		f.typing.value = "v=STSv1; id=b2;";
		f.mode = POLICY_NONE; /* whoever leaves types as well */
		struct alert_finding x = judged(&f, ALERT_TYPING, a);
		EXPECT(x.level == rows[i].level, rows[i].label);
		if (x.level > 0)
			EXPECT_SLICE(slice_str(x.command), S("v=STSv1; id=b2;"), rows[i].label);
	}
	arena_free(a);
}

/* A letter for each day, the last one today: x a report, . none. */
static const struct {
	const char *label, *days;
	unsigned level;
} silences[] = {
	{ "daily", "xxxxxxxxxx..", 0 },
	{ "daily, the last seven days ago", "xxxxxxxxxx.......", 0 },
	{ "daily, the last eight days ago", "xxxxxxxxxx........", 1 },
	{ "four days with reports tell nothing", "xxxx....................", 0 },
	{ "five do", "xxxxx........", 1 },
	{ "weekly, two weeks", "x......x......x......x......x..............", 0 },
	{ "weekly, two weeks and a day", "x......x......x......x......x...............", 1 },
	{ "a gap half as long has been there", "xxxxx....xxxxx..........", 0 },
	{ "and less than half", "xxxxx....xxxxx...........", 1 },
	{ "no report ever", "..............", 0 },
};

TEST(silence)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(silences); i++) {
		int64_t days[64];
		size_t count = 0, length = strlen(silences[i].days);
		struct alert_facts f = base();

		for (size_t d = 0; d < length; d++)
			if (silences[i].days[d] == 'x')
				days[count++] =
				        utc_day_start(NOW) - (int64_t)(length - 1 - d) * DAY;
		f.days = days;
		f.day_count = count;
		f.hosted = false; /* also of domains that are only observed */
		EXPECT(judged(&f, ALERT_REPORTS, a).level == silences[i].level, silences[i].label);
	}
	arena_free(a);
}

static const struct {
	const char *label, *result;
	int64_t failed, reported; /* days ago */
	bool trusted;
	enum policy_mode mode;
	unsigned level;
} refusals[] = {
	{ "no STARTTLS, enforce", "starttls-not-supported", 1, 1, true, POLICY_ENFORCE, 2 },
	{ "testing", "starttls-not-supported", 1, 1, true, POLICY_TESTING, 1 },
	{ "nobody signed it", "starttls-not-supported", 1, 1, false, POLICY_ENFORCE, 1 },
	{ "a certificate", "certificate-expired", 1, 1, true, POLICY_ENFORCE, 2 },
	{ "anything else in the session", "validation-failure", 1, 1, true, POLICY_ENFORCE, 2 },
	{ "DANE", "tlsa-invalid", 1, 1, true, POLICY_ENFORCE, 2 },
	{ "a fetch that failed refuses nothing", "sts-policy-fetch-error", 1, 1, true,
	  POLICY_ENFORCE, 0 },
	{ "what nobody knows", "made-up", 1, 1, true, POLICY_ENFORCE, 0 },
	{ "a clean day after it", "certificate-expired", 2, 1, true, POLICY_ENFORCE, 0 },
	{ "no report after it, seven days", "certificate-expired", 7, 7, true, POLICY_ENFORCE, 2 },
	{ "eight days", "certificate-expired", 8, 8, true, POLICY_ENFORCE, 0 },
};

TEST(failures)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		int64_t day = utc_day_start(NOW) - refusals[i].reported * DAY;
		struct alert_failure x = { .day = utc_day_start(NOW) - refusals[i].failed * DAY,
			                   .result_type = slice_str(refusals[i].result),
			                   .sessions = 3,
			                   .trusted = refusals[i].trusted };
		struct alert_facts f = base();

		f.mode = refusals[i].mode;
		f.days = &day;
		f.day_count = 1;
		f.failures = &x;
		f.failure_count = 1;
		EXPECT(judged(&f, ALERT_FAILURES, a).level == refusals[i].level, refusals[i].label);
	}
	arena_free(a);
}

TEST(failures_are_counted_by_kind)
{
	struct alert_failure x[] = {
		{ NOW - DAY, SLICE_INIT("certificate-expired"), 3, true },
		{ NOW - 2 * DAY, SLICE_INIT("certificate-expired"), 4, true },
		{ NOW - DAY, SLICE_INIT("validation-failure"), 1, false },
		{ NOW - DAY, SLICE_INIT("sts-policy-invalid"), 9, true },
	};
	struct arena *a = arena_new();
	struct alert_facts f = base();

	f.failures = x;
	f.failure_count = ARRAY_LEN(x);
	struct alert_finding got = judged(&f, ALERT_FAILURES, a);
	EXPECT(got.extent == 2, "two kinds");
	EXPECT_SLICE(slice_str(got.subject), S("certificate-expired, validation-failure"), "these");
	EXPECT(strstr(got.detail, "8 sessions") != NULL, "their sessions");
	arena_free(a);
}

/* What comes at a moment, and what is said of it; each row goes on from the one before. */
static const struct {
	const char *label;
	enum alert_cause cause; /* another one than before: from the beginning */
	int64_t at;
	bool known;
	unsigned level, extent;
	const char *subject;
	enum alert_event event;
} times[] = {
	{ "nothing", ALERT_MX, 0, true, 0, 0, "", ALERT_NOTHING },
	{ "it opens", ALERT_MX, 10, true, 1, 1, "a", ALERT_OPENED },
	{ "and is not said again", ALERT_MX, 20, true, 1, 1, "a", ALERT_NOTHING },
	{ "another one of the kind", ALERT_MX, 30, true, 1, 1, "b", ALERT_NOTHING },
	{ "what cannot be found out changes nothing", ALERT_MX, 35, false, 0, 0, "",
	  ALERT_NOTHING },
	{ "worse", ALERT_MX, 40, true, 2, 1, "b", ALERT_WORSE },
	{ "not again", ALERT_MX, 50, true, 2, 1, "b", ALERT_NOTHING },
	{ "more of them, soon after", ALERT_MX, 40 + ALERT_EVERY_S - 1, true, 2, 2, "a, b",
	  ALERT_NOTHING },
	{ "more of them, a day after", ALERT_MX, 40 + ALERT_EVERY_S, true, 2, 2, "a, b",
	  ALERT_WORSE },
	{ "better", ALERT_MX, DAY * 2, true, 1, 1, "a", ALERT_NOTHING },
	{ "gone", ALERT_MX, DAY * 2 + 10, true, 0, 0, "", ALERT_CLOSED },
	{ "still gone", ALERT_MX, DAY * 2 + 20, true, 0, 0, "", ALERT_NOTHING },
	{ "back within the day", ALERT_MX, DAY * 2 + 30, true, 2, 2, "a, b", ALERT_NOTHING },
	{ "worse than it was", ALERT_MX, DAY * 2 + 40, true, 3, 2, "a, b", ALERT_OPENED },
	{ "gone again", ALERT_MX, DAY * 2 + 50, true, 0, 0, "", ALERT_CLOSED },
	{ "back", ALERT_MX, DAY * 2 + 60, true, 1, 1, "a", ALERT_NOTHING },
	{ "still there a day after the last word", ALERT_MX, DAY * 3 + 50, true, 1, 1, "a",
	  ALERT_OPENED },
	{ "a line to type", ALERT_TYPING, 0, true, 1, 1, "id1", ALERT_OPENED },
	{ "another one", ALERT_TYPING, 10, true, 1, 1, "id2", ALERT_WORSE },
	{ "typed", ALERT_TYPING, 20, true, 0, 0, "", ALERT_CLOSED },
	{ "the next one is another thing to do", ALERT_TYPING, 30, true, 1, 1, "id3",
	  ALERT_OPENED },
	{ "typed before anybody could be told", ALERT_REPORTS, 0, true, 0, 0, "", ALERT_NOTHING },
};

TEST(over_time)
{
	struct alert_state s = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct alert_finding found = { .known = times[i].known,
			                       .level = times[i].level,
			                       .extent = times[i].extent,
			                       .subject = times[i].subject };
		int64_t now = NOW + times[i].at;

		if (i == 0 || times[i].cause != times[i - 1].cause)
			s = (struct alert_state){ .subject = "", .said_subject = "" };
		s = alert_step(&s, &found, now);
		enum alert_event e = alert_event(times[i].cause, &s, now);
		EXPECT(e == times[i].event, times[i].label);
		if (e == ALERT_NOTHING)
			continue;
		/* As store/alerts.h notes it. */
		s.said = alert_rank(s.level, s.extent);
		s.said_at = now;
		if (s.said != 0) {
			s.peak = s.said;
			s.said_subject = s.subject;
		}
		EXPECT(alert_event(times[i].cause, &s, now) == ALERT_NOTHING, times[i].label);
	}
}

TEST(moments)
{
	struct alert_finding bad = { .known = true, .level = 1, .extent = 1, .subject = "a" },
	                     good = { .known = true };
	struct alert_state s = { .subject = "", .said_subject = "" };

	s = alert_step(&s, &bad, NOW);
	EXPECT(s.opened == NOW && s.closed == 0, "it opens");
	s = alert_step(&s, &bad, NOW + 5);
	EXPECT(s.opened == NOW, "the first moment stays");
	s = alert_step(&s, &good, NOW + 10);
	EXPECT(s.closed == NOW + 10 && s.level == 0, "it closes");
	EXPECT(alert_event(ALERT_MX, &s, NOW + 10) == ALERT_NOTHING, "nobody had heard of it");
	s = alert_step(&s, &bad, NOW + 20);
	EXPECT(s.opened == NOW + 20 && s.closed == 0, "another time");
	s.said = alert_rank(1, 1);
	s = alert_step(&s, &good, NOW + 30);
	s = alert_step(&s, &bad, NOW + 40);
	EXPECT(s.opened == NOW + 20, "nobody had heard that it was gone");
	EXPECT(alert_event(ALERT_MX, &s, NOW + 40) == ALERT_NOTHING, "so there is nothing to say");
}

TEST(names)
{
	enum alert_cause cause;

	for (unsigned i = 0; i < ALERT_CAUSES; i++) {
		const char *code = alert_code((enum alert_cause)i);
		const struct explain_entry *e = explain_find(slice_str(code));

		EXPECT(alert_cause_parse(slice_str(code), &cause) == OK && cause == i, code);
		EXPECT(e != NULL && strcmp(e->id, code) == 0, code);
	}
	EXPECT(alert_cause_parse(S("made-up"), &cause) == ERR_SYNTAX, "another word");
	EXPECT(alert_rank(1, 5000) < alert_rank(2, 1), "a level outweighs any number");
	EXPECT(alert_rank(0, 7) == 0, "closed");
}

TEST_MAIN(UNIT(nothing), UNIT(certificates), UNIT(foreign_certificates), UNIT(policies),
          UNIT(published_ids), UNIT(live_mx), UNIT(typing), UNIT(silence), UNIT(failures),
          UNIT(failures_are_counted_by_kind), UNIT(over_time), UNIT(moments), UNIT(names))

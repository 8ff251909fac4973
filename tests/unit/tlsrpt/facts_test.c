/* The record of facts: written by a reader, read without trust. */
#include "tlsrpt/facts.h"

#include "report_make.h"
#include "samples.h"
#include "test.h"
#include "unit/wire/dkim_vectors.h"

static struct report_item make_item(struct arena *a, uint64_t *seed)
{
	struct report_item item = { .report = make_report(a, seed),
		                    .file_name = make_optional(a, seed),
		                    .hint = make_optional(a, seed),
		                    .inner_hint = make_optional(a, seed),
		                    .forwarded = test_random(seed) % 3 };

	item.report.notes = (NOTE_BIT(NOTE_COUNT) - 1) &
	                    ((uint64_t)test_random(seed) << 32 | test_random(seed));
	return item;
}

static bool same_item(const struct report_item *x, const struct report_item *y)
{
	return same_report(&x->report, &y->report) && x->report.notes == y->report.notes &&
	       slice_eq(x->file_name, y->file_name) && slice_eq(x->hint, y->hint) &&
	       slice_eq(x->inner_hint, y->inner_hint) && x->forwarded == y->forwarded;
}

static struct mail_facts make_mail(struct arena *a, uint64_t *seed)
{
	struct mail_facts m = { .from = make_optional(a, seed),
		                .subject = make_optional(a, seed),
		                .date = make_optional(a, seed),
		                .message_id = make_optional(a, seed),
		                .report_domain = make_optional(a, seed),
		                .report_submitter = make_optional(a, seed),
		                .has_time = test_random(seed) % 2 == 0 };

	m.time = m.has_time ? (int64_t)test_random(seed) - 1000000000 : 0;
	return m;
}

static bool same_mail(const struct mail_facts *x, const struct mail_facts *y)
{
	return slice_eq(x->from, y->from) && slice_eq(x->subject, y->subject) &&
	       slice_eq(x->date, y->date) && slice_eq(x->message_id, y->message_id) &&
	       slice_eq(x->report_domain, y->report_domain) &&
	       slice_eq(x->report_submitter, y->report_submitter) && x->has_time == y->has_time &&
	       x->time == y->time;
}

static bool same_facts(const struct facts *f, const struct reports *all)
{
	if (f->count != all->count || f->is_mail != all->is_mail ||
	    !same_mail(&f->mail, &all->mail))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (!same_item(&f->items[i], &all->items[i]))
			return false;
	return !f->no_report && f->reason == NULL && f->signatures == NULL;
}

static struct reports make_reports(struct arena *a, uint64_t *seed)
{
	struct reports all = { .count = 1 + test_random(seed) % 3 };

	all.items = arena_calloc(a, all.count, sizeof(*all.items));
	for (size_t i = 0; i < all.count; i++)
		all.items[i] = make_item(a, seed);
	all.is_mail = test_random(seed) % 2 == 0;
	if (all.is_mail)
		all.mail = make_mail(a, seed);
	return all;
}

/* Laws: reading what was written gives the same; a part of it, or more than it, is nothing. */
TEST(facts_come_back)
{
	uint64_t seed = 5;

	for (int round = 0; round < 500; round++) {
		uint64_t printed = seed;
		struct arena *a = arena_new();
		struct reports all = make_reports(a, &seed);
		struct facts f = { .reason = "untouched" };
		struct buf record;

		buf_init(&record, 10u << 20);
		EXPECT(facts_format(&all, NULL, &record) == OK, "it is written");
		for (size_t n = 0; n < record.len; n += 1 + n / 16)
			EXPECT(facts_parse(slice_head(buf_slice(&record), n), a, &f) == ERR_SYNTAX,
			       "a part is no record");
		EXPECT(strcmp(f.reason, "untouched") == 0, "untouched on failure");
		bool good = facts_parse(buf_slice(&record), a, &f) == OK && same_facts(&f, &all);
		EXPECT(good, "facts come back");
		buf_add_char(&record, '\0');
		EXPECT(facts_parse(buf_slice(&record), a, &f) == ERR_SYNTAX, "something behind it");
		if (!good)
			(void)fprintf(stderr, "seed %llu\n", (unsigned long long)printed);
		buf_fini(&record);
		arena_free(a);
	}
}

/* One byte of a good record is another: never a crash, never above a ceiling. */
TEST(damage_is_survived)
{
	uint64_t seed = 11;

	for (int round = 0; round < 2000; round++) {
		struct arena *a = arena_new();
		struct reports all = make_reports(a, &seed);
		struct facts f = { .items = NULL };
		struct buf record;

		buf_init(&record, 10u << 20);
		EXPECT(facts_format(&all, NULL, &record) == OK, "it is written");
		record.p[test_random(&seed) % record.len] = (char)test_random(&seed);
		if (facts_parse(buf_slice(&record), a, &f) == OK)
			EXPECT(f.count <= FACTS_ITEMS_MAX && f.count + f.no_report > 0 &&
			               report_totals(&f.items[0].report).failed <= REPORT_COUNT_MAX,
			       "within its ceilings");
		buf_fini(&record);
		arena_free(a);
	}
}

TEST(faults_come_back)
{
	for (size_t code = 1; code < FAULT_COUNT; code++) {
		struct arena *a = arena_new();
		struct report_item item = { .fault = { (enum fault_code)code, 7, "so" } };
		struct reports all = { .items = &item, .count = 1 };
		struct facts f = { .items = NULL };
		struct buf record;

		buf_init(&record, 10000);
		EXPECT(facts_format(&all, NULL, &record) == OK &&
		               facts_parse(buf_slice(&record), a, &f) == OK && f.count == 0,
		       fault_name(item.fault.code));
		EXPECT(f.no_report == (code == FAULT_NO_REPORT), "no report is no fault");
		EXPECT(f.no_report || (strcmp(f.reason, fault_name(item.fault.code)) == 0 &&
		                       slice_ends(f.detail, S(": so (line 7)"))),
		       "the reason and its words");
		buf_fini(&record);
		arena_free(a);
	}
}

TEST(broken_text_is_mended)
{
	struct arena *a = arena_new();
	struct report_item item = { .fault = { .code = FAULT_NO_REPORT } };
	struct reports all = { .items = &item,
		               .count = 1,
		               .is_mail = true,
		               .mail = { .subject = S("a\xff\xc3\xa4\xe2\x82") } };
	struct facts f = { .items = NULL };
	struct buf record;

	buf_init(&record, 10000);
	EXPECT(facts_format(&all, NULL, &record) == OK &&
	               facts_parse(buf_slice(&record), a, &f) == OK,
	       "it is read");
	EXPECT_SLICE(f.mail.subject, S("a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd"),
	             "each byte that is no UTF-8 is one U+FFFD");
	buf_fini(&record);
	arena_free(a);
}

TEST(what_does_not_fit)
{
	struct arena *a = arena_new();
	struct report_item items[2] = { [1] = { .fault = { .code = FAULT_NOT_JSON } } };
	struct reports all = { .items = items, .count = 2 };
	struct facts f = { .items = NULL };
	struct slice contact;
	struct buf record;

	EXPECT(report_json_parse(J(a, GOOD_ONE), a, &items[0].report, &items[0].fault) == OK,
	       "sample");
	contact = items[0].report.contact;
	items[0].report.contact = slice_of(arena_alloc(a, 200), 200);
	buf_init(&record, 200);
	EXPECT(facts_format(&all, NULL, &record) == OK &&
	               facts_parse(buf_slice(&record), a, &f) == OK,
	       "both stand there");
	EXPECT(f.count == 0 && strcmp(f.reason, "too-large") == 0,
	       "RPT-49: facts above the ceiling are an error");
	buf_fini(&record);
	buf_init(&record, 20);
	EXPECT(facts_format(&all, NULL, &record) == ERR_LIMIT, "not even the faults fit");
	buf_fini(&record);
	buf_init(&record, FACTS_MAX);
	items[0].report.contact = contact;
	items[0].report.policies[0].strings =
	        arena_calloc(a, FACTS_VALUES_MAX, sizeof(struct slice));
	items[0].report.policies[0].string_count = FACTS_VALUES_MAX - 3;
	EXPECT(facts_format(&all, NULL, &record) == OK &&
	               facts_parse(buf_slice(&record), a, &f) == OK && f.count == 1,
	       "as many values as may be");
	buf_reset(&record);
	items[0].report.policies[0].string_count++;
	EXPECT(facts_format(&all, NULL, &record) == OK &&
	               facts_parse(buf_slice(&record), a, &f) == OK && f.count == 0,
	       "RPT-49: one value more is an error");
	buf_fini(&record);
	arena_free(a);
}

#define NOTHING "\0\1\1\0"             /* no mail; one item: FAULT_NO_REPORT, no words */
#define REPORT_HEAD "\0\1\0\0\0\0\0\0" /* texts and moments of a report */
#define REPORT_TAIL "\0\0\0\0\0"       /* notes, names, forwarded */
#define ONE_POLICY "\1\2\0\0\0"        /* one: sts, no domain, no lists */
#define COUNT_TOP "\xff\xff\xff\xff\xff\xff\xff\x0f"
#define COUNT_OVER "\x80\x80\x80\x80\x80\x80\x80\x10"
#define FAILURE_TAIL "\0\0\0\0\1\0\0" /* all behind the result-type; one session */

TEST(nothing_is_trusted)
{
	static const struct {
		const char *label;
		struct slice record;
		enum err want;
	} rows[] = {
		{ "the least that is a record", SLICE_INIT(NOTHING), OK },
		{ "a report without policies", SLICE_INIT(REPORT_HEAD "\0" REPORT_TAIL), OK },
		{ "a policy", SLICE_INIT(REPORT_HEAD ONE_POLICY "\0\0\0" REPORT_TAIL), OK },
		{ "a failure",
		  SLICE_INIT(REPORT_HEAD ONE_POLICY "\0\0\1\1x" FAILURE_TAIL REPORT_TAIL), OK },
		{ "nothing", SLICE_INIT(""), ERR_SYNTAX },
		{ "no items", SLICE_INIT("\0\0"), ERR_SYNTAX },
		{ "something behind it", SLICE_INIT(NOTHING "\0"), ERR_SYNTAX },
		{ "a bit nobody knows", SLICE_INIT("\4\1\1\0"), ERR_SYNTAX },
		{ "a number in two forms", SLICE_INIT("\x80\0\1\1\0"), ERR_SYNTAX },
		{ "a number that does not end",
		  SLICE_INIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"), ERR_SYNTAX },
		{ "a number above 64 bits",
		  SLICE_INIT("\0\1\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"), ERR_SYNTAX },
		{ "more items than bytes", SLICE_INIT("\0\3\1\0"), ERR_SYNTAX },
		{ "an unknown fault", SLICE_INIT("\0\1\x7f\0"), ERR_SYNTAX },
		{ "a text beyond the end", SLICE_INIT("\0\1\1\5abc"), ERR_SYNTAX },
		{ "a text above the ceiling", SLICE_INIT("\0\1\1\x81\x80\4abc"), ERR_LIMIT },
		{ "a text that is no UTF-8", SLICE_INIT("\0\1\1\1\xff"), ERR_SYNTAX },
		{ "a policy type nobody knows",
		  SLICE_INIT(REPORT_HEAD "\1\5\0\0\0\0\0\0" REPORT_TAIL), ERR_SYNTAX },
		{ "a known type as another one's text",
		  SLICE_INIT(REPORT_HEAD "\1\4\3sts\0\0\0\0\0\0" REPORT_TAIL), ERR_SYNTAX },
		{ "the largest count",
		  SLICE_INIT(REPORT_HEAD ONE_POLICY COUNT_TOP "\0\0" REPORT_TAIL), OK },
		{ "a count above 2^53-1",
		  SLICE_INIT(REPORT_HEAD ONE_POLICY COUNT_OVER "\0\0" REPORT_TAIL), ERR_SYNTAX },
		{ "sums above 2^53-1",
		  SLICE_INIT(REPORT_HEAD "\2\2\0\0\0" COUNT_TOP "\0\0\2\0\0\0\1\0\0" REPORT_TAIL),
		  ERR_SYNTAX },
		{ "a failure without type",
		  SLICE_INIT(REPORT_HEAD ONE_POLICY "\0\0\1\0" FAILURE_TAIL REPORT_TAIL),
		  ERR_SYNTAX },
		{ "an unknown note",
		  SLICE_INIT(REPORT_HEAD "\0\x80\x80\x80\x80\x80\x80\x80\x80\x80\1\0\0\0\0"),
		  ERR_SYNTAX },
		{ "forwarded more often than a mail can be",
		  SLICE_INIT(REPORT_HEAD "\0\0\0\0\0\x0b"), ERR_SYNTAX },
		{ "a moment before the year 0",
		  SLICE_INIT("\0\1\0\0\0\0\x82\xf0\xa3\x97\xcf\x03\0\0" REPORT_TAIL), ERR_SYNTAX },
		{ "a moment at its beginning",
		  SLICE_INIT("\0\1\0\0\0\0\x80\xf0\xa3\x97\xcf\x03\0\0" REPORT_TAIL), OK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct facts f = { .count = 77 };

		EXPECT(facts_parse(rows[i].record, a, &f) == rows[i].want, rows[i].label);
		EXPECT(rows[i].want == OK || f.count == 77, "untouched on failure");
		arena_free(a);
	}
}

static bool same_signature(const struct dkim_signed *x, const struct dkim_signed *y)
{
	if (x->fault != y->fault || !slice_eq(x->domain, y->domain) ||
	    !slice_eq(x->selector, y->selector))
		return false;
	return x->fault != DKIM_NONE ||
	       (slice_eq(x->identity, y->identity) && x->algorithm == y->algorithm &&
	        memcmp(x->digest, y->digest, SHA256_SIZE) == 0 && slice_eq(x->b, y->b) &&
	        x->has_time == y->has_time && x->time == y->time &&
	        x->has_expiry == y->has_expiry && x->expiry == y->expiry &&
	        x->covers_domain == y->covers_domain && x->covers_submitter == y->covers_submitter);
}

/* What comes back of a scan; NULL: nothing. */
static const struct dkim_scan *through(const struct dkim_scan *scan, struct arena *a)
{
	struct report_item item = { .fault = { .code = FAULT_NO_REPORT } };
	struct reports all = { .items = &item, .count = 1, .is_mail = true };
	struct facts f = { .signatures = NULL };
	struct buf record;
	enum err e;

	buf_init(&record, 65536);
	e = facts_format(&all, scan, &record);
	if (e == OK)
		e = facts_parse(arena_copy(a, buf_slice(&record)), a, &f);
	buf_fini(&record);
	return e == OK ? f.signatures : NULL;
}

TEST(signatures_come_back)
{
	static const char *const messages[] = {
		RFC8463_MESSAGE,
		RFC6376_MESSAGE,
		"From: nobody\r\n\r\n",
		"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=k; h=from; l=1; bh=x; "
		"b=y\r\n" RFC8463_MESSAGE,
		"DKIM-Signature: v=3; d=A.example\r\nFrom: \"x\" <y@B.Example>\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct arena *a = arena_new();
		struct dkim_scan *scan = arena_alloc(a, sizeof(*scan));
		const struct dkim_scan *back;

		dkim_scan(slice_str(messages[i]), a, scan);
		back = through(scan, a);
		assert_non_null(back);
		EXPECT(back->count == scan->count && back->left_out == scan->left_out &&
		               slice_eq(back->from, scan->from),
		       messages[i]);
		for (size_t k = 0; k < scan->count; k++)
			EXPECT(same_signature(&scan->signatures[k], &back->signatures[k]),
			       messages[i]);
		arena_free(a);
	}
}

#define SIGNED(d, s, i, bytes)                                                         \
	.domain = SLICE_INIT(d), .selector = SLICE_INIT(s), .identity = SLICE_INIT(i), \
	.b = SLICE_INIT(bytes)
#define GOOD SIGNED("a.example", "k", "b.a.example", "b")

TEST(no_signature_is_trusted)
{
	static const struct {
		const char *label;
		struct dkim_signed signature;
		bool good;
	} rows[] = {
		{ "a signature", { GOOD }, true },
		{ "a fault alone", { .fault = DKIM_BODY }, true },
		{ "a fault nobody knows", { GOOD, .fault = DKIM_FAULT_COUNT }, false },
		{ "capitals", { SIGNED("A.example", "k", "A.example", "b") }, false },
		{ "no name", { SIGNED("a b.example", "k", "a b.example", "b") }, false },
		{ "a domain of one label", { SIGNED("a", "k", "a", "b") }, false },
		{ "no selector", { SIGNED("a.example", "", "a.example", "b") }, false },
		{ "an identity elsewhere", { SIGNED("a.example", "k", "b.example", "b") }, false },
		{ "DKIM-15: another algorithm",
		  { GOOD, .algorithm = (enum dkim_algorithm)2 },
		  false },
		{ "no signature bytes", { SIGNED("a.example", "k", "a.example", "") }, false },
		{ "a negative time", { GOOD, .has_time = true, .time = -1 }, false },
		{ "the first moment", { GOOD, .has_time = true, .time = 0 }, true },
		{ "the last moment", { GOOD, .has_expiry = true, .expiry = INT64_MAX }, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct dkim_scan scan = { .count = 1, .signatures = { rows[i].signature } };

		EXPECT((through(&scan, a) != NULL) == rows[i].good, rows[i].label);
		arena_free(a);
	}
}

/* The number of signatures stands between a scan's head and its signatures. */
TEST(no_more_signatures_than_looked_at)
{
	static const char head[] = "\3\1\1\0"       /* no report */
	                           "\0\0\0\0\0\0\0" /* nothing about its mail */
	                           "\0\0";          /* no From, none left out */

	for (size_t n = DKIM_SIGNATURES_MAX; n <= DKIM_SIGNATURES_MAX + 1; n++) {
		struct arena *a = arena_new();
		struct facts f = { .items = NULL };
		struct buf record;

		buf_init(&record, 1000);
		buf_add(&record, slice_of(head, sizeof(head) - 1));
		buf_add_char(&record, (char)n);
		for (size_t i = 0; i < n; i++)
			buf_add(&record, slice_of((const char[]){ DKIM_SYNTAX, 0, 0 }, 3));
		EXPECT((facts_parse(buf_slice(&record), a, &f) == OK) == (n == DKIM_SIGNATURES_MAX),
		       n == DKIM_SIGNATURES_MAX ? "ten" : "eleven");
		buf_fini(&record);
		arena_free(a);
	}
}

TEST_MAIN(UNIT(facts_come_back), UNIT(damage_is_survived), UNIT(faults_come_back),
          UNIT(broken_text_is_mended), UNIT(what_does_not_fit), UNIT(nothing_is_trusted),
          UNIT(signatures_come_back), UNIT(no_signature_is_trusted),
          UNIT(no_more_signatures_than_looked_at))

#include "report_make.h"
#include "samples.h"
#include "test.h"
#include "tlsrpt/report_show.h"

static struct report_item make_item(struct arena *a, uint64_t *seed)
{
	struct report_item item = { .report = make_report(a, seed),
		                    .file_name = make_optional(a, seed),
		                    .hint = make_optional(a, seed),
		                    .forwarded = test_random(seed) % 3 };

	item.report.notes = (NOTE_BIT(NOTE_COUNT) - 1) &
	                    ((uint64_t)test_random(seed) << 32 | test_random(seed));
	return item;
}

static bool same_item(const struct report_item *x, const struct report_item *y)
{
	return same_report(&x->report, &y->report) && x->report.notes == y->report.notes &&
	       slice_eq(x->file_name, y->file_name) && slice_eq(x->hint, y->hint) &&
	       x->forwarded == y->forwarded;
}

/* Law: parsing what was formatted gives the same facts. */
TEST(reports_come_back)
{
	uint64_t seed = 5;

	for (int round = 0; round < 500; round++) {
		uint64_t printed = seed;
		struct arena *a = arena_new();
		struct report_item item = make_item(a, &seed);
		struct slice file = make_text(a, &seed);
		struct show_line line = { 0 };
		struct buf text;

		buf_init(&text, 10u << 20);
		report_show_report(&item, file, (size_t)round, &text);
		enum err e = report_show_parse(buf_slice(&text), a, &line, NULL);
		bool good = e == OK && line.kind == SHOW_REPORT && line.index == (size_t)round &&
		            slice_eq(line.file, file) && same_item(&item, &line.item);
		EXPECT(good, "a report's line comes back");
		EXPECT(slice_find(buf_slice(&text), '\n') == SIZE_MAX, "one line");
		if (!good)
			(void)fprintf(stderr, "seed %llu\n", (unsigned long long)printed);
		buf_fini(&text);
		arena_free(a);
	}
}

TEST(errors_come_back)
{
	for (size_t code = 1; code < FAULT_COUNT; code++) {
		struct arena *a = arena_new();
		struct report_fault fault = { .code = (enum fault_code)code,
			                      .line = 7,
			                      .why = "so" };
		struct show_line line = { 0 };
		struct buf text, words;

		buf_init(&text, 10000);
		buf_init(&words, 10000);
		report_show_error(&fault, S("f"), 3, &text);
		report_show_words(&fault, &words);
		EXPECT(report_show_parse(buf_slice(&text), a, &line, NULL) == OK &&
		               line.kind == SHOW_ERROR && line.index == 3 &&
		               line.item.fault.code == (enum fault_code)code,
		       fault_name((enum fault_code)code));
		EXPECT_SLICE(line.message, buf_slice(&words), "its words");
		EXPECT(slice_ends(line.message, S(": so (line 7)")), "reason and line");
		buf_fini(&text);
		buf_fini(&words);
		arena_free(a);
	}
}

TEST(mails_come_back)
{
	uint64_t seed = 9;

	for (int round = 0; round < 100; round++) {
		struct arena *a = arena_new();
		struct mail_facts m = { .from = make_optional(a, &seed),
			                .subject = make_optional(a, &seed),
			                .date = make_optional(a, &seed),
			                .message_id = make_optional(a, &seed),
			                .report_domain = make_optional(a, &seed),
			                .report_submitter = make_optional(a, &seed),
			                .has_time = test_random(&seed) % 2 == 0 };
		struct show_line line = { 0 };
		struct buf text;

		m.time = m.has_time ? (int64_t)test_random(&seed) : 0;
		buf_init(&text, 10000);
		report_show_mail(&m, S("-"), &text);
		EXPECT(report_show_parse(buf_slice(&text), a, &line, NULL) == OK &&
		               line.kind == SHOW_MAIL && slice_eq(line.mail.from, m.from) &&
		               slice_eq(line.mail.subject, m.subject) &&
		               slice_eq(line.mail.date, m.date) &&
		               slice_eq(line.mail.message_id, m.message_id) &&
		               slice_eq(line.mail.report_domain, m.report_domain) &&
		               slice_eq(line.mail.report_submitter, m.report_submitter) &&
		               line.mail.has_time == m.has_time && line.mail.time == m.time,
		       "a mail's line comes back");
		buf_fini(&text);
		arena_free(a);
	}
}

/* The contract with scripts, to the letter. */
TEST(exact_form)
{
	struct arena *a = arena_new();
	struct report_item item = { 0 };
	struct buf text;

	EXPECT(report_json_parse(J(a, FAILURE("{" EXPIRED ",'sending-mta-ip':'192.0.2.1'}")), a,
	                         &item.report, &item.fault) == OK,
	       "sample");
	buf_init(&text, 10000);
	report_show_report(&item, S("r.json"), 0, &text);
	EXPECT_SLICE(
	        buf_slice(&text),
	        J(a,
	          "{'schema':'mxseal.report/1','file':'r.json','index':0,'organization':'Org',"
	          "'report_id':'id-1','contact':'tls@org.example','start':'2026-05-12T00:00:00Z',"
	          "'end':'2026-05-12T23:59:59Z','policies':[{'type':'sts','domain':'acme.example',"
	          "'strings':[],'mx_hosts':[],'successful':4,'failed':3,'failures':[{"
	          "'result_type':'certificate-expired','sending_mta_ip':'192.0.2.1',"
	          "'receiving_mx_hostname':null,'receiving_mx_helo':null,'receiving_ip':null,"
	          "'failed_sessions':3,'additional_information':null,'reason_code':null}]}],"
	          "'totals':{'policies':1,'successful':4,'failed':3,'failure_rows':1},'notes':[]}"),
	        "a report's line");
	buf_reset(&text);
	report_show_error(&(struct report_fault){ .code = FAULT_NO_REPORT }, S("m.eml"), 2, &text);
	EXPECT_SLICE(buf_slice(&text),
	             J(a, "{'schema':'mxseal.error/1','file':'m.eml','index':2,'code':'no-report',"
	                  "'message':'there is no TLS report in this message'}"),
	             "an error's line");
	buf_fini(&text);
	arena_free(a);
}

#define LINE_HEAD "{'schema':'mxseal.report/1','file':'f','index':0,'policies':"
#define LINE_TAIL ",'notes':[]}"
#define LINE_POLICY "{'strings':[],'mx_hosts':[],'successful':0,'failed':0,'failures':"

TEST(parser_trusts_nothing)
{
	static const struct {
		const char *label, *line;
		enum err want;
	} rows[] = {
		{ "the least that is a line", LINE_HEAD "[]" LINE_TAIL, OK },
		{ "a policy", LINE_HEAD "[" LINE_POLICY "[]}]" LINE_TAIL, OK },
		{ "no schema", "{'file':'f'}", ERR_SYNTAX },
		{ "another schema", "{'schema':'mxseal.report/2','file':'f','index':0}",
		  ERR_SYNTAX },
		{ "no policies", "{'schema':'mxseal.report/1','file':'f','index':0,'notes':[]}",
		  ERR_SYNTAX },
		{ "an unknown note", LINE_HEAD "[],'notes':['x']}", ERR_SYNTAX },
		{ "a time that is none", LINE_HEAD "[],'start':'x','notes':[]}", ERR_SYNTAX },
		{ "a policy that is none", LINE_HEAD "[1]" LINE_TAIL, ERR_SYNTAX },
		{ "a failure without type",
		  LINE_HEAD "[" LINE_POLICY "[{'failed_sessions':1}]}]" LINE_TAIL, ERR_SYNTAX },
		{ "a negative count",
		  LINE_HEAD "[" LINE_POLICY
		            "[{'result_type':'x','failed_sessions':-1}]}]" LINE_TAIL,
		  ERR_SYNTAX },
		{ "a count above 2^53-1",
		  LINE_HEAD "[" LINE_POLICY
		            "[{'result_type':'x','failed_sessions':9007199254740992}]}]" LINE_TAIL,
		  ERR_SYNTAX },
		{ "a list of numbers",
		  LINE_HEAD "[{'strings':[1],'mx_hosts':[],'successful':0,'failed':0,'failures':[]}"
		            "]" LINE_TAIL,
		  ERR_SYNTAX },
		{ "sums above 2^53-1",
		  LINE_HEAD "[{'strings':[],'mx_hosts':[],'successful':9007199254740991,'failed':0,"
		            "'failures':[]},{'strings':[],'mx_hosts':[],'successful':1,'failed':0,"
		            "'failures':[]}]" LINE_TAIL,
		  ERR_SYNTAX },
		{ "an unknown fault",
		  "{'schema':'mxseal.error/1','file':'f','index':0,'code':'x','message':'m'}",
		  ERR_SYNTAX },
		{ "a fault that is none",
		  "{'schema':'mxseal.error/1','file':'f','index':0,'code':'none','message':'m'}",
		  ERR_SYNTAX },
		{ "a key twice", "{'schema':'mxseal.mail/1','schema':'mxseal.mail/1','file':'f'}",
		  ERR_SYNTAX },
		{ "no object", "[]", ERR_SYNTAX },
		{ "too deep", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", ERR_LIMIT },
		{ "no JSON", "x", ERR_SYNTAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct show_line line = { .index = 77 };

		EXPECT(report_show_parse(J(a, rows[i].line), a, &line, NULL) == rows[i].want,
		       rows[i].label);
		EXPECT(rows[i].want == OK || line.index == 77, "untouched on failure");
		arena_free(a);
	}
}

TEST(what_does_not_fit)
{
	struct arena *a = arena_new();
	struct report_item items[2] = { [1] = { .fault = { .code = FAULT_NOT_JSON } } };
	struct reports all = { .items = items, .count = 2 };
	struct slice rest, one = { 0 }, two = { 0 };
	struct buf text;

	EXPECT(report_json_parse(J(a, GOOD_ONE), a, &items[0].report, &items[0].fault) == OK,
	       "sample");
	buf_init(&text, 300);
	EXPECT(report_show_all(&all, S("f"), &text) == OK, "both have a line");
	rest = buf_slice(&text);
	EXPECT(slice_next_line(&rest, &one) && slice_next_line(&rest, &two) && rest.len == 0,
	       "two lines");
	EXPECT(slice_find_slice(one, S("too-large")) != SIZE_MAX,
	       "RPT-49: facts above the ceiling are an error");
	EXPECT(slice_find_slice(two, S("not-json")) != SIZE_MAX, "the next item follows");
	buf_fini(&text);
	buf_init(&text, 100);
	EXPECT(report_show_all(&all, S("f"), &text) == ERR_LIMIT, "not even the errors fit");
	buf_fini(&text);
	arena_free(a);
}

TEST_MAIN(UNIT(reports_come_back), UNIT(errors_come_back), UNIT(mails_come_back), UNIT(exact_form),
          UNIT(parser_trusts_nothing), UNIT(what_does_not_fit))

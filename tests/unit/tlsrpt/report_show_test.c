#include "samples.h"
#include "test.h"
#include "tlsrpt/report_show.h"

/* Law: an error's line has the code and the words for people, reason and line included. */
TEST(errors_say_why)
{
	for (size_t code = 1; code < FAULT_COUNT; code++) {
		struct report_fault fault = { (enum fault_code)code, 7, "so" };
		struct buf line, words;

		buf_init(&line, 10000);
		buf_init(&words, 10000);
		report_show_error(&fault, S("f"), 3, &line);
		report_show_words(&fault, &words);
		EXPECT(slice_ends(buf_slice(&words), S(": so (line 7)")), "reason and line");
		EXPECT(slice_find_slice(buf_slice(&line), buf_slice(&words)) != SIZE_MAX &&
		               slice_find_slice(buf_slice(&line),
		                                slice_str(fault_name(fault.code))) != SIZE_MAX,
		       fault_name(fault.code));
		buf_fini(&line);
		buf_fini(&words);
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

TEST_MAIN(UNIT(errors_say_why), UNIT(exact_form))

#include "report_make.h"
#include "samples.h"
#include "test.h"
#include "tlsrpt/report_json.h"

#define N(note) NOTE_BIT(NOTE_##note)
/* A report without failure rows that says 3 failed. */
#define UNDETAILED N(NO_FAILURE_DETAILS)
#define ROW(members) FAILURE("{" members "}")
#define SUM(good, bad)                                                                    \
	REPORT(POLICY(STS, "'summary':{'total-successful-session-count':" good ",'total-" \
	                   "failure-session-count':" bad "}"))
#define TIMES(from, to)                                                              \
	"{" HEAD ",'date-range':{'start-datetime':" from ",'end-datetime':" to "},'" \
	"policies':[]}"

/* What is refused, and with which code. */
static const struct refused {
	const char *label, *json;
	enum fault_code want;
} refused[] = {
	{ "RPT-18: a key twice", "{'policies':[],'policies':[]}", FAULT_DUPLICATE_KEY },
	{ "RPT-18: NaN", SUM("NaN", "0"), FAULT_NOT_JSON },
	{ "RPT-18: a lone surrogate", "{" HEAD ",'x':'\\ud800','policies':[]}", FAULT_NOT_JSON },
	{ "no JSON at all", "hello", FAULT_NOT_JSON },
	{ "trailing comma", "{" HEAD ",'policies':[],}", FAULT_NOT_JSON },
	{ "a raw line break inside a string, as RFC 8460 prints one",
	  "{'organization-name':'a\nb','policies':[]}", FAULT_NOT_JSON },
	{ "garbage behind the JSON", GOOD_ONE "x", FAULT_NOT_JSON },
	{ "RPT-24: a list of reports", "[" GOOD_ONE "]", FAULT_NOT_A_REPORT },
	{ "RPT-24: no policies", "{" HEAD "," RANGE "}", FAULT_NOT_A_REPORT },
	{ "RPT-24: policies null", "{" HEAD "," RANGE ",'policies':null}", FAULT_NOT_A_REPORT },
	{ "RPT-24: policies a string", "{" HEAD "," RANGE ",'policies':'x'}", FAULT_NOT_A_REPORT },
	{ "a draft's report-items", "{" HEAD ",'report-items':[{}]}", FAULT_NOT_A_REPORT },
	{ "empty policies and nothing else", "{'policies':[]}", FAULT_NOT_A_REPORT },
	{ "policies of something else", "{'policies':[{'name':'x'}]}", FAULT_NOT_A_REPORT },
	{ "RPT-25: an entry that is no object", REPORT("'x'"), FAULT_WRONG_TYPE },
	{ "RPT-25: an entry that is null", REPORT("null"), FAULT_WRONG_TYPE },
	{ "RPT-25: policy is no object", REPORT("{'policy':'sts'," COUNTS "}"), FAULT_WRONG_TYPE },
	{ "RPT-25: summary is no object", REPORT(POLICY(STS, "'summary':[4,3]")),
	  FAULT_WRONG_TYPE },
	{ "RPT-25: failure-details is an object",
	  REPORT(POLICY(STS, COUNTS ",'failure-details':{}")), FAULT_WRONG_TYPE },
	{ "RPT-25: a row that is no object", FAILURE("7"), FAULT_WRONG_TYPE },
	{ "RPT-19: organization-name a number", "{'organization-name':1,'policies':[]}",
	  FAULT_WRONG_TYPE },
	{ "RPT-19: organization-name a list", "{'organization-name':['x'],'policies':[]}",
	  FAULT_WRONG_TYPE },
	{ "RPT-22: contact-info a list", "{'contact-info':['x'],'report-id':'1','policies':[]}",
	  FAULT_WRONG_TYPE },
	{ "RPT-23: report-id a number", "{'report-id':1,'policies':[]}", FAULT_WRONG_TYPE },
	{ "RPT-26: policy-type a number", REPORT(POLICY("'policy-type':1", COUNTS)),
	  FAULT_WRONG_TYPE },
	{ "RPT-30: policy-domain a list", REPORT(POLICY("'policy-domain':['a.b']", COUNTS)),
	  FAULT_WRONG_TYPE },
	{ "RPT-32: policy-string with a nested list",
	  REPORT(POLICY(STS ",'policy-string':[['x']]", COUNTS)), FAULT_WRONG_TYPE },
	{ "RPT-33: policy-string a number", REPORT(POLICY(STS ",'policy-string':1", COUNTS)),
	  FAULT_WRONG_TYPE },
	{ "RPT-35: mx-host a number", REPORT(POLICY(STS ",'mx-host':1", COUNTS)),
	  FAULT_WRONG_TYPE },
	{ "RPT-36: a count as a string", SUM("'5'", "0"), FAULT_BAD_COUNT },
	{ "RPT-36: a negative count", SUM("-1", "0"), FAULT_BAD_COUNT },
	{ "RPT-36: a fraction", SUM("1.5", "0"), FAULT_BAD_COUNT },
	{ "RPT-36: 2^53", SUM("9007199254740992", "0"), FAULT_BAD_COUNT },
	{ "RPT-36: far beyond 2^53", SUM("1e300", "0"), FAULT_BAD_COUNT },
	{ "RPT-36: more than a double", SUM("1e999", "0"), FAULT_NOT_JSON },
	{ "RPT-36: null", SUM("null", "0"), FAULT_BAD_COUNT },
	{ "RPT-36: true", SUM("true", "0"), FAULT_BAD_COUNT },
	{ "RPT-37: a count as a string", SUM("0", "'5'"), FAULT_BAD_COUNT },
	{ "RPT-37: a negative count", SUM("0", "-5"), FAULT_BAD_COUNT },
	{ "RPT-36: a sum above 2^53-1",
	  REPORT(POLICY(STS, "'summary':{'total-successful-session-count':"
	                     "9007199254740991}") "," POLICY(STS, "'summary':{'total-successful-"
	                                                          "session-count':1}")),
	  FAULT_BAD_COUNT },
	{ "RPT-44: a row without a count", ROW("'result-type':'certificate-expired'"),
	  FAULT_BAD_COUNT },
	{ "RPT-44: a row with a negative count",
	  ROW("'result-type':'certificate-expired','failed-session-count':-1"), FAULT_BAD_COUNT },
	{ "RPT-47: a row without result-type", ROW("'failed-session-count':1"),
	  FAULT_NO_RESULT_TYPE },
	{ "RPT-39: a blank result-type", ROW("'result-type':' ','failed-session-count':1"),
	  FAULT_NO_RESULT_TYPE },
	{ "RPT-40: sending-mta-ip a number", ROW(EXPIRED ",'sending-mta-ip':1"), FAULT_WRONG_TYPE },
	{ "RPT-46: failure-reason-code a number", ROW(EXPIRED ",'failure-reason-code':7"),
	  FAULT_WRONG_TYPE },
	{ "RPT-20: the end before the start",
	  TIMES("'2026-05-12T00:00:01Z'", "'2026-05-12T00:00:00Z'"), FAULT_END_BEFORE_START },
	{ "RPT-20: the end before the start, by the offset",
	  TIMES("'2026-05-12T00:00:00Z'", "'2026-05-12T01:00:00+02:00'"), FAULT_END_BEFORE_START },
	{ "RPT-20: no time at all", TIMES("'yesterday'", "'2026-05-12T00:00:00Z'"),
	  FAULT_BAD_DATE },
	{ "RPT-20: a day that is none", TIMES("'2026-02-30T00:00:00Z'", "'2026-05-12T00:00:00Z'"),
	  FAULT_BAD_DATE },
	{ "RPT-20: a number", TIMES("1778544000", "1778544000"), FAULT_WRONG_TYPE },
	{ "RPT-20: date-range a string", "{" HEAD ",'date-range':'x','policies':[]}",
	  FAULT_WRONG_TYPE },
	{ "RPT-49: too deep", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", FAULT_TOO_COMPLEX },
};

TEST(refusals)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct arena *a = arena_new();
		struct report report = { .policy_count = 77 };
		struct report_fault fault = { 0 };
		enum err e = report_json_parse(J(a, refused[i].json), a, &report, &fault);

		EXPECT(e != OK && fault.code == refused[i].want && fault.why != NULL,
		       refused[i].label);
		EXPECT(report.policy_count == 77, "an output is untouched on failure");
		arena_free(a);
	}
}

/* What is tolerated, and the notes it leaves. */
static const struct tolerated {
	const char *label, *json;
	uint64_t notes;
} tolerated[] = {
	{ "RPT-18: the RFC's own form", GOOD_ONE, UNDETAILED },
	{ "RPT-48: unknown members are passed over",
	  "{'x':[{}]," HEAD "," RANGE ",'policies':[{'y':1,'policy':{'z':null," STS "},'summary':{"
	  "'total-successful-session-count':1,'total-failure-session-count':0,'w':-1}}]}",
	  0 },
	{ "RPT-18: a byte order mark", "\xef\xbb\xbf" GOOD_ONE, N(BOM) | UNDETAILED },
	{ "RPT-19: no organization-name",
	  "{'contact-info':'a@b','report-id':'1'," RANGE ",'policies':[]}",
	  N(NO_ORGANIZATION) | N(NO_POLICIES) },
	{ "RPT-19: organization-name null",
	  "{'organization-name':null,'contact-info':'a@b','report-id':'1'," RANGE ",'policies':[]}",
	  N(NO_ORGANIZATION) | N(NO_POLICIES) },
	{ "RPT-22: contact-info null, as Stalwart writes it",
	  "{'organization-name':'O','contact-info':null,'report-id':'1'," RANGE ",'policies':[]}",
	  N(NO_CONTACT) | N(NO_POLICIES) },
	{ "RPT-22: contact-info empty",
	  "{'organization-name':'O','contact-info':'','report-id':'1'," RANGE ",'policies':[]}",
	  N(NO_CONTACT) | N(NO_POLICIES) },
	{ "RPT-22: contact-info missing",
	  "{'organization-name':'O','report-id':'1'," RANGE ",'policies':[]}",
	  N(NO_CONTACT) | N(NO_POLICIES) },
	{ "RPT-22: contact-info a mailto: URI",
	  "{'organization-name':'O','contact-info':'mailto:a@b','report-id':'1'," RANGE
	  ",'policies':[]}",
	  N(CONTACT_MAILTO) | N(NO_POLICIES) },
	{ "RPT-23: no report-id",
	  "{'organization-name':'O','contact-info':'a@b'," RANGE ",'policies':[]}",
	  N(NO_REPORT_ID) | N(NO_POLICIES) },
	{ "RPT-23: report-id with control characters",
	  "{'organization-name':'O','contact-info':'a@b','report-id':'a\\u001b'," RANGE
	  ",'policies':[]}",
	  N(ODD_REPORT_ID) | N(NO_POLICIES) },
	{ "RPT-20: no date-range", "{" HEAD ",'policies':[]}", N(NO_DATE_RANGE) | N(NO_POLICIES) },
	{ "RPT-20: date-range null", "{" HEAD ",'date-range':null,'policies':[]}",
	  N(NO_DATE_RANGE) | N(NO_POLICIES) },
	{ "RPT-20: no zone, as Microsoft wrote it",
	  TIMES("'2026-05-12T00:00:00'", "'2026-05-12T23:59:59'"),
	  N(NO_TIME_ZONE) | N(NO_POLICIES) },
	{ "RPT-20: an offset", TIMES("'2026-05-12T00:00:00+00:00'", "'2026-05-13T00:00:00+00:00'"),
	  N(NO_POLICIES) },
	{ "RPT-20: a fraction", TIMES("'2026-05-12T00:00:00.000Z'", "'2026-05-12T23:59:59.999Z'"),
	  N(NO_POLICIES) },
	{ "RPT-20: small letters", TIMES("'2026-05-12t00:00:00z'", "'2026-05-12t23:59:59z'"),
	  N(NO_POLICIES) },
	{ "RPT-20: a date alone", TIMES("'2026-05-12'", "'2026-05-13'"),
	  N(DATE_ONLY) | N(NO_POLICIES) },
	{ "RPT-20: eight days", TIMES("'2026-05-01T00:00:00Z'", "'2026-05-09T00:00:00Z'"),
	  N(ODD_RANGE) | N(NO_POLICIES) },
	{ "RPT-20: more than eight days", TIMES("'2026-05-01T00:00:00Z'", "'2026-05-09T00:00:01Z'"),
	  N(LONG_RANGE) | N(ODD_RANGE) | N(NO_POLICIES) },
	{ "RPT-21: a day of another zone",
	  TIMES("'2026-05-01T00:00:00+02:00'", "'2026-05-01T23:59:59+02:00'"),
	  N(ODD_RANGE) | N(NO_POLICIES) },
	{ "RPT-21: a UTC day written in another zone",
	  TIMES("'2026-05-01T02:00:00+02:00'", "'2026-05-02T01:59:59+02:00'"), N(NO_POLICIES) },
	{ "RPT-21: less than a day", TIMES("'2026-05-01T00:00:00Z'", "'2026-05-01T12:00:00Z'"),
	  N(ODD_RANGE) | N(NO_POLICIES) },
	{ "RPT-21: up to the next midnight",
	  TIMES("'2026-05-01T00:00:00Z'", "'2026-05-02T00:00:00Z'"), N(NO_POLICIES) },
	{ "RPT-24: policies is one object",
	  "{" HEAD "," RANGE
	  ",'policies':" POLICY(STS, "'summary':{'total-successful-session-count':1,"
	                             "'total-failure-session-count':0}") "}",
	  N(POLICIES_NOT_ARRAY) },
	{ "policy flattened beside summary",
	  REPORT("{" STS ",'summary':{'total-successful-session-count':1,"
	         "'total-failure-session-count':0}}"),
	  N(FLAT_POLICY) },
	{ "RPT-26: no policy-type", REPORT(POLICY("'policy-domain':'a.example'", COUNTS)),
	  N(NO_POLICY_TYPE) | UNDETAILED },
	{ "RPT-26: capitals", REPORT(POLICY("'policy-type':'STS','policy-domain':'a.b'", COUNTS)),
	  N(POLICY_TYPE_FORM) | UNDETAILED },
	{ "RPT-26: an unknown type",
	  REPORT(POLICY("'policy-type':'dane','policy-domain':'a.b'", COUNTS)),
	  N(UNKNOWN_POLICY_TYPE) | UNDETAILED },
	{ "RPT-27: no policy-domain, as tlsrpt-reporter leaves it out",
	  REPORT(POLICY("'policy-type':'no-policy-found'", COUNTS)),
	  N(NO_POLICY_DOMAIN) | UNDETAILED },
	{ "capitals and a final dot",
	  REPORT(POLICY("'policy-type':'sts','policy-domain':'Acme.Example.'", COUNTS)),
	  N(POLICY_DOMAIN_FORM) | UNDETAILED },
	{ "RPT-30: letters of the world",
	  REPORT(POLICY("'policy-type':'sts','policy-domain':'b\xc3\xbc"
	                "cher.example'",
	                COUNTS)),
	  N(POLICY_DOMAIN_UNICODE) | UNDETAILED },
	{ "RPT-88: no domain at all",
	  REPORT(POLICY("'policy-type':'sts','policy-domain':'<b>x</b>'", COUNTS)),
	  N(ODD_POLICY_DOMAIN) | UNDETAILED },
	{ "RPT-33: policy-string a string",
	  REPORT(POLICY(STS ",'policy-string':'version: STSv1\\nmode: testing'", COUNTS)),
	  N(POLICY_STRING_FORM) | UNDETAILED },
	{ "policy-string empty, as Halon writes it",
	  REPORT(POLICY(STS ",'policy-string':''", COUNTS)), N(POLICY_STRING_FORM) | UNDETAILED },
	{ "policy-string null", REPORT(POLICY(STS ",'policy-string':null", COUNTS)),
	  N(NULL_LIST) | UNDETAILED },
	{ "RPT-34: a JSON list inside the string, as Microsoft writes it",
	  REPORT(POLICY(STS ",'policy-string':['[\\'3 1 1 AB\\',\\'3 1 1 CD\\']']", COUNTS)),
	  N(POLICY_STRING_JSON) | UNDETAILED },
	{ "RPT-35: mx-host a string, as RFC 8460 printed it",
	  REPORT(POLICY(STS ",'mx-host':'*.acme.example'", COUNTS)), N(MX_HOST_FORM) | UNDETAILED },
	{ "RPT-35: mx-host-pattern", REPORT(POLICY(STS ",'mx-host-pattern':['a']", COUNTS)),
	  N(MX_HOST_PATTERN) | UNDETAILED },
	{ "mx-host null", REPORT(POLICY(STS ",'mx-host':null", COUNTS)),
	  N(NULL_LIST) | UNDETAILED },
	{ "mx: in mx-host", REPORT(POLICY(STS ",'mx-host':['mx: a.b']", COUNTS)),
	  N(MX_HOST_PREFIX) | UNDETAILED },
	{ "RPT-35: mx-host beside a tlsa policy",
	  REPORT(POLICY("'policy-type':'tlsa','policy-domain':'a.b','mx-host':['a.b']", COUNTS)),
	  UNDETAILED },
	{ "no summary", REPORT(POLICY(STS, "'failure-details':[]")), N(NO_SUMMARY) },
	{ "no failure count, as Google left it out in 2019",
	  REPORT(POLICY(STS, "'summary':{'total-successful-session-count':1}")),
	  N(NO_FAILURE_COUNT) },
	{ "no success count", REPORT(POLICY(STS, "'summary':{'total-failure-session-count':0}")),
	  N(NO_SUCCESS_COUNT) },
	{ "RPT-36: 5.0 and 1e3 are whole numbers", SUM("5.0", "1e3"), UNDETAILED },
	{ "RPT-36: 2^53-1", SUM("9007199254740991", "0"), 0 },
	{ "RPT-25: failure-details null", REPORT(POLICY(STS, COUNTS ",'failure-details':null")),
	  N(NULL_LIST) | UNDETAILED },
	{ "failures for failure-details", REPORT(POLICY(STS, COUNTS ",'failures':[{" EXPIRED "}]")),
	  N(FAILURES_NAME) },
	{ "RPT-47: a row of two members, as Microsoft writes it", ROW(EXPIRED), 0 },
	{ "RPT-38: the rows' sum may differ",
	  ROW("'result-type':'certificate-expired','failed-session-count':30"), N(COUNTS_DIFFER) },
	{ "RPT-39: an unknown result-type", ROW("'result-type':'Testing','failed-session-count':1"),
	  N(UNKNOWN_RESULT_TYPE) | N(COUNTS_DIFFER) },
	{ "RPT-39: capitals and blanks",
	  ROW("'result-type':' Certificate-Expired ','failed-session-count':1"),
	  N(RESULT_TYPE_FORM) | N(COUNTS_DIFFER) },
	{ "RPT-40: an IPv6 address that is not shortest",
	  ROW(EXPIRED ",'sending-mta-ip':'2001:db8:abcd:0012::1'"), 0 },
	{ "RPT-40: an empty address, as mox writes it", ROW(EXPIRED ",'sending-mta-ip':''"), 0 },
	{ "RPT-40: leading zeros", ROW(EXPIRED ",'sending-mta-ip':'010.0.0.1'"), N(ODD_ADDRESS) },
	{ "RPT-40: brackets", ROW(EXPIRED ",'sending-mta-ip':'[::1]'"), N(ODD_ADDRESS) },
	{ "RPT-43: a port", ROW(EXPIRED ",'receiving-ip':'192.0.2.1:25'"), N(ODD_ADDRESS) },
	{ "RPT-43: a number above 255", ROW(EXPIRED ",'receiving-ip':'192.0.2.256'"),
	  N(ODD_ADDRESS) },
	{ "RPT-40: bytes behind a zero byte", ROW(EXPIRED ",'sending-mta-ip':'::1\\u0000x'"),
	  N(ODD_ADDRESS) },
	{ "RPT-40: no address", ROW(EXPIRED ",'sending-mta-ip':'x.x.x.x'"), N(ODD_ADDRESS) },
	{ "RPT-41: receiving-mx-host-name, as SocketLabs writes it",
	  ROW(EXPIRED ",'receiving-mx-host-name':'mx.acme.example'"), N(FAILURE_MEMBER_NAME) },
	{ "RPT-45: additional-info-uri", ROW(EXPIRED ",'additional-info-uri':'https://a.b/'"),
	  N(FAILURE_MEMBER_NAME) },
	{ "RPT-45: additional-information-uri", ROW(EXPIRED ",'additional-information-uri':'x'"),
	  N(FAILURE_MEMBER_NAME) },
	{ "RPT-45: an object", ROW(EXPIRED ",'additional-information':{'a':[1]}"),
	  N(ADDITIONAL_OBJECT) },
	{ "failure-error-code of the drafts", ROW(EXPIRED ",'failure-error-code':'x'"),
	  N(FAILURE_MEMBER_NAME) },
	{ "RPT-43: null is as good as absent", ROW(EXPIRED ",'receiving-ip':null"), 0 },
	{ "RPT-44: no session", ROW("'result-type':'tlsa-invalid','failed-session-count':0"),
	  N(ZERO_COUNT) | N(COUNTS_DIFFER) },
};

TEST(leniency)
{
	for (size_t i = 0; i < ARRAY_LEN(tolerated); i++) {
		struct arena *a = arena_new();
		struct report report = { 0 };
		struct report_fault fault = { 0 };
		enum err e = report_json_parse(J(a, tolerated[i].json), a, &report, &fault);

		EXPECT(e == OK && report.notes == tolerated[i].notes, tolerated[i].label);
		arena_free(a);
	}
}

static struct report read_good(struct arena *a, const char *json)
{
	struct report report = { 0 };
	struct report_fault fault = { 0 };

	EXPECT(report_json_parse(J(a, json), a, &report, &fault) == OK, json);
	return report;
}

TEST(whole_model)
{
	struct arena *a = arena_new();
	struct report r = read_good(
	        a,
	        "{'organization-name':'Org','date-range':{'start-datetime':'2026-05-12T02:00:00+02:"
	        "00',"
	        "'end-datetime':'2026-05-13T00:00:00Z'},'contact-info':'tls@org.example','report-"
	        "id':"
	        "'id-1','policies':[{'policy':{'policy-type':'sts','policy-string':['version: "
	        "STSv1',"
	        "'mode: testing'],'policy-domain':'acme.example','mx-host':['*.mx.example']},"
	        "'summary':{'total-successful-session-count':4,'total-failure-session-count':3},"
	        "'failure-details':[{'result-type':'certificate-expired','sending-mta-ip':"
	        "'192.0.2.1','receiving-mx-hostname':'mx.acme.example','receiving-mx-helo':'helo',"
	        "'receiving-ip':'192.0.2.2','failed-session-count':3,'additional-information':'u',"
	        "'failure-reason-code':'r'}]}]}");
	const struct report_policy *p = r.policies;

	EXPECT_SLICE(r.organization, S("Org"), "RPT-19: organization-name");
	EXPECT_SLICE(r.contact, S("tls@org.example"), "RPT-22: contact-info");
	EXPECT_SLICE(r.report_id, S("id-1"), "RPT-23: report-id");
	EXPECT(r.has_start && r.start == 1778544000 && r.has_end && r.end == 1778630400,
	       "RPT-20: an offset is taken off");
	EXPECT(r.policy_count == 1 && p->type == REPORT_TYPE_STS && p->string_count == 2 &&
	               p->mx_host_count == 1 && p->successful == 4 && p->failed == 3 &&
	               p->failure_count == 1,
	       "RPT-25: a policy");
	EXPECT_SLICE(p->strings[1], S("mode: testing"), "RPT-32: lines as they were");
	EXPECT_SLICE(p->mx_hosts[0], S("*.mx.example"), "RPT-35: mx-host");
	EXPECT_SLICE(p->failures->sending_mta_ip, S("192.0.2.1"), "RPT-40: sending-mta-ip");
	EXPECT_SLICE(p->failures->receiving_mx_hostname, S("mx.acme.example"), "RPT-41: MX");
	EXPECT_SLICE(p->failures->receiving_mx_helo, S("helo"), "RPT-42: helo");
	EXPECT_SLICE(p->failures->receiving_ip, S("192.0.2.2"), "RPT-43: receiving-ip");
	EXPECT(p->failures->failed_sessions == 3, "RPT-44: count");
	EXPECT_SLICE(p->failures->additional_information, S("u"), "RPT-45: information");
	EXPECT_SLICE(p->failures->reason_code, S("r"), "RPT-46: reason");
	arena_free(a);
}

TEST(what_leniency_gives)
{
	struct arena *a = arena_new();
	struct report r =
	        read_good(a, REPORT(POLICY("'policy-type':'STS','policy-domain':' Acme.EXAMPLE. ',"
	                                   "'policy-string':'a;b\\n','mx-host':'mx: *.b'",
	                                   COUNTS)));

	EXPECT_SLICE(r.policies->domain, S("acme.example"), "RPT-30: one spelling");
	EXPECT(r.policies->type == REPORT_TYPE_STS, "RPT-26: one spelling");
	EXPECT(r.policies->string_count == 1, "RPT-33: lines go before semicolons");
	EXPECT_SLICE(r.policies->mx_hosts[0], S("*.b"), "RPT-35: the host alone");
	r = read_good(a, REPORT(POLICY("'policy-type':'x-y','policy-domain':'b\xc3\xbc"
	                               "cher.example','policy-string':'3 1 1 AB; 3 1 1 CD'",
	                               COUNTS)));
	EXPECT_SLICE(r.policies->domain, S("xn--bcher-kva.example"), "RPT-30: A-labels");
	EXPECT(r.policies->type == REPORT_TYPE_OTHER, "RPT-26: stored as other");
	EXPECT_SLICE(r.policies->type_text, S("x-y"), "RPT-26: and shown as written");
	EXPECT(r.policies->string_count == 2, "RPT-34: one string a record");
	r = read_good(
	        a, REPORT(POLICY(
	                   "'policy-type':'tlsa','policy-domain':'a.b','policy-string':['[\\'3 1 1 "
	                   "AB\\',\\'3 1 1 CD\\']']",
	                   COUNTS)));
	EXPECT(r.policies->string_count == 2, "RPT-34: the list inside the string");
	EXPECT_SLICE(r.policies->strings[1], S("3 1 1 CD"), "RPT-34: its items");
	r = read_good(a, ROW(EXPIRED ",'additional-information':{'b':1,'a':'x'}"));
	EXPECT(slice_starts(r.policies->failures->additional_information, S("{\"a\":\"x\"")),
	       "RPT-45: the object's JSON");
	r = read_good(a, ROW("'result-type':' CERTIFICATE-EXPIRED','failed-session-count':1"));
	EXPECT_SLICE(r.policies->failures->result_type, S("certificate-expired"), "RPT-39: known");
	arena_free(a);
}

/* A report with count policies, or one with count rows. */
static struct slice many(struct buf *out, size_t policies, size_t rows)
{
	buf_reset(out);
	buf_add_str(out, "{\"report-id\":\"x\",\"policies\":[");
	for (size_t i = 0; i < policies; i++) {
		buf_add_str(out,
		            i == 0 ? "{\"summary\":{},\"failure-details\":[" : ",{\"summary\":{}");
		for (size_t k = 0; i == 0 && k < rows; k++)
			buf_printf(
			        out,
			        "%s{\"result-type\":\"tlsa-invalid\",\"failed-session-count\":1}",
			        k == 0 ? "" : ",");
		buf_add_str(out, i == 0 ? "]}" : "}");
	}
	buf_add_str(out, "]}");
	return buf_slice(out);
}

TEST(ceilings)
{
	static const struct {
		const char *label;
		size_t policies, rows;
		enum fault_code want;
	} limits[] = {
		{ "RPT-49: policies at the ceiling", REPORT_POLICIES_MAX, 0, FAULT_NONE },
		{ "RPT-49: one more policy", REPORT_POLICIES_MAX + 1, 0, FAULT_TOO_MANY },
		{ "RPT-49: failures at the ceiling", 1, REPORT_FAILURES_MAX, FAULT_NONE },
		{ "RPT-49: one more failure", 1, REPORT_FAILURES_MAX + 1, FAULT_TOO_MANY },
	};
	struct buf text;

	buf_init(&text, 20u << 20);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct arena *a = arena_new();
		struct report report = { 0 };
		struct report_fault fault = { 0 };
		enum err e = report_json_parse(many(&text, limits[i].policies, limits[i].rows), a,
		                               &report, &fault);

		EXPECT(fault.code == limits[i].want, limits[i].label);
		EXPECT(e == (limits[i].want == FAULT_NONE ? OK : ERR_LIMIT), limits[i].label);
		arena_free(a);
	}
	buf_fini(&text);
}

TEST(string_ceiling)
{
	for (size_t extra = 0; extra < 2; extra++) {
		struct arena *a = arena_new();
		struct report report = { 0 };
		struct report_fault fault = { 0 };
		struct buf text;

		buf_init(&text, 1u << 20);
		buf_add_str(&text, "{\"policies\":[],\"report-id\":\"");
		for (size_t i = 0; i < REPORT_STRING_MAX + extra; i++)
			buf_add_char(&text, 'x');
		buf_add_str(&text, "\"}");
		EXPECT(report_json_parse(buf_slice(&text), a, &report, &fault) ==
		               (extra == 0 ? OK : ERR_LIMIT),
		       "RPT-49: strings of 64 KB, and one byte more");
		EXPECT(extra == 1 || (report.notes & N(ODD_REPORT_ID)) != 0,
		       "RPT-23: a long report-id is noted");
		buf_fini(&text);
		arena_free(a);
	}
}

TEST(prefixes_are_never_ok)
{
	struct arena *a = arena_new();
	struct slice text = J(a, GOOD_ONE);

	for (size_t n = 0; n < text.len; n++) {
		struct report report = { 0 };
		struct report_fault fault = { 0 };

		EXPECT(report_json_parse(slice_head(text, n), a, &report, &fault) != OK,
		       "a proper prefix is refused");
	}
	arena_free(a);
}

/* Law: reading what was written gives the same report. */
TEST(written_is_read)
{
	uint64_t seed = 11;

	for (int round = 0; round < 500; round++) {
		uint64_t printed = seed;
		struct arena *a = arena_new();
		struct report r = make_report(a, &seed), again = { 0 };
		struct report_fault fault = { 0 };
		struct buf text;

		buf_init(&text, 10u << 20);
		report_json_format(&r, &text);
		enum err e = report_json_parse(buf_slice(&text), a, &again, &fault);
		EXPECT(e == OK && same_report(&r, &again), "RPT-18: written is read");
		if (e != OK || !same_report(&r, &again))
			(void)fprintf(stderr, "seed %llu\n", (unsigned long long)printed);
		buf_fini(&text);
		arena_free(a);
	}
}

TEST(written_form)
{
	struct arena *a = arena_new();
	struct report r = read_good(a, FAILURE("{" EXPIRED ",'receiving-ip':'192.0.2.1'}"));
	struct buf text;

	buf_init(&text, 10000);
	report_json_format(&r, &text);
	EXPECT_SLICE(buf_slice(&text),
	             J(a,
	               "{'organization-name':'Org','date-range':{'start-datetime':"
	               "'2026-05-12T00:00:00Z','end-datetime':'2026-05-12T23:59:59Z'},"
	               "'contact-info':'tls@org.example','report-id':'id-1','policies':[{'policy':{"
	               "'policy-type':'sts','policy-domain':'acme.example'},'summary':{"
	               "'total-successful-session-count':4,'total-failure-session-count':3},"
	               "'failure-details':[{'result-type':'certificate-expired','receiving-ip':"
	               "'192.0.2.1','failed-session-count':3}]}]}"),
	             "RPT-24 RPT-25: arrays always, RFC 8460's names");
	buf_fini(&text);
	arena_free(a);
}

TEST_MAIN(UNIT(refusals), UNIT(leniency), UNIT(whole_model), UNIT(what_leniency_gives),
          UNIT(ceilings), UNIT(string_ceiling), UNIT(prefixes_are_never_ok), UNIT(written_is_read),
          UNIT(written_form))

#include "samples.h"
#include "test.h"
#include "tlsrpt/faults.h"
#include "tlsrpt/report_json.h"

static struct report read_good(struct arena *a, const char *json)
{
	struct report report = { 0 };
	struct report_fault fault = { 0 };

	EXPECT(report_json_parse(J(a, json), a, &report, &fault) == OK, json);
	return report;
}

#define SESSIONS(type, domain, good, bad)                              \
	"{'policy':{'policy-type':'" type "','policy-domain':'" domain \
	"'},'summary':{'total-successful-session-count':" #good        \
	",'total-failure-session-count':" #bad "}}"

TEST(headline)
{
	static const struct {
		const char *label, *policies;
		uint64_t good, bad;
	} rows[] = {
		{ "RPT-28: the same sessions under sts and tlsa count once",
		  SESSIONS("tlsa", "a.b", 5, 0) "," SESSIONS("sts", "a.b", 5, 0), 5, 0 },
		{ "RPT-28: refused under one of them is refused",
		  SESSIONS("tlsa", "a.b", 3, 2) "," SESSIONS("sts", "a.b", 5, 0), 3, 2 },
		{ "RPT-29: two versions of a policy are added",
		  SESSIONS("sts", "a.b", 5, 1) "," SESSIONS("sts", "a.b", 2, 0), 7, 1 },
		{ "RPT-27: sessions without a policy are added",
		  SESSIONS("no-policy-found", "a.b", 1, 0) "," SESSIONS("sts", "a.b", 2, 3), 3, 3 },
		{ "other domains are others",
		  SESSIONS("sts", "c.d", 9, 9) "," SESSIONS("sts", "a.b", 1, 1), 1, 1 },
		{ "some sessions under sts alone",
		  SESSIONS("tlsa", "a.b", 2, 0) "," SESSIONS("sts", "a.b", 5, 1), 5, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct report r = read_good(
		        a, arena_printf(a, "{'report-id':'x','policies':[%s]}", rows[i].policies));
		struct report_sessions s = report_headline(&r, S("a.b"));

		EXPECT(s.successful == rows[i].good && s.failed == rows[i].bad, rows[i].label);
		arena_free(a);
	}
}

TEST(days)
{
	static const struct {
		const char *label, *from, *to;
		int64_t want;
	} rows[] = {
		{ "RPT-21: end at 23:59:59", "2026-05-12T00:00:00Z", "2026-05-12T23:59:59Z",
		  1778544000 },
		{ "RPT-21: end at the next midnight", "2026-05-12T00:00:00Z",
		  "2026-05-13T00:00:00Z", 1778544000 },
		{ "RPT-21: both dates alone", "2026-05-12", "2026-05-12", 1778544000 },
		{ "RPT-21: a local day", "2026-05-12T00:00:00+02:00", "2026-05-12T23:59:59+02:00",
		  1778544000 },
	};
	struct arena *a = arena_new();
	int64_t day = -1;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report r = read_good(
		        a, arena_printf(a,
		                        "{'policies':[],'date-range':{'start-datetime':'%s',"
		                        "'end-datetime':'%s'}}",
		                        rows[i].from, rows[i].to));
		EXPECT(report_day(&r, &day) && day == rows[i].want, rows[i].label);
	}
	struct report none = { 0 };
	EXPECT(!report_day(&none, &day), "RPT-21: no range, no day");
	arena_free(a);
}

TEST(domains)
{
	static const struct {
		const char *label;
		struct slice (*get)(struct slice);
		struct slice in, want;
	} rows[] = {
		{ "RPT-27: tlsrpt-reporter's id", report_id_domain,
		  SLICE_INIT("2025-09-20T00:00:00Z_idx1_acme.example"),
		  SLICE_INIT("acme.example") },
		{ "RPT-27: Microsoft's id", report_id_domain, SLICE_INIT("1332+acme.example"),
		  SLICE_INIT("acme.example") },
		{ "RPT-27: an id without a domain", report_id_domain, SLICE_INIT("1332+"),
		  SLICE_INIT("") },
		{ "RPT-27: an address", report_id_domain, SLICE_INIT("c96d-07@acme.example"),
		  SLICE_INIT("") },
		{ "RPT-27: markup", report_id_domain, SLICE_INIT("x_<b>.example"), SLICE_INIT("") },
		{ "RPT-67: a file name", report_file_name_domain,
		  SLICE_INIT("org.example!acme.example!1!2!001.json.gz"),
		  SLICE_INIT("acme.example") },
		{ "RPT-67: a path is no file name", report_file_name_domain,
		  SLICE_INIT("a!../../etc/x!1!2.json"), SLICE_INIT("") },
		{ "RPT-67: another name", report_file_name_domain, SLICE_INIT("report.json"),
		  SLICE_INIT("") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT_SLICE(rows[i].get(rows[i].in), rows[i].want, rows[i].label);
}

TEST(contacts)
{
	static const struct {
		struct slice contact, want;
	} rows[] = {
		{ SLICE_INIT("tls@org.example"), SLICE_INIT("org.example") },
		{ SLICE_INIT("mailto:tls@org.example"), SLICE_INIT("org.example") },
		{ SLICE_INIT("Org <tls@org.example>"), SLICE_INIT("org.example") },
		{ SLICE_INIT("nobody"), SLICE_INIT("") },
		{ SLICE_INIT(""), SLICE_INIT("") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report r = { .contact = rows[i].contact };

		EXPECT_SLICE(report_contact_domain(&r), rows[i].want,
		             "RPT-22: the contact's domain");
	}
}

TEST(codes)
{
	enum report_note note = NOTE_COUNT;
	enum fault_code fault = FAULT_COUNT;

	for (size_t i = 0; i < NOTE_COUNT; i++) {
		EXPECT(note_by_code(slice_str(note_code((enum report_note)i)), &note) == OK &&
		               (size_t)note == i,
		       note_code((enum report_note)i));
		EXPECT(slice_ends(slice_str(note_sentence((enum report_note)i)), S(".")),
		       note_code((enum report_note)i));
	}
	for (size_t i = 0; i < FAULT_COUNT; i++) {
		EXPECT(fault_by_name(slice_str(fault_name((enum fault_code)i)), &fault) == OK &&
		               (size_t)fault == i,
		       fault_name((enum fault_code)i));
		EXPECT(fault_sentence((enum fault_code)i) != NULL, "every fault has a sentence");
	}
	EXPECT(note_by_code(S("no-such-note"), &note) == ERR_NOTFOUND, "no such note");
	EXPECT(fault_by_name(S(""), &fault) == ERR_NOTFOUND, "no such fault");
}

TEST(result_types)
{
	static const struct {
		const char *label;
		struct slice type;
	} rows[] = {
		{ "RPT-50: known", SLICE_INIT("starttls-not-supported") },
		{ "RPT-51: known", SLICE_INIT("certificate-host-mismatch") },
		{ "RPT-52: known", SLICE_INIT("certificate-expired") },
		{ "RPT-53: known", SLICE_INIT("certificate-not-trusted") },
		{ "RPT-54: known", SLICE_INIT("validation-failure") },
		{ "RPT-55: known", SLICE_INIT("tlsa-invalid") },
		{ "RPT-56: known", SLICE_INIT("dnssec-invalid") },
		{ "RPT-57: known", SLICE_INIT("dane-required") },
		{ "RPT-58: known", SLICE_INIT("sts-policy-fetch-error") },
		{ "RPT-59: known", SLICE_INIT("sts-policy-invalid") },
		{ "RPT-60: known", SLICE_INIT("sts-webpki-invalid") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(report_result_type_known(rows[i].type), rows[i].label);
	EXPECT(!report_result_type_known(S("CERTIFICATE-EXPIRED")), "RPT-39: exact spelling only");
	EXPECT(!report_result_type_known(S("")), "RPT-39: nothing is no type");
}

TEST_MAIN(UNIT(headline), UNIT(days), UNIT(domains), UNIT(contacts), UNIT(codes),
          UNIT(result_types))

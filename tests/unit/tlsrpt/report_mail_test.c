#include "base/enc.h"
#include "samples.h"
#include "test.h"
#include "tlsrpt/report_mail.h"
#include "wire/gzip.h"
#include "wire/zip.h"

#define N(note) NOTE_BIT(NOTE_##note)
#define SECOND                                                                           \
	"{'organization-name':'Org','contact-info':'tls@org.example','report-id':'id-2'" \
	"," RANGE ",'policies':[" POLICY(STS, COUNTS) "]}"
#define NAMELESS "{'organization-name':'Org'," RANGE ",'policies':[" POLICY(STS, COUNTS) "]}"
/* The notes that the reports above have wherever they are found. */
#define BASE N(NO_FAILURE_DETAILS)

/*
 * Mails are written with @x where content goes:
 * @J JSON, @G its gzip, @Z its zip, @Y gzip in gzip, @P zip of a gzip, @Q gzip of a zip,
 * @H gzip of another report, @N gzip of one without report-id, @X gzip of XML, all but @J in
 * base64 of lines;
 * @L base64 of @G in one line, @E base64 of the whole mail MARKED with @G.
 */
#define WHO "From: tls@org.example\nDate: Wed, 13 May 2026 10:00:00 +0000\n"
#define MARKS "TLS-Report-Domain: acme.example\nTLS-Report-Submitter: org.example\n"
#define REPORT_TYPE "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=b\n\n"
#define INTRO "--b\nContent-Type: text/plain\n\nThis is a TLS report.\n"
#define MIXED(b) "Content-Type: multipart/mixed; boundary=" b "\n\n"
#define HEADED(marks, type, parts, end) WHO marks "MIME-Version: 1.0\n" type INTRO parts end
#define MAIL(parts) HEADED(MARKS, REPORT_TYPE, parts, "--b--\n")
#define FILE_NAME "org.example!acme.example!1778544000!1778630399!001"
#define PART(type, name, encoding, body)                                                 \
	"--b\nContent-Type: " type "\nContent-Disposition: attachment; filename=\"" name \
	"\"\nContent-Transfer-Encoding: " encoding "\n\n" body "\n"
#define AS(type, name, body) PART(type, FILE_NAME name, "base64", body)
#define GZ AS("application/tlsrpt+gzip", ".json.gz", "@G")
#define ALONE(head) WHO MARKS head

static void gzipped(struct slice content, struct buf *out)
{
	buf_init(out, 100000);
	EXPECT(gzip_deflate(content, out) == OK, "deflates");
}

static void zipped(struct slice content, const char *name, struct buf *out)
{
	buf_init(out, 100000);
	EXPECT(zip_write_one(content, slice_str(name), out) == OK, "zips");
}

/* In lines of width characters; 0: in one line. */
static void add_base64(struct slice bytes, size_t width, struct buf *out)
{
	struct buf text;

	buf_init(&text, 200000);
	enc_base64(bytes, &text);
	struct slice rest = buf_slice(&text);
	while (width > 0 && rest.len > width) {
		buf_add(out, slice_head(rest, width));
		buf_add_char(out, '\n');
		rest = slice_skip(rest, width);
	}
	buf_add(out, rest);
	buf_fini(&text);
}

static void fill(struct arena *a, const char *mail, struct buf *out);

static void pack(struct arena *a, char mark, struct buf *out)
{
	struct slice json = J(a, mark == 'H'   ? SECOND
	                         : mark == 'N' ? NAMELESS
	                         : mark == 'X' ? "<feedback/>"
	                                       : GOOD_ONE);
	struct buf inner;

	gzipped(json, out);
	if (mark == 'Z' || mark == 'Q') {
		buf_fini(out);
		zipped(json, "r.json", out);
	}
	if (strchr("YPQ", mark) == NULL)
		return;
	inner = *out;
	if (mark == 'P')
		zipped(buf_slice(&inner), "r.json.gz", out);
	else
		gzipped(buf_slice(&inner), out);
	buf_fini(&inner);
}

static void add_content(struct arena *a, char mark, struct buf *out)
{
	struct buf bytes;

	if (mark == 'J') {
		buf_add(out, J(a, GOOD_ONE));
		return;
	}
	if (mark == 'E')
		fill(a, MAIL(GZ), &bytes);
	else
		pack(a, mark, &bytes);
	add_base64(buf_slice(&bytes), mark == 'L' ? 0 : 76, out);
	buf_fini(&bytes);
}

static void fill(struct arena *a, const char *mail, struct buf *out)
{
	buf_init(out, 1000000);
	for (const char *p = mail; *p != '\0'; p++) {
		if (*p == '@' && p[1] >= 'A' && p[1] <= 'Z')
			add_content(a, *++p, out);
		else
			buf_add_char(out, *p);
	}
}

/* One report, what it notes beside BASE. */
static const struct form {
	const char *label, *mail;
	uint64_t notes;
} forms[] = {
	{ "RPT-71: multipart/report, gzip", MAIL(GZ), 0 },
	{ "RPT-72: JSON as 7bit", MAIL(PART("application/tlsrpt+json", "r.json", "7bit", "@J")),
	  0 },
	{ "RPT-93: report-type without quotes, in capitals",
	  HEADED(MARKS, "Content-Type: multipart/report; boundary=b; report-type=TLSRPT\n\n", GZ,
	         "--b--\n"),
	  0 },
	{ "RPT-71: multipart/mixed", HEADED(MARKS, MIXED("b"), GZ, "--b--\n"), N(OUTER_TYPE) },
	{ "RPT-71: multipart/related",
	  HEADED(MARKS, "Content-Type: multipart/related; boundary=b\n\n", GZ, "--b--\n"),
	  N(OUTER_TYPE) },
	{ "RPT-71: no report-type",
	  HEADED(MARKS, "Content-Type: multipart/report; boundary=b\n\n", GZ, "--b--\n"),
	  N(OUTER_TYPE) },
	{ "RPT-71: the whole mail is the report",
	  ALONE("Content-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n\n@G\n"),
	  N(NOT_MULTIPART) },
	{ "RPT-71: the whole mail is its JSON",
	  ALONE("Content-Type: application/tlsrpt+json\n\n@J\n"), N(NOT_MULTIPART) },
	{ "MIME-02: the report before the text",
	  WHO MARKS REPORT_TYPE GZ "--b\nContent-Type: text/plain\n\n{not the report}\n--b--\n",
	  0 },
	{ "RPT-72: application/tlsrpt alone", MAIL(AS("application/tlsrpt", ".json.gz", "@G")),
	  N(BARE_TYPE) },
	{ "RPT-72: application/gzip", MAIL(AS("application/gzip", ".json.gz", "@G")),
	  N(GENERIC_TYPE) },
	{ "RPT-72: application/x-gzip", MAIL(AS("application/x-gzip", ".json.gz", "@G")),
	  N(GENERIC_TYPE) },
	{ "RPT-72: application/octet-stream",
	  MAIL(AS("application/octet-stream", ".json.gz", "@G")), N(GENERIC_TYPE) },
	{ "RPT-72: text/xml", MAIL(AS("text/xml", ".json.gz", "@G")), N(GENERIC_TYPE) },
	{ "RPT-72: application/tlsrpt+x-gzip",
	  MAIL(AS("application/tlsrpt+x-gzip", ".json.gz", "@G")), N(GENERIC_TYPE) },
	{ "RPT-72: application/tlsrpt+zip over gzip",
	  MAIL(AS("application/tlsrpt+zip", ".json.gz", "@G")), N(GENERIC_TYPE) | N(LABEL) },
	{ "RPT-72: text/plain with a name", MAIL(PART("text/plain", "r.json", "7bit", "@J")),
	  N(GENERIC_TYPE) },
	{ "RPT-72: application/json over JSON",
	  MAIL(PART("application/json", "r.json", "7bit", "@J")), N(GENERIC_TYPE) },
	{ "RPT-68: gzip under a name for JSON", MAIL(AS("application/tlsrpt+gzip", ".json", "@G")),
	  N(LABEL) },
	{ "RPT-68: JSON under a name for gzip",
	  MAIL(PART("application/tlsrpt+json", "r.json.gz", "7bit", "@J")), N(LABEL) },
	{ "RPT-72: JSON under a type for gzip",
	  MAIL(PART("application/tlsrpt+gzip", "r.json", "7bit", "@J")), N(LABEL) },
	{ "RPT-68: zip under a type and a name for gzip",
	  MAIL(AS("application/tlsrpt+gzip", ".json.gz", "@Z")), N(LABEL) | N(ZIP) },
	{ "RPT-68: gzip under a type and a name for zip", MAIL(AS("application/zip", ".zip", "@G")),
	  N(LABEL) | N(GENERIC_TYPE) },
	{ "a zip that says so", MAIL(AS("application/tlsrpt+zip", ".zip", "@Z")),
	  N(ZIP) | N(GENERIC_TYPE) },
	{ "gzip in a zip", MAIL(AS("application/zip", ".zip", "@P")),
	  N(ZIP) | N(GENERIC_TYPE) | N(PACKED_TWICE) },
	{ "zip in gzip", MAIL(AS("application/tlsrpt+gzip", ".json.gz", "@Q")),
	  N(ZIP) | N(PACKED_TWICE) },
	{ "gzip in gzip", MAIL(AS("application/tlsrpt+gzip", ".json.gz", "@Y")), N(PACKED_TWICE) },
	{ "MIME-03: base64 in one line", MAIL(AS("application/tlsrpt+gzip", ".json.gz", "@L")), 0 },
	{ "MIME-03: base64 that is called 7bit",
	  MAIL(PART("application/tlsrpt+gzip", "r.json.gz", "7bit", "@G")), N(ENCODING_LABEL) },
	{ "MIME-03: base64 that is not announced",
	  MAIL("--b\nContent-Type: application/tlsrpt+gzip\n\n@G\n"), N(ENCODING_LABEL) },
	{ "MIME-03: JSON that is called base64",
	  MAIL(PART("application/tlsrpt+json", "r.json", "base64", "@J")), N(ENCODING_LABEL) },
	{ "no closing boundary", HEADED(MARKS, REPORT_TYPE, GZ, ""), N(UNCLOSED) },
	{ "a closing boundary without its end, as Mail.ru writes it",
	  HEADED(MARKS, REPORT_TYPE, GZ, "--b\n\n\n"), N(UNCLOSED) },
	{ "a multipart in the multipart",
	  MAIL("--b\n" MIXED("c") "--c\nContent-Type: application/tlsrpt+gzip\n"
	                          "Content-Transfer-Encoding: base64\n\n@G\n--c--\n"),
	  0 },
	{ "forwarded as a message",
	  WHO MIXED("o") "--o\nContent-Type: message/rfc822\n\n" MAIL(GZ) "--o--\n", N(FORWARDED) },
	{ "forwarded as a file",
	  WHO MIXED("o") "--o\nContent-Type: application/octet-stream; name=r.eml\n"
	                 "Content-Transfer-Encoding: base64\n\n@E\n--o--\n",
	  N(FORWARDED) },
	{ "RPT-73: no TLS-Report fields", HEADED("", REPORT_TYPE, GZ, "--b--\n"),
	  N(NO_REPORT_DOMAIN) | N(NO_SUBMITTER) },
	{ "RPT-73: the domain twice",
	  HEADED(MARKS "TLS-Report-Domain: x.example\n", REPORT_TYPE, GZ, "--b--\n"),
	  N(NO_REPORT_DOMAIN) },
	{ "RPT-74: a submitter that is no domain, as tlsrpt-reporter wrote it",
	  HEADED("TLS-Report-Domain: acme.example\nTLS-Report-Submitter: The Org\n", REPORT_TYPE,
	         GZ, "--b--\n"),
	  N(SUBMITTER_DIFFERS) },
	{ "RPT-74: case is no difference",
	  HEADED("TLS-Report-Domain: acme.example\nTLS-Report-Submitter: ORG.example\n",
	         REPORT_TYPE, GZ, "--b--\n"),
	  0 },
	{ "the JSON in a text part of a marked mail", ALONE("Content-Type: text/plain\n\n@J\n"),
	  N(GENERIC_TYPE) | N(NOT_MULTIPART) },
	{ "the same report twice in one mail", MAIL(GZ GZ), N(PART_REPEATED) },
	{ "MIME-07: a further report without report-id",
	  MAIL(GZ AS("application/tlsrpt+gzip", ".json.gz", "@N")), N(PART_IGNORED) },
	{ "a part without content beside the report",
	  MAIL(AS("application/tlsrpt+gzip", ".json.gz", "") GZ), 0 },
};

static void read_form(struct arena *a, const char *mail, struct buf *text, struct reports *out)
{
	fill(a, mail, text);
	reports_read(buf_slice(text), FORM_UNKNOWN, S(""), a, out);
}

TEST(one_report_in_every_form)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct arena *a = arena_new();
		struct reports all = { 0 };
		struct buf text;

		read_form(a, forms[i].mail, &text, &all);
		const struct report_item *item = &all.items[0];
		EXPECT(all.count == 1 && all.is_mail && item->fault.code == FAULT_NONE,
		       forms[i].label);
		EXPECT(item->report.notes == (BASE | forms[i].notes), forms[i].label);
		EXPECT(report_totals(&item->report).successful == 4 &&
		               report_totals(&item->report).failed == 3,
		       forms[i].label);
		buf_fini(&text);
		arena_free(a);
	}
}

static const struct refusal {
	const char *label, *mail;
	enum fault_code want;
} refusals[] = {
	{ "no report in the mail", WHO MIXED("b") INTRO "--b--\n", FAULT_NO_REPORT },
	{ "MIME-01: no boundary at all",
	  WHO "Content-Type: multipart/mixed\n\nno part begins here\n", FAULT_NO_REPORT },
	{ "an announced report without its part", MAIL(""), FAULT_NO_REPORT },
	{ "a part of no bytes", MAIL(AS("application/tlsrpt+gzip", ".json.gz", "")),
	  FAULT_NO_REPORT },
	{ "RPT-93: a report of abuse, although a part is labelled",
	  HEADED(MARKS,
	         "Content-Type: multipart/report; report-type=feedback-report; "
	         "boundary=b\n\n",
	         GZ, "--b--\n"),
	  FAULT_NO_REPORT },
	{ "RPT-93: a bounce with JSON in its text",
	  HEADED(MARKS,
	         "Content-Type: multipart/report; report-type=\"delivery-status\"; "
	         "boundary=b\n\n",
	         "--b\n\n@J\n", "--b--\n"),
	  FAULT_NO_REPORT },
	{ "RPT-93: JSON in a text part of any other mail", WHO "Content-Type: text/plain\n\n@J\n",
	  FAULT_NO_REPORT },
	{ "JSON of something else beside a text",
	  WHO MIXED("b") INTRO PART("application/json", "x", "7bit", "{\"a\":1}") "--b--\n",
	  FAULT_NO_REPORT },
	{ "broken JSON of something else",
	  WHO MIXED("b")
	          INTRO PART("application/json", "settings.json", "7bit", "{'a':1,}") "--b--\n",
	  FAULT_NO_REPORT },
	{ "a DMARC report, packed as one",
	  WHO MIXED("b") INTRO PART("application/gzip", "google.com!acme.example!1!2.xml.gz",
	                            "base64", "@X") "--b--\n",
	  FAULT_NO_REPORT },
	{ "broken JSON under the name of a report, in a mail that says nothing",
	  WHO MIXED("b") INTRO PART("application/octet-stream", FILE_NAME ".json", "7bit",
	                            "{'a':1,}") "--b--\n",
	  FAULT_NOT_JSON },
	{ "MIME-03: base64 cut off",
	  MAIL(AS("application/tlsrpt+gzip", ".json.gz", "H4sIAAAAAAAAA6tWSs5JTEpV")),
	  FAULT_BAD_GZIP },
	{ "a labelled part that is text", MAIL(AS("application/tlsrpt+json", ".json", "aGVsbG8=")),
	  FAULT_NOT_JSON },
	{ "no mail", "hello\n", FAULT_BAD_MAIL },
	{ "nothing", "", FAULT_BAD_MAIL },
};

TEST(refused)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct arena *a = arena_new();
		struct reports all = { 0 };
		struct buf text;

		read_form(a, refusals[i].mail, &text, &all);
		EXPECT(all.count == 1 && all.items[0].fault.code == refusals[i].want,
		       refusals[i].label);
		buf_fini(&text);
		arena_free(a);
	}
}

TEST(several_reports)
{
	struct arena *a = arena_new();
	struct reports all = { 0 };
	struct buf text;

	read_form(a, MAIL(GZ AS("application/tlsrpt+gzip", ".json.gz", "@H")), &text, &all);
	EXPECT(all.count == 2 && all.items[0].fault.code == FAULT_NONE &&
	               all.items[1].fault.code == FAULT_NONE,
	       "MIME-07: two reports with ids of their own");
	EXPECT_SLICE(all.items[0].report.report_id, S("id-1"), "MIME-07: the first");
	EXPECT_SLICE(all.items[1].report.report_id, S("id-2"), "MIME-07: the second");
	buf_fini(&text);
	read_form(a, MAIL(GZ AS("application/tlsrpt+json", ".json", "aGVsbG8=")), &text, &all);
	EXPECT(all.count == 2 && all.items[0].fault.code == FAULT_NONE &&
	               all.items[1].fault.code == FAULT_NOT_JSON,
	       "a bad part does not hide a good one");
	buf_fini(&text);
	arena_free(a);
}

/* Every label of the mail names another domain than the JSON. */
TEST(json_wins)
{
	struct arena *a = arena_new();
	struct reports all = { 0 };
	struct buf text;

	read_form(a,
	          WHO "TLS-Report-Domain: other.example\nTLS-Report-Submitter: other.example\n"
	              "Subject: Report Domain: other.example Submitter: other.example\n"
	              " Report-ID: <id-9@other.example>\n" REPORT_TYPE PART(
	                      "application/tlsrpt+gzip", "other.example!other.example!1!2.json.gz",
	                      "base64", "@G") "--b--\n",
	          &text, &all);
	EXPECT(all.count == 1 && all.items[0].report.policy_count == 1, "one report");
	EXPECT_SLICE(all.items[0].report.policies[0].domain, S("acme.example"),
	             "RPT-84: the JSON's policy-domain");
	EXPECT_SLICE(all.items[0].report.report_id, S("id-1"),
	             "RPT-76, RPT-84: the JSON's report-id");
	EXPECT(all.items[0].report.start == 1778544000, "RPT-84: the JSON's times");
	EXPECT(all.items[0].hint.len == 0, "RPT-84: nothing else is asked");
	EXPECT_SLICE(all.mail.report_domain, S("other.example"),
	             "what the mail says is kept apart");
	buf_fini(&text);
	arena_free(a);
}

/* A name is for display, and tells the domain only where the JSON has none. */
TEST(file_names)
{
	static const struct {
		const char *label, *name;
		struct slice hint;
	} rows[] = {
		{ "RPT-27: the domain of the name", "o.example!Acme.Example!1!2!001.json",
		  SLICE_INIT("acme.example") },
		{ "RPT-67: a path is no domain", "../../etc/passwd", SLICE_INIT("") },
		{ "RPT-67: nor is one between the marks", "o!../../etc/passwd!1!2.json",
		  SLICE_INIT("") },
		{ "RPT-88: nor is markup", "o!<b>.x!1!2.json", SLICE_INIT("") },
	};
	static const char json[] =
	        "{'organization-name':'Org','report-id':'1'," RANGE
	        ",'policies':[" POLICY("'policy-type':'no-policy-found'", COUNTS) "]}";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct reports all = { 0 };

		reports_read(J(a, json), FORM_JSON, slice_str(rows[i].name), a, &all);
		EXPECT(all.count == 1 && all.items[0].fault.code == FAULT_NONE, rows[i].label);
		EXPECT_SLICE(all.items[0].hint, rows[i].hint, rows[i].label);
		EXPECT_SLICE(all.items[0].file_name, slice_str(rows[i].name), rows[i].label);
		arena_free(a);
	}
}

/* Files: what is not in a mail. */
TEST(files)
{
	static const char utf16[] = "\xff\xfe{\0\"\0p\0\"\0:\0[\0]\0}";
	struct arena *a = arena_new();
	struct reports all = { 0 };
	struct buf bytes;

	pack(a, 'P', &bytes);
	reports_read(buf_slice(&bytes), FORM_UNKNOWN, S("r.json"), a, &all);
	EXPECT(all.count == 1 && !all.is_mail &&
	               all.items[0].report.notes == (BASE | N(ZIP) | N(PACKED_TWICE) | N(LABEL)),
	       "RPT-68: content decides for files too");
	buf_fini(&bytes);
	reports_read(slice_of(utf16, sizeof(utf16) - 1), FORM_UNKNOWN, S(""), a, &all);
	EXPECT(all.count == 1 && all.items[0].fault.code != FAULT_NONE, "RPT-18: UTF-16");
	arena_free(a);
}

/* Law: a mail cut off anywhere gives its report or a refusal, never other figures. */
TEST(prefixes)
{
	struct arena *a = arena_new();
	struct reports all = { 0 };
	struct buf text;
	size_t read = 0;

	fill(a, MAIL(GZ), &text);
	for (size_t n = 0; n < text.len; n++) {
		struct arena *b = arena_new();

		reports_read(slice_head(buf_slice(&text), n), FORM_MAIL, S(""), b, &all);
		bool good = all.items[0].fault.code == FAULT_NONE;
		EXPECT(all.count == 1, "one item");
		EXPECT(!good || report_totals(&all.items[0].report).failed == 3, "same figures");
		read += good;
		arena_free(b);
	}
	EXPECT(read > 0 && read < 20, "read only once its last bytes are there");
	buf_fini(&text);
	arena_free(a);
}

TEST_MAIN(UNIT(one_report_in_every_form), UNIT(refused), UNIT(several_reports), UNIT(json_wins),
          UNIT(file_names), UNIT(files), UNIT(prefixes))

#include "tlsrpt/sift.h"

#include "unit/test.h"

#define PLAIN "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 30 1 NIL NIL NIL NIL)"
#define PART(type, subtype, name)                         \
	"(\"" type "\" \"" subtype "\" (\"NAME\" \"" name \
	"\") NIL NIL \"BASE64\" 300 NIL NIL NIL NIL)"
#define MIXED(parts) "(" parts " \"MIXED\" (\"BOUNDARY\" \"x\") NIL NIL NIL)"

static const struct {
	const char *label, *structure, *header;
	bool want;
} rows[] = {
	{ "text", PLAIN, "", false },
	{ "text and HTML",
	  "(" PLAIN "(\"text\" \"html\" NIL NIL NIL \"7BIT\" 3 1) \"ALTERNATIVE\")", "", false },
	{ "a picture", MIXED(PLAIN PART("IMAGE", "png", "a.png")), "", false },
	{ "a document", MIXED(PLAIN PART("APPLICATION", "pdf", "a.pdf")), "", false },
	{ "parts in parts", MIXED("(" PLAIN PLAIN " \"ALTERNATIVE\")" PLAIN), "", false },
	{ "a report's type", MIXED(PLAIN PART("APPLICATION", "tlsrpt+gzip", "x")), "", true },
	{ "gzip", MIXED(PLAIN PART("application", "gzip", "a.xml.gz")), "", true },
	{ "anything", MIXED(PLAIN PART("application", "octet-stream", "x")), "", true },
	{ "a name that tells under a plain type", MIXED(PLAIN PART("text", "plain", "r.JSON")), "",
	  true },
	{ "behind other parts",
	  MIXED(PLAIN PART("image", "png", "a.png") PART("application", "json", "x")), "", true },
	{ "deep inside", MIXED("(" PLAIN PART("application", "zip", "a") " \"MIXED\")" PLAIN), "",
	  true },
	{ "a forwarded message",
	  MIXED(PLAIN "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 9 (NIL) " PLAIN " 3)"), "",
	  true },
	{ "a type nobody knows", PART("x-new", "thing", "a"), "", true },
	{ "the header tells", PLAIN, "TLS-Report-Domain: a.example\r\n", true },
	{ "the report-type", PLAIN,
	  "Content-Type: multipart/report;\r\n report-type=\"TLSRPT\"\r\n", true },
	{ "another report-type", PLAIN, "Content-Type: multipart/report; report-type=x\r\n",
	  false },
	{ "nothing is known", "", "", true },
	{ "no list", "NIL", "", true },
	{ "no end", "(\"TEXT\" \"PLAIN\" (\"a\"", "", true },
	{ "something behind it", PLAIN " \"x\"", "", true },
	{ "a literal for a name", "(\"TEXT\" \"PLAIN\" (\"NAME\" {6}\r\na.json) NIL)", "", true },
	{ "a quote in a name", "(\"TEXT\" \"PLAIN\" (\"NAME\" \"a\\\".txt\") NIL)", "", false },
};

TEST(structures)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(sift_may_hold_report(slice_str(rows[i].structure),
		                            slice_str(rows[i].header)) == rows[i].want,
		       rows[i].label);
}

TEST(too_deep_may_hold_anything)
{
	char text[512];

	for (size_t n = 1; n <= 40; n++) {
		memset(text, '(', n);
		memcpy(text + n, "\"TEXT\" \"PLAIN\"", 14);
		memset(text + n + 14, ')', n);
		EXPECT(sift_may_hold_report(slice_of(text, 2 * n + 14), S("")) == (n > 16),
		       "sixteen levels");
	}
}

static const struct {
	const char *label, *message;
	bool want;
} claims[] = {
	{ "nothing", "Subject: hello\r\n\r\ntext", false },
	{ "a field of its own", "Subject: x\r\nTLS-Report-Submitter: y\r\n\r\n", true },
	{ "in a part", "Subject: x\r\n\r\n--b\r\nContent-Type: application/tlsrpt+gzip\r\n", true },
	{ "folded", "Content-Type: multipart/report;\r\n\treport-type=tlsrpt\r\n", true },
	{ "spoken of", "Subject: application/tlsrpt\r\n\r\nI send application/tlsrpt+json", false },
	{ "quoted", "\r\n> Content-Type: application/tlsrpt+gzip\r\n", false },
	{ "behind another field", "Content-Type: text/plain\r\nX: y\r\n tlsrpt\r\n", false },
};

TEST(who_calls_itself_a_report)
{
	for (size_t i = 0; i < ARRAY_LEN(claims); i++)
		EXPECT(sift_claims_report(slice_str(claims[i].message)) == claims[i].want,
		       claims[i].label);
}

TEST_MAIN(UNIT(structures), UNIT(too_deep_may_hold_anything), UNIT(who_calls_itself_a_report))

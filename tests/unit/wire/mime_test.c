#include "base/buf.h"
#include "test.h"
#include "wire/mime.h"

#define OUTER                                                                                   \
	"From: a@example.net\nDate: Tue, 12 May 2026 10:00:00 +0200\n"                          \
	"Subject: Report\n Domain: acme.example\n\tSubmitter: example.net\nMessage-ID: <1@x>\n" \
	"MIME-Version: 1.0\n"
#define MULTI OUTER "Content-Type: multipart/report; report-type=\"TLSRPT\"; boundary=\"b\"\n\n"
#define PART "--b\nContent-Type: application/tlsrpt+json\n"

struct read {
	struct arena *arena;
	struct mime mime;
	enum err e;
};

static struct read read_message(struct slice message)
{
	struct read r = { .arena = arena_new() };

	r.e = mime_read(message, r.arena, &r.mime, NULL);
	return r;
}

static const struct row {
	const char *label;
	struct slice message;
	size_t parts; /* leaves */
	size_t which; /* of them, the one that the rest is about */
	struct slice type, name, content;
} rows[] = {
	{ "MIME-02: second part", SLICE_INIT(MULTI "--b\n\ntext\n" PART "\n{}\n--b--\n"), 2, 1,
	  SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "MIME-04: preamble and epilogue are passed over",
	  SLICE_INIT(MULTI "preamble\n" PART "\n{}\n--b--\n{epilogue}\n"), 1, 0,
	  SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "MIME-04: a boundary that starts another",
	  SLICE_INIT(OUTER "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	                   "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\ninner\n--bb--\n"
	                   "--b\n\nouter\n--b--\n"),
	  2, 0, SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("inner") },
	{ "MIME-03: base64 with odd lines and foreign bytes",
	  SLICE_INIT(MULTI PART "Content-Transfer-Encoding: BASE64\n\n ey\nJhI\n\n jox!fQ=\n=\n"
	                        "--b--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{\"a\":1}") },
	{ "MIME-03: quoted-printable",
	  SLICE_INIT(MULTI PART
	             "Content-Transfer-Encoding: quoted-printable\n\n{=22a=\n=22:1}\n--b--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{\"a\":1}") },
	{ "MIME-03: 8bit",
	  SLICE_INIT(MULTI PART "Content-Transfer-Encoding: 8bit\n\n\"\xc3\xa4\"\n--b--\n"), 1, 0,
	  SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("\"\xc3\xa4\"") },
	{ "MIME-05: the name of Content-Disposition goes first",
	  SLICE_INIT(MULTI "--b\nContent-Type: a/b; name=one\n"
	                   "Content-Disposition: attachment; filename=two\n\nx\n--b--\n"),
	  1, 0, SLICE_INIT("a/b"), SLICE_INIT("two"), SLICE_INIT("x") },
	{ "MIME-05: the name of Content-Type, folded",
	  SLICE_INIT(MULTI "--b\nContent-Type: a/b;\n\tname=\"one.json\"\n\nx\n--b--\n"), 1, 0,
	  SLICE_INIT("a/b"), SLICE_INIT("one.json"), SLICE_INIT("x") },
	{ "MIME-05: a name in RFC 2231's pieces",
	  SLICE_INIT(MULTI "--b\nContent-Type: a/b\nContent-Disposition: attachment;\n"
	                   " filename*0=\"google.com!ac\";\n filename*1=\"me.example!1!2.json\"\n"
	                   "\nx\n--b--\n"),
	  1, 0, SLICE_INIT("a/b"), SLICE_INIT("google.com!acme.example!1!2.json"),
	  SLICE_INIT("x") },
	{ "types in capitals, blanks around semicolons",
	  SLICE_INIT(OUTER
	             "CONTENT-TYPE: Multipart/Report ; Report-Type=tlsrpt ; BOUNDARY=b\n\n"
	             "--b\nContent-Type: APPLICATION/TLSRPT+JSON ; NAME=x.json\n\n{}\n--b--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT("x.json"), SLICE_INIT("{}") },
	{ "no closing boundary", SLICE_INIT(MULTI PART "\n{}\n"), 1, 0,
	  SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}\n") },
	{ "a closing boundary without its end", SLICE_INIT(MULTI PART "\n{}\n--b\n\n"), 2, 0,
	  SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "no multipart", SLICE_INIT(OUTER "Content-Type: application/tlsrpt+json\n\n{}"), 1, 0,
	  SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "MIME-01: a message inside",
	  SLICE_INIT(OUTER "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
	                   "Content-Type: message/rfc822\n\n" MULTI PART "\n{}\n--b--\n--o--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "MIME-01: a message inside in base64",
	  SLICE_INIT(OUTER "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
	                   "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
	                   "VG86IGIKQ29udGVudC1UeXBlOiBhcHBsaWNhdGlvbi90bHNycHQranNvbgoKe30=\n"
	                   "--o--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "MIME-01: a message attached as a file",
	  SLICE_INIT(OUTER "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
	                   "Content-Type: application/octet-stream; name=\"report.eml\"\n\n"
	                   "To: b\nContent-Type: application/tlsrpt+json\n\n{}\n--o--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "MIME-03: quoted-printable with blanks behind a soft break",
	  SLICE_INIT(MULTI PART
	             "Content-Transfer-Encoding: quoted-printable\n\n{\"=61= \t\n\":1} \n--b--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{\"a\":1}") },
	{ "a header that lost the boundary's indent",
	  SLICE_INIT(OUTER "Content-Type: multipart/report; report-type=tlsrpt;\nboundary=\"b\"\n\n"
	                   "--b\nContent-Type: text/plain\n\nx\n" PART "\n{}\n--b--\n"),
	  2, 1, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
	{ "a header named ContentType",
	  SLICE_INIT(OUTER "ContentType: multipart/report; boundary=\"b\"\n\n" PART
	                   "\n{}\n--b--\n"),
	  1, 0, SLICE_INIT("application/tlsrpt+json"), SLICE_INIT(""), SLICE_INIT("{}") },
};

TEST(forms)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct read r = read_message(rows[i].message);

		EXPECT(r.e == OK && r.mime.part_count == rows[i].parts, rows[i].label);
		if (r.e == OK && r.mime.part_count > rows[i].which) {
			const struct mime_part *part = &r.mime.parts[rows[i].which];

			EXPECT_SLICE(part->type, rows[i].type, rows[i].label);
			EXPECT_SLICE(part->file_name, rows[i].name, rows[i].label);
			EXPECT_SLICE(part->content, rows[i].content, rows[i].label);
		}
		arena_free(r.arena);
	}
}

/* The same message with CRLF gives the same parts. */
TEST(line_ends)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i].message, line = { 0 };
		struct buf crlf;

		buf_init(&crlf, 10000);
		while (slice_next_line(&rest, &line)) {
			buf_add(&crlf, line);
			buf_add_str(&crlf, "\r\n");
		}
		struct read r = read_message(buf_slice(&crlf));
		EXPECT(r.e == OK && r.mime.part_count == rows[i].parts, rows[i].label);
		arena_free(r.arena);
		buf_fini(&crlf);
	}
}

TEST(header_facts)
{
	struct read r = read_message(
	        S("TLS-Report-Domain: acme.example\nTLS-Report-Submitter:\n"
	          "\texample.net\nTLS-Report-Domain: other.example\n" MULTI PART "\n{}\n--b--\n"));
	const struct mime_message *m = r.mime.messages;

	EXPECT(r.e == OK && r.mime.message_count == 1, "one message");
	EXPECT_SLICE(m->type, S("multipart/report"), "outer type");
	EXPECT_SLICE(m->report_type, S("tlsrpt"), "RPT-93: report-type in small letters");
	EXPECT_SLICE(m->subject, S("Report Domain: acme.example\tSubmitter: example.net"),
	             "RPT-76: a folded subject");
	EXPECT_SLICE(m->report_domain, S("acme.example"), "RPT-73: the first one");
	EXPECT(m->report_domains == 2, "RPT-73: and how many");
	EXPECT_SLICE(m->report_submitter, S("example.net"), "RPT-74: folded after the colon");
	EXPECT_SLICE(m->message_id, S("<1@x>"), "Message-ID");
	EXPECT(m->has_time && m->time == 1778572800, "Date");
	EXPECT(!m->unclosed && !m->damaged && m->depth == 0, "in order");
	arena_free(r.arena);
}

TEST(flags)
{
	struct read r = read_message(S(MULTI PART "\n{}\n--b\n\n\n"));

	EXPECT(r.e == OK && r.mime.messages[0].unclosed, "unclosed is told");
	arena_free(r.arena);
	r = read_message(rows[ARRAY_LEN(rows) - 2].message);
	EXPECT(r.e == OK && r.mime.messages[0].damaged, "damage is told");
	arena_free(r.arena);
	r = read_message(S("Date: Fri, May 09 2017 16:54:30 -0800\n\nx"));
	EXPECT(r.e == OK && r.mime.part_count == 1 && r.mime.parts[0].alone,
	       "a Date that is none does no harm");
	arena_free(r.arena);
	r = read_message(rows[13].message);
	EXPECT(r.e == OK && r.mime.message_count == 2 && r.mime.messages[1].depth == 1 &&
	               r.mime.parts[0].message == 1,
	       "MIME-01: which message a part is in");
	arena_free(r.arena);
}

static void nested(struct buf *out, unsigned depth)
{
	buf_reset(out);
	buf_add_str(out, OUTER);
	for (unsigned i = 0; i < depth; i++)
		buf_printf(out, "Content-Type: multipart/mixed; boundary=x%u\n\n--x%u\n", i, i);
	buf_add_str(out, "Content-Type: a/b\n\nx\n");
}

static void forwarded(struct buf *out, unsigned depth)
{
	buf_reset(out);
	buf_add_str(out, "To: x\n");
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(out, "Content-Type: message/rfc822\n\nTo: x\n");
	buf_add_str(out, "Content-Type: a/b\n\nx\n");
}

static void siblings(struct buf *out, unsigned count)
{
	buf_reset(out);
	buf_add_str(out, MULTI);
	for (unsigned i = 0; i < count; i++)
		buf_add_str(out, "--b\n\nx\n");
	buf_add_str(out, "--b--\n");
}

static void long_header(struct buf *out, unsigned size)
{
	buf_reset(out);
	buf_add_str(out, "To: ");
	while (out->len < size - 2)
		buf_add_char(out, 'x');
	buf_add_str(out, "\n\n");
}

static void header_lines(struct buf *out, unsigned count)
{
	buf_reset(out);
	for (unsigned i = 0; i < count; i++)
		buf_add_str(out, "A: b\n");
	buf_add_str(out, "\nx\n");
}

/* Header lines of a message that GMime is not needed for. */
static void folds(struct buf *out, unsigned count)
{
	buf_reset(out);
	buf_add_str(out, "A: b\n");
	for (unsigned i = 2; i < count; i++)
		buf_add_str(out, " c\n");
	buf_add_str(out, "Content-Type: multipart/mixed; boundary=b\n\n" PART "\n{}\n--b--\n");
}

/* So are these, which may be header lines when they are counted. */
static void body_lines(struct buf *out, unsigned count)
{
	buf_reset(out);
	buf_add_str(out, MULTI PART "\n");
	for (unsigned i = 0; i < count; i++)
		buf_add_str(out, "c:\n");
	buf_add_str(out, "--b--\n");
}

static void message_size(struct buf *out, unsigned size)
{
	buf_reset(out);
	buf_add_str(out, "A: b\n\n");
	while (out->len < size)
		buf_add(out, slice_head(S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"),
		                        size - out->len));
}

TEST(ceilings)
{
	static const struct {
		const char *label;
		void (*make)(struct buf *out, unsigned n);
		unsigned n;
		enum err want;
	} limits[] = {
		{ "MIME-06: nesting at the ceiling", nested, MIME_DEPTH_MAX, OK },
		{ "MIME-06: nesting one deeper", nested, MIME_DEPTH_MAX + 1, ERR_LIMIT },
		{ "MIME-06: 10 000 levels", nested, 10000, ERR_LIMIT },
		{ "MIME-06: messages inside each other", forwarded, MIME_DEPTH_MAX, OK },
		{ "MIME-06: messages one deeper", forwarded, MIME_DEPTH_MAX + 1, ERR_LIMIT },
		{ "MIME-06: 100 000 messages inside each other", forwarded, 100000, ERR_LIMIT },
		{ "MIME-06: parts at the ceiling", siblings, MIME_PARTS_MAX, OK },
		{ "MIME-06: one more part", siblings, MIME_PARTS_MAX + 1, ERR_LIMIT },
		{ "MIME-06: a million parts", siblings, 1000000, ERR_LIMIT },
		{ "MIME-06: a header of 64 KB", long_header, MIME_HEADER_MAX, OK },
		{ "MIME-06: a longer header", long_header, MIME_HEADER_MAX + 2, ERR_LIMIT },
		{ "MIME-06: header lines at the ceiling", header_lines, MIME_HEADER_LINES_MAX, OK },
		{ "MIME-06: one more header line", header_lines, MIME_HEADER_LINES_MAX + 1,
		  ERR_LIMIT },
		{ "MIME-06: two million header lines", header_lines, 2000000, ERR_LIMIT },
		{ "MIME-06: folds at the ceiling", folds, MIME_HEADER_LINES_MAX, OK },
		{ "MIME-06: one more fold", folds, MIME_HEADER_LINES_MAX + 1, ERR_LIMIT },
		{ "MIME-06: half as many lines with colons as there may be", body_lines,
		  MIME_LINES_MAX / 2, OK },
		{ "MIME-06: more of them than there may be", body_lines, MIME_LINES_MAX + 1,
		  ERR_LIMIT },
		{ "MIME-06: a message of 25 MB", message_size, MIME_MESSAGE_MAX, OK },
		{ "MIME-06: a larger message", message_size, MIME_MESSAGE_MAX + 1, ERR_LIMIT },
	};
	struct buf message;

	buf_init(&message, 30u << 20);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		limits[i].make(&message, limits[i].n);
		struct read r = read_message(buf_slice(&message));
		EXPECT(r.e == limits[i].want, limits[i].label);
		arena_free(r.arena);
	}
	buf_fini(&message);
}

TEST(no_message)
{
	static const struct slice none[] = { SLICE_INIT(""), SLICE_INIT("text\n"),
		                             SLICE_INIT(": x\n\n"), SLICE_INIT("\n\nx") };

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct read r = read_message(none[i]);

		EXPECT(r.e == ERR_SYNTAX, "what has no header is no message");
		arena_free(r.arena);
	}
}

TEST(dashes)
{
	struct buf message;

	buf_init(&message, 1u << 20);
	buf_add_str(&message, MULTI);
	for (int i = 0; i < 9000; i++)
		buf_add_str(&message, "--------------------------------------------\n");
	buf_add_str(&message, PART "\n{}\n--b--\n");
	struct read r = read_message(buf_slice(&message));
	EXPECT(r.e == OK && r.mime.part_count == 1, "MIME-04: lines of dashes are text");
	arena_free(r.arena);
	buf_fini(&message);
}

TEST_MAIN(UNIT(forms), UNIT(line_ends), UNIT(header_facts), UNIT(flags), UNIT(ceilings),
          UNIT(no_message), UNIT(dashes))

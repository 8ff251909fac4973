#include "wire/smtp.h"

#include "base/buf.h"
#include "test.h"

static const struct line_row {
	const char *label;
	struct slice in;
	enum err want;
	struct slice line;
	size_t size;
} line_rows[] = {
	{ "a line", SLICE_INIT("NOOP\r\nQUIT\r\n"), OK, SLICE_INIT("NOOP"), 6 },
	{ "an empty line", SLICE_INIT("\r\n"), OK, SLICE_INIT(""), 2 },
	{ "not yet whole", SLICE_INIT("NOOP"), ERR_AGAIN, SLICE_INIT(""), 0 },
	{ "the LF is still to come", SLICE_INIT("NOOP\r"), ERR_AGAIN, SLICE_INIT(""), 0 },
	{ "nothing", SLICE_INIT(""), ERR_AGAIN, SLICE_INIT(""), 0 },
	{ "a bare LF is refused", SLICE_INIT("NOOP\nQUIT\r\n"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a bare CR is refused", SLICE_INIT("NOOP\rQUIT\r\n"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "two CRs are refused", SLICE_INIT("NOOP\r\r\n"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a NUL is refused", SLICE_INIT("NO\0OP\r\n"), ERR_SYNTAX, SLICE_INIT(""), 0 },
};

TEST(lines)
{
	for (size_t i = 0; i < ARRAY_LEN(line_rows); i++) {
		const struct line_row *row = &line_rows[i];
		struct slice line = { "", 0 };
		size_t size = 0;

		EXPECT(smtp_line(row->in, &line, &size) == row->want, row->label);
		EXPECT_SLICE(line, row->line, row->label);
		EXPECT(size == row->size, row->label);
	}
}

TEST(long_lines)
{
	char text[SMTP_LINE_MAX + 8];
	struct slice line;
	size_t size;

	memset(text, 'x', sizeof(text));
	memcpy(text + SMTP_LINE_MAX - 2, "\r\n", 2);
	EXPECT(smtp_line(slice_of(text, SMTP_LINE_MAX), &line, &size) == OK,
	       "the longest line, far above the 512 bytes of the RFC");
	EXPECT(smtp_line(slice_of(text, SMTP_LINE_MAX - 1), &line, &size) == ERR_AGAIN,
	       "its LF may still come");
	memcpy(text + SMTP_LINE_MAX - 2, "x\r\n", 3);
	EXPECT(smtp_line(slice_of(text, SMTP_LINE_MAX - 1), &line, &size) == ERR_AGAIN,
	       "one byte is left");
	EXPECT(smtp_line(slice_of(text, SMTP_LINE_MAX), &line, &size) == ERR_LIMIT,
	       "a line that cannot end in time");
	EXPECT(smtp_line(slice_of(text, sizeof(text)), &line, &size) == ERR_LIMIT,
	       "a line with a byte too many");
}

static const struct command_row {
	const char *label;
	struct slice line;
	enum err want;
	struct smtp_command c;
} command_rows[] = {
	{ "EHLO",
	  SLICE_INIT("EHLO mail.sender.example"),
	  OK,
	  { .verb = SMTP_EHLO, .name = SLICE_INIT("mail.sender.example") } },
	{ "case does not count",
	  SLICE_INIT("ehLO [192.0.2.1] "),
	  OK,
	  { .verb = SMTP_EHLO, .name = SLICE_INIT("[192.0.2.1]") } },
	{ "HELO", SLICE_INIT("HELO x"), OK, { .verb = SMTP_HELO, .name = SLICE_INIT("x") } },
	{ "LHLO", SLICE_INIT("LHLO x"), OK, { .verb = SMTP_LHLO, .name = SLICE_INIT("x") } },
	{ "EHLO without a name", SLICE_INIT("EHLO"), ERR_SYNTAX, { .verb = SMTP_EHLO } },
	{ "EHLO with two names", SLICE_INIT("EHLO a b"), ERR_SYNTAX, { .verb = SMTP_EHLO } },
	{ "MAIL",
	  SLICE_INIT("MAIL FROM:<tls@sender.example>"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("tls@sender.example") } },
	{ "the null path", SLICE_INIT("MAIL FROM:<>"), OK, { .verb = SMTP_MAIL } },
	{ "a blank behind the colon is wrong and common",
	  SLICE_INIT("mail from: <a@b>"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b") } },
	{ "SIZE and BODY",
	  SLICE_INIT("MAIL FROM:<a@b> SIZE=1234 BODY=8BITMIME"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b"), .has_size = true, .size = 1234 } },
	{ "BODY=7bit",
	  SLICE_INIT("MAIL FROM:<a@b> body=7bit"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b") } },
	{ "another BODY",
	  SLICE_INIT("MAIL FROM:<a@b> BODY=BINARYMIME"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b"), .parameters = SMTP_PARAMETERS_BAD } },
	{ "a size that is none",
	  SLICE_INIT("MAIL FROM:<a@b> SIZE=1x"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b"), .parameters = SMTP_PARAMETERS_BAD } },
	{ "a size beyond every number",
	  SLICE_INIT("MAIL FROM:<a@b> SIZE=99999999999999999999"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b"), .parameters = SMTP_PARAMETERS_BAD } },
	{ "REQUIRETLS is not offered",
	  SLICE_INIT("MAIL FROM:<a@b> REQUIRETLS"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b"), .parameters = SMTP_PARAMETERS_UNKNOWN } },
	{ "SMTPUTF8 is not offered",
	  SLICE_INIT("MAIL FROM:<a@b> SMTPUTF8 SIZE=1"),
	  OK,
	  { .verb = SMTP_MAIL, .path = SLICE_INIT("a@b"), .parameters = SMTP_PARAMETERS_UNKNOWN } },
	{ "no brackets", SLICE_INIT("MAIL FROM:a@b"), ERR_SYNTAX, { .verb = SMTP_MAIL } },
	{ "no end of the path", SLICE_INIT("MAIL FROM:<a@b"), ERR_SYNTAX, { .verb = SMTP_MAIL } },
	{ "a parameter that touches the path",
	  SLICE_INIT("MAIL FROM:<a@b>SIZE=1"),
	  ERR_SYNTAX,
	  { .verb = SMTP_MAIL } },
	{ "a blank in a path", SLICE_INIT("MAIL FROM:<a b@c>"), ERR_SYNTAX, { .verb = SMTP_MAIL } },
	{ "a bracket in a path",
	  SLICE_INIT("MAIL FROM:<a<b@c>"),
	  ERR_SYNTAX,
	  { .verb = SMTP_MAIL } },
	{ "a quoted local part may hold anything printable",
	  SLICE_INIT("MAIL FROM:<\"a >\\\"b\"@c> SIZE=1"),
	  OK,
	  { .verb = SMTP_MAIL,
	    .path = SLICE_INIT("\"a >\\\"b\"@c"),
	    .has_size = true,
	    .size = 1 } },
	{ "a quotation without end",
	  SLICE_INIT("MAIL FROM:<\"a>"),
	  ERR_SYNTAX,
	  { .verb = SMTP_MAIL } },
	{ "bytes above ASCII",
	  SLICE_INIT("MAIL FROM:<\xc3\xa4@b>"),
	  ERR_SYNTAX,
	  { .verb = SMTP_MAIL } },
	{ "RCPT",
	  SLICE_INIT("RCPT TO:<r-abc@reports.example>"),
	  OK,
	  { .verb = SMTP_RCPT, .path = SLICE_INIT("r-abc@reports.example") } },
	{ "a source route has no effect",
	  SLICE_INIT("RCPT TO:<@a.example,@b.example:r-abc@reports.example>"),
	  OK,
	  { .verb = SMTP_RCPT, .path = SLICE_INIT("r-abc@reports.example") } },
	{ "postmaster without a domain",
	  SLICE_INIT("RCPT TO:<Postmaster>"),
	  OK,
	  { .verb = SMTP_RCPT, .path = SLICE_INIT("Postmaster") } },
	{ "a recipient must be one", SLICE_INIT("RCPT TO:<>"), ERR_SYNTAX, { .verb = SMTP_RCPT } },
	{ "SIZE does not belong to RCPT",
	  SLICE_INIT("RCPT TO:<a@b> SIZE=1"),
	  OK,
	  { .verb = SMTP_RCPT, .path = SLICE_INIT("a@b"), .parameters = SMTP_PARAMETERS_UNKNOWN } },
	{ "DATA", SLICE_INIT("DATA"), OK, { .verb = SMTP_DATA } },
	{ "DATA takes nothing", SLICE_INIT("DATA x"), ERR_SYNTAX, { .verb = SMTP_DATA } },
	{ "SMTP-01: STARTTLS", SLICE_INIT("starttls"), OK, { .verb = SMTP_STARTTLS } },
	{ "SMTP-01: STARTTLS takes no parameter",
	  SLICE_INIT("STARTTLS now"),
	  ERR_SYNTAX,
	  { .verb = SMTP_STARTTLS } },
	{ "NOOP with words", SLICE_INIT("NOOP a b"), OK, { .verb = SMTP_NOOP } },
	{ "VRFY", SLICE_INIT("VRFY someone"), OK, { .verb = SMTP_VRFY } },
	{ "HELP", SLICE_INIT("HELP"), OK, { .verb = SMTP_HELP } },
	{ "RSET", SLICE_INIT("RSET"), OK, { .verb = SMTP_RSET } },
	{ "QUIT", SLICE_INIT("QUIT"), OK, { .verb = SMTP_QUIT } },
	{ "an extension that is not offered",
	  SLICE_INIT("BDAT 5 LAST"),
	  OK,
	  { .verb = SMTP_OTHER } },
	{ "no word at all", SLICE_INIT(""), OK, { .verb = SMTP_OTHER } },
	{ "words that are none", SLICE_INIT("\x16\x03\x01"), OK, { .verb = SMTP_OTHER } },
	{ "a browser", SLICE_INIT("POST /x HTTP/1.1"), OK, { .verb = SMTP_FOREIGN } },
};

TEST(commands)
{
	for (size_t i = 0; i < ARRAY_LEN(command_rows); i++) {
		const struct command_row *row = &command_rows[i];
		struct smtp_command c = { .verb = SMTP_OTHER };

		EXPECT(smtp_command(row->line, &c) == row->want, row->label);
		if (row->want != OK)
			continue;
		EXPECT(c.verb == row->c.verb && c.parameters == row->c.parameters, row->label);
		EXPECT(c.has_size == row->c.has_size && c.size == row->c.size, row->label);
		EXPECT_SLICE(c.name, row->c.name, row->label);
		EXPECT_SLICE(c.path, row->c.path, row->label);
	}
}

TEST(long_paths)
{
	char line[600] = "MAIL FROM:<";
	size_t start = strlen(line);
	struct smtp_command c;

	memset(line + start, 'x', SMTP_PATH_MAX);
	line[start + SMTP_PATH_MAX] = '>';
	EXPECT(smtp_command(slice_str(line), &c) == OK && c.path.len == SMTP_PATH_MAX,
	       "the longest path");
	line[start + SMTP_PATH_MAX] = 'x';
	line[start + SMTP_PATH_MAX + 1] = '>';
	EXPECT(smtp_command(slice_str(line), &c) == ERR_SYNTAX, "a byte more");
	memcpy(line, "EHLO ", 5);
	memset(line + 5, 'x', SMTP_NAME_MAX);
	line[5 + SMTP_NAME_MAX] = '\0';
	EXPECT(smtp_command(slice_str(line), &c) == OK && c.name.len == SMTP_NAME_MAX,
	       "the longest name");
	line[5 + SMTP_NAME_MAX] = 'x';
	line[6 + SMTP_NAME_MAX] = '\0';
	EXPECT(smtp_command(slice_str(line), &c) == ERR_SYNTAX, "a byte more");
}

TEST(paths)
{
	static const struct {
		const char *label;
		struct slice path, local, domain;
	} rows[] = {
		{ "one @", SLICE_INIT("a@b.example"), SLICE_INIT("a"), SLICE_INIT("b.example") },
		{ "no @", SLICE_INIT("postmaster"), SLICE_INIT("postmaster"), SLICE_INIT("") },
		{ "the last @ counts", SLICE_INIT("a@b@c"), SLICE_INIT("a@b"), SLICE_INIT("c") },
		{ "an @ in quotes does not", SLICE_INIT("\"a@b\"@c"), SLICE_INIT("\"a@b\""),
		  SLICE_INIT("c") },
		{ "quotes alone", SLICE_INIT("\"a@b\""), SLICE_INIT("\"a@b\""), SLICE_INIT("") },
		{ "nothing", SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice local, domain;

		smtp_path_split(rows[i].path, &local, &domain);
		EXPECT_SLICE(local, rows[i].local, rows[i].label);
		EXPECT_SLICE(domain, rows[i].domain, rows[i].label);
	}
}

static const struct content_row {
	const char *label;
	struct slice in;
	enum err want;
	struct slice content, rest;
} content_rows[] = {
	{ "a mail", SLICE_INIT("Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"), ERR_CLOSED,
	  SLICE_INIT("Subject: x\r\n\r\nbody\r\n"), SLICE_INIT("QUIT\r\n") },
	{ "nothing but the end", SLICE_INIT(".\r\n"), ERR_CLOSED, SLICE_INIT(""), SLICE_INIT("") },
	{ "one added dot is taken away", SLICE_INIT("..\r\n...a\r\n.b\r\n.\r\n"), ERR_CLOSED,
	  SLICE_INIT(".\r\n..a\r\nb\r\n"), SLICE_INIT("") },
	{ "a dot inside a line stays", SLICE_INIT("a.\r\nb.c\r\n.\r\n"), ERR_CLOSED,
	  SLICE_INIT("a.\r\nb.c\r\n"), SLICE_INIT("") },
	{ "not at its end", SLICE_INIT("abc\r\n."), ERR_AGAIN, SLICE_INIT("abc\r\n"),
	  SLICE_INIT("") },
	{ "bytes above ASCII and NUL are content", SLICE_INIT("\xff\0\x80\r\n.\r\n"), ERR_CLOSED,
	  SLICE_INIT("\xff\0\x80\r\n"), SLICE_INIT("") },
	{ "a bare LF is refused", SLICE_INIT("a\nb\r\n.\r\n"), ERR_SYNTAX, SLICE_INIT(""),
	  SLICE_INIT("") },
	{ "a bare CR is refused", SLICE_INIT("a\rb\r\n.\r\n"), ERR_SYNTAX, SLICE_INIT(""),
	  SLICE_INIT("") },
	{ "smuggling: <LF>.<LF> is no end", SLICE_INIT("a\n.\nMAIL FROM:<x@y>\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: <LF>.<CRLF> is no end", SLICE_INIT("a\n.\r\nMAIL FROM:<x@y>\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: <CRLF>.<LF> is no end", SLICE_INIT("a\r\n.\nMAIL FROM:<x@y>\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: <CRLF>.<CR> is no end", SLICE_INIT("a\r\n.\rMAIL FROM:<x@y>\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: <CR>.<CR> is no end", SLICE_INIT("a\r.\rMAIL FROM:<x@y>\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: <CRLF>.<CR><CRLF> is no end", SLICE_INIT("a\r\n.\r\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: <CR><CRLF>.<CRLF> is no end", SLICE_INIT("a\r\r\n.\r\n"), ERR_SYNTAX,
	  SLICE_INIT(""), SLICE_INIT("") },
	{ "smuggling: a NUL in the end is no end", SLICE_INIT("a\r\n.\0\r\n"), ERR_AGAIN,
	  SLICE_INIT("a\r\n\0\r\n"), SLICE_INIT("") },
};

/* Feeds in by pieces of step bytes, as a socket might bring them. */
static enum err feed(struct slice in, size_t step, struct buf *content, struct slice *rest_out)
{
	struct smtp_content c = { .state = SMTP_CONTENT_START };
	struct slice piece;
	enum err e = ERR_AGAIN;

	for (size_t at = 0; at < in.len; at += step) {
		struct slice part = slice_head(slice_skip(in, at), step);

		while ((e = smtp_content(&c, &part, &piece)) == OK) {
			EXPECT(piece.len > 0, "a piece is never empty");
			buf_add(content, piece);
		}
		if (e != ERR_AGAIN) {
			*rest_out = slice_of(part.p, (size_t)(in.p + in.len - part.p));
			return e;
		}
	}
	return e;
}

TEST(content_by_pieces)
{
	for (size_t i = 0; i < ARRAY_LEN(content_rows); i++) {
		const struct content_row *row = &content_rows[i];

		for (size_t step = 1; step <= row->in.len; step++) {
			struct slice rest = { "", 0 };
			struct buf got;

			buf_init(&got, 4096);
			EXPECT(feed(row->in, step, &got, &rest) == row->want, row->label);
			if (row->want != ERR_SYNTAX)
				EXPECT_SLICE(buf_slice(&got), row->content, row->label);
			if (row->want == ERR_CLOSED)
				EXPECT_SLICE(rest, row->rest, row->label);
			buf_fini(&got);
		}
	}
}

/* Whatever a mail holds, its content comes back when its lines were stuffed. */
TEST(content_comes_back)
{
	static const char alphabet[] = { 'a', '.', '\r', '\n', '\0', ' ' };
	uint64_t seed = 20260512;

	for (unsigned round = 0; round < 2000; round++) {
		struct buf content, stuffed, got;
		struct slice rest = { "", 0 };
		size_t lines = test_random(&seed) % 6;

		buf_init(&content, 4096);
		buf_init(&stuffed, 4096);
		buf_init(&got, 4096);
		for (size_t i = 0; i < lines; i++) {
			size_t n = test_random(&seed) % 5, at = content.len;

			for (size_t k = 0; k < n; k++) {
				char b = alphabet[test_random(&seed) % sizeof(alphabet)];

				buf_add_char(&content, b == '\r' || b == '\n' ? '.' : b);
			}
			if (n > 0 && content.p[at] == '.')
				buf_add_char(&stuffed, '.');
			buf_add(&stuffed, slice_skip(buf_slice(&content), at));
			buf_add_str(&content, "\r\n");
			buf_add_str(&stuffed, "\r\n");
		}
		buf_add_str(&stuffed, ".\r\n");
		EXPECT(feed(buf_slice(&stuffed), 1 + test_random(&seed) % 7, &got, &rest) ==
		               ERR_CLOSED,
		       "it ends");
		EXPECT_SLICE(buf_slice(&got), buf_slice(&content), "it comes back");
		buf_fini(&content);
		buf_fini(&stuffed);
		buf_fini(&got);
	}
}

TEST_MAIN(UNIT(lines), UNIT(long_lines), UNIT(commands), UNIT(long_paths), UNIT(paths),
          UNIT(content_by_pieces), UNIT(content_comes_back))

#include "wire/http_chunked.h"

#include "base/buf.h"
#include "test.h"

static const struct row {
	const char *label;
	struct slice in;
	enum err want;     /* the last result */
	struct slice data; /* content up to there */
	size_t rest;       /* bytes behind the end */
} rows[] = {
	{ "two chunks", SLICE_INIT("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), ERR_CLOSED,
	  SLICE_INIT("abcde"), 0 },
	{ "capital and small digits", SLICE_INIT("0a\r\n0123456789\r\n00\r\n\r\nGET"), ERR_CLOSED,
	  SLICE_INIT("0123456789"), 3 },
	{ "an extension is dropped", SLICE_INIT("1;name=\"v\"\r\nx\r\n0;a\r\n\r\n"), ERR_CLOSED,
	  SLICE_INIT("x"), 0 },
	{ "blanks behind the size", SLICE_INIT("1 \r\nx\r\n0\r\n\r\n"), ERR_CLOSED, SLICE_INIT("x"),
	  0 },
	{ "trailer fields are dropped", SLICE_INIT("1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"),
	  ERR_CLOSED, SLICE_INIT("x"), 0 },
	{ "no content", SLICE_INIT("0\r\n\r\n"), ERR_CLOSED, SLICE_INIT(""), 0 },
	{ "no size", SLICE_INIT("\r\nx"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a sign", SLICE_INIT("+1\r\nx"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "a prefix", SLICE_INIT("0x1\r\nx"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "bare LF behind the size", SLICE_INIT("1\nx"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "bare LF in an extension", SLICE_INIT("1;a\nx"), ERR_SYNTAX, SLICE_INIT(""), 0 },
	{ "no line end behind the content", SLICE_INIT("1\r\nxy\r\n"), ERR_SYNTAX, SLICE_INIT("x"),
	  0 },
	{ "LF alone behind the content", SLICE_INIT("1\r\nx\n"), ERR_SYNTAX, SLICE_INIT("x"), 0 },
	{ "bare LF in a trailer field", SLICE_INIT("0\r\nA: b\n\r\n"), ERR_SYNTAX, SLICE_INIT(""),
	  0 },
	{ "twelve digits", SLICE_INIT("000000000001\r\nx\r\n0\r\n\r\n"), ERR_CLOSED,
	  SLICE_INIT("x"), 0 },
	{ "thirteen digits", SLICE_INIT("0000000000001\r\nx"), ERR_LIMIT, SLICE_INIT(""), 0 },
};

/* Feeds in pieces of at most step bytes; what came out is in data. */
static enum err feed(struct slice in, size_t step, struct buf *data, size_t *rest)
{
	struct http_chunked c = { 0 };
	enum err e = ERR_AGAIN;

	while (in.len > 0 && e == ERR_AGAIN) {
		struct slice piece = slice_head(in, step), out;
		size_t given = piece.len;

		while ((e = http_chunked_step(&c, &piece, &out)) == OK)
			buf_add(data, out);
		in = slice_skip(in, given - piece.len);
	}
	*rest = in.len;
	return e;
}

TEST(chunks)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t step = 1; step <= rows[i].in.len; step++) {
			struct buf data;
			size_t rest;

			buf_init(&data, 1024);
			EXPECT(feed(rows[i].in, step, &data, &rest) == rows[i].want, rows[i].label);
			EXPECT_SLICE(buf_slice(&data), rows[i].data, rows[i].label);
			if (rows[i].want == ERR_CLOSED)
				EXPECT(rest == rows[i].rest, rows[i].label);
			buf_fini(&data);
		}
	}
}

/* A proper prefix of a body is never the whole of it. */
TEST(prefixes)
{
	struct slice whole = S("3\r\nabc\r\n1;x\r\nd\r\n0\r\nA: b\r\n\r\n");

	for (size_t n = 1; n < whole.len; n++) {
		struct buf data;
		size_t rest;

		buf_init(&data, 1024);
		EXPECT(feed(slice_head(whole, n), n, &data, &rest) == ERR_AGAIN,
		       "a prefix waits for more");
		buf_fini(&data);
	}
}

TEST(bounds)
{
	static const struct {
		const char *label, *start;
		size_t fill;
		enum err want;
	} cases[] = {
		{ "the longest size line", "1;", HTTP_CHUNK_LINE_MAX - 2, ERR_AGAIN },
		{ "a longer size line", "1;", HTTP_CHUNK_LINE_MAX - 1, ERR_LIMIT },
		{ "the longest trailer", "0\r\n", HTTP_TRAILER_MAX, ERR_AGAIN },
		{ "a longer trailer", "0\r\n", HTTP_TRAILER_MAX + 1, ERR_LIMIT },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf in, data;
		size_t rest;

		buf_init(&in, 8192);
		buf_init(&data, 16);
		buf_add_str(&in, cases[i].start);
		for (size_t n = 0; n < cases[i].fill; n++)
			buf_add_char(&in, 'a');
		EXPECT(feed(buf_slice(&in), 4096, &data, &rest) == cases[i].want, cases[i].label);
		buf_fini(&in);
		buf_fini(&data);
	}
}

TEST_MAIN(UNIT(chunks), UNIT(prefixes), UNIT(bounds))

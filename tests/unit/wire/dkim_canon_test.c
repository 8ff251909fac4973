#include "wire/dkim_canon.h"

#include "test.h"

static void feed(void *arg, struct slice piece)
{
	buf_add(arg, piece);
}

static struct slice body(struct slice text, enum dkim_canon c, struct buf *out)
{
	buf_reset(out);
	dkim_canon_body(text, c, feed, out);
	return buf_slice(out);
}

static struct slice field(struct slice text, enum dkim_canon c, struct buf *out)
{
	buf_reset(out);
	dkim_canon_field(text, c, true, feed, out);
	return buf_slice(out);
}

static const struct {
	const char *label;
	struct slice text, simple, relaxed;
} bodies[] = {
	{ "DKIM-14: RFC 6376, 3.4.5, the example", SLICE_INIT(" C \r\nD \t E\r\n\r\n\r\n"),
	  SLICE_INIT(" C \r\nD \t E\r\n"), SLICE_INIT(" C\r\nD E\r\n") },
	{ "DKIM-14: an empty body", SLICE_INIT(""), SLICE_INIT("\r\n"), SLICE_INIT("") },
	{ "DKIM-14: empty lines alone", SLICE_INIT("\r\n\r\n"), SLICE_INIT("\r\n"),
	  SLICE_INIT("") },
	{ "DKIM-14: a line of blanks alone", SLICE_INIT(" \t\r\n"), SLICE_INIT(" \t\r\n"),
	  SLICE_INIT("") },
	{ "DKIM-14: no line end at the end", SLICE_INIT("a"), SLICE_INIT("a\r\n"),
	  SLICE_INIT("a\r\n") },
	{ "DKIM-14: blanks at the end of the last line", SLICE_INIT("a \t"), SLICE_INIT("a \t\r\n"),
	  SLICE_INIT("a\r\n") },
	{ "DKIM-14: empty lines in the middle stay", SLICE_INIT("a\r\n\r\n\r\nb\r\n"),
	  SLICE_INIT("a\r\n\r\n\r\nb\r\n"), SLICE_INIT("a\r\n\r\n\r\nb\r\n") },
	{ "DKIM-14: blank lines in the middle", SLICE_INIT("a\r\n \r\nb\r\n"),
	  SLICE_INIT("a\r\n \r\nb\r\n"), SLICE_INIT("a\r\n\r\nb\r\n") },
	{ "DKIM-14: bare LF counts as a line end", SLICE_INIT("a\n\nb \n"),
	  SLICE_INIT("a\r\n\r\nb \r\n"), SLICE_INIT("a\r\n\r\nb\r\n") },
	{ "DKIM-14: bare CR is a character", SLICE_INIT("a\rb\r"), SLICE_INIT("a\rb\r\r\n"),
	  SLICE_INIT("a\rb\r\r\n") },
	{ "DKIM-14: NUL is a character", SLICE_INIT("a\0 b"), SLICE_INIT("a\0 b\r\n"),
	  SLICE_INIT("a\0 b\r\n") },
	{ "DKIM-14: one blank before a line's text stays", SLICE_INIT("\t\ta\r\n"),
	  SLICE_INIT("\t\ta\r\n"), SLICE_INIT(" a\r\n") },
};

static const struct {
	const char *label;
	struct slice text, simple, relaxed;
} fields[] = {
	{ "DKIM-14: RFC 6376, 3.4.5, A", SLICE_INIT("A: X"), SLICE_INIT("A: X\r\n"),
	  SLICE_INIT("a:X\r\n") },
	{ "DKIM-14: RFC 6376, 3.4.5, B", SLICE_INIT("B : Y\t\r\n\tZ  "),
	  SLICE_INIT("B : Y\t\r\n\tZ  \r\n"), SLICE_INIT("b:Y Z\r\n") },
	{ "DKIM-14: an empty value", SLICE_INIT("Cc:"), SLICE_INIT("Cc:\r\n"),
	  SLICE_INIT("cc:\r\n") },
	{ "DKIM-14: a value on the fold", SLICE_INIT("Cc:\r\n x"), SLICE_INIT("Cc:\r\n x\r\n"),
	  SLICE_INIT("cc:x\r\n") },
	{ "DKIM-14: folded with LF", SLICE_INIT("Cc: a\n b"), SLICE_INIT("Cc: a\r\n b\r\n"),
	  SLICE_INIT("cc:a b\r\n") },
	{ "DKIM-14: a fold of blanks only", SLICE_INIT("Cc: a\r\n \r\n b"),
	  SLICE_INIT("Cc: a\r\n \r\n b\r\n"), SLICE_INIT("cc:a b\r\n") },
	{ "DKIM-14: a colon in the value", SLICE_INIT("Subject: Re: x"),
	  SLICE_INIT("Subject: Re: x\r\n"), SLICE_INIT("subject:Re: x\r\n") },
};

TEST(tables)
{
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		EXPECT_SLICE(body(bodies[i].text, DKIM_SIMPLE, &out), bodies[i].simple,
		             bodies[i].label);
		EXPECT_SLICE(body(bodies[i].text, DKIM_RELAXED, &out), bodies[i].relaxed,
		             bodies[i].label);
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		EXPECT_SLICE(field(fields[i].text, DKIM_SIMPLE, &out), fields[i].simple,
		             fields[i].label);
		EXPECT_SLICE(field(fields[i].text, DKIM_RELAXED, &out), fields[i].relaxed,
		             fields[i].label);
	}
	buf_reset(&out);
	dkim_canon_field(S("A: b"), DKIM_RELAXED, false, feed, &out);
	EXPECT_SLICE(buf_slice(&out), S("a:b"), "the signature's own field ends without CRLF");
	buf_fini(&out);
}

static size_t random_text(char *text, size_t max, uint64_t *seed)
{
	static const char alphabet[] = "ab:  \t\r\n\n";
	size_t len = 0, want = test_random(seed) % max;

	while (len + 2 < want) {
		char c = alphabet[test_random(seed) % (sizeof(alphabet) - 1)];

		if (c == '\n')
			text[len++] = '\r';
		text[len++] = c;
	}
	return len;
}

/* What is canonical stays as it is; unfolding or folding anew changes nothing that is relaxed. */
TEST(laws)
{
	uint64_t seed = 7;
	struct buf once, twice;

	buf_init(&once, 4096);
	buf_init(&twice, 4096);
	for (int round = 0; round < 5000; round++) {
		char text[96];
		size_t len = random_text(text, sizeof(text), &seed);
		enum dkim_canon c = round % 2 == 0 ? DKIM_SIMPLE : DKIM_RELAXED;
		struct slice first = body(slice_of(text, len), c, &once);

		if (first.len > 0) /* an empty relaxed body is the one that is no line */
			EXPECT_SLICE(body(first, c, &twice), first, "a canonical body is its own");
		EXPECT(first.len == 0 || slice_ends(first, S("\r\n")), "every line has its end");
	}
	buf_fini(&once);
	buf_fini(&twice);
}

TEST(folding_does_not_matter)
{
	uint64_t seed = 11;
	struct buf plain, folded, out;

	buf_init(&plain, 4096);
	buf_init(&folded, 4096);
	buf_init(&out, 4096);
	for (int round = 0; round < 2000; round++) {
		static const char *const gaps[] = { " ", "\t ", "\r\n ", " \r\n\t", "\n  " };

		buf_reset(&plain);
		buf_reset(&folded);
		buf_add_str(&plain, "x:");
		buf_add_str(&folded, "X  :");
		for (int w = 0; w < 5; w++) {
			buf_printf(&plain, "%sword%u", w == 0 ? "" : " ", (unsigned)w);
			buf_printf(&folded, "%sword%u", gaps[test_random(&seed) % ARRAY_LEN(gaps)],
			           (unsigned)w);
		}
		buf_add_str(&plain, "\r\n");
		EXPECT_SLICE(field(buf_slice(&folded), DKIM_RELAXED, &out), buf_slice(&plain),
		             "DKIM-14: relaxed fields do not see folds");
	}
	buf_fini(&plain);
	buf_fini(&folded);
	buf_fini(&out);
}

/* Pieces are joined and split inside; long words and long lines come out whole. */
TEST(long_lines)
{
	struct buf text, out;

	buf_init(&text, 8u << 20);
	buf_init(&out, 8u << 20);
	for (int i = 0; i < 2000; i++)
		buf_printf(&text, "%0*d%s", 1 + i % 1500, i, i % 7 == 0 ? "\r\n" : " ");
	buf_add_str(&text, "end\r\n");
	EXPECT_SLICE(body(buf_slice(&text), DKIM_SIMPLE, &out), buf_slice(&text),
	             "simple keeps every byte");
	buf_fini(&text);
	buf_fini(&out);
}

TEST_MAIN(UNIT(tables), UNIT(laws), UNIT(folding_does_not_matter), UNIT(long_lines))

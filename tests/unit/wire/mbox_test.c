#include "test.h"
#include "wire/mbox.h"

#define FROM "From a@example.net Tue May 12 00:00:00 2026\n"

struct split {
	struct buf all; /* the messages, each closed by a bar */
	unsigned oversize;
};

static void take(struct split *s, enum err e, struct slice message)
{
	if (e == ERR_LIMIT)
		s->oversize++;
	else
		buf_add(&s->all, message);
	buf_add_char(&s->all, '|');
}

static void split(struct slice in, size_t piece, size_t message_max, struct split *s)
{
	struct slice message = { 0 };
	struct mbox m;
	enum err e;

	buf_init(&s->all, 1u << 20);
	s->oversize = 0;
	mbox_init(&m, message_max);
	while (in.len > 0) {
		struct slice part = slice_head(in, piece);

		in = slice_skip(in, piece);
		while ((e = mbox_step(&m, &part, &message)) != ERR_AGAIN)
			take(s, e, message);
	}
	while ((e = mbox_end(&m, &message)) != ERR_NOTFOUND)
		take(s, e, message);
	mbox_fini(&m);
}

static const struct row {
	const char *label;
	struct slice in, want;
} rows[] = {
	{ "one message", SLICE_INIT(FROM "A: 1\n\nx\n"), SLICE_INIT("A: 1\n\nx\n|") },
	{ "two messages", SLICE_INIT(FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n"),
	  SLICE_INIT("A: 1\n\nx\n\n|B: 2\n\ny\n|") },
	{ "CRLF",
	  SLICE_INIT("From a@b Tue May 12 00:00:00 2026\r\nA: 1\r\n\r\nx\r\n\r\n" FROM "B: 2\r\n"),
	  SLICE_INIT("A: 1\r\n\r\nx\r\n\r\n|B: 2\r\n|") },
	{ "no line end at the end", SLICE_INIT(FROM "A: 1\n\nx"), SLICE_INIT("A: 1\n\nx|") },
	{ "a From line without an empty line before it", SLICE_INIT(FROM "A: 1\n\nx\n" FROM "y\n"),
	  SLICE_INIT("A: 1\n\nx\n" FROM "y\n|") },
	{ "a sentence", SLICE_INIT(FROM "A: 1\n\nFrom here on all is well\n"),
	  SLICE_INIT("A: 1\n\nFrom here on all is well\n|") },
	{ "a quoted From line", SLICE_INIT(FROM "A: 1\n\n>From x\n>>From y\n> From z\n"),
	  SLICE_INIT("A: 1\n\nFrom x\n>From y\n> From z\n|") },
	{ "an empty last message", SLICE_INIT(FROM "A: 1\n\n" FROM), SLICE_INIT("A: 1\n\n|") },
	{ "nothing", SLICE_INIT(""), SLICE_INIT("") },
};

TEST(splits)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t piece = 1; piece < 200; piece += 7) {
			struct split s;

			split(rows[i].in, piece, 10000, &s);
			EXPECT_SLICE(buf_slice(&s.all), rows[i].want, rows[i].label);
			buf_fini(&s.all);
		}
	}
}

TEST(sniffs)
{
	EXPECT(mbox_sniff(S(FROM "A: 1\n")), "a mailbox");
	EXPECT(!mbox_sniff(S("From: a@example.net\nSubject: 12:30\n")), "a message");
	EXPECT(!mbox_sniff(S("From here\n")), "a sentence");
	EXPECT(!mbox_sniff(S("")), "nothing");
}

TEST(long_lines)
{
	struct buf in;
	struct split s;

	buf_init(&in, 100000);
	buf_add_str(&in, FROM "A: 1\n\n");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&in, 'x');
	buf_add_str(&in, "\n\n" FROM "B: 2\n\n");
	for (int i = 0; i < 1024; i++)
		buf_add_char(&in, ' ');
	buf_add_str(&in, "\n" FROM);
	split(buf_slice(&in), 333, 20000, &s);
	size_t bar = slice_find(buf_slice(&s.all), '|');
	EXPECT(bar == 6 + 5000 + 2, "a long line stays whole");
	EXPECT(slice_find_slice(slice_skip(buf_slice(&s.all), bar), S("\nFrom a@example")) !=
	               SIZE_MAX,
	       "the end of a long line is no empty line");
	buf_fini(&s.all);
	buf_fini(&in);
}

TEST(ceiling)
{
	struct slice in = S(FROM "A: 34567\n\n" FROM "A: 345678\n\n" FROM "B: 2\n");
	struct split s;

	split(in, 5, 10, &s);
	EXPECT_SLICE(buf_slice(&s.all), S("A: 34567\n\n||B: 2\n|"),
	             "MIME-06: a message above the ceiling is dropped, the rest is read");
	EXPECT(s.oversize == 1, "MIME-06: and told");
	buf_fini(&s.all);
}

TEST_MAIN(UNIT(splits), UNIT(sniffs), UNIT(long_lines), UNIT(ceiling))

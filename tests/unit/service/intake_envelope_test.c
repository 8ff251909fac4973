#include "service/intake_envelope.h"

#include "service/archive.h"
#include "test.h"

static const struct row {
	const char *label;
	struct slice line;
	enum err want;
	struct envelope e;
} rows[] = {
	{ "one recipient",
	  SLICE_INIT("192.0.2.1 abc tls@sender.example"),
	  OK,
	  { SLICE_INIT("192.0.2.1"), SLICE_INIT("tls@sender.example"), 1, { SLICE_INIT("abc") } } },
	{ "the null reverse path",
	  SLICE_INIT("2001:db8::1 abc "),
	  OK,
	  { SLICE_INIT("2001:db8::1"), SLICE_INIT(""), 1, { SLICE_INIT("abc") } } },
	{ "several recipients, nobody known at the other end, a sender with blanks",
	  SLICE_INIT("- abc,def \"a b\"@sender.example"),
	  OK,
	  { SLICE_INIT(""),
	    SLICE_INIT("\"a b\"@sender.example"),
	    2,
	    { SLICE_INIT("abc"), SLICE_INIT("def") } } },
	{ "to postmaster alone",
	  SLICE_INIT("192.0.2.1 - a@b"),
	  OK,
	  { SLICE_INIT("192.0.2.1"), SLICE_INIT("a@b"), 0, { { NULL, 0 } } } },
	{ "no line", SLICE_INIT(""), ERR_SYNTAX, { .tag_count = 0 } },
	{ "the tag of a POST", SLICE_INIT("abc"), ERR_SYNTAX, { .tag_count = 0 } },
	{ "nothing behind the tags", SLICE_INIT("192.0.2.1 abc"), ERR_SYNTAX, { .tag_count = 0 } },
	{ "an empty tag", SLICE_INIT("192.0.2.1 abc,,d a@b"), ERR_SYNTAX, { .tag_count = 0 } },
	{ "no tags", SLICE_INIT("192.0.2.1  a@b"), ERR_SYNTAX, { .tag_count = 0 } },
	{ "eleven tags",
	  SLICE_INIT("192.0.2.1 a,b,c,d,e,f,g,h,i,j,k a@b"),
	  ERR_LIMIT,
	  { .tag_count = 0 } },
};

TEST(lines)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct envelope got = { .tag_count = 0 };
		struct buf out;

		EXPECT(envelope_parse(row->line, &got) == row->want, row->label);
		EXPECT_SLICE(got.peer, row->e.peer, row->label);
		EXPECT_SLICE(got.sender, row->e.sender, row->label);
		EXPECT(got.tag_count == row->e.tag_count, row->label);
		for (size_t k = 0; k < row->e.tag_count; k++)
			EXPECT_SLICE(got.tags[k], row->e.tags[k], row->label);
		buf_init(&out, ENVELOPE_TEXT_MAX);
		if (row->want == OK) {
			EXPECT(envelope_format(&row->e, &out) == OK, row->label);
			EXPECT_SLICE(buf_slice(&out), row->line, row->label);
		}
		buf_fini(&out);
	}
}

TEST(ceilings)
{
	char long_text[300];
	struct envelope e = { .tag_count = ENVELOPE_TAGS_MAX };
	struct envelope back;
	struct buf out;

	memset(long_text, 'x', sizeof(long_text));
	e.peer = slice_of(long_text, ENVELOPE_PEER_MAX);
	e.sender = slice_of(long_text, ENVELOPE_SENDER_MAX);
	for (size_t i = 0; i < ENVELOPE_TAGS_MAX; i++)
		e.tags[i] = slice_of(long_text, ENVELOPE_TAG_MAX);
	buf_init(&out, ENVELOPE_TEXT_MAX);
	EXPECT(envelope_format(&e, &out) == OK, "everything as long as it may be");
	EXPECT(out.len <= ARCHIVE_HINT_MAX, "fits into the archive");
	EXPECT(envelope_parse(buf_slice(&out), &back) == OK && back.tag_count == e.tag_count,
	       "and is read again");
	buf_reset(&out);
	e.tags[3].len = ENVELOPE_TAG_MAX + 1;
	EXPECT(envelope_format(&e, &out) == ERR_LIMIT, "a longer tag");
	e.tags[3].len = 0;
	EXPECT(envelope_format(&e, &out) == ERR_LIMIT, "an empty tag");
	e.tags[3] = S("a,b");
	EXPECT(envelope_format(&e, &out) == ERR_SYNTAX, "a comma in a tag");
	e.tags[3] = S("a b");
	EXPECT(envelope_format(&e, &out) == ERR_SYNTAX, "a blank in a tag");
	e.tags[3] = S("x");
	e.sender.len = ENVELOPE_SENDER_MAX + 1;
	EXPECT(envelope_format(&e, &out) == ERR_LIMIT, "a longer sender");
	e.sender.len = 1;
	e.peer.len = ENVELOPE_PEER_MAX + 1;
	EXPECT(envelope_format(&e, &out) == ERR_LIMIT, "a longer peer");
	buf_fini(&out);
}

TEST_MAIN(UNIT(lines), UNIT(ceilings))

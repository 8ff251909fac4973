#include "wire/imap.h"

#include "unit/test.h"

#define MAX 200u

static const struct {
	const char *label, *in;
	enum err want;
	size_t len;
} frames[] = {
	{ "nothing yet", "", ERR_AGAIN, 0 },
	{ "half a line", "* OK hel", ERR_AGAIN, 0 },
	{ "a line", "* OK hello\r\nmore", OK, 12 },
	{ "a bare LF ends it, too", "* OK\nx", OK, 5 },
	{ "a literal goes on", "* 1 FETCH ({3}\r\nabc)\r\nx", OK, 22 },
	{ "a literal holds line ends", "* {4}\r\n\r\n\r\n\r\n", OK, 13 },
	{ "a literal that is to come", "* {100}\r\nabc", ERR_AGAIN, 0 },
	{ "a literal without its end", "* {3}\r\nabc", ERR_AGAIN, 0 },
	{ "two literals", "* {1}\r\na{1}\r\nb\r\n", OK, 16 },
	{ "an empty literal", "* {0}\r\n\r\n", OK, 9 },
	{ "a non-synchronising one", "* {1+}\r\na\r\n", OK, 11 },
	{ "braces without a number are text", "* {x}\r\n", OK, 7 },
	{ "a brace alone is text", "* }\r\n", OK, 5 },
	{ "a literal above the ceiling", "* {200}\r\n", ERR_LIMIT, 0 },
	{ "a literal beyond every number", "* {99999999999999999999}\r\n", OK, 26 },
	{ "the largest number", "* {4294967295}\r\n", ERR_LIMIT, 0 },
};

TEST(frames_end_where_they_should)
{
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct imap_frame f = { 0 };
		size_t len = 0;
		enum err e = imap_frame_step(&f, slice_str(frames[i].in), MAX, &len);

		EXPECT(e == frames[i].want, frames[i].label);
		EXPECT(len == frames[i].len, frames[i].label);
	}
}

/* One byte at a time gives the same end as all at once. */
TEST(pieces)
{
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct slice all = slice_str(frames[i].in);
		struct imap_frame f = { 0 };
		enum err e = ERR_AGAIN;
		size_t len = 0;

		for (size_t n = 0; e == ERR_AGAIN && n <= all.len; n++)
			e = imap_frame_step(&f, slice_head(all, n), MAX, &len);
		EXPECT(e == frames[i].want && len == frames[i].len, frames[i].label);
	}
}

TEST(a_line_without_end_has_a_ceiling)
{
	struct imap_frame f = { 0 };
	char text[MAX + 2];
	size_t len = 0;

	memset(text, 'a', sizeof(text));
	EXPECT(imap_frame_step(&f, slice_of(text, MAX - 1), MAX, &len) == ERR_AGAIN, "below");
	EXPECT(imap_frame_step(&f, slice_of(text, MAX), MAX, &len) == ERR_LIMIT, "there");
	f = (struct imap_frame){ 0 };
	text[MAX - 1] = '\n';
	EXPECT(imap_frame_step(&f, slice_of(text, MAX), MAX, &len) == OK && len == MAX, "fits");
	f = (struct imap_frame){ 0 };
	text[MAX - 1] = 'a';
	text[MAX] = '\n';
	EXPECT(imap_frame_step(&f, slice_of(text, MAX + 1), MAX, &len) == ERR_LIMIT, "one more");
}

static const struct {
	const char *label, *in, *text;
	enum err want;
	enum imap_kind kind;
	uint64_t number;
} responses[] = {
	{ "done", "m1 OK done\r\n", "done", OK, IMAP_OK, 0 },
	{ "case does not count", "m1 ok done\r\n", "done", OK, IMAP_OK, 0 },
	{ "refused", "m1 NO [TRYCREATE] no folder\r\n", "[TRYCREATE] no folder", OK, IMAP_NO, 0 },
	{ "not understood", "m1 BAD what\r\n", "what", OK, IMAP_BAD, 0 },
	{ "an unknown result is bad", "m1 MAYBE\r\n", "", OK, IMAP_BAD, 0 },
	{ "another's tag", "m2 OK done\r\n", "", ERR_SYNTAX, IMAP_OTHER, 0 },
	{ "nothing", "\r\n", "", ERR_SYNTAX, IMAP_OTHER, 0 },
	{ "goodbye", "* BYE soon\r\n", "soon", OK, IMAP_BYE, 0 },
	{ "exists", "* 23 EXISTS\r\n", "", OK, IMAP_EXISTS, 23 },
	{ "exists without a number", "* EXISTS\r\n", "", OK, IMAP_OTHER, 0 },
	{ "a number where none belongs", "* 3 SEARCH 1\r\n", "1", OK, IMAP_OTHER, 3 },
	{ "found", "* SEARCH 2 84 882\r\n", "2 84 882", OK, IMAP_SEARCH, 0 },
	{ "capabilities", "* CAPABILITY IMAP4rev1 MOVE\r\n", "IMAP4rev1 MOVE", OK, IMAP_CAPABILITY,
	  0 },
	{ "a code", "* OK [UIDNEXT 4392] next\r\n", "[UIDNEXT 4392] next", OK, IMAP_CODE, 0 },
	{ "fetched", "* 12 FETCH (UID 7)\r\n", "(UID 7)", OK, IMAP_FETCH, 12 },
	{ "a continuation", "+ go on\r\n", "go on", OK, IMAP_GO_ON, 0 },
	{ "flags", "* FLAGS (\\Seen)\r\n", "(\\Seen)", OK, IMAP_OTHER, 0 },
};

TEST(responses_have_kinds)
{
	for (size_t i = 0; i < ARRAY_LEN(responses); i++) {
		struct imap_response r = { .kind = IMAP_OTHER };
		enum err e = imap_response_parse(slice_str(responses[i].in), S("m1"), &r);

		EXPECT(e == responses[i].want, responses[i].label);
		EXPECT(r.kind == responses[i].kind, responses[i].label);
		EXPECT(e != OK || r.number == responses[i].number, responses[i].label);
		if (e == OK)
			EXPECT_SLICE(r.text, slice_str(responses[i].text), responses[i].label);
	}
}

static const struct {
	const char *label, *in;
	enum err want;
	uint64_t uid, size;
	const char *structure, *header, *body;
} fetches[] = {
	{ "all of it",
	  "(UID 45 RFC822.SIZE 1234 BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"x\") NIL NIL "
	  "\"7BIT\" 3 1) BODY[HEADER.FIELDS (A B)] {5}\r\nA: b\n)",
	  OK, 45, 1234, "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"x\") NIL NIL \"7BIT\" 3 1)", "A: b\n",
	  "" },
	{ "a body as literal", "(FLAGS (\\Seen) UID 1 BODY[] {8}\r\n)(\"\\\r\n {)", OK, 1, 0, "",
	  "", ")(\"\\\r\n {" },
	{ "a body in quotes", "(UID 1 BODY[] \"a \\\" b\")", OK, 1, 0, "", "", "a \\\" b" },
	{ "an empty body", "(UID 1 BODY[] NIL)", OK, 1, 0, "", "", "" },
	{ "items nobody asked for", "(MODSEQ (12) X-GM-MSGID 7 UID 9)", OK, 9, 0, "", "", "" },
	{ "lower case", "(uid 9 rfc822.size 3)", OK, 9, 3, "", "", "" },
	{ "nothing", "()", OK, 0, 0, "", "", "" },
	{ "no list", "UID 3", ERR_SYNTAX, 0, 0, "", "", "" },
	{ "no end", "(UID 3", ERR_SYNTAX, 0, 0, "", "", "" },
	{ "no number", "(UID x)", ERR_SYNTAX, 0, 0, "", "", "" },
	{ "a negative number", "(UID -1)", ERR_SYNTAX, 0, 0, "", "", "" },
	{ "a quote that never closes", "(UID 3 BODY[] \"abc)", ERR_SYNTAX, 0, 0, "", "", "" },
	{ "a literal longer than the rest", "(UID 3 BODY[] {9}\r\nabc)", ERR_SYNTAX, 0, 0, "", "",
	  "" },
	{ "a list that never closes", "(UID 3 BODYSTRUCTURE ((\"a\")", ERR_SYNTAX, 0, 0, "", "",
	  "" },
	{ "a name without value", "(UID)", ERR_SYNTAX, 0, 0, "", "", "" },
};

TEST(fetches_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(fetches); i++) {
		struct imap_fetch f = { .uid = 0 };
		enum err e = imap_fetch_parse(slice_str(fetches[i].in), &f);

		EXPECT(e == fetches[i].want, fetches[i].label);
		EXPECT(f.uid == fetches[i].uid && f.size == fetches[i].size, fetches[i].label);
		EXPECT_SLICE(f.structure, slice_str(fetches[i].structure), fetches[i].label);
		EXPECT_SLICE(f.header, slice_str(fetches[i].header), fetches[i].label);
		EXPECT_SLICE(f.body, slice_str(fetches[i].body), fetches[i].label);
	}
}

TEST(depth)
{
	char text[2 * IMAP_DEPTH_MAX + 8];
	struct slice rest;

	for (size_t n = IMAP_DEPTH_MAX; n <= IMAP_DEPTH_MAX + 1; n++) {
		memset(text, '(', n);
		memset(text + n, ')', n);
		rest = slice_of(text, 2 * n);
		EXPECT(imap_skip_value(&rest) == (n == IMAP_DEPTH_MAX), "n and n + 1 parentheses");
	}
}

TEST(codes_and_numbers)
{
	struct slice rest = S("3  7 x 9");
	uint64_t n = 0;

	EXPECT(imap_code_number(S("[UIDVALIDITY 4294967295] ok"), S("UIDVALIDITY"), &n) &&
	               n == 4294967295,
	       "the largest");
	EXPECT(!imap_code_number(S("[UIDVALIDITY 4294967296] ok"), S("UIDVALIDITY"), &n), "above");
	EXPECT(!imap_code_number(S("[UIDNEXT 4] ok"), S("UIDVALIDITY"), &n), "another code");
	EXPECT(!imap_code_number(S("UIDVALIDITY 4"), S("UIDVALIDITY"), &n), "no code");
	EXPECT(!imap_code_number(S("[UIDVALIDITY 4"), S("UIDVALIDITY"), &n), "no end");
	EXPECT(imap_next_number(&rest, &n) && n == 3, "first");
	EXPECT(imap_next_number(&rest, &n) && n == 7, "second");
	EXPECT(!imap_next_number(&rest, &n), "no number");
	EXPECT(imap_has_word(S("IMAP4rev1 Move"), S("MOVE")), "a word");
	EXPECT(!imap_has_word(S("IMAP4rev1 REMOVE"), S("MOVE")), "a part of one");
}

TEST_MAIN(UNIT(frames_end_where_they_should), UNIT(pieces), UNIT(a_line_without_end_has_a_ceiling),
          UNIT(responses_have_kinds), UNIT(fetches_are_read), UNIT(depth), UNIT(codes_and_numbers))

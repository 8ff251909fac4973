#include "mtasts/paste.h"

#include "finding_test.h"
#include "test.h"

#define NONE FINDING_KIND_COUNT
#define R "v=STSv1; id=a;"
#define Y50 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"

static const struct row {
	const char *label;
	struct slice text;
	struct slice want;      /* the only record */
	const char *owner;      /* NULL: none */
	enum finding_kind kind; /* NONE: no finding at all */
} rows[] = {
	{ "bare", SLICE_INIT(R), SLICE_INIT(R), NULL, NONE },
	{ "STS-03: a blank in front is part of a bare record", SLICE_INIT(" " R), SLICE_INIT(" " R),
	  NULL, NONE },
	{ "blanks at the end of bare text", SLICE_INIT(R " \t"), SLICE_INIT(R), NULL,
	  FINDING_PASTE_BLANKS },
	{ "a final line end", SLICE_INIT(R "\r\n"), SLICE_INIT(R), NULL, FINDING_PASTE_BLANKS },
	{ "escapes of dig", SLICE_INIT("v=STSv1\\; id=a\\;"), SLICE_INIT(R), NULL,
	  FINDING_PASTE_ESCAPES },
	{ "decimal escapes", SLICE_INIT("\"v=STSv1\\059 id=a;\""), SLICE_INIT(R), NULL,
	  FINDING_PASTE_ESCAPES },
	{ "an escape of NUL stays NUL", SLICE_INIT("\"a\\000b\""), SLICE_INIT("a\0b"), NULL,
	  FINDING_PASTE_ESCAPES },
	{ "an escape above 255", SLICE_INIT("\"a\\256\""), SLICE_INIT("a"), NULL,
	  FINDING_PASTE_ESCAPE },
	{ "a cut escape", SLICE_INIT("a\\25"), SLICE_INIT("a"), NULL, FINDING_PASTE_ESCAPE },
	{ "a lone backslash", SLICE_INIT("a\\"), SLICE_INIT("a"), NULL, FINDING_PASTE_ESCAPE },
	{ "quoted", SLICE_INIT("\"" R "\""), SLICE_INIT(R), NULL, FINDING_PASTE_QUOTES },
	{ "quoted with blanks around", SLICE_INIT(" \"" R "\" "), SLICE_INIT(R), NULL,
	  FINDING_PASTE_QUOTES },
	{ "STS-03: a blank inside the quotes stays", SLICE_INIT("\" " R "\""), SLICE_INIT(" " R),
	  NULL, FINDING_PASTE_QUOTES },
	{ "STS-16: split strings", SLICE_INIT("\"v=ST\" \"Sv1; id=2026\" \"0101;\""),
	  SLICE_INIT("v=STSv1; id=20260101;"), NULL, FINDING_PASTE_STRINGS },
	{ "STS-16: split strings without a blank between", SLICE_INIT("\"v=STSv1; \"\"id=a;\""),
	  SLICE_INIT(R), NULL, FINDING_PASTE_STRINGS },
	{ "a quotation mark inside", SLICE_INIT("\"a\\\"b\""), SLICE_INIT("a\"b"), NULL,
	  FINDING_PASTE_ESCAPES },
	{ "an open quotation mark", SLICE_INIT("\"" R), SLICE_INIT(R), NULL,
	  FINDING_PASTE_QUOTE_OPEN },
	{ "a zone line", SLICE_INIT("_mta-sts.example.com. 300 IN TXT \"" R "\""), SLICE_INIT(R),
	  "_mta-sts.example.com.", FINDING_PASTE_ZONE_LINE },
	{ "class before TTL", SLICE_INIT("_mta-sts IN 1h TXT \"" R "\""), SLICE_INIT(R), "_mta-sts",
	  FINDING_PASTE_ZONE_LINE },
	{ "only the type", SLICE_INIT("TXT \"" R "\""), SLICE_INIT(R), NULL,
	  FINDING_PASTE_ZONE_LINE },
	{ "no name", SLICE_INIT("\t300\tin\ttxt\t\"" R "\""), SLICE_INIT(R), NULL,
	  FINDING_PASTE_ZONE_LINE },
	{ "a comment behind", SLICE_INIT("_mta-sts TXT \"" R "\" ; ours"), SLICE_INIT(R),
	  "_mta-sts", FINDING_PASTE_COMMENT },
	{ "parentheses over lines", SLICE_INIT("_mta-sts TXT ( \"v=STSv1; \" ; one\n \"id=a;\" )"),
	  SLICE_INIT(R), "_mta-sts", FINDING_PASTE_STRINGS },
	{ "a zone line without quotes", SLICE_INIT("_mta-sts IN TXT v=STSv1; id=a;"), SLICE_INIT(R),
	  "_mta-sts", FINDING_PASTE_UNQUOTED },
	{ "a zone line with escapes", SLICE_INIT("_mta-sts IN TXT v=STSv1\\; id=a\\;"),
	  SLICE_INIT("v=STSv1;id=a;"), "_mta-sts", FINDING_PASTE_ESCAPES },
	{ "host", SLICE_INIT("_mta-sts.example.com descriptive text \"" R "\""), SLICE_INIT(R),
	  "_mta-sts.example.com", FINDING_PASTE_ZONE_LINE },
	{ "nslookup", SLICE_INIT("_mta-sts.example.com\ttext = \"" R "\""), SLICE_INIT(R),
	  "_mta-sts.example.com", FINDING_PASTE_ZONE_LINE },
	{ "words that are no zone line", SLICE_INIT("not a TXT record"),
	  SLICE_INIT("not a TXT record"), NULL, NONE },
	{ "a record that speaks of TXT", SLICE_INIT("v=STSv1; TXT id=a"),
	  SLICE_INIT("v=STSv1; TXT id=a"), NULL, NONE },
	{ "a string above 255", SLICE_INIT("\"" Y50 Y50 Y50 Y50 Y50 "yyyyyy\""),
	  SLICE_INIT(Y50 Y50 Y50 Y50 Y50 "yyyyyy"), NULL, FINDING_PASTE_STRING_LONG },
	{ "a string of 255", SLICE_INIT("\"" Y50 Y50 Y50 Y50 Y50 "yyyyy\""),
	  SLICE_INIT(Y50 Y50 Y50 Y50 Y50 "yyyyy"), NULL, FINDING_PASTE_QUOTES },
	{ "nothing", SLICE_INIT(""), SLICE_INIT(""), NULL, NONE },
};

TEST(single)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct pastes got = { .count = 0 };

		EXPECT(paste_read(rows[i].text, &f, &got) == OK && got.count == 1, rows[i].label);
		if (got.count == 1) {
			EXPECT_SLICE(got.list[0].text, rows[i].want, rows[i].label);
			EXPECT_SLICE(got.list[0].owner, slice_str(rows[i].owner), rows[i].label);
		}
		if (rows[i].kind == NONE)
			EXPECT(f.len == 0, rows[i].label);
		else
			EXPECT(found(&f, rows[i].kind), rows[i].label);
		arena_free(a);
	}
}

TEST(several_lines)
{
	struct arena *a = arena_new();
	struct findings f = findings_in(a);
	struct pastes got = { .count = 0 };

	EXPECT(paste_read(S("; <<>> dig\n\n_mta-sts.x. 300 IN TXT \"v=STSv1; id=a\"\r\n"
	                    "_mta-sts.x. 300 IN TXT \"other\"\n"),
	                  &f, &got) == OK,
	       "output of dig");
	EXPECT(got.count == 2 && found(&f, FINDING_PASTE_LINES), "two records");
	if (got.count == 2) {
		EXPECT_SLICE(got.list[0].text, S("v=STSv1; id=a"), "the first");
		EXPECT_SLICE(got.list[1].text, S("other"), "the second");
	}
	arena_free(a);
}

TEST(limits)
{
	struct arena *a = arena_new();
	struct findings f = findings_in(a);
	struct pastes got = { .count = 0 };
	char *big = mem_alloc(PASTE_TEXT_MAX + 1);

	memset(big, 'x', PASTE_TEXT_MAX + 1);
	EXPECT(paste_read(slice_of(big, PASTE_TEXT_MAX), &f, &got) == OK, "a megabyte");
	EXPECT(paste_read(slice_of(big, PASTE_TEXT_MAX + 1), &f, &got) == ERR_LIMIT, "one more");
	for (size_t i = 0; i < 4000; i += 2)
		big[i] = '\n';
	got.count = 0;
	EXPECT(paste_read(slice_of(big, (size_t)2 * PASTE_RECORDS_MAX), &f, &got) == OK,
	       "as many records as are taken");
	EXPECT(paste_read(S("x"), &f, &got) == ERR_LIMIT, "and one more");
	mem_free(big);
	arena_free(a);
}

TEST(owners)
{
	EXPECT(paste_owner_fits(S("_MTA-STS.example.com."), S("_mta-sts")),
	       "STS-01: the right name");
	EXPECT(paste_owner_fits(S("_mta-sts"), S("_mta-sts")), "STS-01: relative");
	EXPECT(!paste_owner_fits(S("_mta_sts.example.com."), S("_mta-sts")),
	       "STS-01: _mta_sts is another name");
	EXPECT(!paste_owner_fits(S("mta-sts.example.com."), S("_mta-sts")),
	       "STS-01: the policy host");
	EXPECT(!paste_owner_fits(S("example.com."), S("_mta-sts")), "STS-01: the bare domain");
	EXPECT(!paste_owner_fits(S("_mta-stsx"), S("_mta-sts")), "STS-01: a longer label");
	EXPECT(!paste_owner_fits(S("_smtp._tcp.example.com."), S("_smtp._tls")), "RPT-01: _tcp");
}

TEST_MAIN(UNIT(single), UNIT(several_lines), UNIT(limits), UNIT(owners))

#include "mtasts/record.h"

#include "finding_test.h"
#include "test.h"

#define ID32 "8E5bpv87mdL4Jd3AL65Czp4DHbF7W6ky"
#define N32 "abcdefghijklmnopqrstuvwxyz012345"
#define NONE FINDING_KIND_COUNT

static const struct row {
	const char *label;
	struct slice text;
	const char *id;         /* NULL: refused */
	enum finding_kind kind; /* expected among the findings; NONE: none at all */
} rows[] = {
	{ "STS-02: plain", SLICE_INIT("v=STSv1; id=20260101T1;"), "20260101T1", NONE },
	{ "STS-02: a byte above 0x7f", SLICE_INIT("v=STSv1; id=a; x=caf\xc3\xa9;"), NULL,
	  FINDING_RECORD_BYTES },
	{ "STS-02: NUL does not end the record", SLICE_INIT("v=STSv1; id=a;\0 id=b"), NULL,
	  FINDING_RECORD_BYTES },
	{ "STS-02: NUL at the end", SLICE_INIT("v=STSv1; id=a;\0"), NULL, FINDING_RECORD_BYTES },
	{ "STS-02: a line end", SLICE_INIT("v=STSv1; id=a;\n"), NULL, FINDING_RECORD_BYTES },
	{ "STS-02: DEL", SLICE_INIT("v=STSv1; id=a; x=\x7f"), NULL, FINDING_RECORD_BYTES },
	{ "STS-03: nothing around", SLICE_INIT("v=STSv1;id=a"), "a", NONE },
	{ "STS-03: V=STSv1", SLICE_INIT("V=STSv1;id=a"), NULL, FINDING_RECORD_VERSION },
	{ "STS-03: v=stsv1", SLICE_INIT("v=stsv1;id=a"), NULL, FINDING_RECORD_VERSION },
	{ "STS-03: a leading space", SLICE_INIT(" v=STSv1;id=a"), NULL,
	  FINDING_RECORD_LEADING_BLANK },
	{ "STS-03: a leading tab", SLICE_INIT("\tv=STSv1;id=a"), NULL,
	  FINDING_RECORD_LEADING_BLANK },
	{ "STS-03: a leading quote", SLICE_INIT("\"v=STSv1;id=a"), NULL, FINDING_RECORD_VERSION },
	{ "STS-03: id first", SLICE_INIT("id=a; v=STSv1"), NULL, FINDING_RECORD_VERSION },
	{ "STS-03: v=STSv10", SLICE_INIT("v=STSv10;id=a"), NULL, FINDING_RECORD_VERSION },
	{ "STS-03: blanks around the equals sign", SLICE_INIT("v = STSv1;id=a"), NULL,
	  FINDING_RECORD_VERSION },
	{ "STS-03: empty", SLICE_INIT(""), NULL, FINDING_RECORD_EMPTY },
	{ "STS-04: final semicolon and blanks", SLICE_INIT("v=STSv1; id=a; \t"), "a", NONE },
	{ "STS-04: the version alone", SLICE_INIT("v=STSv1"), NULL, FINDING_RECORD_NO_FIELD },
	{ "STS-04: and a semicolon", SLICE_INIT("v=STSv1; "), NULL, FINDING_RECORD_NO_FIELD },
	{ "STS-04: and a blank", SLICE_INIT("v=STSv1 "), NULL, FINDING_RECORD_NO_FIELD },
	{ "STS-04: an empty field in front", SLICE_INIT("v=STSv1;;id=a"), NULL,
	  FINDING_RECORD_EMPTY_FIELD },
	{ "STS-04: an empty field of blanks", SLICE_INIT("v=STSv1; ;id=a"), NULL,
	  FINDING_RECORD_EMPTY_FIELD },
	{ "STS-04: an empty field behind", SLICE_INIT("v=STSv1;id=a;;"), NULL,
	  FINDING_RECORD_EMPTY_FIELD },
	{ "STS-04: only empty fields", SLICE_INIT("v=STSv1;;"), NULL, FINDING_RECORD_EMPTY_FIELD },
	{ "STS-04: no semicolon", SLICE_INIT("v=STSv1 id=a"), NULL, FINDING_RECORD_VERSION },
	{ "STS-04: no semicolon between fields", SLICE_INIT("v=STSv1; id=a x=b"), NULL,
	  FINDING_RECORD_ID },
	{ "STS-05: a blank before the semicolon", SLICE_INIT("v=STSv1 \t;\t id=a \t; x=1"), "a",
	  FINDING_RECORD_BLANK_BEFORE_SEMICOLON },
	{ "STS-05: blanks at the end want a semicolon", SLICE_INIT("v=STSv1; id=a "), NULL,
	  FINDING_RECORD_TRAILING_BLANK },
	{ "STS-06: no id", SLICE_INIT("v=STSv1; x=1"), NULL, FINDING_RECORD_ID_MISSING },
	{ "STS-06 STS-12: id behind another field", SLICE_INIT("v=STSv1; x=1; id=a"), "a",
	  FINDING_RECORD_EXTENSION },
	{ "STS-07: one character", SLICE_INIT("v=STSv1; id=0"), "0", NONE },
	{ "STS-07: 32 characters", SLICE_INIT("v=STSv1; id=" ID32), ID32, NONE },
	{ "STS-07: 33 characters are refused", SLICE_INIT("v=STSv1; id=" ID32 "1"), NULL,
	  FINDING_RECORD_ID },
	{ "STS-07: none", SLICE_INIT("v=STSv1; id=;"), NULL, FINDING_RECORD_ID },
	{ "STS-07: hyphens", SLICE_INIT("v=STSv1; id=2026-01-01"), NULL, FINDING_RECORD_ID },
	{ "STS-07: an underscore", SLICE_INIT("v=STSv1; id=a_b"), NULL, FINDING_RECORD_ID },
	{ "STS-07: ID=", SLICE_INIT("v=STSv1; ID=a"), NULL, FINDING_RECORD_NAME_CASE },
	{ "STS-07: a blank before the equals sign", SLICE_INIT("v=STSv1; id =a"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-07: a blank behind it", SLICE_INIT("v=STSv1; id= a"), NULL, FINDING_RECORD_ID },
	{ "STS-10: a field nobody knows", SLICE_INIT("v=STSv1; id=a; foo.bar=baz"), "a",
	  FINDING_RECORD_EXTENSION },
	{ "STS-10: all characters of a value", SLICE_INIT("v=STSv1; id=a; x=!\"#9:<>@[\\]^`{|}~"),
	  "a", FINDING_RECORD_EXTENSION },
	{ "STS-10: a name of 32", SLICE_INIT("v=STSv1; id=a; " N32 "=1"), "a",
	  FINDING_RECORD_EXTENSION },
	{ "STS-10: a name of 33", SLICE_INIT("v=STSv1; id=a; " N32 "6=1"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-10: a name that begins with a hyphen", SLICE_INIT("v=STSv1; id=a; -x=1"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-10: a name with a percent sign", SLICE_INIT("v=STSv1; id=a; 1%=a"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-10: an empty name", SLICE_INIT("v=STSv1; id=a; =1"), NULL, FINDING_RECORD_FIELD },
	{ "STS-10: an empty value", SLICE_INIT("v=STSv1; id=a; x="), NULL, FINDING_RECORD_FIELD },
	{ "STS-10: an equals sign in a value", SLICE_INIT("v=STSv1; id=a; x=b=c"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-10: a blank in a value", SLICE_INIT("v=STSv1; id=a; x=b c"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-10: no equals sign", SLICE_INIT("v=STSv1; id=a; include"), NULL,
	  FINDING_RECORD_FIELD },
	{ "STS-11: the first id counts", SLICE_INIT("v=STSv1; id=a; id=b"), "a",
	  FINDING_RECORD_DUPLICATE },
	{ "STS-11: the second may be malformed", SLICE_INIT("v=STSv1; id=a; id=b-c"), "a",
	  FINDING_RECORD_DUPLICATE },
	{ "STS-11: the first may not", SLICE_INIT("v=STSv1; id=b-c; id=a"), NULL,
	  FINDING_RECORD_ID },
};

TEST(single)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct record got = { { NULL, 0 } };
		enum err e = record_read(rows[i].text, 1, &f, &got);

		EXPECT((e == OK) == (rows[i].id != NULL), rows[i].label);
		EXPECT((e == OK) == !findings_fail(&f), rows[i].label);
		if (rows[i].id != NULL)
			EXPECT_SLICE(got.id, slice_str(rows[i].id), rows[i].label);
		if (rows[i].kind == NONE)
			EXPECT(f.len == 0, rows[i].label);
		else
			EXPECT(found(&f, rows[i].kind), rows[i].label);
		arena_free(a);
	}
}

static const struct {
	const char *label;
	struct slice texts[3];
	size_t count;
	enum err want;
	enum finding_kind kind;
} sets[] = {
	{ "STS-13: no record", { { NULL, 0 } }, 0, ERR_NOTFOUND, FINDING_RECORD_NONE },
	{ "STS-13: one among others",
	  { SLICE_INIT("v=spf1 -all"), SLICE_INIT("v=STSv1; id=a"), SLICE_INIT("x") },
	  3,
	  OK,
	  FINDING_RECORD_UNRELATED },
	{ "STS-13: two",
	  { SLICE_INIT("v=STSv1; id=a"), SLICE_INIT("v=STSv1; id=b") },
	  2,
	  ERR_CONFLICT,
	  FINDING_RECORD_SEVERAL },
	{ "STS-13: the same twice",
	  { SLICE_INIT("v=STSv1; id=a"), SLICE_INIT("v=STSv1; id=a") },
	  2,
	  ERR_CONFLICT,
	  FINDING_RECORD_SEVERAL },
	{ "STS-13: a malformed one counts",
	  { SLICE_INIT("v=STSv1; id=a"), SLICE_INIT("v=STSv1;") },
	  2,
	  ERR_CONFLICT,
	  FINDING_RECORD_SEVERAL },
	{ "STS-13: none of two",
	  { SLICE_INIT("v=spf1 -all"), SLICE_INIT("x") },
	  2,
	  ERR_NOTFOUND,
	  FINDING_RECORD_NONE },
	{ "STS-14: one left, and malformed",
	  { SLICE_INIT("v=spf1 -all"), SLICE_INIT("v=STSv1; id=-") },
	  2,
	  ERR_SYNTAX,
	  FINDING_RECORD_ID },
	{ "STS-05: alone a blank before the semicolon is taken",
	  { SLICE_INIT("v=STSv1 ;id=a") },
	  1,
	  OK,
	  FINDING_RECORD_BLANK_BEFORE_SEMICOLON },
	{ "STS-05: beside another record it is dropped",
	  { SLICE_INIT("v=STSv1 ;id=a"), SLICE_INIT("v=spf1 -all") },
	  2,
	  ERR_NOTFOUND,
	  FINDING_RECORD_INVISIBLE },
	{ "STS-05: beside a good one the good one is used",
	  { SLICE_INIT("v=STSv1 ;id=b"), SLICE_INIT("v=STSv1;id=a") },
	  2,
	  OK,
	  FINDING_RECORD_UNRELATED },
	{ "STS-13: the filter wants the semicolon",
	  { SLICE_INIT("v=STSv10;id=b"), SLICE_INIT("v=STSv1;id=a") },
	  2,
	  OK,
	  FINDING_RECORD_UNRELATED },
};

TEST(several)
{
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct record got = { S("untouched") };
		enum err e = record_set_read(sets[i].texts, sets[i].count, &f, &got);

		EXPECT(e == sets[i].want, sets[i].label);
		EXPECT(found(&f, sets[i].kind), sets[i].label);
		EXPECT((e == OK) == !findings_fail(&f), sets[i].label);
		if (e == OK)
			EXPECT_SLICE(got.id, S("a"), sets[i].label);
		if (e == ERR_CONFLICT || e == ERR_NOTFOUND)
			EXPECT_SLICE(got.id, S("untouched"), sets[i].label);
		arena_free(a);
	}
}

TEST(limits)
{
	struct arena *a = arena_new();
	struct findings f = findings_in(a);
	struct record got;
	struct buf b;

	buf_init(&b, RECORD_TEXT_MAX + 1);
	buf_add_str(&b, "v=STSv1; id=a; x=");
	while (b.len < RECORD_TEXT_MAX)
		buf_add_char(&b, 'y');
	EXPECT(record_read(buf_slice(&b), 1, &f, &got) == OK, "STS-10: as long as RDATA can be");
	buf_add_char(&b, 'y');
	EXPECT(record_read(buf_slice(&b), 1, &f, &got) == ERR_LIMIT &&
	               found(&f, FINDING_RECORD_TOO_LONG),
	       "STS-10: longer");
	buf_fini(&b);
	arena_free(a);
}

TEST(writer)
{
	static const char chars[] = "abcXYZ0189";
	uint64_t seed = 99;
	struct buf b;

	buf_init(&b, 100);
	EXPECT(record_format(&(struct record){ S("20260101000000") }, &b) == OK, "STS-07: an id");
	EXPECT_SLICE(buf_slice(&b), S("v=STSv1; id=20260101000000;"),
	             "STS-05: no blank before a semicolon");
	buf_reset(&b);
	EXPECT(record_format(&(struct record){ S("") }, &b) == ERR_SYNTAX, "STS-07: no id");
	EXPECT(record_format(&(struct record){ S("a;b") }, &b) == ERR_SYNTAX,
	       "STS-07: a semicolon");
	EXPECT(record_format(&(struct record){ S(ID32 "x") }, &b) == ERR_SYNTAX && b.len == 0,
	       "STS-07: 33 characters are not written");

	for (size_t round = 0; round < 1000; round++) {
		char id[RECORD_ID_MAX + 1];
		size_t n = 1 + test_random(&seed) % RECORD_ID_MAX;
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct record x = { slice_of(id, n) }, y;

		for (size_t i = 0; i < n; i++)
			id[i] = chars[test_random(&seed) % (sizeof(chars) - 1)];
		buf_reset(&b);
		EXPECT(record_format(&x, &b) == OK, "STS-07: any id is written");
		EXPECT(record_read(buf_slice(&b), 1, &f, &y) == OK && f.len == 0,
		       "STS-07: and read without a word");
		EXPECT_SLICE(y.id, x.id, "parse(format(x)) == x");
		arena_free(a);
	}
	buf_fini(&b);
}

TEST_MAIN(UNIT(single), UNIT(several), UNIT(limits), UNIT(writer))

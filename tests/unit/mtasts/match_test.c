#include "mtasts/match.h"

#include "test.h"

static const struct row {
	const char *label;
	struct slice pattern, host;
	bool want;
} rows[] = {
	{ "STS-65: exact name", SLICE_INIT("mx1.example.net"), SLICE_INIT("mx1.example.net"),
	  true },
	{ "STS-65: case is not significant", SLICE_INIT("MX1.example.NET"),
	  SLICE_INIT("mx1.EXAMPLE.net"), true },
	{ "STS-65: a final dot of the host", SLICE_INIT("mx1.example.net"),
	  SLICE_INIT("mx1.example.net."), true },
	{ "STS-65: another name", SLICE_INIT("mx1.example.net"), SLICE_INIT("mx2.example.net"),
	  false },
	{ "STS-65: a longer name", SLICE_INIT("example.net"), SLICE_INIT("mx.example.net"), false },
	{ "STS-66: star takes one label", SLICE_INIT("*.example.net"),
	  SLICE_INIT("mx1.example.net"), true },
	{ "STS-66: star and a final dot", SLICE_INIT("*.example.net"),
	  SLICE_INIT("mx1.example.net."), true },
	{ "STS-66: star refuses two labels", SLICE_INIT("*.example.net"),
	  SLICE_INIT("a.b.example.net"), false },
	{ "STS-66: star refuses no label", SLICE_INIT("*.example.net"), SLICE_INIT("example.net"),
	  false },
	{ "STS-66: star refuses an empty label", SLICE_INIT("*.example.net"),
	  SLICE_INIT(".example.net"), false },
	{ "STS-66: star refuses a part of a label", SLICE_INIT("*.example.com"),
	  SLICE_INIT("mailexample.com"), false },
	{ "STS-66: star only on the left", SLICE_INIT("mx.*.net"), SLICE_INIT("mx.example.net"),
	  false },
	{ "STS-66: a host of Google with two labels", SLICE_INIT("*.l.google.com"),
	  SLICE_INIT("alt1.aspmx.l.google.com"), false },
	{ "STS-66: a host of Microsoft with two labels", SLICE_INIT("*.mx.microsoft"),
	  SLICE_INIT("contoso-com.h-v1.mx.microsoft"), false },
	{ "STS-32: A-labels", SLICE_INIT("*.xn--bcher-kva.example"),
	  SLICE_INIT("mx.XN--bcher-kva.example"), true },
	{ "empty pattern", SLICE_INIT(""), SLICE_INIT("mx1.example.net"), false },
	{ "empty pattern and host", SLICE_INIT(""), SLICE_INIT(""), false },
	{ "a lone star", SLICE_INIT("*"), SLICE_INIT("mx"), false },
	{ "a star without a name", SLICE_INIT("*."), SLICE_INIT("mx."), false },
};

/* Holds for every input: a star pattern never matches its own base name. */
static void base_never_matches(struct slice pattern)
{
	if (pattern.len > 2 && pattern.p[0] == '*') {
		struct slice base = slice_skip(pattern, 2);

		EXPECT(!mxmatch(pattern, base), "STS-66: star matched its own base");
	}
}

TEST(single)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT(mxmatch(rows[i].pattern, rows[i].host) == rows[i].want, rows[i].label);
		base_never_matches(rows[i].pattern);
	}
}

TEST(cover)
{
	const struct slice patterns[] = { S("mx1.example.net"), S("*.backup.example"),
		                          S("old.example") };
	const struct slice hosts[] = { S("MX1.example.net."), S("a.backup.example"),
		                       S("a.b.backup.example"), S("mx2.example.net") };
	bool matched[4], used[3];
	size_t missing = mxmatch_cover(patterns, 3, hosts, 4, matched, used);

	EXPECT(missing == 2, "STS-97: two hosts without a pattern");
	EXPECT(matched[0] && matched[1] && !matched[2] && !matched[3], "STS-97: which hosts");
	EXPECT(used[0] && used[1] && !used[2], "STS-97: which patterns match no host");
	EXPECT(mxmatch_cover(patterns, 3, hosts, 4, NULL, NULL) == 2, "without the lists");
	EXPECT(mxmatch_cover(patterns, 3, hosts, 0, NULL, used) == 0 && !used[0],
	       "STS-97: without hosts nothing is used");
	EXPECT(mxmatch_any(patterns, 3, S("x.backup.example")) && !mxmatch_any(patterns, 0, S("x")),
	       "any");
}

/* For every name without dots at its ends: one label more is matched by the star, two are not. */
TEST(star_laws)
{
	uint64_t seed = 5;

	for (size_t round = 0; round < 3000; round++) {
		char base[32], pattern[40], one[48], two[64];
		size_t n = 1 + test_random(&seed) % 20;

		for (size_t i = 0; i < n; i++)
			base[i] = "ab-.Z"[test_random(&seed) % (i == 0 || i + 1 == n ? 2 : 5)];
		base[n] = '\0';
		(void)snprintf(pattern, sizeof(pattern), "*.%s", base);
		(void)snprintf(one, sizeof(one), "l.%s", base);
		(void)snprintf(two, sizeof(two), "k.l.%s", base);
		EXPECT(mxmatch(slice_str(pattern), slice_str(one)), "STS-66: one label");
		EXPECT(!mxmatch(slice_str(pattern), slice_str(two)), "STS-66: two labels");
		EXPECT(!mxmatch(slice_str(pattern), slice_str(base)), "STS-66: no label");
		EXPECT(mxmatch(slice_str(one), slice_str(one)), "STS-65: itself");
	}
}

TEST_MAIN(UNIT(single), UNIT(cover), UNIT(star_laws))

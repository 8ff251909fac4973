/* Who a verified signer is: alignment of domains, and known reporters. */
#include "test.h"
#include "tlsrpt/aligned.h"
#include "tlsrpt/reporters.h"
#include "tlsrpt/reporters_data.h"

static const struct {
	const char *label, *a, *b;
	bool want;
} pairs[] = {
	{ "DKIM-03: the same domain", "google.com", "google.com", true },
	{ "DKIM-03: case does not count", "Google.com", "GOOGLE.COM", true },
	{ "DKIM-03: d= above the submitter", "example.com", "mail.example.com", true },
	{ "DKIM-03: d= below the submitter (corp.mail.ru)", "corp.mail.ru", "mail.ru", true },
	{ "DKIM-03: two below one", "a.example.co.uk", "b.example.co.uk", true },
	{ "DKIM-03: another organisation", "esp.example", "sender.example", false },
	{ "DKIM-03: neighbours below a public suffix", "a.co.uk", "b.co.uk", false },
	{ "DKIM-03: a public suffix and what is below", "co.uk", "example.co.uk", false },
	{ "DKIM-03: a top level domain", "com", "example.com", false },
	{ "DKIM-03: private suffixes are suffixes", "a.github.io", "b.github.io", false },
	{ "DKIM-03: a name that ends the same way", "evilexample.com", "example.com", false },
	{ "DKIM-03: a top level that no list has", "mx.sender.test", "sender.test", true },
	{ "nothing aligns with nothing", "", "", false },
	{ "nor with something", "", "example.com", false },
};

TEST(alignment)
{
	const psl_ctx_t *list = psl_builtin();

	assert_non_null(list);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct slice a = slice_str(pairs[i].a), b = slice_str(pairs[i].b);

		EXPECT(aligned_same(list, a, b) == pairs[i].want, pairs[i].label);
		EXPECT(aligned_same(list, b, a) == pairs[i].want, pairs[i].label);
	}
}

TEST(long_names)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	for (size_t i = 60; i < sizeof(name); i += 61)
		name[i] = '.';
	EXPECT(aligned_organization(psl_builtin(), slice_of(name, 253)).len > 0, "253 characters");
	EXPECT(aligned_organization(psl_builtin(), slice_of(name, 254)).len == 0, "254 characters");
	EXPECT(aligned_organization(psl_builtin(), slice_of("a\0b.example", 11)).len == 0, "a NUL");
}

TEST(known_reporters)
{
	static const struct {
		const char *label, *signer, *organization;
	} rows[] = {
		{ "Google", "google.com", "Google" },
		{ "below a known domain", "mail.google.com", "Google" },
		{ "Microsoft", "microsoft.com", "Microsoft" },
		{ "Mail.ru signs as corp.mail.ru", "corp.mail.ru", "Mail.ru" },
		{ "Yahoo", "yahooinc.com", "Yahoo" },
		{ "Comcast", "comcast.com", "Comcast" },
		{ "GMX", "gmx.net", "GMX" },
		{ "capitals", "GOOGLE.COM", "Google" },
		{ "a name that ends the same way", "notgoogle.com", NULL },
		{ "a name that begins the same way", "google.com.evil.example", NULL },
		{ "nobody", "sender.example", NULL },
		{ "nothing", "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT_SLICE(slice_str(reporters_by_signer(slice_str(rows[i].signer))),
		             slice_str(rows[i].organization), rows[i].label);
}

TEST(names_of_reporters)
{
	EXPECT(reporters_name(S("google.com"), S("Google Inc.")) == REPORTER_NAME_OWN, "own");
	EXPECT(reporters_name(S("google.com"), S(" google INC. ")) == REPORTER_NAME_OWN,
	       "case and blanks");
	EXPECT(reporters_name(S("evil.example"), S("Google Inc.")) == REPORTER_NAME_OTHERS,
	       "another's");
	EXPECT(reporters_name(S("evil.example"), S("google.com")) == REPORTER_NAME_OTHERS,
	       "another's domain as a name");
	EXPECT(reporters_name(S("microsoft.com"), S("Google Inc.")) == REPORTER_NAME_OTHERS,
	       "a known one with another's name");
	EXPECT(reporters_name(S("sender.example"), S("Sender")) == REPORTER_NAME_FREE, "unknown");
	EXPECT(reporters_name(S("google.com"), S("Alphabet")) == REPORTER_NAME_FREE,
	       "a known one with a name nobody has");
	EXPECT(reporters_name(S("sender.example"), S("")) == REPORTER_NAME_FREE, "no name");
}

/* The data file itself. */
TEST(the_table)
{
	EXPECT(reporters_count >= 9, "the large reporters are in it");
	for (size_t i = 0; i < reporters_count; i++) {
		const struct reporter *r = &reporters_table[i];

		EXPECT(reporters_name(slice_str(r->domains[0]), slice_str(r->organization)) ==
		               REPORTER_NAME_OWN,
		       r->organization);
		for (const char *const *d = r->domains; *d != NULL; d++) {
			EXPECT(aligned_organization(psl_builtin(), slice_str(*d)).len > 0,
			       "no domain of it is a public suffix");
			EXPECT_SLICE(slice_str(reporters_by_signer(slice_str(*d))),
			             slice_str(r->organization), *d);
		}
	}
}

TEST_MAIN(UNIT(alignment), UNIT(long_names), UNIT(known_reporters), UNIT(names_of_reporters),
          UNIT(the_table))

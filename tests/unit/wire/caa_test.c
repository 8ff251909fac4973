#include "wire/caa.h"

#include "test.h"

static const struct slice identities[] = { SLICE_INIT("ca.example"), SLICE_INIT("ca.example.org") };

#define ISSUE "\0\005issue"

static const struct row {
	const char *label;
	struct slice rdata[2];
	size_t count;
	enum caa_verdict want;
} rows[] = {
	{ "ACME-30: no record", { { NULL, 0 } }, 0, CAA_PERMITS },
	{ "ACME-30: our CA", { SLICE_INIT(ISSUE "ca.example") }, 1, CAA_PERMITS },
	{ "ACME-30: in other letters and with blanks",
	  { SLICE_INIT("\0\005ISSUE CA.Example.org ") },
	  1,
	  CAA_PERMITS },
	{ "ACME-30: another CA", { SLICE_INIT(ISSUE "other.example") }, 1, CAA_FORBIDS },
	{ "ACME-30: nobody", { SLICE_INIT(ISSUE ";") }, 1, CAA_FORBIDS },
	{ "ACME-30: one of two",
	  { SLICE_INIT(ISSUE "other.example"), SLICE_INIT(ISSUE "ca.example") },
	  2,
	  CAA_PERMITS },
	{ "ACME-30: issuewild alone does not bind a plain name",
	  { SLICE_INIT("\0\011issuewild;") },
	  1,
	  CAA_PERMITS },
	{ "ACME-30: iodef alone", { SLICE_INIT("\0\005iodefmailto:a@b.example") }, 1, CAA_PERMITS },
	{ "ACME-30: our account",
	  { SLICE_INIT(ISSUE "ca.example; accounturi=https://ca.example/acct/1") },
	  1,
	  CAA_PERMITS },
	{ "ACME-30: another account",
	  { SLICE_INIT(ISSUE "ca.example; accounturi=https://ca.example/acct/2") },
	  1,
	  CAA_OTHER_ACCOUNT },
	{ "ACME-30: our method among several",
	  { SLICE_INIT(ISSUE "ca.example;validationmethods=dns-01, http-01") },
	  1,
	  CAA_PERMITS },
	{ "ACME-30: another method",
	  { SLICE_INIT(ISSUE "ca.example; validationmethods=dns-01") },
	  1,
	  CAA_OTHER_METHOD },
	{ "ACME-30: an unknown critical property",
	  { SLICE_INIT("\200\003tbsx"), SLICE_INIT(ISSUE "ca.example") },
	  2,
	  CAA_UNKNOWN_CRITICAL },
	{ "ACME-30: an unknown one that is not critical",
	  { SLICE_INIT("\0\003tbsx"), SLICE_INIT(ISSUE "ca.example") },
	  2,
	  CAA_PERMITS },
	{ "ACME-30: a tag longer than the record",
	  { SLICE_INIT("\0\017issue") },
	  1,
	  CAA_MALFORMED },
	{ "ACME-30: an empty tag", { SLICE_INIT("\0\0x") }, 1, CAA_MALFORMED },
};

TEST(verdicts)
{
	struct caa_asker asker = { 2, identities, S("https://ca.example/acct/1"), S("http-01") };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum caa_verdict v = caa_judge(rows[i].rdata, rows[i].count, &asker);
		EXPECT(v == rows[i].want, rows[i].label);
		EXPECT(caa_words(v)[0] != '\0', rows[i].label);
	}
}

TEST_MAIN(UNIT(verdicts))

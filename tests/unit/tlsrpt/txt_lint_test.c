#include "tlsrpt/txt_lint.h"

#include "../mtasts/finding_test.h"
#include "test.h"

#define NONE FINDING_KIND_COUNT

static const struct row {
	const char *label;
	struct slice args[3];
	size_t count;
	enum txt_kind kind;
	bool valid;
	const char *id;
	size_t rua;
	enum finding_kind finding;
} rows[] = {
	{ "a bare record", { SLICE_INIT("v=STSv1; id=a;") }, 1, TXT_STS, true, "a", 0, NONE },
	{ "STS-16: split strings",
	  { SLICE_INIT("_mta-sts.x. 300 IN TXT \"v=STSv1; id=2026\" \"0101;\"") },
	  1,
	  TXT_STS,
	  true,
	  "20260101",
	  0,
	  FINDING_PASTE_STRINGS },
	{ "RPT-10: split strings",
	  { SLICE_INIT("\"v=TLSRPTv1; rua=mailto:r@exa\" \"mple.com\"") },
	  1,
	  TXT_TLSRPT,
	  true,
	  NULL,
	  1,
	  FINDING_PASTE_STRINGS },
	{ "STS-13: two arguments are two records",
	  { SLICE_INIT("v=STSv1; id=a"), SLICE_INIT("v=STSv1; id=b") },
	  2,
	  TXT_STS,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_SEVERAL },
	{ "STS-13: one among others",
	  { SLICE_INIT("x=y"), SLICE_INIT("\"v=STSv1; id=a\"") },
	  2,
	  TXT_STS,
	  true,
	  "a",
	  0,
	  FINDING_RECORD_UNRELATED },
	{ "the other kind at the name is unrelated",
	  { SLICE_INIT("v=STSv1; id=a"), SLICE_INIT("v=TLSRPTv1; rua=mailto:r@x.example") },
	  2,
	  TXT_STS,
	  true,
	  "a",
	  0,
	  FINDING_RECORD_UNRELATED },
	{ "STS-03: a misspelt version keeps its kind",
	  { SLICE_INIT("V=stsv1; id=a") },
	  1,
	  TXT_STS,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_VERSION },
	{ "RPT-02: the same",
	  { SLICE_INIT("v=tlsrpt1; rua=mailto:r@x.example") },
	  1,
	  TXT_TLSRPT,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_VERSION },
	{ "STS-03: the version is not the first field",
	  { SLICE_INIT("id=a; v=STSv1") },
	  1,
	  TXT_STS,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_VERSION },
	{ "the name tells the kind",
	  { SLICE_INIT("_smtp._tls TXT \"rua=mailto:r@x.example\"") },
	  1,
	  TXT_TLSRPT,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_VERSION },
	{ "neither",
	  { SLICE_INIT("v=spf1 -all") },
	  1,
	  TXT_UNKNOWN,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_UNKNOWN },
	{ "nothing", { SLICE_INIT("") }, 1, TXT_UNKNOWN, false, NULL, 0, FINDING_RECORD_UNKNOWN },
	{ "no argument",
	  { SLICE_INIT("") },
	  0,
	  TXT_UNKNOWN,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_UNKNOWN },
	{ "an id is shown though the rest is wrong",
	  { SLICE_INIT("v=STSv1; id=a; x=") },
	  1,
	  TXT_STS,
	  false,
	  "a",
	  0,
	  FINDING_RECORD_FIELD },
	{ "STS-01: a record at the bare domain",
	  { SLICE_INIT("example.com. 300 IN TXT \"v=STSv1; id=a\"") },
	  1,
	  TXT_STS,
	  true,
	  "a",
	  0,
	  FINDING_PASTE_OWNER },
	{ "STS-01: at the right name",
	  { SLICE_INIT("_mta-sts.example.com. 300 IN TXT \"v=STSv1; id=a\"") },
	  1,
	  TXT_STS,
	  true,
	  "a",
	  0,
	  FINDING_PASTE_ZONE_LINE },
	{ "RPT-01: at _smtp._tcp",
	  { SLICE_INIT("_smtp._tcp.x. IN TXT \"v=TLSRPTv1; rua=mailto:r@x.example\"") },
	  1,
	  TXT_TLSRPT,
	  true,
	  NULL,
	  1,
	  FINDING_PASTE_OWNER },
	{ "an open quotation mark is not valid",
	  { SLICE_INIT("\"v=STSv1; id=a") },
	  1,
	  TXT_STS,
	  false,
	  "a",
	  0,
	  FINDING_PASTE_QUOTE_OPEN },
	{ "output of dig with two records",
	  { SLICE_INIT("_mta-sts.x. 1 IN TXT \"v=STSv1; id=a\"\n_mta-sts.x. 1 IN TXT \"v=STSv1; "
	               "id=b\"\n") },
	  1,
	  TXT_STS,
	  false,
	  NULL,
	  0,
	  FINDING_RECORD_SEVERAL },
};

TEST(pasted)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct txt_lint got;

		EXPECT(txt_lint_read(r->args, r->count, &f, &got) == OK, r->label);
		EXPECT(got.kind == r->kind && got.valid == r->valid, r->label);
		EXPECT(got.valid == !findings_fail(&f), r->label);
		EXPECT_SLICE(got.id, slice_str(r->id), r->label);
		EXPECT(got.tlsrpt.rua_count == r->rua, r->label);
		if (r->finding == NONE)
			EXPECT(f.len == 0, r->label);
		else
			EXPECT(found(&f, r->finding), r->label);
		arena_free(a);
	}
}

TEST(codes)
{
	for (size_t i = 0; i < FINDING_KIND_COUNT; i++) {
		for (size_t k = 0; k < i; k++)
			EXPECT(strcmp(finding_kinds[i].code, finding_kinds[k].code) != 0,
			       finding_kinds[i].code);
		EXPECT(slice_is_utf8(slice_str(finding_kinds[i].sentence)), finding_kinds[i].code);
	}
}

TEST_MAIN(UNIT(pasted), UNIT(codes))

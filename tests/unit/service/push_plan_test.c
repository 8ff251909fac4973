/* What is written into somebody's zone, and what is left alone. */
#include "service/push_plan.h"

#include "test.h"
#include "wire/dns_message.h"

#define OURS "v=TLSRPTv1; rua=https://r.example/v1/report/tag"
#define STS(id) "v=STSv1; id=" id ";"

/* "A 192.0.2.1|TXT text": records apart by bars. */
static void fill(struct arena *a, const char *text, struct push_set *out)
{
	struct slice rest = slice_str(text), one, word, value;

	out->count = 0;
	while (slice_next(&rest, '|', &one)) {
		if (!slice_cut(one, ' ', &word, &value))
			continue;
		uint16_t type = slice_eq(word, S("A"))      ? DNS_A
		                : slice_eq(word, S("AAAA")) ? DNS_AAAA
		                : slice_eq(word, S("TXT"))  ? DNS_TXT
		                                            : DNS_CNAME;
		EXPECT(push_add_text(a, type, 300, arena_str(a, value), out) == OK, text);
	}
}

static const char *shown(struct arena *a, const struct push_plan *p)
{
	const char *drop = push_set_text(a, &p->drop), *add = push_set_text(a, &p->add);

	switch (p->verdict) {
	case PUSH_FOREIGN:
		return "foreign";
	case PUSH_NOTHING:
		return "nothing";
	case PUSH_CHANGE:
	default:
		return arena_printf(a, "-%s +%s", drop, add);
	}
}

struct row {
	const char *label;
	enum domain_record record;
	const char *have, *want, *before, *want_verdict;
};

static void expect(struct arena *a, const struct row *r, const char *kept)
{
	struct push_set have, want;
	struct push_plan plan;
	const struct push_facts f = { .record = r->record,
		                      .have = &have,
		                      .want = &want,
		                      .before = r->before,
		                      .remembered = r->before,
		                      .kept = kept,
		                      .report_host = "r.example" };

	fill(a, r->have, &have);
	fill(a, r->want, &want);
	push_plan(a, &f, &plan);
	EXPECT_SLICE(slice_str(shown(a, &plan)), slice_str(r->want_verdict), r->label);
	EXPECT((plan.why != NULL) == (plan.verdict == PUSH_FOREIGN), "a refusal has its reason");
}

TEST(verdicts)
{
	static const struct row rows[] = {
		{ "the first id", RECORD_ID, "", "TXT " STS("2"), "", "- +TXT " STS("2") },
		{ "there already", RECORD_ID, "TXT " STS("2"), "TXT " STS("2"), "", "nothing" },
		{ "DNS-10: ours is replaced in one step", RECORD_ID, "TXT " STS("1"),
		  "TXT " STS("2"), "TXT " STS("1"), "-TXT " STS("1") " +TXT " STS("2") },
		{ "DNS-09: somebody else's is not", RECORD_ID, "TXT " STS("9"), "TXT " STS("2"),
		  "TXT " STS("1"), "foreign" },
		{ "DNS-09: nor one beside ours", RECORD_ID, "TXT " STS("1") "|TXT " STS("9"),
		  "TXT " STS("2"), "TXT " STS("1"), "foreign" },
		{ "DNS-09: nor is what was taken away put back", RECORD_ID, "TXT other",
		  "TXT " STS("2"), "TXT " STS("1"), "foreign" },
		{ "other texts stay", RECORD_ID, "TXT other", "TXT " STS("2"), "",
		  "- +TXT " STS("2") },
		{ "DNS-04: nothing beside a CNAME", RECORD_ID, "CNAME x.example", "TXT " STS("2"),
		  "", "foreign" },
		{ "an address", RECORD_HOST, "", "A 192.0.2.1|AAAA 2001:db8::1", "",
		  "- +A 192.0.2.1\nAAAA 2001:db8::1" },
		{ "it moves", RECORD_HOST, "A 192.0.2.1", "A 192.0.2.2", "A 192.0.2.1",
		  "-A 192.0.2.1 +A 192.0.2.2" },
		{ "another's address", RECORD_HOST, "A 192.0.2.9", "A 192.0.2.1", "", "foreign" },
		{ "case of names does not count", RECORD_HOST, "CNAME MX.example",
		  "CNAME mx.example", "", "nothing" },
		{ "another vendor's reports go on", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example", "TXT " OURS, "",
		  "-TXT v=TLSRPTv1; rua=mailto:a@v.example +TXT v=TLSRPTv1; "
		  "rua=mailto:a@v.example,https://r.example/v1/report/tag" },
		{ "merged already", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag",
		  "TXT " OURS, "TXT " OURS, "nothing" },
		{ "our old address goes from a merged one", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/old",
		  "TXT " OURS, "",
		  "-TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/old +TXT "
		  "v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag" },
		{ "an address of the operator's that changed goes too", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example,mailto:me@x.example", "TXT " OURS,
		  "TXT v=TLSRPTv1; rua=mailto:me@x.example",
		  "-TXT v=TLSRPTv1; rua=mailto:a@v.example,mailto:me@x.example +TXT v=TLSRPTv1; "
		  "rua=mailto:a@v.example,https://r.example/v1/report/tag" },
		{ "two of others are for a person", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example|TXT v=TLSRPTv1; rua=mailto:b@v.example",
		  "TXT " OURS, "", "foreign" },
		{ "ours is taken off a merged one when nothing is wanted", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag", "",
		  "TXT " OURS,
		  "-TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag +TXT "
		  "v=TLSRPTv1; rua=mailto:a@v.example" },
		{ "and a stranger's alone is left as it is", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:a@v.example", "", "TXT " OURS, "nothing" },
		{ "and addresses of the operator's go with us", RECORD_REPORTS,
		  "TXT v=TLSRPTv1; rua=mailto:me@x.example", "",
		  "TXT v=TLSRPTv1; rua=mailto:me@x.example",
		  "-TXT v=TLSRPTv1; rua=mailto:me@x.example +" },
		{ "ours is taken away when nothing is wanted", RECORD_ID, "TXT " STS("1"), "",
		  "TXT " STS("1"), "-TXT " STS("1") " +" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(a, &rows[i], "");
	arena_free(a);
}

TEST(addresses_of_others)
{
	static const struct row r = {
		"DNS-09: whoever was there before us goes on when we leave",
		RECORD_REPORTS,
		"TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag",
		"",
		"TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag",
		"-TXT v=TLSRPTv1; rua=mailto:a@v.example,https://r.example/v1/report/tag +TXT "
		"v=TLSRPTv1; rua=mailto:a@v.example",
	};
	struct arena *a = arena_new();

	expect(a, &r, "mailto:a@v.example\n");
	arena_free(a);
}

TEST(data)
{
	struct arena *a = arena_new();
	struct push_set set = { 0 }, again = { 0 };

	EXPECT(push_add_text(a, DNS_A, 60, "192.0.2.1.", &set) == ERR_SYNTAX, "no address");
	EXPECT(push_add_text(a, DNS_CNAME, 60, "a..b", &set) == ERR_SYNTAX, "no name");
	fill(a, "A 192.0.2.1|AAAA 2001:db8::1|CNAME mx.example|TXT v=STSv1; id=1;", &set);
	for (size_t i = 0; i < set.count; i++)
		EXPECT(push_add_rdata(a, set.list[i].type, 60, set.list[i].rdata, &again) == OK,
		       "data is read back");
	EXPECT_SLICE(slice_str(push_set_text(a, &again)), slice_str(push_set_text(a, &set)),
	             "to the same text");
	arena_free(a);
}

TEST_MAIN(UNIT(verdicts), UNIT(addresses_of_others), UNIT(data))

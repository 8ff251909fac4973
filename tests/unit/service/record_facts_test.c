/* What was found, as a text and back, and laid over the records that are wanted. */
#include "service/record_facts.h"

#include "service/records.h"
#include "unit/test.h"

#define HOST "mta-sts.example.com"
#define ID "20260512000000"

static const struct domain domain = { .name = "example.com",
	                              .way = { WAY_CNAME, WAY_CNAME, WAY_CNAME },
	                              .rua = "",
	                              .tag = "tag7",
	                              .claim = "claim2",
	                              .hosted = true };
static const struct records_facts wanted = { .zone = "sts.example.net",
	                                     .service_host = "mx.example.net",
	                                     .report_host = "reports.example.net",
	                                     .addresses = "192.0.2.1",
	                                     .ttl = 300,
	                                     .id = ID,
	                                     .https_proved = true,
	                                     .checked = 1000 };

static void put(struct record_facts *f, enum record_asked which, const char *name, const char *type,
                const char *cname)
{
	struct judge_seen *s = &f->seen[which];

	*s = (struct judge_seen){ .name = name,
		                  .type = type,
		                  .zone = "example.com",
		                  .count = 2,
		                  .doubled = "",
		                  .above = "",
		                  .proxy = "",
		                  .dead = "" };
	for (size_t i = 0; i < s->count; i++)
		s->servers[i] = (struct judge_server){
			.server = i == 0 ? "ns1.example.com" : "ns2.example.com",
			.address = "192.0.2.53",
			.answer = cname[0] == '\0' ? JUDGE_NOTHING : JUDGE_SOMETHING,
			.why = "",
			.cname = cname,
			.ttl = 300
		};
}

/* Everything is as it should be. */
static struct record_facts *right(struct arena *a)
{
	struct record_facts *f = arena_alloc(a, sizeof(*f));

	*f = (struct record_facts){ .zone = RECORD_ZONE_FOUND,
		                    .zone_name = "example.com",
		                    .why = "",
		                    .resolved = RESOLVED_SAME,
		                    .resolved_why = "" };
	put(f, ASKED_HOST_A, HOST, "A", "example.com.claim2.web.sts.example.net");
	put(f, ASKED_HOST_AAAA, HOST, "AAAA", "example.com.claim2.web.sts.example.net");
	put(f, ASKED_ID, "_mta-sts.example.com", "TXT", "example.com.claim2.id.sts.example.net");
	put(f, ASKED_REPORTS, "_smtp._tls.example.com", "TXT",
	    "example.com.claim2.rpt.sts.example.net");
	return f;
}

static struct slice text_of(const struct record_facts *f, struct arena *a)
{
	struct buf b;

	buf_init(&b, 65536);
	EXPECT(record_facts_format(f, &b) == OK, "it fits");
	struct slice text = arena_copy(a, buf_slice(&b));
	buf_fini(&b);
	return text;
}

TEST(a_text_and_back)
{
	struct arena *a = arena_new();
	struct record_facts *f = right(a), *again = arena_alloc(a, sizeof(*again));

	f->seen[ASKED_ID].servers[1].found[0] = S("v=STSv1; \"quoted\" \\; \xff\x01");
	f->seen[ASKED_ID].servers[1].count = 1;
	f->seen[ASKED_ID].doubled = "_mta-sts.example.com.example.com";
	f->secure = true;
	struct slice once = text_of(f, a);
	EXPECT(record_facts_parse(once, a, again) == OK, "it is read");
	EXPECT_SLICE(text_of(again, a), text_of(again, a), "a fixed point");
	EXPECT(again->secure && again->seen[ASKED_TARGET].name == NULL,
	       "what was not asked stays so");
	EXPECT_SLICE(slice_str(again->seen[ASKED_ID].doubled),
	             S("_mta-sts.example.com.example.com"), "where else it stands");
	EXPECT(again->seen[ASKED_ID].servers[1].count == 1 &&
	               again->seen[ASKED_ID].servers[1].ttl == 300,
	       "servers");
	for (size_t n = 0; n < once.len; n++)
		EXPECT(record_facts_parse(slice_head(once, n), a, again) != OK, "a part is none");
	arena_free(a);
}

static const struct record_row *lay(struct arena *a, const struct record_facts *seen,
                                    const char *caa, const char *purpose, struct records *out)
{
	struct records_facts f = wanted;

	f.seen = seen;
	f.caa = caa;
	records_make(a, &domain, &f, out);
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->rows[i].purpose, purpose) == 0)
			return &out->rows[i];
	return NULL;
}

TEST(laid_over_the_records)
{
	struct arena *a = arena_new();
	struct records *r = arena_alloc(a, sizeof(*r));
	struct record_facts *f = right(a);
	const struct record_row *row = lay(a, f, NULL, "policy-id", r);

	EXPECT(r->all_seen && !r->waits && r->checked == 1000, "all is right");
	EXPECT(row->server_count == 2 && strcmp(row->state, "seen") == 0, "DNS-25: each server");
	EXPECT_SLICE(slice_str(row->servers[0].found[0]),
	             S("CNAME example.com.claim2.id.sts.example.net"), "what it answers");
	row = lay(a, f,
	          "the CAA record of example.com forbids it; add there: CAA 0 issue \"ca.test\"",
	          "policy-host", r);
	EXPECT(strcmp(row->state, "seen") == 0 && strcmp(row->mistake_code, "caa") == 0,
	       "a CAA record that forbids the CA");
	EXPECT(strstr(row->mistake, "example.com") != NULL && !r->all_seen, "names its owner");
	f->resolved = RESOLVED_BOGUS;
	f->resolved_why = "signature expired";
	row = lay(a, f, NULL, "policy-id", r);
	EXPECT(strcmp(row->state, "wrong") == 0 && strcmp(row->mistake_code, "bogus-dnssec") == 0,
	       "right at the servers, and bogus to who validates");
	f->zone = RECORD_ZONE_BOGUS;
	row = lay(a, f, NULL, "reports", r);
	EXPECT(strcmp(row->mistake_code, "bogus-dnssec") == 0, "the whole zone is bogus");
	f->zone = RECORD_ZONE_UNKNOWN;
	f->why = "no answer in time";
	row = lay(a, f, NULL, "reports", r);
	EXPECT(strcmp(row->state, "not-checked") == 0 && r->why != NULL, "nobody could be asked");
	f->zone = RECORD_ZONE_NONE;
	row = lay(a, f, NULL, "reports", r);
	EXPECT(strcmp(row->state, "pending") == 0, "the domain is not in DNS");
	arena_free(a);
}

TEST(what_others_get_is_kept)
{
	struct arena *a = arena_new();
	struct records *r = arena_alloc(a, sizeof(*r));
	struct records_facts f = wanted;

	f.rua_kept = "mailto:tls@vendor.example\nhttps://vendor.example/x\n";
	records_make(a, &domain, &f, r);
	EXPECT(r->rua_count == 3, "theirs and ours");
	EXPECT_SLICE(slice_str(r->rua[0]), S("mailto:tls@vendor.example"), "theirs first");
	EXPECT_SLICE(slice_str(r->rua[2]), S("https://reports.example.net/v1/report/tag7"),
	             "ours behind");
	arena_free(a);
}

TEST_MAIN(UNIT(a_text_and_back), UNIT(laid_over_the_records), UNIT(what_others_get_is_kept))

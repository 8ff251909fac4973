/* The records to publish, and which names a certificate covers. */
#include "service/records.h"

#include "service/certs.h"
#include "unit/test.h"

static const struct domain plain = { .name = "example.com",
	                             .way = { WAY_ADDRESS, WAY_TXT, WAY_TXT },
	                             .rua = "",
	                             .tag = "tag7",
	                             .claim = "claim2",
	                             .hosted = true };
static const struct records_facts facts = { .zone = "sts.example.net",
	                                    .service_host = "mx.example.net",
	                                    .report_host = "reports.example.net",
	                                    .addresses = "",
	                                    .ttl = 300,
	                                    .id = "20260512000000",
	                                    .https_proved = true };

static const char *value_of(const struct records *r, size_t i)
{
	return i < r->count && r->rows[i].value != NULL ? r->rows[i].value : "";
}

TEST(plain_records_say_what_to_type)
{
	struct arena *a = arena_new();
	struct records_facts f = facts;
	struct records r;

	records_make(a, &plain, &f, &r);
	EXPECT(r.count == 3, "three records");
	EXPECT_SLICE(slice_str(value_of(&r, 0)), S("mx.example.net"), "the machine's name");
	EXPECT_SLICE(slice_str(value_of(&r, 1)), S("v=STSv1; id=20260512000000;"),
	             "STS-05: the id");
	EXPECT_SLICE(slice_str(value_of(&r, 2)),
	             S("v=TLSRPTv1; rua=https://reports.example.net/v1/report/tag7"), "the way in");
	EXPECT_SLICE(slice_str(r.rows[2].name), S("_smtp._tls.example.com"), "the full name");
	EXPECT(r.rows[1].ttl == 300 && r.rows[2].ttl == 3600,
	       "RPT-15: the id may change soon, the way of reports seldom");
	EXPECT_SLICE(slice_str(r.rows[2].state), S("not-checked"), "nobody asked DNS");
	f.addresses = "192.0.2.1 2001:db8::1";
	records_make(a, &plain, &f, &r);
	EXPECT(r.count == 4, "each address is a record");
	EXPECT_SLICE(slice_str(r.rows[1].type), S("AAAA"), "IPv6");
	f.id = NULL;
	records_make(a, &plain, &f, &r);
	EXPECT(r.rows[2].value == NULL && r.rows[2].mistake != NULL,
	       "STS-86: no id before the text is served");
	f.smtp_open = true;
	f.id = "20260512000000";
	records_make(a, &plain, &f, &r);
	EXPECT_SLICE(slice_str(value_of(&r, 3)),
	             S("v=TLSRPTv1; rua=mailto:r-tag7@reports.example.net,"
	               "https://reports.example.net/v1/report/tag7"),
	             "mail is named first: it can be signed");
	f.smtp_open = false;
	f.id = NULL;
	f.https_proved = false;
	records_make(a, &plain, &f, &r);
	EXPECT(r.rua_count == 0 && r.rows[3].mistake != NULL, "a closed way in is not published");
	arena_free(a);
}

TEST(delegated_records_are_targets)
{
	struct arena *a = arena_new();
	struct domain d = plain;
	struct records_facts f = facts;
	char name[254];
	struct records r;

	for (size_t i = 0; i < RECORD_COUNT; i++)
		d.way[i] = WAY_CNAME;
	f.demo = true;
	records_make(a, &d, &f, &r);
	EXPECT_SLICE(slice_str(value_of(&r, 0)), S("example.com.claim2.web.sts.example.net"),
	             "host");
	EXPECT_SLICE(slice_str(value_of(&r, 1)), S("example.com.claim2.id.sts.example.net"),
	             "STS-88: a target of its own for each domain");
	EXPECT_SLICE(slice_str(r.rows[0].state), S("seen"), "counts as seen in a demonstration");
	/* ".claim2.web.sts.example.net" has 27 bytes: 226 fit, 227 do not. */
	for (size_t len = 226; len <= 227; len++) {
		memset(name, 'a', len);
		for (size_t i = 60; i < len; i += 60)
			name[i] = '.';
		name[len] = '\0';
		d.name = name;
		struct slice target = slice_str(records_target(a, &d, facts.zone, "web"));
		EXPECT(target.len <= 253, "never longer than a name");
		EXPECT(slice_starts(target, S("h-")) == (len == 227),
		       "a digest where it would pass 253");
	}
	f.zone = "";
	records_make(a, &d, &f, &r);
	EXPECT(r.rows[0].value == NULL && r.rows[0].mistake != NULL, "no zone, no target");
	arena_free(a);
}

TEST(a_star_covers_one_label)
{
	static const struct {
		const char *label;
		struct slice name, host;
		bool want;
	} t[] = {
		{ "exact", SLICE_INIT("mta-sts.example.com"), SLICE_INIT("mta-sts.example.com"),
		  true },
		{ "case", SLICE_INIT("mta-sts.example.com"), SLICE_INIT("MTA-STS.example.com"),
		  true },
		{ "star", SLICE_INIT("*.example.com"), SLICE_INIT("mta-sts.example.com"), true },
		{ "star and two labels", SLICE_INIT("*.example.com"),
		  SLICE_INIT("mta-sts.a.example.com"), false },
		{ "star and no label", SLICE_INIT("*.example.com"), SLICE_INIT("example.com"),
		  false },
		{ "part of a label", SLICE_INIT("mta*.example.com"),
		  SLICE_INIT("mta-sts.example.com"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		EXPECT(certs_name_covers(t[i].name, t[i].host) == t[i].want, t[i].label);
}

TEST_MAIN(UNIT(plain_records_say_what_to_type), UNIT(delegated_records_are_targets),
          UNIT(a_star_covers_one_label))

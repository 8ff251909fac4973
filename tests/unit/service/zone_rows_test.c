#include "service/zone_rows.h"

#include "zone_world.h"

static const struct domain hosted = { .name = "example.com",
	                              .way = { WAY_CNAME, WAY_CNAME, WAY_CNAME },
	                              .rua = "",
	                              .claim = "abc",
	                              .hosted = true };
static const struct zone_facts facts = { .zone = "sts.example",
	                                 .nameservers = "",
	                                 .addresses = "192.0.2.1 2001:db8::1",
	                                 .service_host = "",
	                                 .report_host = "",
	                                 .ttl = 300 };
static const struct records with_rua = { .rua_count = 1, .rua = { "mailto:r@example.com" } };

/* "name TYPE ttl" of each row, commas between. */
static const char *show(const struct zone_rows *rows)
{
	static char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < rows->count; i++) {
		const struct edge_record *r = &rows->rows[i];

		EXPECT(dns_set_check((uint16_t)r->type, r->set) == OK, "good data");
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s %s %d",
		                        i == 0 ? "" : ", ", SLICE_ARGS(r->name),
		                        zone_type_name((unsigned)r->type), (int)r->ttl);
	}
	return text;
}

static const struct apex_row {
	const char *label;
	struct zone_facts f;
	enum err err;
	const char *want;
} apex_rows[] = {
	{ "one server, in the zone",
	  { "sts.example", "", "192.0.2.1", "", "", 300 },
	  OK,
	  "ns1.sts.example A 3600, sts.example NS 3600, sts.example SOA 300" },
	{ "servers elsewhere have their addresses elsewhere",
	  { "sts.example", "ns.a.example ns.b.example", "192.0.2.1", "", "", 300 },
	  OK,
	  "sts.example NS 3600, sts.example SOA 300" },
	{ "a server with addresses of its own",
	  { "sts.example", "n.sts.example=198.51.100.7 n.sts.example=2001:db8::7", "192.0.2.1", "",
	    "", 300 },
	  OK,
	  "n.sts.example A 3600, n.sts.example AAAA 3600, sts.example NS 3600, sts.example SOA "
	  "300" },
	{ "report host and service host in the zone",
	  { "sts.example", "ns.a.example", "192.0.2.1", "adm.sts.example", "rep.sts.example", 60 },
	  OK,
	  "adm.sts.example A 60, rep.sts.example A 60, rep.sts.example MX 60, sts.example NS 3600, "
	  "sts.example SOA 60" },
	{ "and outside it",
	  { "sts.example", "ns.a.example", "192.0.2.1", "adm.example", "rep.example", 60 },
	  OK,
	  "sts.example NS 3600, sts.example SOA 60" },
	{ "one name for everything",
	  { "sts.example", "x.sts.example", "192.0.2.1", "x.sts.example", "x.sts.example", 60 },
	  OK,
	  "sts.example NS 3600, sts.example SOA 60, x.sts.example A 3600, x.sts.example MX 60" },
	{ "an address that is none",
	  { "sts.example", "", "192.0.2", "", "", 300 },
	  ERR_SYNTAX,
	  NULL },
};

TEST(rows_of_the_zone)
{
	for (size_t i = 0; i < ARRAY_LEN(apex_rows); i++) {
		const struct apex_row *r = &apex_rows[i];
		struct arena *a = arena_new();
		struct zone_rows *rows = arena_alloc(a, sizeof(*rows));

		EXPECT(zone_rows_apex(a, &r->f, rows) == r->err, r->label);
		if (r->want != NULL)
			EXPECT_SLICE(slice_str(show(rows)), slice_str(r->want), r->label);
		arena_free(a);
	}
}

#define ID "example.com.abc.id.sts.example TXT 300"
#define RPT "example.com.abc.rpt.sts.example TXT 300"
#define WEB "example.com.abc.web.sts.example A 300, example.com.abc.web.sts.example AAAA 300"

TEST(rows_of_a_domain)
{
	struct arena *a = arena_new();
	struct zone_rows *rows = arena_alloc(a, sizeof(*rows));
	struct domain d = hosted;
	const struct records none = { 0 };

	EXPECT(zone_rows_domain(a, &d, &facts, "20260512000000", &with_rua, rows) == OK, "made");
	EXPECT_SLICE(slice_str(show(rows)), S(ID ", " RPT ", " WEB), "DNS-07: TTL as configured");
	EXPECT_SLICE(rows->rows[0].set, S("\0\34\33v=STSv1; id=20260512000000;"),
	             "DNS-03: one string");
	EXPECT_SLICE(rows->rows[1].set, S("\0\45\44v=TLSRPTv1; rua=mailto:r@example.com"),
	             "the way in for reports");
	EXPECT(zone_rows_domain(a, &d, &facts, NULL, &none, rows) == OK, "made");
	EXPECT_SLICE(slice_str(show(rows)), S(WEB), "STS-86: no id before it is announced");
	d.hosting = HOSTING_EXTERNAL;
	EXPECT(zone_rows_domain(a, &d, &facts, "1", &none, rows) == OK, "made");
	EXPECT_SLICE(slice_str(show(rows)), S(ID), "web space elsewhere");
	d.hosted = false;
	EXPECT(zone_rows_domain(a, &d, &facts, "1", &with_rua, rows) == OK, "made");
	EXPECT_SLICE(slice_str(show(rows)), S(RPT), "observed only");
	EXPECT(zone_rows_domain(a, &hosted, &facts, "no id", &none, rows) == ERR_SYNTAX,
	       "an id that is none");
	arena_free(a);
}

/* The longest domain there may be: a digest stands for its labels, and it is a name still. */
TEST(a_long_domain)
{
	struct arena *a = arena_new();
	struct zone_rows *rows = arena_alloc(a, sizeof(*rows));
	struct domain d = hosted;
	char name[254];

	for (size_t i = 0; i < 253; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[253] = '\0';
	d.name = name;
	EXPECT(zone_rows_domain(a, &d, &facts, "1", &with_rua, rows) == OK && rows->count == 4,
	       "made");
	EXPECT(slice_starts(rows->rows[0].name, S("h-")), "a digest");
	arena_free(a);
}

TEST_MAIN(UNIT(rows_of_the_zone), UNIT(rows_of_a_domain), UNIT(a_long_domain))

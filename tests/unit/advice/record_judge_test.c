#include "advice/record_judge.h"

#include "advice/explain.h"
#include "test.h"

#define ID "20260101000000"
#define TARGET "a.example.k3vq7z.id.sts.example.net"
#define STS "v=STSv1; id=" ID ";"
#define OURS "https://reports.example.net/v1/report/abc"
#define RPT "v=TLSRPTv1; rua=" OURS

static const char *const rua[] = { OURS };

static const struct judge_want by_cname = { .kind = JUDGE_ID,
	                                    .type = "CNAME",
	                                    .value = TARGET,
	                                    .domain = "a.example",
	                                    .service_zone = "sts.example.net",
	                                    .id = ID,
	                                    .addresses = "" };
static const struct judge_want typed = { .kind = JUDGE_ID,
	                                 .type = "TXT",
	                                 .value = STS,
	                                 .domain = "a.example",
	                                 .service_zone = "",
	                                 .typed = true,
	                                 .id = ID,
	                                 .addresses = "" };
static const struct judge_want reports = { .kind = JUDGE_REPORTS,
	                                   .type = "TXT",
	                                   .value = RPT,
	                                   .domain = "a.example",
	                                   .service_zone = "",
	                                   .rua_count = 1,
	                                   .rua = rua,
	                                   .addresses = "" };
static const struct judge_want reports_cname = { .kind = JUDGE_REPORTS,
	                                         .type = "CNAME",
	                                         .value = TARGET,
	                                         .domain = "a.example",
	                                         .service_zone = "sts.example.net",
	                                         .rua_count = 1,
	                                         .rua = rua,
	                                         .addresses = "" };
static const struct judge_want host = { .kind = JUDGE_HOST,
	                                .type = "CNAME",
	                                .value = "a.example.k3vq7z.web.sts.example.net",
	                                .domain = "a.example",
	                                .service_zone = "sts.example.net",
	                                .addresses = "192.0.2.1 2001:db8::1" };
static const struct judge_want address = { .kind = JUDGE_HOST,
	                                   .type = "A",
	                                   .value = "192.0.2.1",
	                                   .domain = "a.example",
	                                   .service_zone = "",
	                                   .addresses = "192.0.2.1 192.0.2.2" };

static const struct judge_want elsewhere = { .kind = JUDGE_HOST,
	                                     .type = "A",
	                                     .domain = "a.example",
	                                     .service_zone = "",
	                                     .any = true,
	                                     .addresses = "192.0.2.1" };

static const struct row {
	const char *label;
	const struct judge_want *want;
	const char *cname;
	size_t count;
	const char *found[3];
	enum judge_state state;
	enum judge_mistake mistake;
} rows[] = {
	{ "nothing", &by_cname, "", 0, { 0 }, JUDGE_PENDING, MISTAKE_NONE },
	{ "the CNAME", &by_cname, TARGET, 0, { 0 }, JUDGE_SEEN, MISTAKE_NONE },
	{ "in other case",
	  &by_cname,
	  "A.example.K3VQ7Z.id.sts.example.NET",
	  0,
	  { 0 },
	  JUDGE_SEEN,
	  MISTAKE_NONE },
	{ "the zone's name behind it",
	  &by_cname,
	  TARGET ".a.example",
	  0,
	  { 0 },
	  JUDGE_WRONG,
	  MISTAKE_DOT },
	{ "another claim",
	  &by_cname,
	  "a.example.zzzzzz.id.sts.example.net",
	  0,
	  { 0 },
	  JUDGE_WRONG,
	  MISTAKE_CLAIM },
	{ "another target", &by_cname, "x.vendor.example", 0, { 0 }, JUDGE_WRONG, MISTAKE_OTHER },
	{ "DNS-04: a record beside it",
	  &by_cname,
	  TARGET,
	  1,
	  { STS },
	  JUDGE_WRONG,
	  MISTAKE_BESIDE },
	{ "flattened", &by_cname, "", 1, { STS }, JUDGE_FLATTENED, MISTAKE_NONE },
	{ "DNS-04: a text where the CNAME belongs",
	  &by_cname,
	  "",
	  1,
	  { "v=STSv1; id=1;" },
	  JUDGE_WRONG,
	  MISTAKE_BESIDE },

	{ "nothing typed", &typed, "", 0, { 0 }, JUDGE_WAITING, MISTAKE_NONE },
	{ "typed", &typed, "", 1, { STS }, JUDGE_SEEN, MISTAKE_NONE },
	{ "without the final semicolon",
	  &typed,
	  "",
	  1,
	  { "v=STSv1; id=" ID },
	  JUDGE_SEEN,
	  MISTAKE_NONE },
	{ "beside an SPF record", &typed, "", 2, { "v=spf1 -all", STS }, JUDGE_SEEN, MISTAKE_NONE },
	{ "another id", &typed, "", 1, { "v=STSv1; id=abc;" }, JUDGE_WAITING, MISTAKE_NONE },
	{ "quotes inside", &typed, "", 1, { "\"" STS "\"" }, JUDGE_WRONG, MISTAKE_QUOTES },
	{ "DNS-02: escaped",
	  &typed,
	  "",
	  1,
	  { "v=STSv1\\; id=" ID "\\;" },
	  JUDGE_WRONG,
	  MISTAKE_ESCAPED },
	{ "STS-13: two records",
	  &typed,
	  "",
	  2,
	  { "v=STSv1; id=1;", STS },
	  JUDGE_WRONG,
	  MISTAKE_TWO },
	{ "a CNAME instead", &typed, "x.vendor.example", 0, { 0 }, JUDGE_WRONG, MISTAKE_OTHER },

	{ "our address", &reports, "", 1, { RPT }, JUDGE_SEEN, MISTAKE_NONE },
	{ "ours among others",
	  &reports,
	  "",
	  1,
	  { "v=TLSRPTv1; rua=mailto:a@b.example," OURS },
	  JUDGE_SEEN,
	  MISTAKE_NONE },
	{ "of another service",
	  &reports,
	  "",
	  1,
	  { "v=TLSRPTv1; rua=mailto:a@b.example" },
	  JUDGE_WRONG,
	  MISTAKE_VENDOR },
	{ "two records", &reports, "", 2, { RPT, RPT }, JUDGE_WRONG, MISTAKE_TWO },
	{ "escaped", &reports, "", 1, { "v=TLSRPTv1\\; rua=" OURS }, JUDGE_WRONG, MISTAKE_ESCAPED },
	{ "flattened", &reports_cname, "", 1, { RPT }, JUDGE_FLATTENED, MISTAKE_NONE },
	{ "DNS-04: another service's where the CNAME belongs",
	  &reports_cname,
	  "",
	  1,
	  { "v=TLSRPTv1; rua=mailto:a@b.example" },
	  JUDGE_WRONG,
	  MISTAKE_BESIDE },

	{ "our addresses without the CNAME",
	  &host,
	  "",
	  2,
	  { "192.0.2.1", "2001:DB8::1" },
	  JUDGE_FLATTENED,
	  MISTAKE_NONE },
	{ "another address without the CNAME",
	  &host,
	  "",
	  1,
	  { "198.51.100.1" },
	  JUDGE_WRONG,
	  MISTAKE_OTHER },
	{ "the address", &address, "", 1, { "192.0.2.1" }, JUDGE_SEEN, MISTAKE_NONE },
	{ "with another one of ours",
	  &address,
	  "",
	  2,
	  { "192.0.2.1", "192.0.2.2" },
	  JUDGE_SEEN,
	  MISTAKE_NONE },
	{ "on web space elsewhere any will do",
	  &elsewhere,
	  "",
	  1,
	  { "198.51.100.1" },
	  JUDGE_SEEN,
	  MISTAKE_NONE },
	{ "or a CNAME", &elsewhere, "web.example", 0, { 0 }, JUDGE_SEEN, MISTAKE_NONE },
	{ "but nothing will not", &elsewhere, "", 0, { 0 }, JUDGE_PENDING, MISTAKE_NONE },
	{ "with a stranger's",
	  &address,
	  "",
	  2,
	  { "192.0.2.1", "192.0.2.9" },
	  JUDGE_WRONG,
	  MISTAKE_OTHER },
};

/* A server that has something, or nothing. */
static struct judge_server server(const char *name, const struct row *r)
{
	struct judge_server s = { .server = name,
		                  .address = "192.0.2.53",
		                  .why = "",
		                  .cname = r->cname,
		                  .ttl = 300,
		                  .count = r->count,
		                  .answer = r->cname[0] != '\0' || r->count > 0 ? JUDGE_SOMETHING
		                                                                : JUDGE_NOTHING };

	for (size_t i = 0; i < r->count; i++)
		s.found[i] = slice_str(r->found[i]);
	return s;
}

static struct judge_seen seen_by(size_t count)
{
	return (struct judge_seen){ .name = "_mta-sts.a.example",
		                    .type = "TXT",
		                    .zone = "a.example",
		                    .doubled = "",
		                    .above = "",
		                    .proxy = "",
		                    .dead = "",
		                    .count = count };
}

TEST(one_server)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct judge_seen seen = seen_by(1);
		struct judge_verdict v;
		seen.servers[0] = server("ns1", &rows[i]);
		judge_record(a, rows[i].want, &seen, &v);
		EXPECT(v.state == rows[i].state, rows[i].label);
		EXPECT(v.mistake == rows[i].mistake, rows[i].label);
		EXPECT((v.words != NULL) == (v.mistake != MISTAKE_NONE), rows[i].label);
	}
	arena_free(a);
}

static const struct row right = { .want = &by_cname, .cname = TARGET };
static const struct row missing = { .want = &by_cname, .cname = "" };

static struct judge_server silent(const char *name, enum judge_answer answer)
{
	struct judge_server s = server(name, &missing);

	s.answer = answer;
	s.why = "does not answer";
	return s;
}

/* Two servers, the first of them right. */
static void two(struct judge_server other, enum judge_state state, enum judge_mistake mistake,
                const char *label)
{
	struct arena *a = arena_new();
	struct judge_seen seen = seen_by(2);
	struct judge_verdict v;

	seen.servers[0] = server("ns1", &right);
	seen.servers[1] = other;
	judge_record(a, &by_cname, &seen, &v);
	EXPECT(v.state == state && v.mistake == mistake, label);
	EXPECT(v.servers[0] == JUDGE_SEEN, label);
	arena_free(a);
}

TEST(several_servers)
{
	two(server("ns2", &right), JUDGE_SEEN, MISTAKE_NONE, "all answer it");
	two(server("ns2", &missing), JUDGE_PENDING, MISTAKE_DISAGREE, "DNS-22: one lags");
	two(silent("ns2", JUDGE_SILENT), JUDGE_PENDING, MISTAKE_SILENT,
	    "DNS-22: one that is silent may answer anything");
	two(silent("ns1", JUDGE_SILENT), JUDGE_SEEN, MISTAKE_NONE, "another address of it answers");
	two(silent("ns2", JUDGE_NOT_ASKED), JUDGE_SEEN, MISTAKE_NONE, "no way there from here");
	two(silent("ns2", JUDGE_LAME), JUDGE_SEEN, MISTAKE_LAME, "one does not serve the zone");
}

static void place(struct judge_seen seen, enum judge_mistake mistake, const char *label)
{
	struct arena *a = arena_new();
	struct judge_verdict v;

	seen.count = 1;
	if (seen.servers[0].server == NULL)
		seen.servers[0] = server("ns1", &missing);
	judge_record(a, &by_cname, &seen, &v);
	EXPECT(v.mistake == mistake && v.state != JUDGE_SEEN, label);
	arena_free(a);
}

TEST(in_other_places)
{
	struct judge_seen s = seen_by(1);

	s.doubled = "_mta-sts.a.example.a.example";
	place(s, MISTAKE_DOUBLED, "the domain twice");
	s = seen_by(1);
	s.above = "_mta-sts.example";
	place(s, MISTAKE_ZONE, "in the zone above");
	s = seen_by(1);
	s.zone = "_mta-sts.a.example";
	place(s, MISTAKE_ZONE, "a zone of its own");
	s = seen_by(1);
	s.proxy = "Somebody";
	place(s, MISTAKE_PROXIED, "behind a proxy");
	s = seen_by(1);
	s.dead = "2001:db8::9";
	s.servers[0] = server("ns1", &right);
	place(s, MISTAKE_DEAD, "an address where nobody answers");
}

TEST(never_asked)
{
	struct arena *a = arena_new();
	struct judge_verdict v;

	judge_record(a, &by_cname, NULL, &v);
	EXPECT(v.state == JUDGE_NOT_CHECKED && v.count == 0, "not checked");
	arena_free(a);
}

static struct slice common(struct arena *a, const struct row *first, struct judge_server second)
{
	struct judge_seen *seen = arena_alloc(a, sizeof(*seen));

	*seen = seen_by(2);
	seen->servers[0] = server("ns1", first);
	seen->servers[1] = second;
	return judge_common_id(a, seen);
}

TEST(nowhere)
{
	static const struct {
		const char *label;
		enum judge_answer one, two;
		bool want;
	} looks[] = {
		{ "nobody has it", JUDGE_NOTHING, JUDGE_NOTHING, true },
		{ "one that cannot be asked does not count", JUDGE_NOTHING, JUDGE_NOT_ASKED, true },
		{ "one that is lame neither", JUDGE_LAME, JUDGE_NOTHING, true },
		{ "one has it", JUDGE_NOTHING, JUDGE_SOMETHING, false },
		{ "one may have it", JUDGE_NOTHING, JUDGE_SILENT, false },
		{ "STS-91: without a network nobody said that it is gone", JUDGE_NOT_ASKED,
		  JUDGE_NOT_ASKED, false },
		{ "nor when all are lame", JUDGE_LAME, JUDGE_LAME, false },
	};
	struct judge_seen *seen = mem_alloc(sizeof(*seen));

	EXPECT(!judge_is_nowhere(seen), "nobody was asked");
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		seen->count = 2;
		seen->servers[0].answer = looks[i].one;
		seen->servers[1].answer = looks[i].two;
		EXPECT(judge_is_nowhere(seen) == looks[i].want, looks[i].label);
	}
	mem_free(seen);
}

TEST(the_id_of_all)
{
	static const struct row one = { .cname = "", .count = 1, .found = { STS } };
	static const struct row other = { .cname = "",
		                          .count = 1,
		                          .found = { "v=STSv1; id=abc;" } };
	struct arena *a = arena_new();

	EXPECT_SLICE(common(a, &one, server("ns2", &one)), S(ID), "both");
	EXPECT(common(a, &one, server("ns2", &other)).len == 0, "DNS-22: different ones");
	EXPECT(common(a, &one, server("ns2", &missing)).len == 0, "DNS-22: one has none");
	EXPECT(common(a, &one, silent("ns2", JUDGE_SILENT)).len == 0, "DNS-22: one is silent");
	EXPECT_SLICE(common(a, &one, silent("ns2", JUDGE_LAME)), S(ID), "one serves no zone");
	arena_free(a);
}

TEST(every_mistake_is_explained)
{
	for (unsigned m = MISTAKE_NONE + 1; m < MISTAKE_COUNT; m++) {
		const char *code = judge_mistake_code((enum judge_mistake)m);
		const struct explain_entry *e = explain_find(slice_str(code));
		EXPECT(e != NULL && strcmp(e->id, code) == 0, code);
	}
}

TEST_MAIN(UNIT(every_mistake_is_explained), UNIT(one_server), UNIT(several_servers),
          UNIT(in_other_places), UNIT(never_asked), UNIT(nowhere), UNIT(the_id_of_all))

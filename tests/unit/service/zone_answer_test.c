#include "service/zone_answer.h"

#include "zone_world.h"

#define SOA_60 "sts.example. SOA 60"
#define WEB ZONE_WEB "."
#define OPT ". OPT 0"
#define OP(n) ((n) << 11)

static const struct row {
	const char *label;
	struct zone_question q;
	bool tcp;
	enum zone_outcome outcome;
	const char *want;
} rows[] = {
	{ "an answer has AA, RD as asked, no RA",
	  { .name = ZONE_ID, .type = DNS_TXT, .flags = DNS_FLAG_RD },
	  false,
	  ZONE_POSITIVE,
	  "0 AA RD / " ZONE_ID ". TXT 300" },
	{ "without RD, with CD",
	  { .name = ZONE_ID, .type = DNS_TXT, .flags = DNS_FLAG_CD },
	  false,
	  ZONE_POSITIVE,
	  "0 AA CD / " ZONE_ID ". TXT 300" },
	{ "DNS-05: the question as it came, case kept",
	  { .name = "Acme.eXample.abc.ID.sts.example", .type = DNS_TXT },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / Acme.eXample.abc.ID.sts.example. TXT 300" },
	{ "an address",
	  { .name = ZONE_WEB, .type = DNS_A },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / " WEB " A 300" },
	{ "DNS-06: NODATA with the SOA record, its TTL the negative one",
	  { .name = ZONE_ID, .type = DNS_A },
	  false,
	  ZONE_NODATA,
	  "0 AA / " SOA_60 },
	{ "DNS-06: NXDOMAIN with the SOA record",
	  { .name = "x." ZONE_ID, .type = DNS_TXT },
	  false,
	  ZONE_NXDOMAIN,
	  "3 AA / " SOA_60 },
	{ "a name that only has names below it exists",
	  { .name = "abc.id.sts.example", .type = DNS_TXT },
	  false,
	  ZONE_NODATA,
	  "0 AA / " SOA_60 },
	{ "the SOA record itself",
	  { .name = "sts.example", .type = DNS_SOA },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / sts.example. SOA 300" },
	{ "name servers with the addresses of those in the zone",
	  { .name = "sts.example", .type = DNS_NS },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / sts.example. NS 3600, sts.example. NS 3600 / ns1.sts.example. A 300" },
	{ "a mail exchanger with its address",
	  { .name = "reports.sts.example", .type = DNS_MX },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / reports.sts.example. MX 300 / reports.sts.example. A 300" },
	{ "DS belongs to the parent: NODATA",
	  { .name = "sts.example", .type = 43 },
	  false,
	  ZONE_NODATA,
	  "0 AA / " SOA_60 },
	{ "ANY gets one set (RFC 8482)",
	  { .name = ZONE_WEB, .type = DNS_ANY },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / " WEB " A 300" },
	{ "ANY at the origin",
	  { .name = "sts.example", .type = DNS_ANY },
	  true,
	  ZONE_POSITIVE,
	  "0 AA / sts.example. NS 3600, sts.example. NS 3600 / ns1.sts.example. A 300" },
	{ "ANY at a name without records",
	  { .name = "id.sts.example", .type = DNS_ANY },
	  false,
	  ZONE_NODATA,
	  "0 AA / " SOA_60 },
	{ "outside the zone", { .name = "example", .type = DNS_A }, false, ZONE_ERROR, "5" },
	{ "beside the zone", { .name = "xsts.example", .type = DNS_A }, false, ZONE_ERROR, "5" },
	{ "the root", { .name = ".", .type = DNS_NS }, false, ZONE_ERROR, "5" },
	{ "class CH",
	  { .name = "version.bind", .type = DNS_TXT, .class = 3 },
	  false,
	  ZONE_ERROR,
	  "5" },
	{ "class ANY",
	  { .name = ZONE_ID, .type = DNS_TXT, .class = DNS_CLASS_ANY },
	  false,
	  ZONE_ERROR,
	  "5" },
	{ "DNS-05: EDNS is answered with EDNS",
	  { .name = ZONE_ID, .type = DNS_TXT, .payload = 4096 },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / " ZONE_ID ". TXT 300 / " OPT },
	{ "DO comes back (RFC 3225)",
	  { .name = ZONE_ID, .type = DNS_TXT, .payload = 4096, .dnssec_ok = true },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / " ZONE_ID ". TXT 300 / . OPT 32768" },
	{ "DNS-05: EDNS version 1 is BADVERS",
	  { .name = ZONE_ID, .type = DNS_TXT, .payload = 4096, .version = 1 },
	  false,
	  ZONE_ERROR,
	  "0 / . OPT 16777216" },
	{ "REFUSED has EDNS too",
	  { .name = "example", .type = DNS_A, .payload = 512 },
	  false,
	  ZONE_ERROR,
	  "5 / " OPT },
	{ "NOTIFY",
	  { .name = "sts.example", .type = DNS_SOA, .flags = OP(DNS_OP_NOTIFY) },
	  false,
	  ZONE_ERROR,
	  "4 (no question)" },
	{ "UPDATE",
	  { .name = "sts.example", .type = DNS_SOA, .flags = OP(DNS_OP_UPDATE) },
	  false,
	  ZONE_ERROR,
	  "4 (no question)" },
	{ "OPT as a question", { .name = "sts.example", .type = DNS_OPT }, false, ZONE_ERROR, "1" },
	{ "TSIG as a question",
	  { .name = "sts.example", .type = DNS_TSIG },
	  false,
	  ZONE_ERROR,
	  "1" },
	{ "type 0", { .name = "sts.example", .type = 0 }, false, ZONE_ERROR, "1" },
	{ "DNS-20: no transfer by UDP",
	  { .name = "sts.example", .type = DNS_AXFR },
	  false,
	  ZONE_ERROR,
	  "1" },
	{ "DNS-20: a transfer by TCP",
	  { .name = "sts.example", .type = DNS_AXFR },
	  true,
	  ZONE_TRANSFER,
	  NULL },
	{ "DNS-20: a transfer of a part",
	  { .name = ZONE_ID, .type = DNS_AXFR },
	  true,
	  ZONE_ERROR,
	  "9" },
	{ "DNS-20: a transfer of another zone",
	  { .name = "example", .type = DNS_AXFR },
	  true,
	  ZONE_ERROR,
	  "5" },
	{ "DNS-21: IXFR by UDP gets the present SOA record",
	  { .name = "sts.example", .type = DNS_IXFR },
	  false,
	  ZONE_POSITIVE,
	  "0 AA / sts.example. SOA 300" },
	{ "DNS-21: IXFR by TCP",
	  { .name = "sts.example", .type = DNS_IXFR },
	  true,
	  ZONE_TRANSFER,
	  NULL },
};

TEST(questions_are_answered)
{
	struct zone *z = zone_world();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		unsigned char in[512], out[DNS_UDP_MAX];
		struct zone_ask ask = { .udp = !r->tcp };
		struct slice answer = { 0 };

		ask.reading = dns_query_read(zone_query(&r->q, in), &ask.query);
		EXPECT(zone_answer(z, &ask, out, sizeof(out), &answer) == r->outcome, r->label);
		if (r->want == NULL)
			EXPECT(answer.len == 0, r->label);
		else
			EXPECT_SLICE(slice_str(zone_show(answer)), slice_str(r->want), r->label);
		if (answer.len > 0)
			EXPECT(dns_get16(answer.p) == 0x1234, r->label);
	}
	zone_free(z);
}

static const struct cut_row {
	const char *label;
	size_t text;
	unsigned payload;
	bool tcp;
	const char *want;
} cut_rows[] = {
	{ "DNS-05: 512 bytes without EDNS", 430, 0, false, "0 AA / l.sts.example. TXT 300" },
	{ "DNS-05: more is truncated to nothing", 500, 0, false, "0 AA TC" },
	{ "DNS-05: with EDNS it fits", 500, 1232, false, "0 AA / l.sts.example. TXT 300 / " OPT },
	{ "DNS-05: a client that takes less", 500, 512, false, "0 AA TC / " OPT },
	{ "DNS-05: less than 512 means 512", 430, 100, false,
	  "0 AA / l.sts.example. TXT 300 / " OPT },
	{ "DNS-05: never more than 1232 by UDP", 1300, 4096, false, "0 AA TC / " OPT },
	{ "DNS-05: all of it by TCP", 1300, 4096, true, "0 AA / l.sts.example. TXT 300 / " OPT },
};

TEST(answers_are_truncated)
{
	struct zone *z = zone_world();
	char text[2000];

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(cut_rows); i++) {
		const struct cut_row *r = &cut_rows[i];
		struct zone_question q = { .name = "l.sts.example",
			                   .type = DNS_TXT,
			                   .payload = r->payload };
		unsigned char in[512], out[4096];
		struct zone_ask ask = { .udp = !r->tcp };
		struct slice answer;
		size_t room;

		assert_int_equal(zone_put_txt(z, "l.sts.example", slice_of(text, r->text)), OK);
		ask.reading = dns_query_read(zone_query(&q, in), &ask.query);
		room = zone_answer_room(&ask);
		EXPECT(zone_answer(z, &ask, out, room < sizeof(out) ? room : sizeof(out),
		                   &answer) == ZONE_POSITIVE,
		       r->label);
		EXPECT_SLICE(slice_str(zone_show(answer)), slice_str(r->want), r->label);
		EXPECT(answer.len <= room, r->label);
	}
	zone_free(z);
}

TEST(what_is_not_understood)
{
	struct zone_ask ask = { .udp = true };
	unsigned char out[DNS_UDP_PLAIN];
	struct slice answer;

	ask.reading = dns_query_read(S("\x12\x34\1\0\0\2\0\0\0\0\0\0"), &ask.query);
	EXPECT(zone_answer(NULL, &ask, out, sizeof(out), &answer) == ZONE_ERROR, "an error");
	EXPECT_SLICE(answer, S("\x12\x34\x81\1\0\0\0\0\0\0\0\0"), "FORMERR, the id as it came");
}

TEST(without_a_zone)
{
	struct dns_name origin = zone_name("sts.example");
	struct zone *empty = zone_new(&origin);
	struct zone_question q = { .name = "sts.example", .type = DNS_SOA };
	struct zone_ask ask = { .udp = true };
	unsigned char in[512], out[DNS_UDP_PLAIN];
	struct slice answer;

	ask.reading = dns_query_read(zone_query(&q, in), &ask.query);
	(void)zone_answer(NULL, &ask, out, sizeof(out), &answer);
	EXPECT_SLICE(slice_str(zone_show(answer)), S("5"), "no zone is served");
	(void)zone_answer(empty, &ask, out, sizeof(out), &answer);
	EXPECT_SLICE(slice_str(zone_show(answer)), S("2"), "it is not known yet");
	zone_answer_error(&ask, DNS_REFUSED, out, sizeof(out), &answer);
	EXPECT_SLICE(slice_str(zone_show(answer)), S("5"), "a refusal");
	zone_answer_slip(&ask, out, sizeof(out), &answer);
	EXPECT_SLICE(slice_str(zone_show(answer)), S("0 TC"), "a hint to come by TCP");
	zone_free(empty);
}

TEST_MAIN(UNIT(questions_are_answered), UNIT(answers_are_truncated), UNIT(what_is_not_understood),
          UNIT(without_a_zone))

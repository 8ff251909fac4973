#include "wire/dns_message.h"

#include "base/buf.h"
#include "test.h"

#define HEAD(flags, q, an, au, ad) "\x12\x34" flags "\0" q "\0" an "\0" au "\0" ad
#define RD "\x01\0"
#define ASK "\2id\1s\0\0\x10\0\1" /* id.s TXT IN */
#define ROOT_OPT "\0\0\x29"
#define OPT ROOT_OPT "\4\xd0\0\0\x80\0\0\0" /* 1232 bytes, DO */
#define TSIG_HEAD "\1k\0\0\xfa"
#define TSIG TSIG_HEAD "\0\xff\0\0\0\0\0\1x"

static const struct row {
	const char *label;
	struct slice message;
	enum dns_reading want;
} rows[] = {
	{ "a query", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\0") ASK), DNS_READ_QUERY },
	{ "DNS-05: with EDNS", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK OPT),
	  DNS_READ_QUERY },
	{ "an option",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK ROOT_OPT
	             "\4\xd0\0\0\0\0\0\6\0\x0a\0\2ab"),
	  DNS_READ_QUERY },
	{ "an additional record of no interest",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK "\0\0\1\0\1\0\0\0\0\0\0"),
	  DNS_READ_QUERY },
	{ "nothing", SLICE_INIT(""), DNS_READ_NOTHING },
	{ "11 bytes", SLICE_INIT("\x12\x34\1\0\0\1\0\0\0\0\0"), DNS_READ_NOTHING },
	{ "a response is never answered", SLICE_INIT(HEAD("\x80\0", "\1", "\0", "\0", "\0") ASK),
	  DNS_READ_NOTHING },
	{ "nor a bad one", SLICE_INIT(HEAD("\x80\0", "\0", "\0", "\0", "\0")), DNS_READ_NOTHING },
	{ "a header alone", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\0")), DNS_READ_BAD },
	{ "no question", SLICE_INIT(HEAD(RD, "\0", "\0", "\0", "\0")), DNS_READ_BAD },
	{ "two questions", SLICE_INIT(HEAD(RD, "\2", "\0", "\0", "\0") ASK ASK), DNS_READ_BAD },
	{ "an answer in a query",
	  SLICE_INIT(HEAD(RD, "\1", "\1", "\0", "\0") ASK "\0\0\1\0\1\0\0\0\0\0\0"), DNS_READ_BAD },
	{ "half a question", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\2id\1s\0\0\x10\0"),
	  DNS_READ_BAD },
	{ "a compressed question",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\2id\xc0\4\0\x10\0\1"), DNS_READ_BAD },
	{ "bytes behind the end", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\0") ASK "x"),
	  DNS_READ_BAD },
	{ "a record that is missing", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK),
	  DNS_READ_BAD },
	{ "two OPT records", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK OPT OPT),
	  DNS_READ_BAD },
	{ "an OPT record that is not the root's",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK "\1a\0\0\x29\4\xd0\0\0\0\0\0\0"),
	  DNS_READ_BAD },
	{ "an option past its end",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK ROOT_OPT "\4\xd0\0\0\0\0\0\5\0\x0a\0\2a"),
	  DNS_READ_BAD },
	{ "DNS-13: TSIG last", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK OPT TSIG),
	  DNS_READ_QUERY },
	{ "DNS-13: TSIG not last", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK TSIG OPT),
	  DNS_READ_BAD },
	{ "DNS-13: two TSIG", SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK TSIG TSIG),
	  DNS_READ_BAD },
	{ "DNS-13: TSIG of class IN",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK TSIG_HEAD "\0\1\0\0\0\0\0\1x"),
	  DNS_READ_BAD },
	{ "DNS-13: TSIG with a TTL",
	  SLICE_INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK TSIG_HEAD "\0\xff\0\0\0\1\0\1x"),
	  DNS_READ_BAD },
	{ "NOTIFY", SLICE_INIT(HEAD("\x24\0", "\1", "\0", "\0", "\0") ASK), DNS_READ_UNKNOWN },
	{ "UPDATE", SLICE_INIT(HEAD("\x28\0", "\1", "\0", "\0", "\0") ASK), DNS_READ_UNKNOWN },
	{ "opcode 15 and rubbish", SLICE_INIT(HEAD("\x78\0", "\7", "\7", "\7", "\7") "xx"),
	  DNS_READ_UNKNOWN },
};

TEST(queries_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_query q;

		EXPECT(dns_query_read(rows[i].message, &q) == rows[i].want, rows[i].label);
	}
}

TEST(every_part_is_known)
{
	struct dns_query q;
	struct slice m = S(HEAD("\1\x10", "\1", "\0", "\0", "\2") "\2Id\1S\0\0\x10\0\1" OPT TSIG);

	assert_int_equal(dns_query_read(m, &q), DNS_READ_QUERY);
	EXPECT(q.id == 0x1234 && q.opcode == DNS_OP_QUERY, "id and opcode");
	EXPECT(q.flags == (DNS_FLAG_RD | DNS_FLAG_CD), "flags");
	EXPECT_SLICE(q.name, S("\2Id\1S\0"), "the name keeps its case");
	EXPECT(q.type == DNS_TXT && q.class == DNS_CLASS_IN, "type and class");
	EXPECT(q.edns && q.dnssec_ok && q.payload == 1232 && q.edns_version == 0, "EDNS");
	EXPECT(q.tsig_at == 12 + 10 + 11, "where TSIG begins");
}

TEST(a_prefix_is_never_a_query)
{
	struct slice m = S(HEAD(RD, "\1", "\0", "\0", "\2") ASK OPT TSIG);
	struct dns_query q;

	for (size_t n = 0; n < m.len; n++)
		EXPECT(dns_query_read(slice_head(m, n), &q) != DNS_READ_QUERY, "a prefix");
}

TEST(ixfr_says_what_it_has)
{
	struct slice m = S(HEAD(RD, "\1", "\0", "\1",
	                        "\0") "\1s\0\0\xfb\0\1"
	                              "\xc0\x0c\0\6\0\1\0\0\0\0\0\x18\xc0\x0c\xc0\x0c\0\1\0\2"
	                              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	struct dns_query q;

	assert_int_equal(dns_query_read(m, &q), DNS_READ_QUERY);
	EXPECT(q.has_serial && q.ixfr_from == 0x10002,
	       "DNS-21: the serial of the SOA it came with");
}

static struct slice long_text(struct buf *b, size_t n)
{
	buf_init(b, 4096);
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, i % 200 == 0 ? (char)(unsigned char)(n - i > 200 ? 199 : n - i - 1)
		                             : 'x');
	return buf_slice(b);
}

TEST(answers_are_written)
{
	unsigned char out[512];
	struct dns_writer w;
	struct dns_record txt = { S("\2id\1s\0"), DNS_TXT, 300, S("\2hi"), 0 };
	struct dns_record mx = { S("\1s\0"), DNS_MX, 5, S("\0\12\2mx\1s\0"), 0 };

	dns_write_begin(&w, out, sizeof(out), 7, DNS_FLAG_QR);
	dns_write_question(&w, S("\2ID\1s\0"), DNS_TXT, DNS_CLASS_IN);
	EXPECT(dns_write_record(&w, DNS_ANSWER, &txt), "fits");
	EXPECT(dns_write_record(&w, DNS_AUTHORITY, &mx), "fits");
	EXPECT(dns_write_opt(&w, DNS_BADVERS, true), "fits");
	EXPECT_SLICE(dns_write_end(&w, DNS_FLAG_QR | DNS_FLAG_AA),
	             S("\0\7\x84\0\0\1\0\1\0\1\0\1"
	               "\2ID\1s\0\0\x10\0\1"
	               "\xc0\x0c\0\x10\0\1\0\0\1\x2c\0\3\2hi"
	               "\xc0\x0f\0\x0f\0\1\0\0\0\5\0\7\0\12\2mx\xc0\x0f"
	               "\0\0\x29\4\xd0\1\0\x80\0\0\0"),
	             "DNS-05: the question as it came, names compressed, case kept, BADVERS in two "
	             "parts");
}

TEST(what_does_not_fit_is_left_out)
{
	unsigned char out[DNS_UDP_PLAIN];
	struct dns_writer w;
	struct buf b;
	struct dns_record r = { S("\2id\1s\0"), DNS_TXT, 300, long_text(&b, 600), 0 };
	size_t question;

	dns_write_begin(&w, out, sizeof(out), 7, 0);
	dns_write_question(&w, S("\2id\1s\0"), DNS_TXT, DNS_CLASS_IN);
	question = w.len;
	EXPECT(!dns_write_record(&w, DNS_ANSWER, &r), "600 bytes");
	EXPECT(w.full && w.len == question, "nothing of it was written");
	r.rdata = slice_head(r.rdata, 200);
	EXPECT(dns_write_record(&w, DNS_ANSWER, &r), "200 bytes");
	dns_write_truncate(&w, question);
	EXPECT_SLICE(dns_write_end(&w, DNS_FLAG_QR | DNS_FLAG_TC),
	             S("\0\7\x82\0\0\1\0\0\0\0\0\0\2id\1s\0\0\x10\0\1"), "truncated: no record");
	buf_fini(&b);
}

/* What was written is read back the same, names included, whatever was compressed. */
TEST(written_names_read_back)
{
	static const char *const names[] = { "s",     "id.s", "a.b.id.s", "b.id.s",
		                             "web.s", "x",    "a.b.id.s", "deep.a.b.id.s" };
	unsigned char out[512];
	struct dns_writer w;
	struct slice message;
	size_t at = DNS_HEADER_SIZE;

	dns_write_begin(&w, out, sizeof(out), 0, 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct dns_name n;

		assert_int_equal(dns_name_from_text(slice_str(names[i]), &n), OK);
		EXPECT(dns_write_record(&w, DNS_ANSWER,
		                        &(struct dns_record){ dns_name_slice(&n), DNS_NS, 1,
		                                              dns_name_slice(&n), 0 }),
		       names[i]);
	}
	message = dns_write_end(&w, 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct dns_name want, owner, target;

		assert_int_equal(dns_name_from_text(slice_str(names[i]), &want), OK);
		assert_int_equal(dns_name_parse(message, at, &owner, &at), OK);
		assert_int_equal(dns_name_parse(message, at + 10, &target, &at), OK);
		EXPECT_SLICE(dns_name_slice(&owner), dns_name_slice(&want), names[i]);
		EXPECT_SLICE(dns_name_slice(&target), dns_name_slice(&want), names[i]);
	}
	EXPECT(at == message.len, "nothing else");
}

TEST_MAIN(UNIT(queries_are_read), UNIT(every_part_is_known), UNIT(a_prefix_is_never_a_query),
          UNIT(ixfr_says_what_it_has), UNIT(answers_are_written),
          UNIT(what_does_not_fit_is_left_out), UNIT(written_names_read_back))

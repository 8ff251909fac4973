#include "wire/dkim_signature.h"

#include "test.h"

#define BH "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define REST "; " BH "; b=c2ln"
#define GOOD "v=1; a=rsa-sha256; d=a.example; s=k; h=From"

static const struct {
	const char *label, *text;
	enum dkim_fault want;
} rows[] = {
	{ "the smallest", GOOD REST, DKIM_NONE },
	{ "DKIM-11: tags that nobody knows", GOOD "; foo=1; z=From:x" REST, DKIM_NONE },
	{ "DKIM-11: d= twice", GOOD "; d=b.example" REST, DKIM_SYNTAX },
	{ "DKIM-11: without v=", "a=rsa-sha256; d=a.example; s=k; h=From" REST, DKIM_TAG_MISSING },
	{ "DKIM-11: without a=", "v=1; d=a.example; s=k; h=From" REST, DKIM_TAG_MISSING },
	{ "DKIM-11: without d=", "v=1; a=rsa-sha256; s=k; h=From" REST, DKIM_TAG_MISSING },
	{ "DKIM-11: without s=", "v=1; a=rsa-sha256; d=a.example; h=From" REST, DKIM_TAG_MISSING },
	{ "DKIM-11: without h=", "v=1; a=rsa-sha256; d=a.example; s=k" REST, DKIM_TAG_MISSING },
	{ "DKIM-11: without bh=", GOOD "; b=c2ln", DKIM_TAG_MISSING },
	{ "DKIM-11: without b=", GOOD "; " BH, DKIM_TAG_MISSING },
	{ "DKIM-11: v=2", "v=2; a=rsa-sha256; d=a.example; s=k; h=From" REST, DKIM_VERSION },
	{ "DKIM-11: names have case", "V=1; a=rsa-sha256; d=a.example; s=k; h=From" REST,
	  DKIM_TAG_MISSING },
	{ "DKIM-15: rsa-sha1 is refused", "v=1; a=rsa-sha1; d=a.example; s=k; h=From" REST,
	  DKIM_ALGORITHM },
	{ "DKIM-16: ed25519-sha256", "v=1; a=ed25519-sha256; d=a.example; s=k; h=From" REST,
	  DKIM_NONE },
	{ "DKIM-16: ed25519 alone is no algorithm", "v=1; a=ed25519; d=a.example; s=k; h=From" REST,
	  DKIM_ALGORITHM },
	{ "DKIM-14: c=relaxed", GOOD "; c=relaxed" REST, DKIM_NONE },
	{ "DKIM-14: c=relaxed/relaxed", GOOD "; c=relaxed/relaxed" REST, DKIM_NONE },
	{ "DKIM-14: c=nofws", GOOD "; c=nofws" REST, DKIM_CANON },
	{ "DKIM-14: three words", GOOD "; c=simple/simple/simple" REST, DKIM_CANON },
	{ "DKIM-04: l= with the whole length", GOOD "; l=512" REST, DKIM_LENGTH },
	{ "DKIM-04: l=0", GOOD "; l=0" REST, DKIM_LENGTH },
	{ "DKIM-22: l= of 76 digits",
	  GOOD
	  "; l=1234567890123456789012345678901234567890123456789012345678901234567890123456" REST,
	  DKIM_LENGTH },
	{ "DKIM-10: without From", "v=1; a=rsa-sha256; d=a.example; s=k; h=To:Subject" REST,
	  DKIM_NO_FROM },
	{ "DKIM-10: from in any case", "v=1; a=rsa-sha256; d=a.example; s=k; h=To : fRoM" REST,
	  DKIM_NONE },
	{ "DKIM-10: a name that contains from",
	  "v=1; a=rsa-sha256; d=a.example; s=k; h=Resent-From" REST, DKIM_NO_FROM },
	{ "an empty item in h=", "v=1; a=rsa-sha256; d=a.example; s=k; h=From::To" REST,
	  DKIM_SYNTAX },
	{ "a blank inside of a field's name",
	  "v=1; a=rsa-sha256; d=a.example; s=k; h=From:T o" REST, DKIM_SYNTAX },
	{ "DKIM-12: i= of the domain", GOOD "; i=@a.example" REST, DKIM_NONE },
	{ "DKIM-12: i= below the domain, in capitals", GOOD "; i=x@B.A.EXAMPLE" REST, DKIM_NONE },
	{ "DKIM-12: i= elsewhere", GOOD "; i=@other.example" REST, DKIM_IDENTITY },
	{ "DKIM-12: i= of a domain that ends the same way", GOOD "; i=@ba.example" REST,
	  DKIM_IDENTITY },
	{ "DKIM-12: i= above the domain", GOOD "; i=@example.org" REST, DKIM_IDENTITY },
	{ "DKIM-12: i= without at sign", GOOD "; i=a.example" REST, DKIM_SYNTAX },
	{ "DKIM-12: i= with a quoted at sign", GOOD "; i=\"@evil.example\"@a.example" REST,
	  DKIM_NONE },
	{ "DKIM-13: x before t", GOOD "; t=100; x=99" REST, DKIM_TIMES },
	{ "DKIM-13: x at t", GOOD "; t=100; x=100" REST, DKIM_NONE },
	{ "DKIM-13: t= is no number", GOOD "; t=-5" REST, DKIM_SYNTAX },
	{ "DKIM-13: t= is empty", GOOD "; t=" REST, DKIM_SYNTAX },
	{ "DKIM-22: x= of 76 digits",
	  GOOD
	  "; x=9999999999999999999999999999999999999999999999999999999999999999999999999999" REST,
	  DKIM_NONE },
	{ "q= with dns/txt among others", GOOD "; q=x/y : dns/txt" REST, DKIM_NONE },
	{ "q= without dns/txt", GOOD "; q=http/get" REST, DKIM_QUERY },
	{ "d= of one label", "v=1; a=rsa-sha256; d=example; s=k; h=From" REST, DKIM_SYNTAX },
	{ "d= with a final dot", "v=1; a=rsa-sha256; d=a.example.; s=k; h=From" REST, DKIM_SYNTAX },
	{ "d= with two dots", "v=1; a=rsa-sha256; d=a..example; s=k; h=From" REST, DKIM_SYNTAX },
	{ "d= that is not ASCII", "v=1; a=rsa-sha256; d=\xc3\xa4.example; s=k; h=From" REST,
	  DKIM_SYNTAX },
	{ "d= with a slash", "v=1; a=rsa-sha256; d=a/b.example; s=k; h=From" REST, DKIM_SYNTAX },
	{ "s= of several labels", "v=1; a=rsa-sha256; d=a.example; s=k.y; h=From" REST, DKIM_NONE },
	{ "s= with an underscore", "v=1; a=rsa-sha256; d=a.example; s=k_1; h=From" REST,
	  DKIM_NONE },
	{ "s= that is empty", "v=1; a=rsa-sha256; d=a.example; s=; h=From" REST, DKIM_SYNTAX },
	{ "s= with a blank inside", "v=1; a=rsa-sha256; d=a.example; s=k y; h=From" REST,
	  DKIM_SYNTAX },
	{ "bh= of another size", GOOD "; bh=c2ln; b=c2ln", DKIM_SYNTAX },
	{ "b= that is empty", GOOD "; " BH "; b=", DKIM_SYNTAX },
	{ "b= that is no base64", GOOD "; " BH "; b=???", DKIM_SYNTAX },
	{ "no list at all", "hello", DKIM_SYNTAX },
};

TEST(fields_are_read)
{
	struct dkim_signature s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(dkim_signature_parse(slice_str(rows[i].text), &s) == rows[i].want,
		       rows[i].label);
}

TEST(values_are_kept)
{
	struct dkim_signature s;

	EXPECT(dkim_signature_parse(S(GOOD "; t=7; x=99999999999999999999; i=x@B.a.example; "
	                                   "c=relaxed" REST),
	                            &s) == DKIM_NONE,
	       "reads");
	EXPECT_SLICE(s.domain, S("a.example"), "d=");
	EXPECT_SLICE(s.selector, S("k"), "s=");
	EXPECT_SLICE(s.identity, S("B.a.example"), "the domain of i=");
	EXPECT(s.header == DKIM_RELAXED && s.body == DKIM_SIMPLE,
	       "DKIM-14: one word is the header's canonicalization, the body's is simple");
	EXPECT(s.has_time && s.time == 7, "t=");
	EXPECT(s.has_expiry && s.expiry == INT64_MAX, "DKIM-22: x= does not overflow");
	EXPECT(s.b_len == 3 && memcmp(s.b, "sig", 3) == 0, "b=");
	EXPECT(dkim_signature_parse(S(GOOD REST), &s) == DKIM_NONE && s.header == DKIM_SIMPLE &&
	               s.body == DKIM_SIMPLE,
	       "DKIM-14: simple/simple when c= is absent");
	EXPECT_SLICE(s.identity, S("a.example"), "without i= the domain");
}

static enum dkim_fault with_names(unsigned n, size_t length)
{
	struct buf text;
	struct dkim_signature s;

	buf_init(&text, 1u << 20);
	buf_add_str(&text, "v=1; a=rsa-sha256; d=a.example; s=k; h=From");
	for (unsigned i = 1; i < n; i++)
		buf_printf(&text, ":%.*s", (int)length,
		           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	buf_add_str(&text, REST);
	enum dkim_fault f = dkim_signature_parse(buf_slice(&text), &s);
	buf_fini(&text);
	return f;
}

TEST(ceilings)
{
	struct dkim_signature s;
	struct buf text;
	char name[DKIM_QUERY_SIZE], label[256];

	EXPECT(with_names(DKIM_NAMES_MAX, 1) == DKIM_NONE, "DKIM-22: as many names as are taken");
	EXPECT(with_names(DKIM_NAMES_MAX + 1, 1) == DKIM_TOO_LARGE, "DKIM-22: one name more");
	EXPECT(with_names(134, 60) == DKIM_NONE, "DKIM-22: h= of 8117 bytes");
	EXPECT(with_names(136, 60) == DKIM_TOO_LARGE, "DKIM-22: h= of 8239 bytes");
	buf_init(&text, 1u << 20);
	buf_add_str(&text, GOOD "; " BH "; b=");
	while (text.len < DKIM_LIST_MAX)
		buf_add_str(&text, "AAAA");
	EXPECT(dkim_signature_parse(buf_slice(&text), &s) == DKIM_TOO_LARGE, "DKIM-22: long b=");
	buf_fini(&text);
	memset(label, 'x', sizeof(label));
	label[63] = label[127] = label[191] = '.';
	EXPECT(dkim_is_domain(slice_of(label, 253)), "a name of 253 characters");
	EXPECT(!dkim_is_domain(slice_of(label, 254)), "a name of 254 characters");
	EXPECT(dkim_query_name(S("k"), slice_of(label, 240), name) == OK && strlen(name) == 253,
	       "the longest name in DNS");
	EXPECT(dkim_query_name(S("ky"), slice_of(label, 240), name) == ERR_LIMIT, "one more");
	EXPECT(dkim_query_name(S("K1"), S("A.Example"), name) == OK &&
	               strcmp(name, "k1._domainkey.a.example") == 0,
	       "lower case");
}

TEST(times)
{
	static const struct {
		const char *label;
		bool has_time, has_expiry;
		int64_t time, expiry, now;
		enum dkim_fault want;
	} moments[] = {
		{ "DKIM-13: neither", false, false, 0, 0, 1000, DKIM_NONE },
		{ "DKIM-13: before the end", false, true, 0, 1001, 1000, DKIM_NONE },
		{ "DKIM-13: at the end", false, true, 0, 1000, 1000, DKIM_NONE },
		{ "DKIM-13: after the end", false, true, 0, 999, 1000, DKIM_EXPIRED },
		{ "DKIM-13: clocks may differ by 300 s", true, false, 1300, 0, 1000, DKIM_NONE },
		{ "DKIM-13: and by no more", true, false, 1301, 0, 1000, DKIM_FUTURE },
		{ "DKIM-13: the end of time", true, true, INT64_MAX, INT64_MAX, 1000, DKIM_FUTURE },
		{ "DKIM-13: archived mail is judged by its arrival", true, true, 900, 1500, 1000,
		  DKIM_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(moments); i++)
		EXPECT(dkim_time_check(moments[i].has_time, moments[i].time, moments[i].has_expiry,
		                       moments[i].expiry, moments[i].now) == moments[i].want,
		       moments[i].label);
}

TEST(codes)
{
	for (int f = 0; f < (int)DKIM_FAULT_COUNT; f++) {
		enum dkim_fault back = DKIM_FAULT_COUNT;

		EXPECT(dkim_fault_by_code(slice_str(dkim_fault_code((enum dkim_fault)f)), &back) ==
		                       OK &&
		               (int)back == f,
		       "a code names one fault");
		EXPECT(slice_ends(slice_str(dkim_fault_sentence((enum dkim_fault)f)), S(".")),
		       "a sentence");
	}
	EXPECT(dkim_fault_is_temporary(DKIM_KEY_UNKNOWN) &&
	               dkim_fault_is_temporary(DKIM_KEY_BOGUS) &&
	               !dkim_fault_is_temporary(DKIM_NO_KEY),
	       "DKIM-21: not found out is not the same as absent");
}

TEST_MAIN(UNIT(fields_are_read), UNIT(values_are_kept), UNIT(ceilings), UNIT(times), UNIT(codes))

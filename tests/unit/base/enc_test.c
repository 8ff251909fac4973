#include "base/enc.h"
#include "test.h"

TEST(hex_and_digest)
{
	char hex[SHA256_HEX_SIZE];
	unsigned char out[4];
	size_t len = 0;

	EXPECT_SLICE(slice_str(enc_sha256_hex(S("abc"), hex)),
	             S("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	             "FIPS 180");
	EXPECT(enc_unhex(S("00fFa0"), out, sizeof(out), &len) == OK && len == 3 && out[1] == 0xff,
	       "either case");
	EXPECT(enc_unhex(S("0"), out, sizeof(out), &len) == ERR_SYNTAX, "odd length");
	EXPECT(enc_unhex(S("zz"), out, sizeof(out), &len) == ERR_SYNTAX, "no hex");
	EXPECT(enc_unhex(S("0011223344"), out, sizeof(out), &len) == ERR_LIMIT, "too long");
}

TEST(base64_forms)
{
	struct buf b;

	buf_init(&b, 64);
	enc_base64url(S("\xfb\xff?"), &b);
	EXPECT_SLICE(buf_slice(&b), S("-_8_"), "url alphabet, no padding");
	buf_reset(&b);
	EXPECT(enc_unbase64(S("aGk="), &b) == OK, "padded");
	EXPECT_SLICE(buf_slice(&b), S("hi"), "decoded");
	EXPECT(enc_unbase64(S("aGk"), &b) == ERR_SYNTAX, "padding is asked for");
	EXPECT(enc_unbase64(S("a Gk="), &b) == ERR_SYNTAX, "no blanks");
	buf_fini(&b);
}

TEST_MAIN(UNIT(hex_and_digest), UNIT(base64_forms))

#include "wire/tls_hello.h"

#include "base/buf.h"
#include "test.h"

TEST(names)
{
	static const struct {
		const char *label;
		struct slice ext;
		enum err err;
		const char *name;
	} rows[] = {
		{ "STS-44: a host name", SLICE_INIT("\0\014\0\0\011a.example"), OK, "a.example" },
		{ "case is folded", SLICE_INIT("\0\014\0\0\011A.eXample"), OK, "a.example" },
		{ "final dot goes", SLICE_INIT("\0\015\0\0\012a.example."), OK, "a.example" },
		{ "underscore is seen in the wild", SLICE_INIT("\0\006\0\0\003_.b"), OK, "_.b" },
		{ "digits in other labels", SLICE_INIT("\0\007\0\0\0041.2b"), OK, "1.2b" },
		{ "other types are passed over", SLICE_INIT("\0\013\1\0\002xy\0\0\003a.b"), OK,
		  "a.b" },
		{ "no host name in the list", SLICE_INIT("\0\005\1\0\002xy"), ERR_NOTFOUND, NULL },
		{ "empty list", SLICE_INIT("\0\0"), ERR_NOTFOUND, NULL },
		{ "IPv4", SLICE_INIT("\0\014\0\0\011127.0.0.1"), ERR_DENIED, NULL },
		{ "a number", SLICE_INIT("\0\006\0\0\003127"), ERR_DENIED, NULL },
		{ "IPv6", SLICE_INIT("\0\006\0\0\003::1"), ERR_DENIED, NULL },
		{ "two names", SLICE_INIT("\0\014\0\0\003a.b\0\0\003c.d"), ERR_SYNTAX, NULL },
		{ "empty name", SLICE_INIT("\0\003\0\0\0"), ERR_SYNTAX, NULL },
		{ "dot alone", SLICE_INIT("\0\004\0\0\001."), ERR_SYNTAX, NULL },
		{ "empty label", SLICE_INIT("\0\007\0\0\004a..b"), ERR_SYNTAX, NULL },
		{ "leading dot", SLICE_INIT("\0\005\0\0\002.b"), ERR_SYNTAX, NULL },
		{ "two final dots", SLICE_INIT("\0\006\0\0\003a.."), ERR_SYNTAX, NULL },
		{ "blank", SLICE_INIT("\0\006\0\0\003a b"), ERR_SYNTAX, NULL },
		{ "slash", SLICE_INIT("\0\006\0\0\003a/b"), ERR_SYNTAX, NULL },
		{ "NUL", SLICE_INIT("\0\006\0\0\003a\0b"), ERR_SYNTAX, NULL },
		{ "byte above ASCII",
		  SLICE_INIT("\0\006\0\0\003a\xff"
		             "b"),
		  ERR_SYNTAX, NULL },
		{ "no length", SLICE_INIT(""), ERR_SYNTAX, NULL },
		{ "half a length", SLICE_INIT("\0"), ERR_SYNTAX, NULL },
		{ "list too short", SLICE_INIT("\0\007\0\0\003a.b"), ERR_SYNTAX, NULL },
		{ "bytes behind the list", SLICE_INIT("\0\006\0\0\003a.bx"), ERR_SYNTAX, NULL },
		{ "name too short", SLICE_INIT("\0\006\0\0\004a.b"), ERR_SYNTAX, NULL },
		{ "name without length", SLICE_INIT("\0\002\0\0"), ERR_SYNTAX, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[TLS_NAME_SIZE] = "untouched";

		EXPECT(tls_sni_parse(rows[i].ext, name) == rows[i].err, rows[i].label);
		EXPECT_SLICE(slice_str(name),
		             slice_str(rows[i].name == NULL ? "untouched" : rows[i].name),
		             rows[i].label);
	}
}

/* An extension with a name of n bytes in labels of the given length. */
static struct slice long_name(struct buf *b, size_t n, size_t label)
{
	buf_reset(b);
	buf_add_char(b, (char)((n + 3) >> 8));
	buf_add_char(b, (char)(n + 3));
	buf_add_char(b, 0);
	buf_add_char(b, (char)(n >> 8));
	buf_add_char(b, (char)n);
	for (size_t i = 1; i <= n; i++)
		buf_add_char(b, i % (label + 1) == 0 && i < n ? '.' : 'a');
	return buf_slice(b);
}

TEST(lengths)
{
	char name[TLS_NAME_SIZE];
	struct buf b;

	buf_init(&b, 70000);
	EXPECT(tls_sni_parse(long_name(&b, 253, 62), name) == OK, "253 characters");
	EXPECT(tls_sni_parse(long_name(&b, 254, 62), name) == ERR_LIMIT, "254 characters");
	EXPECT(tls_sni_parse(long_name(&b, 60000, 62), name) == ERR_LIMIT, "60000 characters");
	EXPECT(tls_sni_parse(long_name(&b, 63, 63), name) == OK, "a label of 63");
	EXPECT(tls_sni_parse(long_name(&b, 64, 64), name) == ERR_SYNTAX, "a label of 64");
	buf_fini(&b);
}

TEST(protocols)
{
	static const struct {
		const char *label;
		struct slice ext;
		enum err err;
		struct tls_alpn want;
	} rows[] = {
		{ "http/1.1", SLICE_INIT("\0\011\010http/1.1"), OK, { 1, true, false } },
		{ "h2 and http/1.1",
		  SLICE_INIT("\0\014\002h2\010http/1.1"),
		  OK,
		  { 2, true, false } },
		{ "h2 alone", SLICE_INIT("\0\003\002h2"), OK, { 1, false, false } },
		{ "acme alone", SLICE_INIT("\0\013\012acme-tls/1"), OK, { 1, false, true } },
		{ "case matters", SLICE_INIT("\0\011\010HTTP/1.1"), OK, { 1, false, false } },
		{ "empty list", SLICE_INIT("\0\0"), ERR_SYNTAX, { 0, false, false } },
		{ "empty name", SLICE_INIT("\0\001\0"), ERR_SYNTAX, { 0, false, false } },
		{ "name too short", SLICE_INIT("\0\003\003h2"), ERR_SYNTAX, { 0, false, false } },
		{ "bytes behind", SLICE_INIT("\0\003\002h2x"), ERR_SYNTAX, { 0, false, false } },
		{ "nothing", SLICE_INIT(""), ERR_SYNTAX, { 0, false, false } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_alpn a = { .count = 0 };

		EXPECT(tls_alpn_parse(rows[i].ext, &a) == rows[i].err, rows[i].label);
		EXPECT(a.count == rows[i].want.count && a.http11 == rows[i].want.http11 &&
		               a.acme == rows[i].want.acme,
		       rows[i].label);
	}
}

/* Whatever the bytes: an accepted name is lower case, has no final dot, and reads as itself. */
TEST(any_bytes)
{
	static const char letters[] = { 0, 1, 3, 5, 'a', 'B', '.', '1', '-', ':', (char)0xff };
	uint64_t seed = 6066;

	for (unsigned round = 0; round < 100000; round++) {
		uint64_t start = seed;
		char bytes[16], name[TLS_NAME_SIZE] = "", again[TLS_NAME_SIZE] = "", label[40];
		size_t n = 3 + test_random(&seed) % 8;
		struct buf b;

		memcpy(bytes, (char[]){ 0, (char)(n - 2), 0, 0, (char)(n - 5) }, 5);
		for (size_t i = test_random(&seed) % 8 == 0 ? 0 : 5; i < n; i++)
			bytes[i] = letters[test_random(&seed) % sizeof(letters)];
		(void)snprintf(label, sizeof(label), "seed %llu", (unsigned long long)start);
		if (tls_sni_parse(slice_of(bytes, n), name) != OK)
			continue;
		buf_init(&b, 64);
		buf_add(&b,
		        slice_of((char[]){ 0, (char)(strlen(name) + 3), 0, 0, (char)strlen(name) },
		                 5));
		buf_add_str(&b, name);
		EXPECT(tls_sni_parse(buf_slice(&b), again) == OK, label);
		EXPECT_SLICE(slice_str(again), slice_str(name), label);
		buf_fini(&b);
	}
}

TEST_MAIN(UNIT(names), UNIT(lengths), UNIT(protocols), UNIT(any_bytes))

/* The PROXY preamble: each form, each refusal, both sides of each limit, any pieces. */
#include "wire/proxy_head.h"

#include <arpa/inet.h>

#include "base/buf.h"
#include "test.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\300\0\2\1\306\63\144\1\334\4\1\273" /* 192.0.2.1:56324 to 198.51.100.1:443 */
#define SIX                                    \
	"\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\2" \
	"\334\4\1\273"

static const struct row {
	const char *label;
	struct slice in;
	enum err err;
	size_t size;
	const char *from; /* NULL: no client */
} rows[] = {
	{ "v1, IPv4", SLICE_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), OK, 45,
	  "192.0.2.1 56324" },
	{ "v1, IPv6", SLICE_INIT("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"), OK, 44,
	  "2001:db8::1 0" },
	{ "v1, unknown", SLICE_INIT("PROXY UNKNOWN\r\n"), OK, 15, NULL },
	{ "v1, unknown with more", SLICE_INIT("PROXY UNKNOWN ffff::1 x\r\n"), OK, 25, NULL },
	{ "v1, bytes behind", SLICE_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n\26\3\1"), OK,
	  39, "192.0.2.1 1" },
	{ "v1, other protocol", SLICE_INIT("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), ERR_SYNTAX, 0,
	  NULL },
	{ "v1, lower case", SLICE_INIT("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), ERR_SYNTAX, 0,
	  NULL },
	{ "v1, family and address differ", SLICE_INIT("PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n"),
	  ERR_SYNTAX, 0, NULL },
	{ "v1, no address", SLICE_INIT("PROXY TCP4 host 192.0.2.2 1 2\r\n"), ERR_SYNTAX, 0, NULL },
	{ "v1, three fields", SLICE_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"), ERR_SYNTAX, 0,
	  NULL },
	{ "v1, five fields", SLICE_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), ERR_SYNTAX, 0,
	  NULL },
	{ "v1, two blanks", SLICE_INIT("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), ERR_SYNTAX, 0,
	  NULL },
	{ "v1, port too large", SLICE_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"),
	  ERR_SYNTAX, 0, NULL },
	{ "v1, port with a leading zero", SLICE_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"),
	  ERR_SYNTAX, 0, NULL },
	{ "v1, address with a leading zero", SLICE_INIT("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n"),
	  ERR_SYNTAX, 0, NULL },
	{ "v1, NUL in an address", SLICE_INIT("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"),
	  ERR_SYNTAX, 0, NULL },
	{ "v1, LF alone", SLICE_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"), ERR_SYNTAX, 0, NULL },
	{ "v1, nothing in it", SLICE_INIT("PROXY \r\n"), ERR_SYNTAX, 0, NULL },
	{ "v1, no protocol", SLICE_INIT("PROXY \n"), ERR_SYNTAX, 0, NULL },
	{ "a request instead", SLICE_INIT("GET / HTTP/1.1\r\n"), ERR_SYNTAX, 0, NULL },
	{ "a ClientHello instead", SLICE_INIT("\26\3\1\2\0"), ERR_SYNTAX, 0, NULL },

	{ "v2, IPv4", SLICE_INIT(SIG "\41\21\0\14" FOUR), OK, 28, "192.0.2.1 56324" },
	{ "v2, IPv6", SLICE_INIT(SIG "\41\41\0\44" SIX), OK, 52, "2001:db8::1 56324" },
	{ "v2, an addition", SLICE_INIT(SIG "\41\21\0\20" FOUR "\4\0\1x"), OK, 32,
	  "192.0.2.1 56324" },
	{ "v2, an addition without a value", SLICE_INIT(SIG "\41\21\0\17" FOUR "\4\0\0"), OK, 31,
	  "192.0.2.1 56324" },
	{ "v2, local", SLICE_INIT(SIG "\40\0\0\0"), OK, 16, NULL },
	{ "v2, local with addresses", SLICE_INIT(SIG "\40\21\0\14" FOUR), OK, 28, NULL },
	{ "v2, unspecified", SLICE_INIT(SIG "\41\0\0\2xx"), OK, 18, NULL },
	{ "v2, bytes behind", SLICE_INIT(SIG "\41\21\0\14" FOUR "GET"), OK, 28, "192.0.2.1 56324" },
	{ "v2, UDP", SLICE_INIT(SIG "\41\22\0\14" FOUR), ERR_SYNTAX, 0, NULL },
	{ "v2, unknown family", SLICE_INIT(SIG "\41\101\0\0"), ERR_SYNTAX, 0, NULL },
	{ "v2, unknown command", SLICE_INIT(SIG "\42\21\0\14" FOUR), ERR_SYNTAX, 0, NULL },
	{ "version 1 in binary", SLICE_INIT(SIG "\21\21\0\14" FOUR), ERR_SYNTAX, 0, NULL },
	{ "v2, addresses cut short", SLICE_INIT(SIG "\41\21\0\13" FOUR), ERR_SYNTAX, 0, NULL },
	{ "v2, Unix addresses cut short", SLICE_INIT(SIG "\41\61\0\14" FOUR), ERR_SYNTAX, 0, NULL },
	{ "v2, half an addition", SLICE_INIT(SIG "\41\21\0\16" FOUR "\4\0"), ERR_SYNTAX, 0, NULL },
	{ "v2, an addition too long", SLICE_INIT(SIG "\41\21\0\20" FOUR "\4\0\2x"), ERR_SYNTAX, 0,
	  NULL },
	{ "v2, other signature", SLICE_INIT("\r\n\r\n\0\r\nQUIX"), ERR_SYNTAX, 0, NULL },
};

static void expect_from(const struct proxy_head *h, const struct row *row)
{
	char host[INET6_ADDRSTRLEN] = "", text[80] = "";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&h->from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&h->from;

	EXPECT(h->has_client == (row->from != NULL), row->label);
	if (row->from == NULL) {
		EXPECT(h->from.ss_family == AF_UNSPEC, row->label);
		return;
	}
	if (h->from.ss_family == AF_INET)
		(void)inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	else
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	(void)snprintf(text, sizeof(text), "%s %u", host, ntohs(v4->sin_port));
	EXPECT_SLICE(slice_str(text), slice_str(row->from), row->label);
}

TEST(forms)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct proxy_head h = { .size = 0 };
		size_t need = 0;
		enum err e = proxy_head_read(rows[i].in, &h, &need, NULL);

		EXPECT(e == rows[i].err, rows[i].label);
		EXPECT(h.size == rows[i].size, rows[i].label);
		if (e == OK)
			expect_from(&h, &rows[i]);
	}
}

/* A proper prefix is never whole, asks for no byte too many, and leaves *out alone. */
TEST(pieces)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t n = 0; rows[i].err == OK && n < rows[i].size; n++) {
			struct proxy_head h = { .size = 77 };
			size_t need = 0;
			enum err e = proxy_head_read(slice_head(rows[i].in, n), &h, &need, NULL);

			EXPECT(e == ERR_AGAIN && h.size == 77, rows[i].label);
			EXPECT(need > 0 && n + need <= rows[i].size, rows[i].label);
		}
	}
}

TEST(limits)
{
	struct proxy_head h;
	size_t need;
	struct buf b;

	buf_init(&b, 4096);
	buf_add_str(&b, "PROXY UNKNOWN ");
	while (b.len < PROXY_LINE_MAX - 2)
		buf_add_char(&b, 'x');
	buf_add_str(&b, "\r\n");
	EXPECT(proxy_head_read(buf_slice(&b), &h, &need, NULL) == OK, "a line of 107 bytes");
	EXPECT(proxy_head_read(slice_head(buf_slice(&b), 106), &h, &need, NULL) == ERR_AGAIN &&
	               need == 1,
	       "its last byte is missing");
	b.len -= 2;
	buf_add_str(&b, "x\r\n");
	EXPECT(proxy_head_read(buf_slice(&b), &h, &need, NULL) == ERR_LIMIT, "108 bytes");
	EXPECT(proxy_head_read(slice_head(buf_slice(&b), 107), &h, &need, NULL) == ERR_LIMIT,
	       "107 bytes and no end");
	buf_reset(&b);
	buf_add(&b, S(SIG "\41\0\3\360"));
	EXPECT(proxy_head_read(buf_slice(&b), &h, &need, NULL) == ERR_AGAIN && need == 1008,
	       "1024 bytes of version 2");
	buf_reset(&b);
	buf_add(&b, S(SIG "\41\0\3\361"));
	EXPECT(proxy_head_read(buf_slice(&b), &h, &need, NULL) == ERR_LIMIT, "1025 bytes");
	buf_fini(&b);
}

TEST_MAIN(UNIT(forms), UNIT(pieces), UNIT(limits))

/* X-Forwarded-For: whose word counts, and what is odd. */
#include "wire/forwarded_for.h"

#include <arpa/inet.h>

#include "base/buf.h"
#include "test.h"

/* Proxies are 10.0.0.0/8 and ::1. */
static bool trusts(const void *arg, const struct sockaddr_storage *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

	(void)arg; /* nothing else is needed */
	if (a->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 10;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static const char *text_of(const struct sockaddr_storage *a)
{
	static char out[80];
	char host[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

	if (a->ss_family == AF_INET)
		(void)inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	else
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	(void)snprintf(out, sizeof(out), "%s %u", host, ntohs(v4->sin_port));
	return out;
}

TEST(lists)
{
	static const struct {
		const char *label, *first, *second; /* the fields, in order; NULL: absent */
		enum err err;
		const char *client;
	} rows[] = {
		{ "one address", "192.0.2.1", NULL, OK, "192.0.2.1 0" },
		{ "IPv6", "2001:db8::1", NULL, OK, "2001:db8::1 0" },
		{ "with a port", "192.0.2.1:4711", NULL, OK, "192.0.2.1 4711" },
		{ "IPv6 with a port", "[2001:db8::1]:4711", NULL, OK, "2001:db8::1 4711" },
		{ "IPv6 in brackets", "[2001:db8::1]", NULL, OK, "2001:db8::1 0" },
		{ "what the client wrote does not count", "198.51.100.9, 192.0.2.1", NULL, OK,
		  "192.0.2.1 0" },
		{ "nor when it names a proxy", "10.0.0.1, 192.0.2.1", NULL, OK, "192.0.2.1 0" },
		{ "nor when it is no address", "x,, 192.0.2.1", NULL, OK, "192.0.2.1 0" },
		{ "proxies are passed over", "192.0.2.1,10.0.0.1 , ::1", NULL, OK, "192.0.2.1 0" },
		{ "all are proxies", "10.0.0.7, 10.0.0.1", NULL, OK, "10.0.0.7 0" },
		{ "two fields are one list", "192.0.2.1", "10.0.0.1", OK, "192.0.2.1 0" },
		{ "the last one counts", "198.51.100.9", "192.0.2.1", OK, "192.0.2.1 0" },
		{ "none", NULL, NULL, ERR_NOTFOUND, NULL },
		{ "empty", "", NULL, ERR_SYNTAX, NULL },
		{ "comma alone", ",", NULL, ERR_SYNTAX, NULL },
		{ "comma at the end", "192.0.2.1,", NULL, ERR_SYNTAX, NULL },
		{ "a hole behind a proxy", "192.0.2.1,, 10.0.0.1", NULL, ERR_SYNTAX, NULL },
		{ "unknown", "unknown", NULL, ERR_SYNTAX, NULL },
		{ "a name", "host.example", NULL, ERR_SYNTAX, NULL },
		{ "a port too large", "192.0.2.1:65536", NULL, ERR_SYNTAX, NULL },
		{ "no port behind the colon", "192.0.2.1:", NULL, ERR_SYNTAX, NULL },
		{ "IPv4 in brackets", "[192.0.2.1]", NULL, ERR_SYNTAX, NULL },
		{ "no end of the brackets", "[2001:db8::1", NULL, ERR_SYNTAX, NULL },
		{ "letters behind the brackets", "[2001:db8::1]x", NULL, ERR_SYNTAX, NULL },
		{ "a zone", "fe80::1%eth0", NULL, ERR_SYNTAX, NULL },
		{ "a blank inside", "192.0.2.1 192.0.2.2", NULL, ERR_SYNTAX, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_head h = { .field_count = 1 };
		struct sockaddr_storage got = { .ss_family = AF_UNSPEC };
		enum err e;

		h.fields[0] = (struct http_field){ S("Host"), S("a.example") };
		if (rows[i].first != NULL)
			h.fields[h.field_count++] = (struct http_field){ S("X-Forwarded-For"),
				                                         slice_str(rows[i].first) };
		if (rows[i].second != NULL)
			h.fields[h.field_count++] =
			        (struct http_field){ S("x-forwarded-for"),
				                     slice_str(rows[i].second) };
		e = forwarded_for(&h, trusts, NULL, &got);
		EXPECT(e == rows[i].err, rows[i].label);
		EXPECT(e == OK || got.ss_family == AF_UNSPEC, rows[i].label);
		if (e == OK && rows[i].client != NULL)
			EXPECT_SLICE(slice_str(text_of(&got)), slice_str(rows[i].client),
			             rows[i].label);
	}
}

static enum err with_proxies(size_t count, struct sockaddr_storage *out)
{
	struct http_head h = { .field_count = 1 };
	struct buf b;
	enum err e;

	buf_init(&b, 4096);
	buf_add_str(&b, "192.0.2.1");
	for (size_t i = 0; i < count; i++)
		buf_add_str(&b, ", 10.0.0.1");
	h.fields[0] = (struct http_field){ S("X-Forwarded-For"), buf_slice(&b) };
	e = forwarded_for(&h, trusts, NULL, out);
	buf_fini(&b);
	return e;
}

TEST(limit)
{
	struct sockaddr_storage got = { .ss_family = AF_UNSPEC };

	EXPECT(with_proxies(FORWARDED_FOR_MAX, &got) == OK, "16 proxies");
	EXPECT_SLICE(slice_str(text_of(&got)), S("192.0.2.1 0"), "16 proxies");
	EXPECT(with_proxies(FORWARDED_FOR_MAX + 1, &got) == ERR_LIMIT, "17 proxies");
}

TEST_MAIN(UNIT(lists), UNIT(limit))

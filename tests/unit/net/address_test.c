#include "net/address.h"

#include "net/listen.h"

#include <stdlib.h>
#include <unistd.h>

#include "test.h"

TEST(texts)
{
	static const struct {
		const char *label;
		struct slice in;
		enum err err;
		const char *back, *host;
		bool loopback;
	} rows[] = {
		{ "IPv4", SLICE_INIT("127.0.0.1:8443"), OK, "127.0.0.1:8443", "127.0.0.1", true },
		{ "IPv6", SLICE_INIT("[2001:db8::1]:443"), OK, "[2001:db8::1]:443", "2001:db8::1",
		  false },
		{ "IPv6 loopback", SLICE_INIT("[::1]:1"), OK, "[::1]:1", "::1", true },
		{ "mapped loopback", SLICE_INIT("[::ffff:127.0.0.1]:1"), OK, "[::ffff:127.0.0.1]:1",
		  "::ffff:127.0.0.1", true },
		{ "wildcard", SLICE_INIT("*:443"), OK, "[::]:443", "::", false },
		{ "port alone", SLICE_INIT("443"), OK, "[::]:443", "::", false },
		{ "Unix", SLICE_INIT("unix:/run/x"), OK, "unix:/run/x", "unix", true },
		{ "largest port", SLICE_INIT("10.0.0.1:65535"), OK, "10.0.0.1:65535", "10.0.0.1",
		  false },
		{ "port too large", SLICE_INIT("10.0.0.1:65536"), ERR_LIMIT, NULL, NULL, false },
		{ "IPv6 without brackets", SLICE_INIT("::1:443"), ERR_SYNTAX, NULL, NULL, false },
		{ "no port", SLICE_INIT("127.0.0.1"), ERR_SYNTAX, NULL, NULL, false },
		{ "no host", SLICE_INIT(":443"), ERR_SYNTAX, NULL, NULL, false },
		{ "a name", SLICE_INIT("localhost:443"), ERR_SYNTAX, NULL, NULL, false },
		{ "empty brackets", SLICE_INIT("[]:443"), ERR_SYNTAX, NULL, NULL, false },
		{ "empty", SLICE_INIT(""), ERR_SYNTAX, NULL, NULL, false },
		{ "no path", SLICE_INIT("unix:"), ERR_SYNTAX, NULL, NULL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct address a = { .len = 0 };
		char text[ADDRESS_TEXT_SIZE];

		EXPECT(address_parse(rows[i].in, &a) == rows[i].err, rows[i].label);
		if (rows[i].back == NULL)
			continue;
		EXPECT_SLICE(slice_str(address_format(&a.any, text)), slice_str(rows[i].back),
		             rows[i].label);
		EXPECT_SLICE(slice_str(address_format_host(&a.any, text)), slice_str(rows[i].host),
		             rows[i].label);
		EXPECT(address_is_loopback(&a.any) == rows[i].loopback, rows[i].label);
	}
}

static uint64_t key(const char *text)
{
	struct address a = { .len = 0 };

	assert_int_equal(address_parse(slice_str(text), &a), OK);
	return address_peer_key(&a.any);
}

TEST(peers)
{
	EXPECT(key("10.0.0.1:1") == key("10.0.0.1:2"), "a peer is no port");
	EXPECT(key("10.0.0.1:1") != key("10.0.0.2:1"), "IPv4 neighbours differ");
	EXPECT(key("[::ffff:10.0.0.1]:1") == key("10.0.0.1:1"), "mapped is the same peer");
	EXPECT(key("[2001:db8::1]:1") == key("[2001:db8::ffff:1]:1"), "one /64 is one peer");
	EXPECT(key("[2001:db8::1]:1") != key("[2001:db8:0:1::1]:1"), "the next /64 is another");
	EXPECT(key("unix:/x") == 0, "Unix peers are one");
}

TEST(long_paths)
{
	char text[128] = "unix:/";
	struct address a = { .len = 0 };

	memset(text + 6, 'x', 110);
	EXPECT(address_parse(slice_of(text, 5 + 107), &a) == OK, "107 bytes of path");
	EXPECT(address_parse(slice_of(text, 5 + 108), &a) == ERR_LIMIT, "108 bytes of path");
}

TEST(listeners)
{
	struct address a = { .len = 0 };
	struct sockaddr_storage peer;
	socklen_t len = sizeof(a.any);
	int one = -1, two = -1, got = -1, client;
	char folder[] = "/tmp/mxseal-listen-XXXXXX", text[64];

	assert_int_equal(address_parse(S("127.0.0.1:0"), &a), OK);
	assert_int_equal(listen_open(&a, LISTEN_SHARED, &one), OK);
	assert_int_equal(getsockname(one, (struct sockaddr *)&a.any, &len), 0);
	EXPECT(listen_open(&a, LISTEN_SHARED, &two) == OK, "a second socket on the same address");
	(void)close(two);
	EXPECT(listen_open(&a, 0, &two) == ERR_CONFLICT, "taken");
	EXPECT(listen_accept(one, &got, &peer) == ERR_AGAIN, "nobody yet");
	client = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(connect(client, (struct sockaddr *)&a.any, len) == 0, "connects");
	EXPECT(listen_accept(one, &got, &peer) == OK && address_is_loopback(&peer), "accepted");
	(void)close(client);
	(void)close(got);
	(void)close(one);
	EXPECT(listen_accept(one, &got, &peer) == ERR_IO, "no listener");
	assert_int_equal(address_parse(S("192.0.2.1:0"), &a), OK);
	EXPECT(listen_open(&a, 0, &one) == ERR_UNAVAILABLE, "an address of nobody here");

	assert_non_null(mkdtemp(folder));
	(void)snprintf(text, sizeof(text), "unix:%s/s", folder);
	assert_int_equal(address_parse(slice_str(text), &a), OK);
	EXPECT(listen_open(&a, 0, &one) == OK, "Unix");
	EXPECT(listen_open(&a, 0, &two) == ERR_CONFLICT, "a live path is not replaced");
	(void)close(one);
	EXPECT(listen_open(&a, 0, &one) == OK, "a dead path is replaced");
	(void)close(one);
	(void)unlink(text + 5);
	(void)rmdir(folder);
}

TEST_MAIN(UNIT(texts), UNIT(peers), UNIT(long_paths), UNIT(listeners))

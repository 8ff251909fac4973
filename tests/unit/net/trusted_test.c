/* Whose word counts. */
#include "net/trusted.h"

#include "net/address.h"
#include "test.h"

TEST(words)
{
	static const struct {
		const char *label, *words, *peer;
		enum err err;
		bool has;
	} rows[] = {
		{ "an address", "192.0.2.1", "192.0.2.1:1", OK, true },
		{ "another", "192.0.2.1", "192.0.2.2:1", OK, false },
		{ "a network's last", "192.0.2.0/31", "192.0.2.1:1", OK, true },
		{ "the first behind it", "192.0.2.0/31", "192.0.2.2:1", OK, false },
		{ "inside IPv6", "192.0.2.1", "[::ffff:192.0.2.1]:1", OK, true },
		{ "IPv6", "2001:db8::/32", "[2001:db8::9]:1", OK, true },
		{ "IPv6 outside", "2001:db8::/32", "[2001:db9::9]:1", OK, false },
		{ "the second word", "10.0.0.0/8  ::1", "[::1]:1", OK, true },
		{ "Unix", "::1 unix", "unix:/x", OK, true },
		{ "Unix is not named", "0.0.0.0/0 ::/0", "unix:/x", OK, false },
		{ "Unix names nobody else", "unix", "127.0.0.1:1", OK, false },
		{ "nobody", "", "127.0.0.1:1", OK, false },
		{ "no network", "host.example", "127.0.0.1:1", ERR_SYNTAX, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trusted t = { .local = false };
		struct address peer;

		EXPECT(address_parse(slice_str(rows[i].peer), &peer) == OK, rows[i].label);
		EXPECT(trusted_parse(slice_str(rows[i].words), &t) == rows[i].err, rows[i].label);
		EXPECT(trusted_has(&t, &peer.any) == rows[i].has, rows[i].label);
	}
}

TEST(no_peer)
{
	const struct sockaddr_storage none = { .ss_family = AF_UNSPEC };
	struct trusted t;

	EXPECT(trusted_parse(S("0.0.0.0/0 ::/0 unix"), &t) == OK, "everybody");
	EXPECT(!trusted_has(&t, &none), "a peer without a family");
}

TEST_MAIN(UNIT(words), UNIT(no_peer))

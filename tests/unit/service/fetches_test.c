/* What is kept of a client's address. */
#include "service/fetches.h"

#include <fcntl.h>
#include <unistd.h>

#include "net/address.h"
#include "test.h"

TEST(networks)
{
	static const struct {
		const char *label, *peer, *network;
	} rows[] = {
		{ "IPv4", "192.0.2.77:4711", "192.0.2.0/24" },
		{ "IPv4 in IPv6", "[::ffff:192.0.2.77]:4711", "192.0.2.0/24" },
		{ "IPv6", "[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1::/48" },
		{ "the end of an IPv6 network", "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:1",
		  "2001:db8:ffff::/48" },
		{ "a Unix socket", "unix:/run/x", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[FETCH_NETWORK_SIZE];
		struct fetch_record r;
		struct address a;

		assert_int_equal(address_parse(slice_str(rows[i].peer), &a), OK);
		fetch_record_make(7, 304, &a.any, 99, &r);
		EXPECT(r.publication == 7 && r.status == 304 && r.at == 99, rows[i].label);
		EXPECT_SLICE(slice_str(fetch_network_text(&r, text)), slice_str(rows[i].network),
		             rows[i].label);
	}
}

TEST(a_full_pipe_is_not_waited_for)
{
	struct fetch_record r = { .publication = 1 };
	int end[2];
	size_t said = 0, taken = 0;

	assert_int_equal(pipe2(end, O_NONBLOCK), 0);
	while (fetch_say(end[1], &r))
		said++;
	for (struct fetch_record in; read(end[0], &in, sizeof(in)) == (ssize_t)sizeof(in);)
		taken += in.publication == 1 ? 1 : 0;
	EXPECT(said > 1000 && said == taken, "each that was said is whole");
	EXPECT(fetch_say(end[1], &r), "and there is room again");
	(void)close(end[0]);
	(void)close(end[1]);
}

TEST_MAIN(UNIT(networks), UNIT(a_full_pipe_is_not_waited_for))

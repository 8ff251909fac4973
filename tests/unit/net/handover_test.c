#include "net/handover.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "test.h"

struct ends {
	int send, receive;
};

static struct ends channel(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	return (struct ends){ pair[0], pair[1] };
}

static void close_ends(struct ends e)
{
	(void)close(e.send);
	(void)close(e.receive);
}

static size_t open_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

TEST(a_connection_arrives_with_its_facts)
{
	struct ends e = channel();
	int given[2], got = -1;
	struct hand h = { .duty = HAND_POST, .sni = "rpt.acme.example" }, back = { 0 };
	struct sockaddr_in *peer = (struct sockaddr_in *)(void *)&h.peer;
	char byte = 0;

	peer->sin_family = AF_INET;
	peer->sin_port = htons(4711);
	assert_int_equal(pipe(given), 0);
	EXPECT(hand_receive(e.receive, &back, &got) == ERR_AGAIN, "nothing there yet");
	EXPECT(hand_send(e.send, &h, given[0]) == OK, "sent");
	EXPECT(hand_receive(e.receive, &back, &got) == OK, "received");
	EXPECT(back.duty == HAND_POST && memcmp(&back.peer, &h.peer, sizeof(h.peer)) == 0, "facts");
	EXPECT_SLICE(slice_str(back.sni), S("rpt.acme.example"), "name");
	EXPECT((fcntl(got, F_GETFD) & FD_CLOEXEC) != 0, "close on exec");
	EXPECT((fcntl(got, F_GETFL) & O_NONBLOCK) != 0, "never blocks");
	EXPECT(write(given[1], "x", 1) == 1 && read(got, &byte, 1) == 1 && byte == 'x',
	       "the same pipe");
	(void)close(got);
	(void)close(given[0]);
	(void)close(given[1]);
	close_ends(e);
}

TEST(a_full_channel_says_again)
{
	struct ends e = channel();
	struct hand h = { .duty = HAND_ADMIN };
	enum err last = OK;
	size_t before = open_descriptors();

	for (int i = 0; i < 100000 && last == OK; i++)
		last = hand_send(e.send, &h, 0);
	EXPECT(last == ERR_AGAIN, "full");
	(void)close(e.receive);
	EXPECT(hand_send(e.send, &h, 0) == ERR_CLOSED, "receiver gone");
	(void)close(e.send);
	EXPECT(open_descriptors() == before - 2, "nothing leaks");
}

TEST(other_datagrams_are_refused)
{
	struct ends e = channel();
	struct hand h = { .duty = HAND_ADMIN }, back = { 0 };
	int got = -1;
	size_t before = open_descriptors();

	EXPECT(send(e.send, "x", 1, 0) == 1, "short");
	EXPECT(hand_receive(e.receive, &back, &got) == ERR_SYNTAX, "short");
	EXPECT(send(e.send, &h, sizeof(h), 0) == (ssize_t)sizeof(h), "no descriptor");
	EXPECT(hand_receive(e.receive, &back, &got) == ERR_SYNTAX, "no descriptor");
	h.duty = (enum hand_duty)99;
	EXPECT(hand_send(e.send, &h, 0) == OK, "unknown duty");
	EXPECT(hand_receive(e.receive, &back, &got) == ERR_SYNTAX, "unknown duty");
	h.duty = HAND_ADMIN;
	memset(h.sni, 'a', sizeof(h.sni));
	EXPECT(hand_send(e.send, &h, 0) == OK, "name without end");
	EXPECT(hand_receive(e.receive, &back, &got) == ERR_SYNTAX, "name without end");
	EXPECT(got == -1 && back.duty == 0, "outputs untouched");
	EXPECT(open_descriptors() == before, "nothing leaks");
	close_ends(e);
}

TEST_MAIN(UNIT(a_connection_arrives_with_its_facts), UNIT(a_full_channel_says_again),
          UNIT(other_datagrams_are_refused))

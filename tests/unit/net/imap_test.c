/* A session with a server that never makes anybody wait. */
#include "net/imap.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/fetch.h"
#include "unit/test.h"

static void say(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.p, text.len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0); /* the client has gone */
		text = slice_skip(text, (size_t)n);
	}
}

/* Answers each command but a FETCH with OK, and that without an end. */
static void serve(int listener)
{
	static const char line[] = "* 1 FETCH (UID 1)\r\n";
	static char flood[4000 * (sizeof(line) - 1)];
	char command[1024], reply[64];
	int fd = accept(listener, NULL, NULL);

	for (size_t i = 0; i < sizeof(flood); i++)
		flood[i] = line[i % (sizeof(line) - 1)];
	say(fd, S("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] here\r\n"));
	for (;;) {
		ssize_t n = recv(fd, command, sizeof(command), 0); /* one command at a time */
		struct slice in = slice_of(command, n < 0 ? 0 : (size_t)n), tag, rest;

		if (!slice_cut(in, ' ', &tag, &rest))
			_exit(0);
		while (slice_starts(rest, S("UID FETCH")))
			say(fd, slice_of(flood, sizeof(flood)));
		(void)snprintf(reply, sizeof(reply), "%.*s OK\r\n",
		               SLICE_ARGS(slice_head(tag, 20)));
		say(fd, slice_str(reply));
	}
}

/* The port; *pid_out ends with the connection. */
static unsigned start_server(pid_t *pid_out)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
	*pid_out = fork();
	if (*pid_out == 0)
		serve(listener);
	(void)close(listener);
	return ntohs(at.sin_port);
}

static void end_now(void *arg, const struct imap_fetch *f)
{
	(void)f;
	atomic_store((atomic_bool *)arg, true);
}

TEST(talk_without_a_pause)
{
	static const uint32_t uid = 1;
	atomic_bool stop = false;
	struct dial_rules rules = { 0 };
	struct imap_url url = { .plain = true, .host = "127.0.0.1" };
	struct imap_conf conf = { .url = &url,
		                  .address_count = 1,
		                  .rules = &rules,
		                  .user = "u",
		                  .password = "p",
		                  .stop = &stop,
		                  .wake = -1 };
	struct imap *m = NULL;
	pid_t server;

	fetch_setup();
	url.port = start_server(&server);
	assert_int_equal(dial_rules_allow(&rules, S("127.0.0.0/8"), NULL), OK);
	assert_int_equal(dial_addr_parse(S("127.0.0.1"), (uint16_t)url.port, conf.addresses), OK);
	assert_int_equal(imap_open(&conf, &m, NULL), OK);
	EXPECT(imap_look(m, &uid, 1, end_now, &stop) == ERR_UNAVAILABLE,
	       "a server that is never waited for does not keep a poll from ending");
	imap_close(m);
	EXPECT(waitpid(server, NULL, 0) == server, "it has noticed");
}

TEST_MAIN(UNIT(talk_without_a_pause))

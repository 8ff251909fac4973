/* Hand-over of the report and admin hosts: what goes in comes out, both ways, to its end. */
#include "service/edge_world.h"

static const struct world_host hosts[] = {
	{ "rpt.service.example", EDGE_REPORT, "", false, false, false },
	{ "admin.service.example", EDGE_ADMIN, "", false, false, false },
	{ "mta-sts.a.example", EDGE_POLICY, "text\r\n", false, false, false },
};

static void start(struct world *w)
{
	int64_t seq = world_put(w, hosts, ARRAY_LEN(hosts));

	world_start(w);
	assert_true(world_await(w, seq));
}

static void stop(struct world *w)
{
	EXPECT(world_stop(w) == 0, "ends cleanly");
	world_fini(w);
}

/* The next connection that was handed over, made blocking; -1: none in time. */
static int taken(int channel, struct hand *h)
{
	int64_t end = clock_mono_ms() + WORLD_PATIENCE_MS;
	struct timeval patience = { .tv_sec = WORLD_PATIENCE_S };
	int fd = -1;

	while (hand_receive(channel, h, &fd) != OK) {
		if (clock_mono_ms() > end)
			return -1;
		(void)usleep(1000); /* the other process has the event */
	}
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool reads(int fd, const char *what)
{
	char got[256] = "";
	size_t len = 0, want = strlen(what);

	while (len < want) {
		ssize_t n = recv(fd, got + len, want - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return strcmp(got, what) == 0;
}

TEST(both_ways_and_both_ends)
{
	static const struct {
		const char *label, *name;
		bool desk;
		enum hand_duty duty;
	} rows[] = {
		{ "report host goes to intake", "rpt.service.example", false, HAND_POST },
		{ "admin host goes to desk", "admin.service.example", true, HAND_ADMIN },
	};
	struct world w;

	world_init(&w);
	start(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hand h = { .duty = HAND_IMPORT };
		struct client c;
		char byte;
		int fd;

		EXPECT(client_open(&c, &w, rows[i].name, TLS1_3_VERSION, NULL), rows[i].label);
		EXPECT(client_send(&c, "POST first"), rows[i].label);
		fd = taken(rows[i].desk ? w.desk[0] : w.intake[0], &h);
		EXPECT(h.duty == rows[i].duty, rows[i].label);
		EXPECT_SLICE(slice_str(h.sni), slice_str(rows[i].name), rows[i].label);
		EXPECT(address_is_loopback(&h.peer) && address_port(&h.peer) != 0, "peer");
		EXPECT(address_port(&h.local) == address_port(&w.tls_at.any), "local");
		EXPECT(reads(fd, "POST first"), rows[i].label);
		EXPECT(send(fd, "answer", 6, 0) == 6, rows[i].label);
		EXPECT(strcmp(client_until(&c, "answer"), "answer") == 0, rows[i].label);
		EXPECT(client_send(&c, "second") && reads(fd, "second"), "goes on");
		/* The client ends its side; the service may still speak. */
		EXPECT(SSL_shutdown(c.ssl) == 0, "half-close");
		EXPECT(recv(fd, &byte, 1, 0) == 0, "the end is passed on");
		EXPECT(send(fd, "last", 4, 0) == 4, "still open this way");
		(void)shutdown(fd, SHUT_WR);
		EXPECT(strcmp(client_until(&c, NULL), "last") == 0, "to the end");
		EXPECT(SSL_get_error(c.ssl, 0) == SSL_ERROR_ZERO_RETURN ||
		               (SSL_get_shutdown(c.ssl) & SSL_RECEIVED_SHUTDOWN) != 0,
		       "close_notify is sent");
		(void)close(fd);
		client_close(&c);
	}
	stop(&w);
}

/* More than all buffers hold, while the service does not read: the peer is held, nothing is lost.
 */
TEST(a_slow_service_holds_the_peer)
{
	enum { CHUNK = 16384, TOTAL = 4 * 1024 * 1024 };
	static char chunk[CHUNK];
	struct world w;
	struct hand h;
	struct client c;
	size_t sent = 0, got = 0;
	bool right = true;
	ssize_t n;
	pid_t sender;
	int fd, status = -1;

	world_init(&w);
	start(&w);
	EXPECT(client_open(&c, &w, "rpt.service.example", TLS1_2_VERSION, NULL), "opened");
	sender = fork();
	if (sender == 0) {
		for (; sent < TOTAL; sent += CHUNK) {
			memset(chunk, (int)('a' + sent / CHUNK % 26), CHUNK);
			if (SSL_write(c.ssl, chunk, CHUNK) != CHUNK)
				_exit(1);
		}
		_exit(SSL_shutdown(c.ssl) == 0 ? 0 : 2);
	}
	fd = taken(w.intake[0], &h);
	(void)usleep(200000); /* time for every buffer on the way to fill */
	while ((n = recv(fd, chunk, CHUNK, 0)) > 0) {
		for (ssize_t i = 0; i < n; i++, got++)
			right = right && chunk[i] == (char)('a' + got / CHUNK % 26);
	}
	EXPECT(n == 0 && got == TOTAL && right, "all of it, in order");
	EXPECT(waitpid(sender, &status, 0) == sender && status == 0, "all was taken");
	(void)close(fd);
	client_close(&c);
	stop(&w);
}

/* How a peer may end a connection without saying so in TLS. */
enum ending { ENDS_SIDE, ENDS_ALL, RESETS };

static void end_rudely(const struct client *c, enum ending how)
{
	const struct linger none = { .l_onoff = 1 };

	if (how == RESETS)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)(how == ENDS_SIDE ? shutdown(c->fd, SHUT_WR) : close(c->fd)); /* as is */
}

static size_t read_all(int fd)
{
	static char chunk[16384];
	size_t got = 0;
	ssize_t n;

	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		got += (size_t)n;
	return n == 0 ? got : 0;
}

/* What was received stands in the relay's buffer when the peer ends: the service still gets it. */
TEST(an_end_without_a_word_loses_nothing)
{
	static const struct {
		const char *label;
		enum ending how;
		const char *answer; /* said by the service before the peer ends */
	} rows[] = {
		{ "a side is ended", ENDS_SIDE, "" },
		{ "the connection is closed", ENDS_ALL, "" },
		{ "nor does an answer that nobody takes", ENDS_ALL, "answer" },
		{ "a reset ends it as well", RESETS, "" },
	};
	enum { CHUNK = 16384, TOTAL = 256 * 1024 };
	static char chunk[CHUNK];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct hand h;
		struct client c;
		size_t sent = 0;
		int fd, spare;

		world_init(&w);
		start(&w);
		EXPECT(client_open(&c, &w, "rpt.service.example", TLS1_3_VERSION, NULL), "opened");
		for (; sent < TOTAL && SSL_write(c.ssl, chunk, CHUNK) == CHUNK; sent += CHUNK)
			;
		fd = taken(w.intake[0], &h);
		(void)usleep(200000); /* all of it is in the relay, or as far as it goes */
		spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
		end_rudely(&c, rows[i].how);
		(void)usleep(200000); /* the relay learns of it */
		(void)!send(fd, rows[i].answer, strlen(rows[i].answer), MSG_NOSIGNAL);
		(void)usleep(200000); /* and that nobody takes the answer */
		EXPECT(sent == TOTAL && read_all(fd) == TOTAL, rows[i].label);
		(void)close(fd);
		if (rows[i].how != ENDS_SIDE)
			c.fd = spare;
		else
			(void)close(spare);
		client_close(&c);
		stop(&w);
	}
}

TEST(a_large_answer)
{
	enum { CHUNK = 16384, TOTAL = 2 * 1024 * 1024 };
	static char chunk[CHUNK];
	struct world w;
	struct hand h;
	struct client c;
	size_t got = 0;
	pid_t service;
	int fd, n, status = -1;

	world_init(&w);
	start(&w);
	EXPECT(client_open(&c, &w, "admin.service.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, "GET /"), "asked");
	fd = taken(w.desk[0], &h);
	service = fork();
	if (service == 0) {
		for (size_t sent = 0; sent < TOTAL; sent += CHUNK)
			if (send(fd, chunk, CHUNK, 0) != CHUNK)
				_exit(1);
		_exit(0);
	}
	(void)close(fd); /* the service closes all of it behind its last byte */
	(void)usleep(100000);
	while ((n = SSL_read(c.ssl, chunk, CHUNK)) > 0)
		got += (size_t)n;
	EXPECT(got == TOTAL, "all of it");
	EXPECT(waitpid(service, &status, 0) == service && status == 0, "all was taken");
	client_close(&c);
	stop(&w);
}

/* Nothing is handed over before the peer has said something. */
TEST(silent_peers_are_not_handed_over)
{
	struct world w;
	struct hand h;
	struct client c;
	int64_t begin = clock_mono_ms();
	int fd = -1;

	world_init(&w);
	w.limits.head_ms = 1000;
	start(&w);
	EXPECT(client_open(&c, &w, "rpt.service.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(await_end(c.fd, begin) >= 1000, "closed after its deadline");
	EXPECT(hand_receive(w.intake[0], &h, &fd) == ERR_AGAIN, "and intake never saw it");
	client_close(&c);
	stop(&w);
}

TEST(idle_relays_end)
{
	struct world w;
	struct hand h;
	struct client c;
	char byte;
	int fd;

	world_init(&w);
	w.limits.relay_idle_ms = 300;
	start(&w);
	EXPECT(client_open(&c, &w, "rpt.service.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, "x"), "said");
	fd = taken(w.intake[0], &h);
	EXPECT(reads(fd, "x") && recv(fd, &byte, 1, 0) == 0, "ended");
	(void)close(fd);
	client_close(&c);
	stop(&w);
}

static const char ask[] = "POST / HTTP/1.1\r\nHost: rpt.service.example\r\n\r\n";

/* With `answered` the relays that are open have had an answer and may not be closed. */
static void expect_cap(struct world *w, bool answered, const char *label)
{
	struct client c[3];
	struct hand h;
	char byte;
	int fds[3] = { -1, -1, -1 };

	for (int i = 0; i < 2; i++) {
		EXPECT(client_open(&c[i], w, "rpt.service.example", TLS1_3_VERSION, NULL), label);
		EXPECT(client_send(&c[i], ask), label);
		fds[i] = taken(w->intake[0], &h);
		if (!answered)
			continue;
		EXPECT(send(fds[i], "HTTP", 4, 0) == 4, label);
		EXPECT(strcmp(client_until(&c[i], "HTTP"), "HTTP") == 0, label);
	}
	EXPECT(client_open(&c[2], w, "rpt.service.example", TLS1_3_VERSION, NULL), label);
	EXPECT(client_send(&c[2], ask), label);
	if (answered) {
		const char *got = client_until(&c[2], NULL);

		EXPECT(strstr(got, "HTTP/1.1 503 ") == got, label);
		EXPECT(strstr(got, "Retry-After: ") != NULL, label);
	} else {
		fds[2] = taken(w->intake[0], &h);
		EXPECT(reads(fds[2], ask) && reads(fds[0], ask), label);
		EXPECT(recv(fds[0], &byte, 1, 0) == 0, label);
	}
	for (int i = 0; i < 3; i++) {
		client_close(&c[i]);
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
}

TEST(caps_of_their_own)
{
	struct world w;

	world_init(&w);
	w.limits.relays_per_address = 2;
	start(&w);
	expect_cap(&w, false, "the address's oldest without an answer makes room");
	stop(&w);

	world_init(&w);
	w.limits.relays_per_address = 2;
	start(&w);
	expect_cap(&w, true, "answered ones stay: come back later");
	stop(&w);

	world_init(&w);
	w.limits.relays = 2;
	start(&w);
	expect_cap(&w, true, "all together");
	stop(&w);

	world_init(&w);
	w.limits.relays = 2;
	start(&w);
	expect_cap(&w, false, "the oldest of all without an answer makes room");
	stop(&w);
}

TEST(nobody_to_hand_over_to)
{
	struct world w;
	struct client c;

	world_init(&w);
	start(&w);
	(void)close(w.intake[0]);
	EXPECT(client_open(&c, &w, "rpt.service.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, ask), "asked");
	EXPECT(strstr(client_until(&c, NULL), "HTTP/1.1 503 ") != NULL, "come back later");
	client_close(&c);
	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
	                       "Host: mta-sts.a.example\r\nConnection: close\r\n\r\n"),
	       "asked");
	EXPECT(strstr(client_until(&c, NULL), "text\r\n") != NULL, "policies are still served");
	client_close(&c);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { UNIT(both_ways_and_both_ends),
		                            UNIT(a_slow_service_holds_the_peer),
		                            UNIT(an_end_without_a_word_loses_nothing),
		                            UNIT(a_large_answer),
		                            UNIT(silent_peers_are_not_handed_over),
		                            UNIT(idle_relays_end),
		                            UNIT(caps_of_their_own),
		                            UNIT(nobody_to_hand_over_to) };

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

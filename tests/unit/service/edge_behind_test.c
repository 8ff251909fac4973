/* Proxies in front of a whole edge: whose word counts, what is answered to them, what is handed on.
 */
#include "service/edge_world.h"
#include "service/fetches.h"

#include <arpa/inet.h>
#include <poll.h>

#define TEXT "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
#define ASK(host, more) "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " host "\r\n" more "\r\n"
#define FOR(list) "X-Forwarded-For: " list "\r\n"
#define FROM "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n"

static const struct world_host hosts[] = {
	{ "mta-sts.behind.example", EDGE_POLICY, TEXT, false, false, true },
	{ "mta-sts.here.example", EDGE_POLICY, TEXT, false, false, false },
	{ "rpt.service.example", EDGE_REPORT, "", false, false, true },
	{ "admin.service.example", EDGE_ADMIN, "", false, false, true },
};

static void begin(struct world *w, const char *trusted, bool preamble)
{
	(void)signal(SIGPIPE, SIG_IGN); /* who is refused may be in the middle of a word */
	world_init(w);
	assert_int_equal(trusted_parse(slice_str(trusted), &w->proxies), OK);
	w->preamble = preamble;
	world_start(w);
	assert_true(world_await(w, world_put(w, hosts, ARRAY_LEN(hosts))));
}

static void end(struct world *w)
{
	assert_int_equal(world_stop(w), 0);
	world_fini(w);
}

/* Sends and reads to the end; "" when nothing was answered. */
static const char *exchange(const struct address *at, const char *text)
{
	static char got[8192];
	size_t len = 0;
	ssize_t n;
	int fd = world_connect(at);

	got[0] = '\0';
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	while ((n = recv(fd, got + len, sizeof(got) - 1 - len, 0)) > 0)
		got[len += (size_t)n] = '\0';
	(void)close(fd);
	return got;
}

TEST(answers)
{
	static const struct {
		const char *label, *ask, *want;
	} rows[] = {
		{ "STS-89: the policy", ASK("mta-sts.behind.example", FOR("203.0.113.9")),
		  "HTTP/1.1 200 OK\r\n" },
		{ "STS-90: no longer than what the horizon allows for",
		  ASK("mta-sts.behind.example", FOR("203.0.113.9")),
		  "Cache-Control: max-age=60, " },
		{ "one request a connection", ASK("mta-sts.behind.example", FOR("203.0.113.9")),
		  "Connection: close\r\n" },
		{ "case, final dot and port", ASK("MTA-STS.Behind.example.:443", FOR("::1")),
		  " 200 OK" },
		{ "a health check has no client", ASK("mta-sts.behind.example", ""), " 200 OK" },
		{ "two requests are answered once",
		  ASK("mta-sts.behind.example", "") ASK("mta-sts.behind.example", ""), " 200 OK" },
		{ "what the client wrote does not matter",
		  ASK("mta-sts.behind.example", FOR("x, 203.0.113.9")), " 200 OK" },
		{ "no address", ASK("mta-sts.behind.example", FOR("unknown")), " 400 Bad Request" },
		{ "a hole", ASK("mta-sts.behind.example", FOR("203.0.113.9,")),
		  " 400 Bad Request" },
		{ "another host", ASK("mta-sts.other.example", FOR("203.0.113.9")), " 421 " },
		{ "a host with a certificate of ours",
		  ASK("mta-sts.here.example", FOR("203.0.113.9")), " 421 " },
		{ "another path", "GET / HTTP/1.0\r\nHost: mta-sts.behind.example\r\n\r\n",
		  " 404 " },
		{ "malformed", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", " 400 " },
		{ "nobody asks the report host", ASK("rpt.service.example", ""),
		  " 400 Bad Request" },
		{ "a preamble where none is spoken", FROM ASK("mta-sts.behind.example", ""),
		  " 400 " },
	};
	struct world w;

	begin(&w, "127.0.0.1", false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = exchange(&w.behind_at, rows[i].ask);
		const char *first = strstr(got, "HTTP/1.1 ");

		EXPECT(strstr(got, rows[i].want) != NULL, rows[i].label);
		EXPECT(first != NULL && strstr(first + 1, "HTTP/1.1 ") == NULL, rows[i].label);
	}
	end(&w);
}

/* The network that the answer is counted for. */
static void expect_counted(struct world *w, const char *network)
{
	struct pollfd p = { .fd = w->fetches[0], .events = POLLIN };
	char text[FETCH_NETWORK_SIZE];
	struct fetch_record r;

	assert_int_equal(poll(&p, 1, WORLD_PATIENCE_S * 1000), 1);
	assert_int_equal(read(w->fetches[0], &r, sizeof(r)), (ssize_t)sizeof(r));
	EXPECT(r.status == 200, network);
	EXPECT_SLICE(slice_str(fetch_network_text(&r, text)), slice_str(network), "the client's");
}

TEST(counted)
{
	struct world w;

	begin(&w, "127.0.0.1", false);
	(void)exchange(&w.behind_at,
	               ASK("mta-sts.behind.example", FOR("198.51.100.1, 203.0.113.9")));
	expect_counted(&w, "203.0.113.0/24");
	(void)exchange(&w.behind_at, ASK("mta-sts.behind.example", ""));
	expect_counted(&w, "127.0.0.0/24");
	end(&w);
	begin(&w, "127.0.0.1", true);
	(void)exchange(&w.behind_at, FROM ASK("mta-sts.behind.example", FOR("198.51.100.1")));
	expect_counted(&w, "203.0.113.0/24");
	end(&w);
}

TEST(nobody_else)
{
	struct client c;
	struct world w;

	begin(&w, "192.0.2.1 unix", false);
	EXPECT(exchange(&w.behind_at, ASK("mta-sts.behind.example", FOR("203.0.113.9")))[0] == '\0',
	       "who is not trusted is not listened to");
	EXPECT(!client_open(&c, &w, "mta-sts.behind.example", TLS1_3_VERSION, NULL),
	       "without a certificate nothing is answered over TLS");
	client_close(&c);
	EXPECT(strstr(exchange(&w.http_at, ASK("mta-sts.behind.example", FOR("203.0.113.9"))),
	              " 404 ") != NULL,
	       "nor on the listener for challenges");
	end(&w);
}

/* The client that the service is told of, and the first bytes it gets. */
static void expect_hand(int channel, const char *from, const char *sni, const char *first)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };
	char text[ADDRESS_TEXT_SIZE], got[4096] = "";
	struct hand h;
	int fd = -1;

	assert_int_equal(poll(&p, 1, WORLD_PATIENCE_S * 1000), 1);
	assert_int_equal(hand_receive(channel, &h, &fd), OK);
	EXPECT_SLICE(slice_str(address_format_host(&h.peer, text)), slice_str(from), "the client");
	EXPECT_SLICE(slice_str(h.sni), slice_str(sni), "the host");
	p.fd = fd;
	assert_int_equal(poll(&p, 1, WORLD_PATIENCE_S * 1000), 1);
	EXPECT(read(fd, got, sizeof(got) - 1) > 0, "what it asked");
	EXPECT_SLICE(slice_str(got), slice_str(first), "what it asked");
	EXPECT(write(fd, "HTTP/1.1 200 OK\r\n\r\n", 19) == 19, "an answer");
	(void)close(fd);
}

/* Sends without waiting; the descriptor. */
static int ask(const struct address *at, const char *text)
{
	int fd = world_connect(at);

	EXPECT(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text), "sent");
	return fd;
}

TEST(handed_on)
{
	char got[64] = "";
	struct world w;
	int fd;

	begin(&w, "127.0.0.0/8 10.0.0.0/8", false);
	fd = ask(&w.behind_at,
	         "POST /v1/report/t HTTP/1.1\r\nHost: RPT.service.example\r\n"
	         "Connection: keep-alive\r\nX-Forwarded-For: 198.51.100.1\r\n"
	         "x-forwarded-for: 203.0.113.9, 10.0.0.1\r\nContent-Length: 2\r\n\r\nab");
	expect_hand(w.intake[0], "203.0.113.9", "rpt.service.example",
	            "POST /v1/report/t HTTP/1.1\r\nConnection: close\r\n"
	            "Host: RPT.service.example\r\nContent-Length: 2\r\n\r\nab");
	EXPECT(recv(fd, got, sizeof(got), MSG_WAITALL) == 19, "the answer comes back");
	(void)close(fd);
	fd = ask(&w.behind_at, "GET /a?b HTTP/1.0\r\nHost: admin.service.example\r\n"
	                       "X-Forwarded-For: 2001:db8::9\r\n\r\n");
	expect_hand(
	        w.desk[0], "2001:db8::9", "admin.service.example",
	        "GET /a?b HTTP/1.0\r\nConnection: close\r\nHost: admin.service.example\r\n\r\n");
	(void)close(fd);
	end(&w);
}

/* One that sends its ClientHello behind the preamble. */
static bool tls_behind(struct world *w, const char *preamble)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = world_connect(&w->tls_at);
	bool good;

	(void)send(fd, preamble, strlen(preamble), MSG_NOSIGNAL);
	(void)SSL_set_fd(ssl, fd);
	client_name(ssl, "mta-sts.here.example");
	good = SSL_connect(ssl) == 1;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	(void)close(fd);
	ERR_clear_error();
	return good;
}

TEST(preambles)
{
	struct world w;
	int fd;

	begin(&w, "127.0.0.1", true);
	EXPECT(tls_behind(&w, FROM), "TLS is passed through");
	EXPECT(!tls_behind(&w, ""), "a trusted proxy says whom it speaks for");
	EXPECT(!tls_behind(&w, "PROXY TCP4 x 127.0.0.1 1 2\r\n"), "and says it well");
	EXPECT(strstr(exchange(&w.behind_at, FROM ASK("mta-sts.behind.example", "")), " 200 OK") !=
	               NULL,
	       "the policy");
	EXPECT(strstr(exchange(&w.behind_at, "PROXY UNKNOWN\r\n" ASK("mta-sts.behind.example", "")),
	              " 200 OK") != NULL,
	       "a health check");
	EXPECT(exchange(&w.behind_at, ASK("mta-sts.behind.example", ""))[0] == '\0',
	       "without the preamble nothing is answered");
	EXPECT(strstr(exchange(&w.http_at, FROM ASK("mta-sts.behind.example", "")), " 404 ") !=
	               NULL,
	       "the listener for challenges, too");
	fd = ask(&w.behind_at, FROM "GET / HTTP/1.0\r\nHost: rpt.service.example\r\n"
	                            "X-Forwarded-For: 198.51.100.1\r\n\r\n");
	expect_hand(w.intake[0], "203.0.113.9", "rpt.service.example",
	            "GET / HTTP/1.0\r\nConnection: close\r\nHost: rpt.service.example\r\n\r\n");
	(void)close(fd);
	end(&w);
}

TEST(not_from_strangers)
{
	struct client c;
	struct world w;

	begin(&w, "192.0.2.1", true);
	EXPECT(!tls_behind(&w, FROM), "a stranger's preamble is no preamble");
	EXPECT(client_open(&c, &w, "mta-sts.here.example", TLS1_3_VERSION, NULL),
	       "others connect as ever");
	client_close(&c);
	end(&w);
}

/* Connections of one client behind the proxy count together, not with the proxy's other ones. */
TEST(caps)
{
	int held[4];
	char byte;
	struct world w;

	world_init(&w);
	w.limits.per_address = 2;
	w.preamble = true;
	assert_int_equal(trusted_parse(S("127.0.0.1"), &w.proxies), OK);
	world_start(&w);
	assert_true(world_await(&w, world_put(&w, hosts, ARRAY_LEN(hosts))));
	held[0] = ask(&w.behind_at, FROM);
	held[1] = ask(&w.behind_at, FROM);
	held[2] = ask(&w.behind_at, "PROXY TCP4 203.0.113.10 127.0.0.1 4711 443\r\n");
	held[3] = ask(&w.behind_at, FROM);
	EXPECT(recv(held[0], &byte, 1, 0) == 0, "the client's oldest connection made room");
	EXPECT(recv(held[2], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN,
	       "another client's stays");
	for (size_t i = 0; i < ARRAY_LEN(held); i++)
		(void)close(held[i]);
	end(&w);
}

TEST_MAIN(UNIT(answers), UNIT(counted), UNIT(nobody_else), UNIT(handed_on), UNIT(preambles),
          UNIT(not_from_strangers), UNIT(caps))

/* A whole edge over loopback: names, certificates, strictness, deadlines, caps, changes. */
#include "service/edge_world.h"
#include "service/fetches.h"

#define TEXT_A "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
#define GET(host) "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define GET_CLOSE(host) \
	"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " host "\r\nConnection: close\r\n\r\n"

static const struct world_host hosts[] = {
	{ "mta-sts.a.example", EDGE_POLICY, TEXT_A, false, false, false },
	{ "mta-sts.rsa.example", EDGE_POLICY, TEXT_A, true, false, false },
	{ "mta-sts.bad.example", EDGE_POLICY, TEXT_A, false, true, false },
};

/* Short deadlines: tests await the event, the numbers only bound it from below. */
#define HEAD_MS 800
#define TOTAL_MS 1800

static void start_within(struct world *w, unsigned head_ms, unsigned total_ms)
{
	int64_t seq;

	world_init(w);
	w->limits.head_ms = head_ms;
	w->limits.total_ms = total_ms;
	seq = world_put(w, hosts, ARRAY_LEN(hosts));
	world_start(w);
	assert_true(world_await(w, seq));
}

/* With deadlines that a busy machine keeps. */
static struct world *start(struct world *w)
{
	start_within(w, (unsigned)WORLD_PATIENCE_MS, (unsigned)WORLD_PATIENCE_MS);
	return w;
}

static void stop(struct world *w)
{
	EXPECT(world_stop(w) == 0, "ends cleanly");
	world_fini(w);
}

/* The leaf's common name, which says whose certificate was sent. */
static const char *leaf_name(struct client *c)
{
	static char name[256];
	X509 *x = SSL_get1_peer_certificate(c->ssl);

	name[0] = '\0';
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name,
	                                sizeof(name));
	X509_free(x);
	return name;
}

TEST(names_and_versions)
{
	static const struct {
		const char *label, *name, *cert;
		int version;
		const char *alpn;
		unsigned long alert;
	} rows[] = {
		{ "STS-59: TLS 1.3, P-256", "mta-sts.a.example", "mta-sts.a.example",
		  TLS1_3_VERSION, NULL, 0 },
		{ "STS-59: TLS 1.2, P-256", "mta-sts.a.example", "mta-sts.a.example",
		  TLS1_2_VERSION, NULL, 0 },
		{ "STS-59: TLS 1.3, RSA", "mta-sts.rsa.example", "mta-sts.rsa.example",
		  TLS1_3_VERSION, NULL, 0 },
		{ "STS-59: TLS 1.2, RSA", "mta-sts.rsa.example", "mta-sts.rsa.example",
		  TLS1_2_VERSION, NULL, 0 },
		{ "STS-45: case of the name", "MTA-STS.A.example", "mta-sts.a.example",
		  TLS1_3_VERSION, NULL, 0 },
		{ "http/1.1 among others", "mta-sts.a.example", "mta-sts.a.example", TLS1_3_VERSION,
		  "\2h2\10http/1.1", 0 },
		{ "STS-45: unknown name", "mta-sts.b.example", NULL, TLS1_3_VERSION, NULL,
		  SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "STS-45: unknown name, TLS 1.2", "mta-sts.b.example", NULL, TLS1_2_VERSION, NULL,
		  SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "STS-44: no name", NULL, NULL, TLS1_3_VERSION, NULL,
		  SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "STS-44: an address", "127.0.0.1", NULL, TLS1_3_VERSION, NULL,
		  SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "another protocol alone", "mta-sts.a.example", NULL, TLS1_3_VERSION, "\2h2",
		  SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
		{ "ACME-22: acme-tls/1 gets no HTTP, and no certificate that was brought in",
		  "mta-sts.a.example", NULL, TLS1_3_VERSION, "\12acme-tls/1",
		  SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
		{ "a key that does not open", "mta-sts.bad.example", NULL, TLS1_3_VERSION, NULL,
		  SSL_R_TLSV1_ALERT_INTERNAL_ERROR },
	};
	struct world w;

	(void)start(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct client c;
		bool good = client_open(&c, &w, rows[i].name, rows[i].version, rows[i].alpn);

		EXPECT(good == (rows[i].cert != NULL), rows[i].label);
		EXPECT(c.alert == rows[i].alert, rows[i].label);
		if (good) {
			EXPECT_SLICE(slice_str(leaf_name(&c)), slice_str(rows[i].cert),
			             rows[i].label);
			EXPECT(SSL_version(c.ssl) == rows[i].version, rows[i].label);
		}
		client_close(&c);
	}
	stop(&w);
}

/* Only what was decoded before edge.db lost it is still answered with. */
static bool is_at_hand(struct world *w, const char *name, useconds_t pause)
{
	const struct world_host host = { name, EDGE_POLICY, TEXT_A, false, false, false };
	struct arena *a = arena_new();
	struct edge_host row;
	struct client c;
	int64_t seq = world_put(w, &host, 1);

	assert_true(world_await(w, seq));
	(void)usleep(pause); /* nothing tells that a certificate is decoded */
	assert_int_equal(edgedb_host(w->writer, slice_str(name), a, &row), OK);
	assert_int_equal(edgedb_begin(w->writer, &seq), OK);
	assert_int_equal(edgedb_drop_cert(w->writer, row.fingerprint), OK);
	assert_int_equal(edgedb_end(w->writer, OK), OK);
	bool good = client_open(&c, w, name, TLS1_3_VERSION, NULL);
	client_close(&c);
	arena_free(a);
	return good;
}

TEST(certificates_are_decoded_ahead)
{
	struct world w;
	char name[64];
	bool good = false;

	(void)start(&w);
	for (unsigned i = 0; i < 12 && !good; i++) {
		(void)snprintf(name, sizeof(name), "mta-sts.ahead%u.example", i);
		good = is_at_hand(&w, name, 1000u << i);
	}
	EXPECT(good, "before anybody asks");
	stop(&w);
}

TEST(nothing_is_resumed)
{
	struct world w;

	(void)start(&w);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct client c, again;
		SSL_SESSION *session;

		EXPECT(client_open(&c, &w, "mta-sts.a.example", version, NULL), "first");
		EXPECT(client_send(&c, GET_CLOSE("mta-sts.a.example")), "asked");
		EXPECT(strstr(client_until(&c, NULL), TEXT_A) != NULL, "answered");
		session = SSL_get1_session(c.ssl);
		EXPECT(!SSL_SESSION_has_ticket(session), "no ticket");
		again = (struct client){ .ctx = SSL_CTX_new(TLS_client_method()) };
		again.ssl = SSL_new(again.ctx);
		again.fd = world_connect(&w.tls_at);
		(void)SSL_set_fd(again.ssl, again.fd);
		client_name(again.ssl, "mta-sts.a.example");
		(void)SSL_set_session(again.ssl, session);
		EXPECT(SSL_connect(again.ssl) == 1, "second");
		EXPECT(SSL_session_reused(again.ssl) == 0, "not resumed");
		SSL_SESSION_free(session);
		client_close(&c);
		client_close(&again);
	}
	stop(&w);
}

TEST(requests_on_one_connection)
{
	static const char ask[] = GET("mta-sts.a.example");
	char many[4 * sizeof(ask)];
	struct world w;
	struct client c;
	const char *got;

	(void)start(&w);
	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL), "opened");
	for (int i = 0; i < 3; i++) {
		EXPECT(client_send(&c, ask), "asked");
		EXPECT(strstr(client_until(&c, TEXT_A), "200 OK") != NULL, "kept open");
	}
	(void)snprintf(many, sizeof(many), "%s%s%s", ask, ask, GET_CLOSE("mta-sts.a.example"));
	EXPECT(client_send(&c, many), "three at once");
	got = client_until(&c, NULL);
	for (int i = 0; i < 3; i++) {
		got = strstr(got, TEXT_A);
		EXPECT(got != NULL, "three answers");
		if (got == NULL)
			break;
		got += sizeof(TEXT_A) - 1;
	}
	client_close(&c);

	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_2_VERSION, NULL), "opened");
	for (size_t i = 0; i < sizeof(ask) - 1; i++)
		EXPECT(SSL_write(c.ssl, ask + i, 1) == 1, "one byte");
	EXPECT(strstr(client_until(&c, TEXT_A), "200 OK") != NULL, "byte by byte");
	client_close(&c);

	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, GET("mta-sts.rsa.example")), "asked for another host");
	EXPECT(strstr(client_until(&c, "Host names another host.\n"), " 421 ") != NULL,
	       "STS-45: SNI and Host must agree");
	client_close(&c);
	stop(&w);
}

TEST(refused_heads_are_answered)
{
	struct world w;
	struct client c;
	const char *got;

	(void)start(&w);
	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, "GET / HTTP/1.1\nHost: mta-sts.a.example\n\n"), "sent");
	got = client_until(&c, NULL);
	EXPECT(strstr(got, "HTTP/1.1 400 ") == got && strstr(got, "Connection: close") != NULL,
	       "bare LF: answered, then closed");
	client_close(&c);

	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, "POST /.well-known/mta-sts.txt HTTP/1.1\r\n"
	                       "Host: mta-sts.a.example\r\nContent-Length: 100000\r\n\r\nabc"),
	       "sent");
	got = client_until(&c, NULL);
	EXPECT(strstr(got, "HTTP/1.1 405 ") == got && strstr(got, "Allow: GET, HEAD") != NULL,
	       "STS-98: a body is not waited for");
	client_close(&c);
	stop(&w);
}

TEST(plain_http)
{
	static const char ask[] = "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
	                          "Host: mta-sts.a.example\r\nConnection: close\r\n\r\n";
	struct world w;
	char got[1024] = "";
	size_t len = 0;
	ssize_t n;
	int fd;

	(void)start(&w);
	fd = world_connect(&w.http_at);
	EXPECT(send(fd, ask, sizeof(ask) - 1, 0) == (ssize_t)sizeof(ask) - 1, "asked");
	while (len < sizeof(got) - 1 && (n = recv(fd, got + len, sizeof(got) - 1 - len, 0)) > 0)
		len += (size_t)n;
	EXPECT(strstr(got, "HTTP/1.1 404 ") == got, "STS-20: no policy over plain HTTP");
	(void)close(fd);
	stop(&w);
}

static void expect_end(int64_t took, int64_t least, const char *label)
{
	EXPECT(took >= least && took < WORLD_PATIENCE_MS, label);
}

/* Each request is in time, all together are not.  False: the machine was busy, and one of them was
 * late. */
static bool total_ends_it(struct world *w)
{
	int64_t begin = clock_mono_ms(), last = begin;
	struct client c;
	bool in_time = client_open(&c, w, "mta-sts.a.example", TLS1_3_VERSION, NULL);

	for (int i = 0; i < 3 && in_time; i++) {
		int64_t now = clock_mono_ms();

		in_time = now - last < HEAD_MS && now - begin < TOTAL_MS &&
		          client_send(&c, GET("mta-sts.a.example")) &&
		          strstr(client_until(&c, TEXT_A), "200 OK") != NULL;
		last = now;
		if (i < 2)
			(void)usleep(HEAD_MS * 1000 * 3 / 4);
	}
	if (in_time)
		expect_end(await_end(c.fd, begin), TOTAL_MS, "STS-51: the whole connection");
	client_close(&c);
	return in_time;
}

TEST(deadlines)
{
	struct world w;
	struct client c;
	int64_t begin;
	int fd, tries = 0;

	start_within(&w, HEAD_MS, TOTAL_MS);
	begin = clock_mono_ms();
	fd = world_connect(&w.tls_at);
	expect_end(await_end(fd, begin), HEAD_MS, "STS-51: nothing was said");
	(void)close(fd);

	begin = clock_mono_ms();
	fd = world_connect(&w.tls_at);
	EXPECT(send(fd, "\x16\x03\x01\x02", 4, 0) == 4, "half a record");
	expect_end(await_end(fd, begin), HEAD_MS, "STS-51: half a ClientHello");
	(void)close(fd);

	begin = clock_mono_ms();
	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL), "opened");
	EXPECT(client_send(&c, "GET / HTTP/1.1\r\n"), "half a head");
	expect_end(await_end(c.fd, begin), HEAD_MS, "STS-51: half a head");
	client_close(&c);

	while (!total_ends_it(&w) && ++tries < 20)
		continue;
	EXPECT(tries < 20, "three requests in time");
	stop(&w);
}

/* Fills a cap with silent connections; the next one takes the place of the oldest. */
static void expect_oldest_closed(struct world *w, int cap, const char *label)
{
	int fds[16];
	struct client c;

	for (int i = 0; i < cap; i++)
		fds[i] = world_connect(&w->tls_at);
	EXPECT(client_open(&c, w, "mta-sts.a.example", TLS1_3_VERSION, NULL), label);
	(void)await_end(fds[0], 0);
	EXPECT(client_send(&c, GET_CLOSE("mta-sts.a.example")), label);
	EXPECT(strstr(client_until(&c, NULL), TEXT_A) != NULL, label);
	EXPECT(recv(fds[1], &(char){ 0 }, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, label);
	client_close(&c);
	for (int i = 0; i < cap; i++)
		(void)close(fds[i]);
}

/* A connection on port 80 that has its answer, and does not end. */
static int answered(struct world *w)
{
	int fd = world_connect(&w->http_at);
	char got[512];

	EXPECT(send(fd, "x\n\n", 3, 0) == 3, "no request");
	while (recv(fd, got, sizeof(got), 0) > 0)
		continue;
	return fd;
}

static void expect_room_beside_answered(struct world *w, int cap, const char *label)
{
	struct client c;
	int fds[16];

	for (int i = 0; i < cap; i++)
		fds[i] = answered(w);
	EXPECT(client_open(&c, w, "mta-sts.a.example", TLS1_3_VERSION, NULL), label);
	EXPECT(client_send(&c, GET_CLOSE("mta-sts.a.example")), label);
	EXPECT(strstr(client_until(&c, NULL), TEXT_A) != NULL, label);
	client_close(&c);
	for (int i = 0; i < cap; i++)
		(void)close(fds[i]);
}

TEST(caps)
{
	struct world w;

	world_init(&w);
	w.limits.per_address = 4;
	(void)world_put(&w, hosts, 1);
	world_start(&w);
	expect_oldest_closed(&w, 4, "the address's oldest connection makes room");
	expect_room_beside_answered(&w, 4, "so does one of it that has its answer");
	stop(&w);

	world_init(&w);
	w.limits.connections = 6;
	(void)world_put(&w, hosts, 1);
	world_start(&w);
	expect_oldest_closed(&w, 6, "the pool's oldest connection makes room");
	expect_room_beside_answered(&w, 6, "so does one that has its answer");
	stop(&w);
}

static bool serves(struct world *w, const char *text)
{
	struct client c;
	bool good = client_open(&c, w, "mta-sts.a.example", TLS1_3_VERSION, NULL) &&
	            client_send(&c, GET_CLOSE("mta-sts.a.example")) &&
	            strstr(client_until(&c, NULL), text) != NULL;

	client_close(&c);
	return good;
}

TEST(changes_are_followed)
{
	struct world_host changed = {
		"mta-sts.a.example", EDGE_POLICY, "changed\r\n", false, false, false
	};
	struct world w;
	int64_t seq;

	(void)start(&w);
	EXPECT(serves(&w, TEXT_A), "before");
	seq = world_put(&w, &changed, 1);
	EXPECT(world_await(&w, seq), "STS-86: served everywhere");
	EXPECT(serves(&w, "changed"), "after");

	assert_int_equal(edgedb_begin(w.writer, &seq), OK);
	assert_int_equal(edgedb_drop_host(w.writer, S("mta-sts.a.example")), OK);
	assert_int_equal(edgedb_end(w.writer, OK), OK);
	/* Nobody commits it to the board: the writer may have died just now. */
	EXPECT(world_await(&w, seq), "found without a word");
	EXPECT(!serves(&w, "changed"), "gone");
	stop(&w);
}

TEST(goes_on_without_its_database)
{
	static const char junk[8192];
	struct world w;

	(void)start(&w);
	EXPECT(serves(&w, TEXT_A), "before");
	tree_write(w.dir, "edge.db", slice_of(junk, sizeof(junk)));
	tree_write(w.dir, "edge.db-wal", S(""));
	/* Longer than it takes to look again. */
	for (int i = 0; i < 6; i++) {
		EXPECT(serves(&w, TEXT_A), "from memory");
		(void)usleep(300000);
	}
	EXPECT(world_stop(&w) == 0, "ends cleanly");
	world_fini(&w);
}

TEST(waits_for_its_database)
{
	struct world w;
	char there[512];
	int64_t seq;

	world_init(&w);
	seq = world_put(&w, hosts, 1);
	(void)snprintf(w.db, sizeof(w.db), "%s/late.db", w.dir);
	world_start(&w);
	EXPECT(!serves(&w, TEXT_A), "nothing is known yet");
	EXPECT(symlink(tree_path(w.dir, "edge.db", there), w.db) == 0, "now it is there");
	EXPECT(world_await(&w, seq), "read at last");
	EXPECT(serves(&w, TEXT_A), "served at last");
	stop(&w);
}

/* What the edge says of each answer of a policy host, and of those it cannot say. */
TEST(answers_are_counted)
{
	static const struct {
		const char *label, *request;
		unsigned status;
	} rows[] = {
		{ "a policy", GET_CLOSE("mta-sts.a.example"), 200 },
		{ "known already",
		  "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.a.example\r\n"
		  "If-None-Match: \"e1\"\r\nConnection: close\r\n\r\n",
		  304 },
		{ "another path",
		  "GET / HTTP/1.1\r\nHost: mta-sts.a.example\r\n"
		  "Connection: close\r\n\r\n",
		  404 },
		{ "another method",
		  "DELETE /.well-known/mta-sts.txt HTTP/1.1\r\n"
		  "Host: mta-sts.a.example\r\nConnection: close\r\n\r\n",
		  405 },
		{ "another host", GET_CLOSE("mta-sts.rsa.example"), 421 },
		{ "no head at all", "GET\r\n\r\n", 400 },
	};
	struct world w;
	struct client c;
	struct fetch_record r = { .at = 0 };

	(void)start(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL) &&
		               client_send(&c, rows[i].request),
		       rows[i].label);
		(void)client_until(&c, NULL);
		client_close(&c);
		EXPECT(read(w.fetches[0], &r, sizeof(r)) == (ssize_t)sizeof(r), rows[i].label);
		EXPECT(r.publication == 1 && r.status == rows[i].status && r.bits == 24 &&
		               r.network[0] == 127 && r.at > 0,
		       rows[i].label);
	}
	EXPECT(read(w.fetches[0], &r, sizeof(r)) < 0, "one for each");
	while (fetch_say(w.fetches[1], &r))
		;
	EXPECT(client_open(&c, &w, "mta-sts.a.example", TLS1_3_VERSION, NULL) &&
	               client_send(&c, GET_CLOSE("mta-sts.a.example")) &&
	               strstr(client_until(&c, NULL), TEXT_A) != NULL,
	       "a full pipe keeps nobody from the policy");
	client_close(&c);
	EXPECT(board_view(w.board, WORLD_SLOT).lost == 1 && board_lost_all(w.board) == 1,
	       "and the board says that one is lost");
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { UNIT(names_and_versions),
		                            UNIT(certificates_are_decoded_ahead),
		                            UNIT(nothing_is_resumed),
		                            UNIT(requests_on_one_connection),
		                            UNIT(refused_heads_are_answered),
		                            UNIT(plain_http),
		                            UNIT(deadlines),
		                            UNIT(caps),
		                            UNIT(changes_are_followed),
		                            UNIT(goes_on_without_its_database),
		                            UNIT(waits_for_its_database),
		                            UNIT(answers_are_counted) };

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

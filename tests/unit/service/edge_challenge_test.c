/* What a certification authority sees of edge while it validates a name. */
#include "service/edge_challenge.h"

#include "service/edge_world.h"

#define HOST "mta-sts.new.example"
#define TOKEN "evaGxfADs6pSRb2LAv9IZ"
#define ANSWER TOKEN ".oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
#define ACME "\12acme-tls/1"
#define BOTH "\12acme-tls/1\10http/1.1"

static int64_t offer(struct world *w, bool gone)
{
	struct edge_challenge c = { .host = S(HOST), .token = S(TOKEN), .answer = S(ANSWER) };
	int64_t seq = 0;
	enum err e;

	assert_int_equal(edgedb_begin(w->writer, &seq), OK);
	e = gone ? edgedb_drop_challenge(w->writer, c.host) : edgedb_put_challenge(w->writer, &c);
	assert_int_equal(edgedb_end(w->writer, e), OK);
	board_commit(w->board, (uint64_t)seq);
	board_ring(&w->bell, 1);
	return seq;
}

static const char *plain(struct world *w, const char *host, const char *path)
{
	static char got[4096];
	int fd = world_connect(&w->http_at), len = 0, n;

	len = snprintf(got, sizeof(got), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
	               path, host);
	assert_int_equal(send(fd, got, (size_t)len, 0), len);
	len = 0;
	while ((n = (int)recv(fd, got + len, sizeof(got) - 1 - (size_t)len, 0)) > 0)
		len += n;
	got[len] = '\0';
	(void)close(fd);
	return got;
}

TEST(by_host_and_token)
{
	static const struct {
		const char *label, *host, *path;
		bool found;
	} rows[] = {
		{ "ACME-17: served", HOST, "/.well-known/acme-challenge/" TOKEN, true },
		{ "ACME-17: with the port, in other letters", "MTA-STS.new.example:80",
		  "/.well-known/acme-challenge/" TOKEN, true },
		{ "ACME-17: another host's token", "mta-sts.a.example",
		  "/.well-known/acme-challenge/" TOKEN, false },
		{ "ACME-17: another token", HOST, "/.well-known/acme-challenge/other", false },
		{ "ACME-17: no token", HOST, "/.well-known/acme-challenge/", false },
		{ "ACME-17: a path upwards", HOST, "/.well-known/acme-challenge/../" TOKEN, false },
		{ "ACME-17: the token behind something", HOST,
		  "/.well-known/acme-challenge/x/" TOKEN, false },
	};
	struct world w;

	world_init(&w);
	int64_t seq = offer(&w, false);
	world_start(&w);
	assert_true(world_await(&w, seq));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = plain(&w, rows[i].host, rows[i].path);
		bool ok = strncmp(got, "HTTP/1.1 200 ", 13) == 0;
		EXPECT(ok == rows[i].found, rows[i].label);
		if (ok)
			EXPECT_SLICE(slice_str(strstr(got, "\r\n\r\n") + 4), S(ANSWER),
			             rows[i].label);
	}
	assert_true(world_await(&w, offer(&w, true)));
	EXPECT(strncmp(plain(&w, HOST, "/.well-known/acme-challenge/" TOKEN), "HTTP/1.1 404 ",
	               13) == 0,
	       "ACME-17: gone when the order is over");
	EXPECT(world_stop(&w) == 0, "ends cleanly");
	world_fini(&w);
}

/* RFC 8737, 3, byte for byte: an octet string of 32 bytes. */
static void expect_certificate(struct client *c)
{
	X509 *x = SSL_get1_peer_certificate(c->ssl);
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	int at = X509_get_ext_by_OBJ(x, oid, -1);
	X509_EXTENSION *e = X509_get_ext(x, at);
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	unsigned char want[34] = { 0x04, 0x20 };

	enc_sha256(S(ANSWER), want + 2);
	assert_non_null(e);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(e);
	EXPECT(X509_EXTENSION_get_critical(e) == 1, "ACME-19: critical");
	EXPECT_SLICE(slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
	             slice_of(want, sizeof(want)), "ACME-19: the digest in an octet string");
	EXPECT(sk_GENERAL_NAME_num(names) == 1, "ACME-19: one name");
	const ASN1_STRING *name = sk_GENERAL_NAME_value(names, 0)->d.dNSName;
	EXPECT_SLICE(slice_of(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name)),
	             S(HOST), "ACME-19: the host");
	GENERAL_NAMES_free(names);
	ASN1_OBJECT_free(oid);
	X509_free(x);
}

TEST(by_handshake)
{
	static const struct {
		const char *label, *name, *alpn;
		int version;
		unsigned long alert;
	} rows[] = {
		{ "ACME-20: TLS 1.3", HOST, ACME, TLS1_3_VERSION, 0 },
		{ "ACME-20: TLS 1.2", HOST, ACME, TLS1_2_VERSION, 0 },
		{ "ACME-23: the name in other letters", "MTA-STS.New.example", ACME, TLS1_3_VERSION,
		  0 },
		{ "ACME-20: an ordinary client gets no challenge", HOST, "\10http/1.1",
		  TLS1_3_VERSION, SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "ACME-20: nor one that offers both", HOST, BOTH, TLS1_3_VERSION,
		  SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "ACME-20: nor one without a name", NULL, ACME, TLS1_3_VERSION,
		  SSL_R_TLSV1_UNRECOGNIZED_NAME },
		{ "ACME-21: no challenge for the name", "mta-sts.a.example", ACME, TLS1_3_VERSION,
		  SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
	};
	struct world w;

	world_init(&w);
	int64_t seq = offer(&w, false);
	world_start(&w);
	assert_true(world_await(&w, seq));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct client c;
		bool good = client_open(&c, &w, rows[i].name, rows[i].version, rows[i].alpn);

		EXPECT(good == (rows[i].alert == 0), rows[i].label);
		EXPECT(c.alert == rows[i].alert, rows[i].label);
		if (good) {
			const unsigned char *chosen = NULL;
			unsigned len = 0;
			SSL_get0_alpn_selected(c.ssl, &chosen, &len);
			EXPECT_SLICE(slice_of(chosen, len), S("acme-tls/1"), rows[i].label);
			expect_certificate(&c);
			(void)client_send(&c, "GET / HTTP/1.1\r\nHost: " HOST "\r\n\r\n");
			EXPECT(client_until(&c, NULL)[0] == '\0', "ACME-20: no application data");
		}
		client_close(&c);
	}
	EXPECT(world_stop(&w) == 0, "ends cleanly");
	world_fini(&w);
}

TEST_MAIN(UNIT(by_host_and_token), UNIT(by_handshake))

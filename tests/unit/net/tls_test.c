/* Identities and their chains; whole handshakes are in tests/unit/service/edge_test.c. */
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/tls_internal.h"
#include "test.h"

struct pair {
	struct buf leaf, key;
};

static void pair_init(struct pair *p, bool rsa)
{
	EVP_PKEY *pkey = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;
	int len;

	assert_non_null(pkey);
	buf_init(&p->leaf, 8192);
	buf_init(&p->key, 8192);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	(void)X509_set_pubkey(x, pkey);
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	len = i2d_X509(x, &der);
	buf_add(&p->leaf, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PrivateKey(pkey, &der);
	buf_add(&p->key, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

static void pair_fini(struct pair *p)
{
	buf_fini(&p->leaf);
	buf_fini(&p->key);
}

static struct tls_material material(const struct pair *p, enum tls_key_type type)
{
	return (struct tls_material){ .leaf = buf_slice(&p->leaf),
		                      .key_type = type,
		                      .key = buf_slice(&p->key) };
}

TEST(identities)
{
	struct tls_chains *chains = tls_chains_new();
	struct pair ec, other, rsa;

	pair_init(&ec, false);
	pair_init(&other, false);
	pair_init(&rsa, true);

	struct tls_material wrong_key = material(&ec, TLS_KEY_EC);
	wrong_key.key = buf_slice(&other.key);
	struct tls_material cut_leaf = material(&ec, TLS_KEY_EC);
	cut_leaf.leaf.len--;
	struct tls_material cut_key = material(&ec, TLS_KEY_EC);
	cut_key.key.len--;
	struct tls_material bad_chain = material(&ec, TLS_KEY_EC);
	bad_chain.chain[bad_chain.chain_count++] = S("no certificate");
	struct tls_material long_chain = material(&ec, TLS_KEY_EC);
	long_chain.chain_count = TLS_CHAIN_MAX + 1;
	struct tls_material full_chain = material(&ec, TLS_KEY_EC);
	for (size_t i = 0; i < TLS_CHAIN_MAX; i++)
		full_chain.chain[full_chain.chain_count++] = buf_slice(&other.leaf);

	const struct {
		const char *label;
		struct tls_material m;
		enum err want;
	} rows[] = {
		{ "STS-59: P-256", material(&ec, TLS_KEY_EC), OK },
		{ "STS-59: RSA", material(&rsa, TLS_KEY_RSA), OK },
		{ "longest chain", full_chain, OK },
		{ "one certificate more", long_chain, ERR_LIMIT },
		{ "key of somebody else", wrong_key, ERR_CRYPTO },
		{ "key of another type", material(&rsa, TLS_KEY_EC), ERR_SYNTAX },
		{ "certificate cut off", cut_leaf, ERR_SYNTAX },
		{ "key cut off", cut_key, ERR_SYNTAX },
		{ "junk in the chain", bad_chain, ERR_SYNTAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_identity *id = NULL;

		EXPECT(tls_identity_new(&rows[i].m, chains, &id) == rows[i].want, rows[i].label);
		EXPECT((id != NULL) == (rows[i].want == OK), rows[i].label);
		tls_identity_unref(id);
	}
	EXPECT(tls_chains_count(chains) == 1, "an intermediate is decoded once");
	pair_fini(&ec);
	pair_fini(&other);
	pair_fini(&rsa);
	tls_chains_free(chains);
	tls_chains_free(NULL);
}

/* An identity outlives the table it took its chain from. */
TEST(references)
{
	struct tls_chains *chains = tls_chains_new();
	struct tls_identity *id = NULL;
	struct tls_material m;
	struct pair ec;

	pair_init(&ec, false);
	m = material(&ec, TLS_KEY_EC);
	m.chain[m.chain_count++] = buf_slice(&ec.leaf);
	EXPECT(tls_identity_new(&m, chains, &id) == OK, "made");
	tls_identity_ref(id);
	tls_identity_unref(id);
	tls_chains_free(chains);
	tls_identity_unref(id);
	tls_identity_unref(NULL);
	pair_fini(&ec);
}

/* A client in the same thread, and the stream of the server that it speaks to. */
struct session {
	struct pair pair;
	struct tls_chains *chains;
	struct tls_identity *id;
	struct tls_server *server;
	struct stream s;
	SSL_CTX *ctx;
	SSL *ssl;
};

static enum tls_choice take(void *arg, void *connection, const char *name,
                            struct tls_identity **id_out)
{
	(void)connection;
	(void)name;
	*id_out = arg;
	return TLS_TAKE;
}

static void session_init(struct session *t)
{
	struct tls_material m;
	bool done = false;
	int fds[2];

	pair_init(&t->pair, false);
	t->chains = tls_chains_new();
	m = material(&t->pair, TLS_KEY_EC);
	assert_int_equal(tls_identity_new(&m, t->chains, &t->id), OK);
	t->server = tls_server_new_mail(take, t->id);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	stream_init_fd(&t->s, fds[0]);
	tls_accept(t->server, &t->s, NULL);
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->ssl = SSL_new(t->ctx);
	(void)SSL_set_fd(t->ssl, fds[1]);
	for (int i = 0; i < 10 && !done; i++)
		done = (SSL_connect(t->ssl) == 1) & (tls_handshake(&t->s) == OK);
	assert_true(done);
}

static void session_fini(struct session *t)
{
	int fd = SSL_get_fd(t->ssl);

	SSL_free(t->ssl);
	(void)close(fd);
	SSL_CTX_free(t->ctx);
	stream_close(&t->s);
	tls_server_free(t->server);
	tls_identity_unref(t->id);
	tls_chains_free(t->chains);
	pair_fini(&t->pair);
}

/* As many as there is room for in the socket. */
static unsigned change_keys(struct session *t, unsigned count)
{
	unsigned n = 0;

	while (n < count && SSL_key_update(t->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
	       SSL_do_handshake(t->ssl) == 1)
		n++;
	return n;
}

/* RFC 8446, 4.6.3: anybody may change keys, but who does nothing else is not served for ever. */
TEST(key_updates)
{
	static const struct {
		const char *label;
		unsigned count;
		bool served;
	} rows[] = { { "none", 0, true },
		     { "the last that is taken", 8, true },
		     { "one more", 9, false },
		     { "a stream of them", 200, false } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct session t;
		char got[16];
		size_t len = 0;
		enum err e;

		session_init(&t);
		EXPECT(change_keys(&t, rows[i].count) == rows[i].count, rows[i].label);
		EXPECT(SSL_write(t.ssl, "x", 1) == 1, rows[i].label);
		/* Data that has come with them is given; what counts is what is read next. */
		do
			e = stream_read(&t.s, got, sizeof(got), &len);
		while (e == OK);
		e = stream_read(&t.s, got, sizeof(got), &len);
		EXPECT(e == (rows[i].served ? ERR_AGAIN : ERR_IO), rows[i].label);
		session_fini(&t);
	}
}

/* However much lies in the socket, one call of the library looks at a part of it only. */
TEST(one_call_ends)
{
	BIO_METHOD *method = tls_socket_method();
	static char data[131072];
	size_t got = 0, all = 0;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(write(fds[1], data, sizeof(data)), sizeof(data));
	BIO *b = tls_socket_new(method, fds[0]);
	tls_socket_begin(b, false);
	while (BIO_read_ex(b, data, 16384, &got) == 1)
		all += got;
	EXPECT(all == 4 * 16384 && BIO_should_retry(b) != 0, "it is told to come again");
	tls_socket_begin(b, false);
	EXPECT(BIO_read_ex(b, data, 16384, &got) == 1 && got == 16384, "and finds the rest");
	(void)BIO_free(b);
	BIO_meth_free(method);
	for (int i = 0; i < 2; i++)
		(void)close(fds[i]);
}

TEST_MAIN(UNIT(identities), UNIT(references), UNIT(key_updates), UNIT(one_call_ends))

/*
 * A whole edge for tests: a process of its own on a loopback port, an edge.db that the test
 * writes, and the far ends of the hand-over channels.  Clients are plain OpenSSL, blocking,
 * and give up after WORLD_PATIENCE_S.
 */
#ifndef TESTS_UNIT_SERVICE_EDGE_WORLD_H
#define TESTS_UNIT_SERVICE_EDGE_WORLD_H

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/log.h"
#include "net/clock.h"
#include "net/handover.h"
#include "net/listen.h"
#include "service/edge.h"
#include "store/edgedb.h"
#include "store/seal.h"
#include "test.h"
#include "tree.h"

#define WORLD_PATIENCE_S 120
#define WORLD_PATIENCE_MS INT64_C(120000)
#define WORLD_SLOT 1

struct world {
	char *dir;
	char db[512];
	struct edgedb *writer;
	struct board *board;
	int tls, http, behind, bell, fetches[2], desk[2], intake[2];
	struct address tls_at, http_at, behind_at;
	struct trusted proxies; /* nobody, unless a test changes it before world_start */
	bool preamble;
	struct edge_limits limits;
	unsigned char edge_key[32], report_key[32];
	pid_t pid;
};

static inline int world_listen(struct address *at)
{
	socklen_t len = sizeof(at->any);
	int fd = -1;

	assert_int_equal(address_parse(S("127.0.0.1:0"), at), OK);
	assert_int_equal(listen_open(at, LISTEN_SHARED, &fd), OK);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at->any, &len), 0);
	return fd;
}

/* Everything but the process: limits may be changed before world_start. */
static inline void world_init(struct world *w)
{
	int board_fd = -1;

	*w = (struct world){ .dir = tree_new(), .limits = edge_limits_default };
	(void)snprintf(w->db, sizeof(w->db), "%s/edge.db", w->dir);
	memset(w->edge_key, 1, sizeof(w->edge_key));
	memset(w->report_key, 2, sizeof(w->report_key));
	assert_int_equal(edgedb_prepare(w->db, NULL), OK);
	assert_int_equal(edgedb_open_writer(w->db, &w->writer, NULL), OK);
	assert_int_equal(board_new(&w->board, &board_fd), OK);
	(void)close(board_fd);
	w->tls = world_listen(&w->tls_at);
	w->http = world_listen(&w->http_at);
	w->behind = world_listen(&w->behind_at);
	w->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(pipe2(w->fetches, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, w->desk), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, w->intake), 0);
}

static inline void world_start(struct world *w)
{
	struct edge_options o = { .tls = &w->tls,
		                  .tls_count = 1,
		                  .http = &w->http,
		                  .http_count = 1,
		                  .behind = &w->behind,
		                  .behind_count = 1,
		                  .proxies = &w->proxies,
		                  .preamble = w->preamble,
		                  .hand_desk = w->desk[1],
		                  .hand_intake = w->intake[1],
		                  .bell = w->bell,
		                  .fetches = w->fetches[1],
		                  .board = w->board,
		                  .slot = WORLD_SLOT,
		                  .edgedb_path = w->db,
		                  .edge_key = w->edge_key,
		                  .report_key = w->report_key,
		                  .limits = w->limits,
		                  .now_s = clock_now_s };

	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0) {
		log_setup(LOG_ERROR, false, "edge");
		(void)close(w->desk[0]);
		(void)close(w->intake[0]);
		edge_run(&o);
		edgedb_close(w->writer);
		board_close(w->board);
		mem_free(w->dir);
		exit(0);
	}
	board_start(w->board, WORLD_SLOT, ROLE_EDGE, w->pid);
}

/* Ends the process by SIGTERM; gives its exit status. */
static inline int world_stop(struct world *w)
{
	int status = -1;

	(void)kill(w->pid, SIGTERM);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void world_fini(struct world *w)
{
	const int fds[] = { w->tls,        w->http,    w->behind,  w->bell,      w->fetches[0],
		            w->fetches[1], w->desk[0], w->desk[1], w->intake[0], w->intake[1] };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
	edgedb_close(w->writer);
	board_close(w->board);
	tree_free(w->dir);
}

/* Makes a self-signed certificate for a name; DER of both go to the buffers. */
static inline void world_certificate(const char *name, bool rsa, struct buf *leaf, struct buf *key)
{
	EVP_PKEY *pkey = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;
	int len;

	assert_non_null(pkey);
	(void)X509_set_version(x, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), (long)strlen(name));
	(void)X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	                                 (const unsigned char *)name, -1, -1, 0);
	(void)X509_set_pubkey(x, pkey);
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	len = i2d_X509(x, &der);
	buf_add(leaf, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PrivateKey(pkey, &der);
	buf_add(key, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

struct world_host {
	const char *name;
	enum edge_kind kind;
	const char *text;
	bool rsa;
	bool wrong_seal; /* sealed for another row */
	bool no_cert;    /* for proxies only */
};

/* A certificate of its own for the host; its fingerprint goes to hex. */
static inline void world_put_cert(struct world *w, const struct world_host *h,
                                  char hex[SHA256_HEX_SIZE])
{
	struct edge_cert c = { .tenant = 1, .seal_domain = slice_str(h->name) };
	struct seal_name name = { 1, h->wrong_seal ? S("other") : c.seal_domain, { NULL, 0 } };
	struct buf leaf, key, sealed;

	buf_init(&leaf, 8192);
	buf_init(&key, 8192);
	buf_init(&sealed, 8192);
	world_certificate(h->name, h->rsa, &leaf, &key);
	c.fingerprint = name.fingerprint = slice_str(enc_sha256_hex(buf_slice(&leaf), hex));
	c.purpose = h->kind == EDGE_POLICY ? S("edge-tls") : S("report-tls");
	c.key_type = h->rsa ? S("rsa") : S("ec");
	c.der = c.chain[0] = buf_slice(&leaf);
	c.chain_count = 1;
	assert_int_equal(seal_wrap(h->kind == EDGE_POLICY ? w->edge_key : w->report_key, &name,
	                           buf_slice(&key), &sealed),
	                 OK);
	c.sealed_key = buf_slice(&sealed);
	assert_int_equal(edgedb_put_cert(w->writer, &c), OK);
	buf_fini(&leaf);
	buf_fini(&key);
	buf_fini(&sealed);
}

/* Writes hosts in one commit and tells the board; the change's number. */
static inline int64_t world_put(struct world *w, const struct world_host *hosts, size_t count)
{
	int64_t seq = 0;

	assert_int_equal(edgedb_begin(w->writer, &seq), OK);
	for (size_t i = 0; i < count; i++) {
		char hex[SHA256_HEX_SIZE];
		struct edge_host row = { .name = slice_str(hosts[i].name),
			                 .kind = hosts[i].kind,
			                 .tenant = 1,
			                 .domain = slice_skip(slice_str(hosts[i].name), 8),
			                 .text = slice_str(hosts[i].text),
			                 .etag = S("e1"),
			                 .publication = (int64_t)(i + 1) };

		if (!hosts[i].no_cert) {
			world_put_cert(w, &hosts[i], hex);
			row.fingerprint = slice_str(hex);
		}
		assert_int_equal(edgedb_put_host(w->writer, &row), OK);
	}
	assert_int_equal(edgedb_end(w->writer, OK), OK);
	board_commit(w->board, (uint64_t)seq);
	board_ring(&w->bell, 1);
	return seq;
}

/* Until every live edge has applied the change; false: not in time. */
static inline bool world_await(struct world *w, int64_t seq)
{
	int64_t end = clock_mono_ms() + WORLD_PATIENCE_MS;

	while (!board_served_everywhere(w->board, (uint64_t)seq)) {
		if (clock_mono_ms() > end)
			return false;
		(void)usleep(2000); /* the board has no descriptor to wait on */
	}
	return true;
}

/* A blocking TCP connection that does not wait for ever. */
static inline int world_connect(const struct address *at)
{
	struct timeval patience = { .tv_sec = WORLD_PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&at->any, at->len), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	unsigned long alert; /* the library's reason code when the handshake failed */
};

static inline void client_name(SSL *ssl, const char *name)
{
	char copy[256]; /* the library's macro casts const away */

	(void)snprintf(copy, sizeof(copy), "%s", name);
	(void)SSL_set_tlsext_host_name(ssl, copy);
}

/* name NULL: no server name is sent; alpn as on the wire, or NULL. */
static inline bool client_open(struct client *c, struct world *w, const char *name, int version,
                               const char *alpn)
{
	bool good;

	*c = (struct client){ .ctx = SSL_CTX_new(TLS_client_method()) };
	(void)SSL_CTX_set_min_proto_version(c->ctx, version);
	(void)SSL_CTX_set_max_proto_version(c->ctx, version);
	c->ssl = SSL_new(c->ctx);
	c->fd = world_connect(&w->tls_at);
	(void)SSL_set_fd(c->ssl, c->fd);
	if (name != NULL)
		client_name(c->ssl, name);
	if (alpn != NULL)
		(void)SSL_set_alpn_protos(c->ssl, (const unsigned char *)alpn,
		                          (unsigned)strlen(alpn));
	ERR_clear_error();
	good = SSL_connect(c->ssl) == 1;
	c->alert = good ? 0 : (unsigned long)ERR_GET_REASON(ERR_peek_error());
	return good;
}

static inline void client_close(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	(void)close(c->fd);
}

static inline bool client_send(struct client *c, const char *text)
{
	return SSL_write(c->ssl, text, (int)strlen(text)) == (int)strlen(text);
}

/* Reads until the text is there, or the end; the text received so far. */
static inline const char *client_until(struct client *c, const char *what)
{
	static char got[70000];
	int len = 0, n;

	got[0] = '\0';
	while ((what == NULL || strstr(got, what) == NULL) && len < (int)sizeof(got) - 1 &&
	       (n = SSL_read(c->ssl, got + len, (int)sizeof(got) - 1 - len)) > 0) {
		len += n;
		got[len] = '\0';
	}
	return got;
}

/* Waits for the end of a connection; how many milliseconds that took. */
static inline int64_t await_end(int fd, int64_t since_ms)
{
	char drop[4096];

	while (recv(fd, drop, sizeof(drop), 0) > 0)
		;
	return clock_mono_ms() - since_ms;
}

#endif

#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/tls_internal.h"

/* RFC 8446, 5.1 */
#define RECORD_HEAD 5u
#define RECORD_HANDSHAKE 22
#define RECORD_MAX (RECORD_HEAD + 16384u)

struct tls_server {
	SSL_CTX *ctx;
	BIO_METHOD *sockets;
	tls_choose_fn choose, validate; /* validate may be NULL */
	void *arg;
	bool mail;
};

/*
 * RFC 9325, 4.2: forward secrecy and authenticated encryption only.  AES-128 first: what is
 * served is public, and its shorter hash makes handshakes cheaper.
 */
static const char ciphers_12[] = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
static const char ciphers_13[] =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

static struct slice extension(SSL *ssl, unsigned type, bool *there_out)
{
	const unsigned char *p = NULL;
	size_t len = 0;

	*there_out = SSL_client_hello_get0_ext(ssl, type, &p, &len) == 1;
	return slice_of(p, len);
}

static int hello_alert(int *alert, int value)
{
	*alert = value;
	return SSL_CLIENT_HELLO_ERROR;
}

enum protocol { PROTOCOL_NONE, PROTOCOL_HTTP, PROTOCOL_VALIDATION };

/* HTTP when no protocol list was sent, or http/1.1 is in it; a validation offers nothing else. */
static enum protocol protocol_of(SSL *ssl)
{
	struct tls_alpn alpn;
	bool there = false;
	struct slice ext =
	        extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &there);

	if (!there)
		return PROTOCOL_HTTP;
	if (tls_alpn_parse(ext, &alpn) != OK)
		return PROTOCOL_NONE;
	if (alpn.acme && alpn.count == 1)
		return PROTOCOL_VALIDATION;
	return alpn.http11 ? PROTOCOL_HTTP : PROTOCOL_NONE;
}

static int install(SSL *ssl, struct tls_identity *id)
{
	return SSL_use_cert_and_key(ssl, id->leaf, id->key, id->chain, 1);
}

/* RFC 8737, 3: without a challenge for the name the protocol is not to be negotiated. */
static int validate(struct tls_server *t, SSL *ssl, const char *name, int *alert)
{
	struct tls_identity *id = NULL;

	if (t->validate == NULL ||
	    t->validate(t->arg, SSL_get_app_data(ssl), name, &id) != TLS_TAKE)
		return hello_alert(alert, SSL_AD_NO_APPLICATION_PROTOCOL);
	if (install(ssl, id) != 1)
		return hello_alert(alert, SSL_AD_INTERNAL_ERROR);
	return SSL_CLIENT_HELLO_SUCCESS;
}

static int choose(struct tls_server *t, SSL *ssl, const char *name, int *alert)
{
	struct tls_identity *id = NULL;

	switch (t->choose(t->arg, SSL_get_app_data(ssl), name, &id)) {
	case TLS_REFUSE_NAME:
		return hello_alert(alert, SSL_AD_UNRECOGNIZED_NAME);
	case TLS_REFUSE_FAILED:
		return hello_alert(alert, SSL_AD_INTERNAL_ERROR);
	case TLS_TAKE:
	default:
		break;
	}
	if (install(ssl, id) != 1)
		return hello_alert(alert, SSL_AD_INTERNAL_ERROR);
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* Everything is decided here, before the library spends anything on the handshake. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *t = arg;
	char name[TLS_NAME_SIZE];
	bool there = false;
	struct slice sni = extension(ssl, TLSEXT_TYPE_server_name, &there);
	enum protocol protocol = t->mail ? PROTOCOL_NONE : protocol_of(ssl);

	if (t->mail)
		return choose(t, ssl, "", alert);
	if (!there || tls_sni_parse(sni, name) != OK)
		return hello_alert(alert, SSL_AD_UNRECOGNIZED_NAME);
	if (protocol == PROTOCOL_NONE)
		return hello_alert(alert, SSL_AD_NO_APPLICATION_PROTOCOL);
	if (protocol == PROTOCOL_VALIDATION)
		return validate(t, ssl, name, alert);
	return choose(t, ssl, name, alert);
}

/* Only reached with a list that has http/1.1 in it, or acme-tls/1 alone: see protocol_of. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "http/1.1", alone[] = "\012acme-tls/1";

	(void)ssl;
	(void)arg;
	*out = ours;
	*out_len = sizeof(ours) - 1;
	if (in_len == sizeof(alone) - 1 && memcmp(in, alone, in_len) == 0) {
		*out = alone + 1;
		*out_len = sizeof(alone) - 2;
	}
	return SSL_TLSEXT_ERR_OK;
}

/* Sees every message of a handshake, and those behind it. */
static void on_message(int written, int version, int type, const void *message, size_t len,
                       SSL *ssl, void *arg)
{
	const unsigned char *first = message;

	(void)version;
	(void)arg;
	if (written == 0 && type == SSL3_RT_HANDSHAKE && len > 0 && *first == SSL3_MT_KEY_UPDATE)
		tls_socket_key_update(SSL_get_rbio(ssl));
}

static bool configure(SSL_CTX *ctx)
{
	int groups[] = { NID_X25519, NID_X9_62_prime256v1, NID_secp384r1 };

	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	                                 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                              SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_msg_callback(ctx, on_message);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, ciphers_13) == 1 &&
	       SSL_CTX_set1_groups(ctx, groups, ARRAY_LEN(groups)) == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1;
}

static struct tls_server *server_new(tls_choose_fn choose_fn, void *arg, bool mail)
{
	struct tls_server *t = mem_alloc(sizeof(*t));

	*t = (struct tls_server){ .ctx = SSL_CTX_new(TLS_server_method()),
		                  .sockets = tls_socket_method(),
		                  .choose = choose_fn,
		                  .arg = arg,
		                  .mail = mail };
	if (t->ctx == NULL || !configure(t->ctx))
		log_fatal("the TLS library refuses its settings");
	SSL_CTX_set_client_hello_cb(t->ctx, on_client_hello, t);
	if (!mail) /* mail has no protocol names: a list of them is passed over */
		SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, NULL);
	return t;
}

struct tls_server *tls_server_new(tls_choose_fn choose_fn, void *arg)
{
	return server_new(choose_fn, arg, false);
}

struct tls_server *tls_server_new_mail(tls_choose_fn choose_fn, void *arg)
{
	return server_new(choose_fn, arg, true);
}

void tls_server_free(struct tls_server *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->sockets);
	mem_free(t);
}

void tls_server_validate(struct tls_server *t, tls_choose_fn validate_fn)
{
	t->validate = validate_fn;
}

/* Before each call of the library that may read or write. */
static SSL *begin(struct stream *s)
{
	SSL *ssl = s->state;

	tls_socket_begin(SSL_get_rbio(ssl), s->last);
	ERR_clear_error();
	return ssl;
}

static enum err of_result(struct stream *s, SSL *ssl, int result)
{
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
		s->want = LOOP_READ;
		return ERR_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		s->want = LOOP_WRITE;
		return ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return ERR_CLOSED;
	default:
		return ERR_IO;
	}
}

static enum err tls_read(struct stream *s, void *buf, size_t size, size_t *got_out)
{
	size_t got = 0;
	SSL *ssl = begin(s);
	int result = SSL_read_ex(ssl, buf, size, &got);

	if (result != 1)
		return of_result(s, ssl, result);
	*got_out = got;
	return OK;
}

static enum err tls_write(struct stream *s, struct slice data, size_t *put_out)
{
	size_t put = 0;
	SSL *ssl = begin(s);
	int result = SSL_write_ex(ssl, data.p, data.len, &put);

	if (result != 1)
		return of_result(s, ssl, result);
	*put_out = put;
	return OK;
}

static enum err tls_finish(struct stream *s)
{
	SSL *ssl;
	int result;

	s->last = true;
	ssl = begin(s);
	result = SSL_shutdown(ssl);
	if (result < 0 && of_result(s, ssl, result) == ERR_AGAIN && s->want == LOOP_WRITE)
		return ERR_AGAIN;
	return shutdown(s->fd, SHUT_WR) == 0 ? OK : ERR_IO;
}

static void tls_close(struct stream *s)
{
	SSL_free(s->state);
	(void)close(s->fd); /* what was to be sent was sent by finish */
}

/* From now on the loop calls only when so many bytes are there, or the peer ends. */
static bool set_lowat(struct stream *s, size_t count)
{
	int lowat = (int)count;

	s->lowat = count > 1;
	return setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat)) == 0;
}

static enum err await_bytes(struct stream *s, size_t count)
{
	struct pollfd end = { .fd = s->fd, .events = POLLRDHUP };

	if (poll(&end, 1, 0) > 0 || !set_lowat(s, count))
		return ERR_CLOSED;
	s->want = LOOP_READ;
	return ERR_AGAIN;
}

enum err tls_await_hello(struct stream *s)
{
	unsigned char record[RECORD_MAX];
	ssize_t n = recv(s->fd, record, sizeof(record), MSG_PEEK | MSG_DONTWAIT);
	size_t size;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		s->want = LOOP_READ;
		return ERR_AGAIN;
	}
	if (n <= 0)
		return ERR_CLOSED;
	if (record[0] != RECORD_HANDSHAKE)
		return OK;
	if ((size_t)n < RECORD_HEAD)
		return await_bytes(s, RECORD_HEAD);
	size = RECORD_HEAD + ((size_t)record[3] << 8 | record[4]);
	if (size <= sizeof(record) && (size_t)n < size)
		return await_bytes(s, size);
	/* The library reads what comes as it comes. */
	return !s->lowat || set_lowat(s, 1) ? OK : ERR_IO;
}

void tls_accept(struct tls_server *t, struct stream *s, void *connection)
{
	static const struct stream_ops ops = { tls_read, tls_write, tls_finish, tls_close };
	SSL *ssl = SSL_new(t->ctx);

	BIO *socket_bio = tls_socket_new(t->sockets, s->fd);

	if (ssl == NULL)
		log_fatal("out of memory");
	SSL_set_bio(ssl, socket_bio, socket_bio); /* both ways count as one reference */
	SSL_set_accept_state(ssl);
	SSL_set_app_data(ssl, connection);
	s->ops = &ops;
	s->state = ssl;
}

enum err tls_handshake(struct stream *s)
{
	SSL *ssl = begin(s);
	int result = SSL_do_handshake(ssl);

	return result == 1 ? OK : of_result(s, ssl, result);
}

bool tls_has_pending(const struct stream *s)
{
	return SSL_has_pending(s->state) == 1;
}

/*
 * TLS for servers over OpenSSL: one context, the certificate chosen by server name.
 *
 * TLS 1.2 and 1.3, ALPN http/1.1 only (beside the validation of names for ACME), no resumption, no
 * early data, no renegotiation, no compression.  A ClientHello without a name that the chooser
 * takes ends with an alert; there is no default certificate.  Only a server for STARTTLS takes any
 * name, or none, since senders of mail call a host what they like.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/stream.h"
#include "wire/tls_hello.h"

#define TLS_CHAIN_MAX 8u

/* A decoded certificate with its key and chain; shared by handshakes, counted. */
struct tls_identity;

enum tls_key_type { TLS_KEY_EC, TLS_KEY_RSA };

/* What an identity is made of, all DER; the key is SEC1 or PKCS#1 after its type, or PKCS#8. */
struct tls_material {
	struct slice leaf;
	enum tls_key_type key_type;
	struct slice key;
	size_t chain_count; /* above TLS_CHAIN_MAX: refused */
	struct slice chain[TLS_CHAIN_MAX];
};

/* Intermediates that many certificates share, each decoded once; holds at most so many. */
struct tls_chains;
#define TLS_CHAINS_MAX 256u

struct tls_chains *tls_chains_new(void);
void tls_chains_free(struct tls_chains *c); /* NULL does nothing */
size_t tls_chains_count(const struct tls_chains *c);

/*
 * The caller gets the first reference.  ERR_SYNTAX: not DER of that kind.
 * ERR_CRYPTO: the key does not belong to the leaf.  ERR_LIMIT: chain too long.
 */
enum err tls_identity_new(const struct tls_material *m, struct tls_chains *chains,
                          struct tls_identity **out) MUST_USE;
void tls_identity_ref(struct tls_identity *id);
void tls_identity_unref(struct tls_identity *id); /* NULL does nothing */

enum tls_choice {
	TLS_TAKE,          /* *id_out is set; the connection keeps a reference of its own */
	TLS_REFUSE_NAME,   /* alert unrecognized_name */
	TLS_REFUSE_FAILED, /* alert internal_error: the name is known, its certificate is not to be
	                      had */
};

/*
 * Called once per handshake with a well-formed name; connection is what tls_accept was given.
 * *id_out stays the chooser's: it must live until the next call.
 */
typedef enum tls_choice (*tls_choose_fn)(void *arg, void *connection, const char *name,
                                         struct tls_identity **id_out);

/*
 * The self-signed certificate of RFC 8737 for a validation of host (lower case), with a new key:
 * digest is the SHA-256 of the key authorization.  ERR_SYNTAX: too long for a name.  ERR_CRYPTO.
 */
enum err tls_identity_validation(const char *host, const unsigned char digest[32],
                                 struct tls_identity **out) MUST_USE;

struct tls_server;

/* Ends the process when the library refuses its own settings. */
struct tls_server *tls_server_new(tls_choose_fn choose, void *arg);
/* One for STARTTLS: the chooser is asked once, with the name "", whatever name or protocols came.
 */
struct tls_server *tls_server_new_mail(tls_choose_fn choose, void *arg);
void tls_server_free(struct tls_server *t); /* NULL does nothing */
/*
 * Asked instead of the chooser when acme-tls/1 is the only protocol offered (RFC 8737); what it
 * does not take ends with no_application_protocol.  Nothing is to be sent or read on such a
 * connection behind the handshake.  Without it acme-tls/1 is never negotiated.
 */
void tls_server_validate(struct tls_server *t, tls_choose_fn validate);

/*
 * Whether the whole first record of a handshake is there, so that a client that sends it in pieces,
 * or half of it, costs no memory meanwhile.  ERR_AGAIN: wait until s can be read.  OK: there, or
 * something else is, for tls_handshake to refuse.  ERR_CLOSED: the peer ended before.
 */
enum err tls_await_hello(struct stream *s) MUST_USE;

/*
 * Turns a plain stream over a socket into TLS as a server; from here on the connection costs
 * memory.
 */
void tls_accept(struct tls_server *t, struct stream *s, void *connection);

/* OK: done.  ERR_AGAIN: wait for s->want.  ERR_CLOSED, ERR_IO: over (an alert was sent if one
 * fits). */
enum err tls_handshake(struct stream *s) MUST_USE;

/* Bytes that were received but not read yet lie inside the library, not in the socket. */
bool tls_has_pending(const struct stream *s);

#endif

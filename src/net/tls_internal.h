/* Between the net/tls*.c files only. */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

struct tls_identity {
	unsigned refs;
	X509 *leaf;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

/* tls_socket.c: sockets for the library; the caller keeps the descriptor. */
BIO_METHOD *tls_socket_method(void); /* for the life of a server */
BIO *tls_socket_new(const BIO_METHOD *method, int fd);
/*
 * Before each call of the library: something may have come.  last: what is written now is followed
 * by the end of our side at once.
 */
void tls_socket_begin(BIO *b, bool last);
/* The peer changes its keys (RFC 8446, 4.6.3); beyond a few times nothing more is read. */
void tls_socket_key_update(BIO *b);

#endif

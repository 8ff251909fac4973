/* Between net/tls.c and net/tls_identity.c only. */
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

#endif

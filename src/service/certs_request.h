/*
 * Asking for a certificate and knowing it again: signing requests, the identifier by which a CA
 * is asked about renewal, and whether what came back is what was asked for.
 *
 * Pure.  Keys are OpenSSL's and the caller's to free.
 */
#ifndef SERVICE_CERTS_REQUEST_H
#define SERVICE_CERTS_REQUEST_H

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/mem.h"

struct cert_found;

#define CERTS_REQUEST_MAX 2048u
#define CERTS_ARI_ID_MAX 128u

/*
 * Appends a PKCS #10 request in DER: no subject, one subjectAltName (RFC 8555, 7.4: the names of
 * the order and no other), signed with key.  ERR_SYNTAX: not a host name; ERR_CRYPTO; ERR_LIMIT.
 */
enum err certs_request(EVP_PKEY *key, struct slice host, struct buf *out) MUST_USE;

/*
 * Appends the certificate's identifier of RFC 9773, 4.1.
 * ERR_NOTFOUND: it has no authority key identifier.  ERR_SYNTAX: not a certificate.
 */
enum err certs_ari_id(struct slice der, struct buf *out) MUST_USE;

/*
 * Reads what a CA gave for host and key: the first block is the leaf, for that key and for
 * exactly that name, valid at now.  *out lives in a; its key is to be wiped after use.
 * ERR_SYNTAX: no certificate.  ERR_CRYPTO: not for this key.  ERR_CONFLICT: another name, or a
 * wrong time.  *diag has the words.
 */
enum err certs_accept(struct arena *a, EVP_PKEY *key, struct slice host, struct slice pem,
                      int64_t now, const char *roots, struct cert_found *out,
                      struct diag *diag) MUST_USE;

#endif

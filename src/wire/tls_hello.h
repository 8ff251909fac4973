/*
 * What a server reads in a ClientHello before it chooses a certificate: the host name
 * (RFC 6066, section 3) and the application protocols (RFC 7301, section 3.1).
 *
 * Pure.  The TLS library has framed the extensions; here only their contents are read.
 */
#ifndef WIRE_TLS_HELLO_H
#define WIRE_TLS_HELLO_H

#include "base/slice.h"

#define TLS_NAME_SIZE 254u /* a name of 253 characters and a NUL */

/*
 * The one host name of a server_name extension, lower case, without a final dot, with a NUL.
 * ERR_NOTFOUND: no host name in it.  ERR_SYNTAX: malformed, two names, a label that is empty
 * or longer than 63, or characters outside [a-z0-9-_.].  ERR_LIMIT: more than 253 characters.
 * ERR_DENIED: an IP address, which RFC 6066 excludes.
 */
enum err tls_sni_parse(struct slice ext, char name_out[TLS_NAME_SIZE]) MUST_USE;

struct tls_alpn {
	size_t count; /* protocols offered */
	bool http11;  /* "http/1.1" is among them */
	bool acme;    /* "acme-tls/1" is among them */
};

/* ERR_SYNTAX: malformed, or an empty list or name. */
enum err tls_alpn_parse(struct slice ext, struct tls_alpn *out) MUST_USE;

#endif

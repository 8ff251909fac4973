/*
 * The certification authority of a demonstration: P-256, in the state directory,
 * trusted by nobody who was not told to.
 *
 * DEMO_CA_FILE holds its certificate (readable for all), demo-ca.key its key (0400).
 */
#ifndef SERVICE_DEMO_CA_H
#define SERVICE_DEMO_CA_H

#include "base/buf.h"

#define DEMO_CA_FILE "demo-ca.pem"
#define DEMO_CERT_DAYS 90
#define DEMO_CA_DAYS 3650

struct demo_ca;

/*
 * Loads the authority of this state, or makes it when there is none.
 * ERR_IO: a file cannot be read or written.  ERR_CRYPTO: the files are no pair of ours.
 */
enum err demo_ca_open(const char *state, int64_t now, struct demo_ca **out,
                      struct diag *diag) MUST_USE;
void demo_ca_close(struct demo_ca *ca); /* NULL does nothing */

/*
 * A certificate for host (a lower-case A-label name, e.g. mta-sts.acme.example) that is valid
 * from a day before now for DEMO_CERT_DAYS, with a new key.  Appends PEM: private key
 * (PKCS #8), certificate, the authority's certificate.  The caller wipes the buffer.
 * ERR_SYNTAX: not such a name.  ERR_CRYPTO: OpenSSL refused.  ERR_LIMIT: the buffer is full.
 */
enum err demo_ca_issue(const struct demo_ca *ca, struct slice host, int64_t now,
                       struct buf *pem_out) MUST_USE;

#endif

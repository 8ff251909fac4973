/*
 * The report host's certificate, for STARTTLS.
 *
 * It comes from edge.db like edge's certificates and follows their changes; its key is opened with
 * the purpose key for report hosts, which is the only one that intake holds.  Whatever name
 * a client asks for, and when it asks for none, it gets this certificate.  Without one there is no
 * TLS: nothing here is self-signed.
 */
#ifndef SERVICE_INTAKE_CERT_H
#define SERVICE_INTAKE_CERT_H

#include "net/stream.h"
#include "service/board.h"

struct intake_cert;

/* Everything given lives as long as the result; board NULL: edge.db is asked each time. */
struct intake_cert *intake_cert_new(const char *edgedb_path, const char *host,
                                    const unsigned char *report_key, struct board *board);
void intake_cert_free(struct intake_cert *c); /* NULL does nothing */

/* A certificate is there and can be used; looks for a newer one first. */
bool intake_cert_ready(struct intake_cert *c);
/* Turns a plain stream into TLS, after intake_cert_ready; tls_handshake follows. */
void intake_cert_accept(struct intake_cert *c, struct stream *s);

#endif

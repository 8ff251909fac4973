/* Certificates of a demonstration: made by its own authority whenever a host has none. */
#ifndef SERVICE_DEMO_CERT_H
#define SERVICE_DEMO_CERT_H

#include "service/desk.h"
#include "store/certs.h"

/* Issues, stores and assigns.  The lock is held.  ERR_NOTFOUND: the authority could not. */
enum err demo_cert(struct desk *d, const char *host, int64_t now, struct arena *a,
                   struct cert *out) MUST_USE;

#endif

/* Networks of proxies that stand in front of a name when it is "proxied" at the DNS host. */
#ifndef SERVICE_RECORD_PROXY_H
#define SERVICE_RECORD_PROXY_H

#include "net/dial.h"

/* Whose proxy the address belongs to, as people know it; NULL: none that is known. */
const char *record_proxy_of(struct slice address);

#endif

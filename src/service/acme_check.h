/*
 * What is looked at before a CA is asked, so that no order is wasted: the records of the host, and
 * whether CAA lets this CA issue (RFC 8659).
 */
#ifndef SERVICE_ACME_CHECK_H
#define SERVICE_ACME_CHECK_H

#include "net/acme.h"
#include "service/desk.h"
#include "store/domains.h"

/*
 * True when host is seen pointing here with the domain's claim; domain NULL: a host of the service.
 * Asks DNS, the lock is not held.  False: *why_out is a sentence, constant or in a.
 */
typedef bool (*acme_may_order_fn)(struct desk *d, const struct domain *domain, const char *host,
                                  struct arena *a, const char **why_out);
bool acme_check_records(struct desk *d, const struct domain *domain, const char *host,
                        struct arena *a, const char **why_out);

/* True when no CAA record on the way up from host forbids it, or the CA does not say what it is
 * called there. */
bool acme_check_caa(struct desk *d, const struct acme_directory *ca, const char *account,
                    const char *method, const char *host, struct arena *a, const char **why_out);

/* Whether the words are those of acme_check_caa. */
bool acme_check_is_caa(const char *why);

#endif

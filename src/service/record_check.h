/*
 * Looks at a domain's records where they are made: at the authoritative servers of its zone, each
 * asked directly, and never through a cache while one is waited for.
 *
 * Every call ends within RECORD_CHECK_MS or little later, and does not hold the lock while it
 * waits.  What was found is stored (store/checks.h); what follows from it is done: an id that all
 * servers answer is noted for the horizon, one that a person chose is adopted.
 */
#ifndef SERVICE_RECORD_CHECK_H
#define SERVICE_RECORD_CHECK_H

#include "service/record_facts.h"
#include "service/records.h"

#define RECORD_CHECK_MS 12000u
#define RECORD_CHECK_JOB \
	"records" /* kind of the jobs that call for it; their key is the domain's id */

/* Only asks: fills *out.  The lock is not held. */
void record_check_ask(struct desk *d, const struct domain *domain, const struct records *records,
                      struct arena *a, struct record_facts *out);

/*
 * Asks and stores.  *again_out (may be NULL): seconds until it is worth while to look again.
 * The lock is not held.  ERR_NOTFOUND: no such domain any more.  ERR_IO, ERR_UNAVAILABLE: the
 * database.
 */
enum err record_check_run(struct desk *d, int64_t domain, int64_t now, struct arena *a,
                          int64_t *again_out) MUST_USE;

/* It is to be looked at now: something changed.  The lock is held. */
enum err record_check_soon(struct desk *d, int64_t domain, int64_t now) MUST_USE;

#endif

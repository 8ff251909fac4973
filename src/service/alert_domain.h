/*
 * What somebody is to be told of a domain: gathers what is known of it, looks at it from outside
 * once a day, judges (advice/alert.h) and stores what is open (store/alerts.h).
 *
 * The look asks what a sender asks: the policy through public DNS with a verified certificate, the
 * id in the TXT record, the MX records.  It waits; the lock is not held meanwhile.
 */
#ifndef SERVICE_ALERT_DOMAIN_H
#define SERVICE_ALERT_DOMAIN_H

#include "service/desk.h"
#include "store/alerts.h"

#define ALERT_JOB "alert" /* kind of the jobs that call for it; their key is the domain's id */
#define ALERT_LOOK_S INT64_C(86400)      /* from one look to the next while all is well */
#define ALERT_LOOK_AGAIN_S INT64_C(3600) /* while it is not, or could not be found out */

/*
 * Looks when it is time to, or at once with now_too; then judges.  *look_out (may be NULL) is the
 * newest look, checked 0 when there was none.
 * ERR_NOTFOUND: no such domain; what was open for it is gone.  ERR_IO, ERR_UNAVAILABLE: the
 * database.
 */
enum err alert_domain_run(struct desk *d, int64_t domain, bool now_too, int64_t now,
                          struct arena *a, struct self_check *look_out) MUST_USE;
/*
 * When the domain is judged again, in seconds from now: every, but for a failed fetch that a second
 * one is to confirm.
 */
int64_t alert_domain_again(const struct self_check *look, int64_t every);
/* The certificates of the service's own hosts. */
enum err alert_hosts_run(struct desk *d, int64_t now, struct arena *a) MUST_USE;

/* It is to be judged now: something changed.  The lock is held. */
enum err alert_domain_soon(struct desk *d, int64_t domain, int64_t now) MUST_USE;

#endif

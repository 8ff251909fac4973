/*
 * What a sender gets: the policy of a domain fetched from outside.
 *
 * The name is looked up through public DNS, the connection goes to its address at port 443, the
 * certificate is verified against the system's roots.  In a demonstration, which opens no
 * connection to the outside, the fetch goes over loopback to the edge and is verified with the
 * demonstration's CA.  Waits; the lock is not held.
 */
#ifndef SERVICE_OUTSIDE_H
#define SERVICE_OUTSIDE_H

#include "advice/alert.h"
#include "mtasts/policy.h"
#include "service/desk.h"

/*
 * The policy that the domain's policy host answers (RFC 8461, 3.3), whoever runs that host.  With
 * ours_too an address of our own listeners counts as a sender would have it; else it is refused.
 * NULL: *why_out says why not, in the arena or constant.
 */
const struct policy *outside_fetch(const struct desk *d, const char *domain, bool ours_too,
                                   struct arena *a, const char **why_out);
/*
 * True when the policy host answers what is the same policy to a reader.  Else *why_out says what
 * came instead, in the arena or constant.
 */
bool outside_has_policy(const struct desk *d, const char *domain, const struct policy *want,
                        struct arena *a, const char **why_out);

/* The certificate that was shown and verified; not_after 0: none was. */
struct outside_cert {
	int64_t not_after;
	const char *issuer; /* in the arena */
};
/* The same as outside_has_policy, with the certificate. */
bool outside_shows_policy(const struct desk *d, const char *domain, const struct policy *want,
                          struct arena *a, struct outside_cert *cert_out, const char **why_out);
/* True when a host of the service itself answers at the path as it does without anything between.
 */
bool outside_answers(const struct desk *d, const char *host, const char *path, struct arena *a,
                     struct outside_cert *cert_out, const char **why_out);

/* The same told apart: ALERT_UNKNOWN when DNS could not be asked where the policy host is. */
enum alert_look outside_compare(const struct desk *d, const char *domain, const struct policy *want,
                                struct arena *a, const char **why_out);
/*
 * The id that a resolver finds in the TXT record of the domain; ALERT_BAD: there is no valid
 * record, *why_out says so.  In a demonstration ALERT_UNKNOWN.
 */
enum alert_look outside_id(const struct desk *d, const char *domain, struct arena *a,
                           const char **id_out, const char **why_out);
/* True when a resolver finds the id in the TXT record of the domain. */
bool outside_has_id(const struct desk *d, const char *domain, const char *id, struct arena *a);

#endif

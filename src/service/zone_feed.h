/*
 * Brings the service zone in edge.db to what it should say.
 *
 * Each call may be repeated at any moment and writes only what differs; a change is told to the
 * edges.  Without a service zone nothing is written and what was there is removed.  The lock is
 * held for all of them; *seq_out is the change, 0 when there was none to make.
 * ERR_IO, ERR_UNAVAILABLE: the databases.
 */
#ifndef SERVICE_ZONE_FEED_H
#define SERVICE_ZONE_FEED_H

#include "service/desk.h"
#include "store/domains.h"

/* The records behind a domain's CNAMEs; its policy id is that of the last one announced. */
enum err zone_feed_domain(struct desk *d, const struct domain *domain, int64_t now,
                          int64_t *seq_out) MUST_USE;
/* Nothing is answered for the domain any more. */
enum err zone_feed_drop(struct desk *d, const char *domain, int64_t *seq_out) MUST_USE;
/* The zone's own records. */
enum err zone_feed_apex(struct desk *d, int64_t *seq_out) MUST_USE;

#endif

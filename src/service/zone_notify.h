/*
 * NOTIFY to the secondaries of the service zone (RFC 1996): each is told of a change until it has
 * said that it heard.
 *
 * A change is told once every edge answers it, so that whoever asks for it gets it.  Times
 * between tries double, up to a minute; a secondary that never answers is said once and left alone
 * until the next change, when its own refresh (ZONE_REFRESH) has not brought it up to date before.
 */
#ifndef SERVICE_ZONE_NOTIFY_H
#define SERVICE_ZONE_NOTIFY_H

#include "net/dial.h"
#include "service/desk.h"
#include "service/dns_transfer.h"

#define ZONE_NOTIFY_FDS 2u /* one socket for each family */

struct zone_notify_options {
	const char *secondaries; /* ADDRESS or ADDRESS:PORT, blanks between */
	const struct dns_peers *peers;
	const struct dial_rules *rules;
	/* Where our own server listens, so that secondaries know who speaks; may be empty. */
	struct sockaddr_storage from[ZONE_NOTIFY_FDS];
	int64_t (*now_s)(void); /* wall clock, for signatures */
};

struct zone_notify;

/* Everything *o points to must live as long.  NULL when there is nobody to tell. */
struct zone_notify *zone_notify_new(struct desk *d, const struct zone_notify_options *o);
void zone_notify_free(struct zone_notify *n); /* NULL does nothing */

/* Descriptors to wait on for answers; how many.  NULL has none. */
size_t zone_notify_fds(const struct zone_notify *n, int out[ZONE_NOTIFY_FDS]);
/* Looks for a change and sends what is due; about once a second.  The lock is not held. */
void zone_notify_tick(struct zone_notify *n, int64_t now_ms);
/* Takes the answers that wait. */
void zone_notify_read(struct zone_notify *n);

#endif

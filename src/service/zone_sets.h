/*
 * Sets of records without an owner, each there once however many owners have it: the addresses of
 * the policy host are the same for all domains.
 */
#ifndef SERVICE_ZONE_SETS_H
#define SERVICE_ZONE_SETS_H

#include "base/slice.h"

/* Never changes. */
struct zone_set {
	struct zone_set *next; /* of the same bucket */
	unsigned holders;
	uint32_t ttl;
	uint16_t type, len;
	char bytes[]; /* as dns_set_next (wire/dns_rdata.h) takes them apart */
};

static inline struct slice zone_set_data(const struct zone_set *s)
{
	return slice_of(s->bytes, s->len);
}

struct zone_sets;

struct zone_sets *zone_sets_new(void); /* held once */
struct zone_sets *zone_sets_hold(struct zone_sets *p);
/* Whoever holds it gives his sets back before; NULL does nothing. */
void zone_sets_release(struct zone_sets *p);
size_t zone_sets_count(const struct zone_sets *p);

/* The one there is, or a new one; the caller holds it (zone_set_drop).  data: up to DNS_SET_MAX. */
struct zone_set *zone_sets_take(struct zone_sets *p, uint16_t type, uint32_t ttl,
                                struct slice data);
struct zone_set *zone_set_hold(struct zone_set *s);
void zone_set_drop(struct zone_sets *p, struct zone_set *s); /* NULL does nothing */

#endif

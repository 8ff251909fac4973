/*
 * The service zone in memory: what edge answers DNS questions from.
 *
 * Filled from edge.db row by row.  It is made to be small: three names of each of a hundred
 * thousand domains.  A set of records that many names have is there once; of a name that has
 * records a node tells which sets; of one that only has names below it, which exists as well, a
 * count is kept. Nodes are counted and never change, so that a transfer that takes a while goes on
 * with the zone it began with.
 */
#ifndef SERVICE_ZONE_INDEX_H
#define SERVICE_ZONE_INDEX_H

#include "service/zone_sets.h"
#include "store/edgedb.h"
#include "wire/dns_message.h"

struct zone_node; /* a name with records; never changes, so that a transfer may hold it */
struct zone;

/* The zone is there, but not answered from, until its SOA record was applied. */
struct zone *zone_new(const struct dns_name *origin);
void zone_free(struct zone *z); /* NULL does nothing; copies stay */

struct slice zone_origin(const struct zone *z); /* wire name, lower case */
size_t zone_count(const struct zone *z);        /* of sets */

/*
 * Adds, replaces or, when the row is gone, removes a set.  ERR_NOTFOUND: the name lies outside the
 * zone; nothing is done.  ERR_SYNTAX: it is no name or the data is not of that type; a set of that
 * name and type that was there is gone.
 */
enum err zone_apply(struct zone *z, const struct edge_record *row) MUST_USE;
/* The serial that the SOA record shows; its lower 32 bits count (RFC 1982). */
void zone_set_serial(struct zone *z, int64_t seq);

/* By any case; valid until the next change.  NULL: there is no such name. */
const struct zone_node *zone_find(const struct zone *z, struct slice name);
/* NULL: no records of that type. */
const struct zone_set *zone_node_get(const struct zone_node *n, uint16_t type);
/* The first set of any type; NULL: none, it only has names below it. */
const struct zone_set *zone_node_first(const struct zone_node *n);
/* The SOA record with the present serial; NULL: not known yet. */
const struct zone_set *zone_soa(const struct zone *z);

/* The whole zone at one moment. */
struct zone_copy {
	struct zone_set *soa;
	struct dns_name origin;
	size_t count;
	struct zone_node **nodes;
	struct zone_sets *sets;
};
/* *out is the caller's (zone_copy_fini).  ERR_UNAVAILABLE: there is no SOA record yet. */
enum err zone_copy_init(const struct zone *z, struct zone_copy *out) MUST_USE;
void zone_copy_fini(struct zone_copy *c);

/* A way through a copy; all zero at first. */
struct zone_walk {
	size_t node, set;
};
/* The next set and its owner, in no order and without the SOA record; NULL: that was all. */
const struct zone_set *zone_copy_next(const struct zone_copy *c, struct zone_walk *w,
                                      struct dns_name *owner_out);

#endif

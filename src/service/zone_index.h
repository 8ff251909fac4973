/*
 * The service zone in memory: what edge answers DNS questions from.
 *
 * Filled from edge.db row by row.  Sets of records are counted and never change, so that a
 * transfer that takes a while goes on with the zone it began with.  Names that only have names
 * below them exist without records.
 */
#ifndef SERVICE_ZONE_INDEX_H
#define SERVICE_ZONE_INDEX_H

#include "store/edgedb.h"
#include "wire/dns_message.h"

/* All records of one owner and type. */
struct zone_set {
	struct zone_set *next; /* of the same owner, in the order of types */
	unsigned holders;
	uint16_t type;
	uint32_t ttl;
	struct slice owner; /* wire name, lower case */
	struct slice data;  /* as dns_set_next takes it apart */
	char bytes[];
};

struct zone_node; /* a name that exists */
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
/* The first set of any type; NULL: none. */
const struct zone_set *zone_node_first(const struct zone_node *n);
/* The SOA record with the present serial; NULL: not known yet. */
const struct zone_set *zone_soa(const struct zone *z);

/* The whole zone at one moment: its SOA first and not again. */
struct zone_copy {
	size_t count;
	struct zone_set **sets;
};
/* *out is the caller's (zone_copy_fini).  ERR_UNAVAILABLE: there is no SOA record yet. */
enum err zone_copy_init(const struct zone *z, struct zone_copy *out) MUST_USE;
void zone_copy_fini(struct zone_copy *c);

#endif

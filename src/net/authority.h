/*
 * Questions to the authoritative servers of a name, never through a cache.
 *
 * authority_find asks the validating resolver which servers a zone has and where they are;
 * authority_ask puts questions to them directly: without recursion, by UDP and by TCP when an
 * answer is truncated, each address through the check of net/dial.h, all at the same time and
 * within one deadline.  What a server says without authority is no answer.  The names asked for
 * are never put to the resolver, so that it does not remember that they were missing.
 */
#ifndef NET_AUTHORITY_H
#define NET_AUTHORITY_H

#include "net/resolver.h"

#define AUTHORITY_NAMES_MAX 8u    /* name servers of a zone that are asked */
#define AUTHORITY_SERVERS_MAX 24u /* their addresses */
#define AUTHORITY_RECORDS_MAX 16u /* kept of one answer */
#define AUTHORITY_QUERIES_MAX 512u
#define AUTHORITY_DEPTH_MAX 4u /* zones below each other that authority_look goes down */

struct authority_server {
	const char *name;    /* lower case, no final dot */
	struct dial_addr at; /* len 0: it has no address that could be found */
};

struct authority_zone {
	enum dns_state state; /* DNS_FOUND, or why there are no servers: DNS_UNKNOWN, DNS_BOGUS,
	                         DNS_NXDOMAIN */
	const char *why;      /* words, unless found */
	const char *name;     /* of the zone; NULL unless found */
	bool secure;          /* its NS records were validated */
	size_t count;
	struct authority_server servers[AUTHORITY_SERVERS_MAX]; /* one for each address */
};

/* Who asks. */
struct authority_asker {
	struct resolver *resolver;
	const struct dial_rules *rules; /* as in net/dial.h */
	struct arena *arena;            /* strings of what comes out live here */
	unsigned timeout_ms;            /* the most that one call below waits */
};

/*
 * The zone that name lies in, and its servers.  Fills *out in any case.
 * Ask for the domain, not for a name that may be missing yet.
 */
void authority_find(const struct authority_asker *who, const char *name,
                    struct authority_zone *out);

enum authority_state {
	AUTHORITY_SILENT, /* no answer in time */
	AUTHORITY_NO_WAY, /* not asked: the address may not be dialled, or no route leads there */
	AUTHORITY_LAME, /* an answer, but not with authority for the name: REFUSED, SERVFAIL, ... */
	AUTHORITY_REFERRAL,   /* the name lies in the zone `below`, which is elsewhere */
	AUTHORITY_NODATA,     /* the name is there, and neither the type nor a CNAME */
	AUTHORITY_NAME_ERROR, /* the name is not there */
	AUTHORITY_FOUND,      /* records of the type, a CNAME, or both */
};

struct authority_reply {
	enum authority_state state;
	const char *why;   /* words for the first three; else NULL */
	const char *cname; /* of the name itself: lower case, no final dot; NULL: it has none */
	uint32_t cname_ttl;
	uint32_t ttl; /* of the records; when there is nothing, for how long others remember that
	                 (RFC 2308: the lower of the SOA record's TTL and its MINIMUM) */
	size_t count; /* of the type asked for, at the name itself; what is behind a CNAME is not */
	/* Wire form, names uncompressed; of a SOA record the primary's name alone. */
	struct slice rdata[AUTHORITY_RECORDS_MAX];
	const char *below; /* with AUTHORITY_REFERRAL */
	size_t below_count;
	const char *below_servers[AUTHORITY_NAMES_MAX]; /* its name servers */
};

struct authority_query {
	const struct authority_server *server;
	const char *name;
	enum dns_type type;
	struct authority_reply reply; /* filled */
};

/* Fills every reply. */
void authority_ask(const struct authority_asker *who, struct authority_query *list, size_t count);

/*
 * One name and type at all servers of the zone it really lies in: zone is where to begin (of the
 * domain); where its servers say that the name lies in a zone below, that one's are found and
 * asked instead, and *zone is replaced by it.  out has one entry for each server of *zone.
 */
void authority_look(const struct authority_asker *who, struct authority_zone *zone,
                    const char *name, enum dns_type type,
                    struct authority_query out[AUTHORITY_SERVERS_MAX]);

/*
 * Pure: the reply in a message to the question of q that was sent under that id.  False: it does
 * not belong to the question, or does not hold together, and a took nothing.  *truncated_out: to
 * be asked again by TCP; nothing of it was used.
 */
bool authority_reply_read(struct slice message, uint16_t id, struct authority_query *q,
                          struct arena *a, bool *truncated_out);

#endif

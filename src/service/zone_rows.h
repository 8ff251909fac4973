/*
 * What stands in the service zone: the zone's own records, and those that a domain's CNAMEs
 * lead to.
 *
 * Rows are as edge.db holds them.  Here nothing is read or written; see service/zone_feed.h.
 */
#ifndef SERVICE_ZONE_ROWS_H
#define SERVICE_ZONE_ROWS_H

#include "service/records.h"
#include "store/edgedb.h"

#define ZONE_ROWS_MAX 128u
#define ZONE_REFRESH 300u /* a NOTIFY that got lost costs a secondary so much */
#define ZONE_RETRY 60u
#define ZONE_EXPIRE 1209600u /* a primary that is gone for so long is not coming back */
#define ZONE_MINIMUM 60u     /* a name asked for before its first record is seen so soon after */
#define ZONE_SERVERS_TTL 3600u

struct zone_rows {
	size_t count;
	struct edge_record rows[ZONE_ROWS_MAX]; /* by name and type; strings live in the arena */
};

/* What the zone's own records depend on. */
struct zone_facts {
	const char *zone;        /* not empty */
	const char *nameservers; /* NAME or NAME=ADDRESS, blanks between; "": ns1 in the zone */
	const char *addresses;   /* of this machine, blanks between */
	const char *service_host, *report_host;
	uint32_t ttl;
};

/*
 * SOA (its serial 0: edges put theirs), NS, the addresses of name servers, report host and
 * service host as far as they lie in the zone, and the report host's MX.
 * ERR_LIMIT: more than ZONE_ROWS_MAX.  ERR_SYNTAX: a name or address that is none.
 */
enum err zone_rows_apex(struct arena *a, const struct zone_facts *f,
                        struct zone_rows *out) MUST_USE;

/*
 * The targets of a domain's three CNAMEs, whether it uses them or not.  id is what is announced
 * (NULL: nothing, and there is no TXT record for it); the rua of records is used.  An observed
 * domain has its reports record only, one on web space elsewhere no addresses.  Errors as above.
 */
enum err zone_rows_domain(struct arena *a, const struct domain *domain, const struct zone_facts *f,
                          const char *id, const struct records *records,
                          struct zone_rows *out) MUST_USE;

#endif

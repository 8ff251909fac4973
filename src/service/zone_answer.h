/*
 * From a question to its answer, the manners of an authoritative server: AA inside the zone,
 * NODATA and NXDOMAIN with the SOA record (RFC 2308), REFUSED elsewhere, BADVERS, one set for ANY
 * (RFC 8482), truncation, the question as it came.
 *
 * Pure but for the zone, which is only read.  TSIG and transfers are not answered here.
 */
#ifndef SERVICE_ZONE_ANSWER_H
#define SERVICE_ZONE_ANSWER_H

#include "service/zone_index.h"

/* What an answer is, for rate limiting and figures. */
enum zone_outcome {
	ZONE_POSITIVE,
	ZONE_NODATA,
	ZONE_NXDOMAIN,
	ZONE_ERROR,    /* any other rcode */
	ZONE_TRANSFER, /* AXFR or IXFR of the zone by TCP: nothing was written */
};

struct zone_ask {
	enum dns_reading reading; /* not DNS_READ_NOTHING */
	struct dns_query query;
	bool udp;
};

/* How large the answer may be: by UDP 512 bytes, or what the client takes up to DNS_UDP_MAX. */
size_t zone_answer_room(const struct zone_ask *ask);

/*
 * Writes the answer into size bytes (at least DNS_UDP_PLAIN) at out; *answer_out points there.
 * zone NULL: nothing is served, everything is REFUSED.
 */
enum zone_outcome zone_answer(const struct zone *zone, const struct zone_ask *ask, void *out,
                              size_t size, struct slice *answer_out);
/* Header and question alone with that rcode; for refusals that are decided elsewhere. */
void zone_answer_error(const struct zone_ask *ask, unsigned rcode, void *out, size_t size,
                       struct slice *answer_out);
/* Header and question with TC: the client comes again by TCP. */
void zone_answer_slip(const struct zone_ask *ask, void *out, size_t size, struct slice *answer_out);

#endif

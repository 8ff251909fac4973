/*
 * A transfer of the zone (RFC 5936): who may have it, and its messages one after another.
 *
 * The zone of the moment it was asked for is sent whatever changes meanwhile.  Every message is
 * signed when the request was.  IXFR (RFC 1995) is answered with the whole zone, or with the SOA
 * record alone when the client has it all.
 */
#ifndef SERVICE_DNS_TRANSFER_H
#define SERVICE_DNS_TRANSFER_H

#include <sys/socket.h>

#include "service/zone_answer.h"
#include "wire/dns_tsig.h"

#define DNS_SECONDARIES_MAX 16u
#define DNS_KEYS_MAX 8u
#define DNS_TRANSFER_MESSAGE 16384u /* names can be compressed in all of it */

struct dns_peers {
	size_t secondary_count, key_count;
	struct sockaddr_storage secondaries[DNS_SECONDARIES_MAX]; /* ports do not count */
	struct dns_tsig_key keys[DNS_KEYS_MAX];
};

/*
 * Whether peer may have the zone: it stands in the list, and, when there are keys, has signed
 * with one of them (signed).
 */
bool dns_transfer_allowed(const struct dns_peers *p, const struct sockaddr_storage *peer,
                          bool is_signed);

struct dns_transfer {
	struct zone_copy zone;
	struct zone_walk walk;
	const struct zone_set *set; /* the present one */
	struct dns_name owner;      /* of that set */
	struct slice rest;          /* of that set */
	bool started, done;
	bool closing; /* it is the SOA record at the end */
	bool single;  /* the SOA record alone */
	bool is_signed;
	struct dns_tsig tsig;
	uint16_t id, type;
	unsigned flags;
	struct dns_name name; /* of the question, as written */
	size_t records;       /* sent so far */
};

/*
 * Begins what ask wants; tsig is of the request, NULL: not signed.  *out is the caller's
 * (dns_transfer_end).  ERR_UNAVAILABLE: there is no zone to send.
 */
enum err dns_transfer_begin(const struct zone *z, const struct zone_ask *ask,
                            const struct dns_tsig *tsig, struct dns_transfer *out) MUST_USE;
void dns_transfer_end(struct dns_transfer *t);

/* The next message in size bytes at out; empty: that was all. */
struct slice dns_transfer_next(struct dns_transfer *t, int64_t now, void *out, size_t size);

#endif

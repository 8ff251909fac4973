/*
 * Requests to change a zone (RFC 2136): what must be there, then what is to change, in one message
 * that a server carries out whole or not at all.
 *
 * Pure: bytes out.  A signature comes behind it (wire/dns_tsig.h).
 */
#ifndef WIRE_DNS_UPDATE_H
#define WIRE_DNS_UPDATE_H

#include "wire/dns_message.h"

enum dns_update_kind {
	/* Prerequisites; they come first. */
	DNS_UPDATE_SAME,   /* the records of the type are exactly the rows of this kind (2.4.2) */
	DNS_UPDATE_ABSENT, /* there is no record of the type at the name (2.4.3) */
	/* Changes, carried out in their order. */
	DNS_UPDATE_DROP, /* this one record goes (2.5.4) */
	DNS_UPDATE_ADD,  /* this one comes (2.5.1) */
};

struct dns_update_row {
	enum dns_update_kind kind;
	struct slice name; /* wire name */
	uint16_t type;
	uint32_t ttl;       /* of DNS_UPDATE_ADD */
	struct slice rdata; /* uncompressed; not for DNS_UPDATE_ABSENT */
};

enum {
	DNS_YXDOMAIN = 6, /* a prerequisite is not met: something is there */
	DNS_YXRRSET = 7,
	DNS_NXRRSET = 8, /* or is not */
	DNS_NOTZONE = 10,
};

/*
 * Writes a request for zone (a wire name) into size bytes at p.  ERR_LIMIT: it does not fit.
 */
enum err dns_update_write(void *p, size_t size, uint16_t id, struct slice zone,
                          const struct dns_update_row *rows, size_t count,
                          struct slice *out) MUST_USE;

#endif

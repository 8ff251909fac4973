/*
 * DNS responses as somebody who asks an authoritative server meets them (RFC 1035, section 4).
 *
 * The header and the question first, then one record after the other.  Nothing is allocated;
 * slices point into the message.  Pure: bytes in, facts out.
 */
#ifndef WIRE_DNS_RESPONSE_H
#define WIRE_DNS_RESPONSE_H

#include "wire/dns_message.h"

struct dns_response {
	struct slice message;
	uint16_t id, flags; /* flags as they came, without opcode and rcode */
	unsigned opcode, rcode;
	struct dns_name name; /* of the question, as it came back */
	uint16_t type, class;
	/* where dns_response_next stands */
	size_t at;
	unsigned section;
	uint16_t left[4]; /* records not read yet, by section */
};

struct dns_rr {
	enum dns_section section;
	struct dns_name owner; /* in lower case */
	uint16_t type, class;
	uint32_t ttl;
	struct slice rdata; /* as it stands; names in it may be compressed */
	size_t rdata_at;    /* its place in the message, for dns_rr_name */
};

/*
 * Reads header and question.  ERR_SYNTAX: no response, not one question, or no whole one; a
 * response to an UPDATE has its zone there.
 */
enum err dns_response_read(struct slice message, struct dns_response *out) MUST_USE;

/*
 * The next record of answer, authority or additional section.  ERR_NOTFOUND: none is left.
 * ERR_SYNTAX: it runs past the end.
 */
enum err dns_response_next(struct dns_response *r, struct dns_rr *out) MUST_USE;

/*
 * The name that begins skip bytes into a record's data, in lower case; compression is followed.
 * ERR_SYNTAX.
 */
enum err dns_rr_name(const struct dns_response *r, const struct dns_rr *rr, size_t skip,
                     struct dns_name *out) MUST_USE;

#endif

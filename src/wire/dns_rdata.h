/*
 * The data of DNS records, and sets of them.
 *
 * A set is all records of one name and type as bytes: per record a length of two bytes and the
 * uncompressed data.  Pure.
 */
#ifndef WIRE_DNS_RDATA_H
#define WIRE_DNS_RDATA_H

#include "base/buf.h"
#include "wire/dns_message.h"

#define DNS_SET_MAX 32768u /* bytes of a set */

struct dns_soa {
	struct slice mname, rname; /* wire names */
	uint32_t serial, refresh, retry, expire, minimum;
};

/* Each appends one record to a set (a buf with the ceiling DNS_SET_MAX). */
void dns_set_address(struct buf *set, const void *bytes, size_t size); /* 4: A, 16: AAAA */
void dns_set_name(struct buf *set, struct slice name);                 /* NS */
void dns_set_mx(struct buf *set, unsigned preference, struct slice name);
/* In strings of at most DNS_STRING_MAX bytes; an empty text is one empty string. */
void dns_set_txt(struct buf *set, struct slice text);
void dns_set_soa(struct buf *set, const struct dns_soa *soa);

/* Takes the next record's data off *rest.  False: none is left, or it runs past the end. */
bool dns_set_next(struct slice *rest, struct slice *rdata_out);

/*
 * ERR_SYNTAX: not a set with at least one record, or a record's data is not of that type (A,
 * AAAA, NS, SOA, MX and TXT; no other is known here).
 */
enum err dns_set_check(uint16_t type, struct slice set) MUST_USE;

#endif

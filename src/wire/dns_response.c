#include "wire/dns_response.h"

#define OPCODE_SHIFT 11
#define OPCODE_MASK 0xfu
#define RCODE_MASK 0xfu
#define QUESTION_FIXED 4u
#define RECORD_FIXED 10u /* type, class, ttl, length of rdata */

enum err dns_response_read(struct slice message, struct dns_response *out)
{
	struct dns_response r = { .message = message, .section = DNS_ANSWER };
	unsigned flags;

	if (message.len < DNS_HEADER_SIZE)
		return ERR_SYNTAX;
	flags = dns_get16(message.p + 2);
	r.id = (uint16_t)dns_get16(message.p);
	r.flags = (uint16_t)(flags & ~(OPCODE_MASK << OPCODE_SHIFT | RCODE_MASK));
	r.opcode = flags >> OPCODE_SHIFT & OPCODE_MASK;
	r.rcode = flags & RCODE_MASK;
	if ((flags & DNS_FLAG_QR) == 0 || dns_get16(message.p + 4) != 1)
		return ERR_SYNTAX;
	for (unsigned i = DNS_ANSWER; i <= DNS_ADDITIONAL; i++)
		r.left[i] = (uint16_t)dns_get16(message.p + 4 + (size_t)2 * i);
	if (dns_name_parse(message, DNS_HEADER_SIZE, &r.name, &r.at) != OK ||
	    message.len - r.at < QUESTION_FIXED)
		return ERR_SYNTAX;
	r.type = (uint16_t)dns_get16(message.p + r.at);
	r.class = (uint16_t)dns_get16(message.p + r.at + 2);
	r.at += QUESTION_FIXED;
	*out = r;
	return OK;
}

enum err dns_response_next(struct dns_response *r, struct dns_rr *out)
{
	struct dns_name owner;
	const char *fixed;
	size_t at, len;

	while (r->section <= DNS_ADDITIONAL && r->left[r->section] == 0)
		r->section++;
	if (r->section > DNS_ADDITIONAL)
		return ERR_NOTFOUND;
	if (dns_name_parse(r->message, r->at, &owner, &at) != OK ||
	    r->message.len - at < RECORD_FIXED)
		return ERR_SYNTAX;
	fixed = r->message.p + at;
	len = dns_get16(fixed + 8);
	at += RECORD_FIXED;
	if (r->message.len - at < len)
		return ERR_SYNTAX;
	*out = (struct dns_rr){ .section = (enum dns_section)r->section,
		                .type = (uint16_t)dns_get16(fixed),
		                .class = (uint16_t)dns_get16(fixed + 2),
		                .ttl = dns_get32(fixed + 4),
		                .rdata = slice_of(r->message.p + at, len),
		                .rdata_at = at };
	dns_name_lower(dns_name_slice(&owner), &out->owner);
	r->left[r->section]--;
	r->at = at + len;
	return OK;
}

enum err dns_rr_name(const struct dns_response *r, const struct dns_rr *rr, size_t skip,
                     struct dns_name *out)
{
	struct dns_name name;
	size_t end;

	if (skip >= rr->rdata.len ||
	    dns_name_parse(r->message, rr->rdata_at + skip, &name, &end) != OK ||
	    end > rr->rdata_at + rr->rdata.len)
		return ERR_SYNTAX;
	dns_name_lower(dns_name_slice(&name), out);
	return OK;
}

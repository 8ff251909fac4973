/*
 * DNS messages as an authoritative server meets them: one question in, one answer out
 * (RFC 1035, section 4; EDNS: RFC 6891).
 *
 * The reader looks at everything in a query and allocates nothing; the writer fills storage of
 * the caller's with names compressed.  Pure: bytes in, facts out.
 */
#ifndef WIRE_DNS_MESSAGE_H
#define WIRE_DNS_MESSAGE_H

#include "wire/dns_name.h"

#define DNS_HEADER_SIZE 12u
#define DNS_MESSAGE_MAX 65535u
#define DNS_UDP_PLAIN 512u /* an answer by UDP to a query without EDNS */
#define DNS_UDP_MAX 1232u  /* and with it: passes every path unfragmented */
#define DNS_STRING_MAX 255u

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_OPT = 41,
	DNS_TKEY = 249,
	DNS_TSIG = 250,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
	DNS_CAA = 257,
};
enum { DNS_CLASS_IN = 1, DNS_CLASS_NONE = 254, DNS_CLASS_ANY = 255 };
enum dns_opcode { DNS_OP_QUERY = 0, DNS_OP_NOTIFY = 4, DNS_OP_UPDATE = 5 };
enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NAME_ERROR = 3, /* the name is not there: NXDOMAIN */
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_NOTAUTH = 9,
	DNS_BADVERS = 16, /* its upper bits travel in the OPT record */
};
enum {
	DNS_FLAG_QR = 0x8000,
	DNS_FLAG_AA = 0x0400,
	DNS_FLAG_TC = 0x0200,
	DNS_FLAG_RD = 0x0100,
	DNS_FLAG_CD = 0x0010,
};

enum dns_reading {
	DNS_READ_NOTHING, /* no header, or a response: never answered (RFC 1035, 7.3) */
	DNS_READ_BAD,     /* FORMERR; only the header fields and edns are known */
	DNS_READ_UNKNOWN, /* NOTIMP: another opcode; only the header fields are known */
	DNS_READ_QUERY,
};

struct dns_query {
	uint16_t id, flags; /* flags as they came, without opcode */
	unsigned opcode;
	uint16_t type, class;
	struct slice name; /* of the question, as written; points into the message */
	bool edns, dnssec_ok;
	unsigned edns_version;
	uint16_t payload;   /* what the client takes by UDP; meaningful with edns */
	size_t tsig_at;     /* offset of a TSIG record, which is the last; 0: none */
	bool has_serial;    /* IXFR: the SOA of the authority section was read */
	uint32_t ixfr_from; /* its serial */
};

/*
 * Reads a query.  What is refused as DNS_READ_BAD: not exactly one question, answers in it, more
 * than one record of authority, a record or option that runs past its end, bytes behind the last
 * record, a compressed question, two OPT records or one that is not the root's, a TSIG record
 * that is not the last (RFC 8945, 5.2) or has a class other than ANY or a TTL.
 */
enum dns_reading dns_query_read(struct slice message, struct dns_query *out);

enum dns_section { DNS_ANSWER = 1, DNS_AUTHORITY = 2, DNS_ADDITIONAL = 3 };

#define DNS_WRITER_NAMES 48u

struct dns_writer {
	unsigned char *p;
	size_t size, len;
	bool full; /* something did not fit and was left out; what is there is whole */
	uint16_t count[4];
	size_t name_count;
	uint16_t names[DNS_WRITER_NAMES]; /* offsets that later names may point to */
};

/* A record; rdata is uncompressed. */
struct dns_record {
	struct slice owner; /* wire name */
	uint16_t type;
	uint32_t ttl;
	struct slice rdata;
	uint16_t class; /* 0: IN */
};

/* A header in size bytes (at least DNS_HEADER_SIZE) at p; rcode and opcode are part of flags. */
void dns_write_begin(struct dns_writer *w, void *p, size_t size, uint16_t id, unsigned flags);
void dns_write_question(struct dns_writer *w, struct slice name, uint16_t type, uint16_t class);
/* Sections come in their order.  False: it did not fit, and nothing was written. */
bool dns_write_record(struct dns_writer *w, enum dns_section section, const struct dns_record *r);
/* An OPT record (RFC 6891, 6.1.2) with our payload size; rcode gives its upper bits. */
bool dns_write_opt(struct dns_writer *w, unsigned rcode, bool dnssec_ok);
#define DNS_OPT_SIZE 11u /* what it takes */
/* Back to the question: for an answer that is truncated.  The name count and sections go too. */
void dns_write_truncate(struct dns_writer *w, size_t to);
/* The finished message: counts and flags are in the header.  flags replace those given before. */
struct slice dns_write_end(struct dns_writer *w, unsigned flags);

/* Big-endian numbers; the caller has checked the room. */
static inline unsigned dns_get16(const char *p)
{
	return (unsigned)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}
static inline uint32_t dns_get32(const char *p)
{
	return (uint32_t)dns_get16(p) << 16 | dns_get16(p + 2);
}
static inline void dns_put16(void *p, unsigned v)
{
	unsigned char *to = p;

	to[0] = (unsigned char)(v >> 8);
	to[1] = (unsigned char)v;
}
static inline void dns_put32(void *p, uint32_t v)
{
	dns_put16(p, v >> 16);
	dns_put16((unsigned char *)p + 2, v & 0xffffu);
}

#endif

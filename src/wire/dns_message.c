#include "wire/dns_message.h"

#define OPCODE_SHIFT 11
#define OPCODE_MASK 0xfu
#define RECORD_FIXED 10u /* type, class, ttl, length of rdata */
#define QUESTION_FIXED 4u
#define POINTER 0xc000u
#define POINTER_TOP 0x4000u
#define EDNS_DO 0x8000u
#define SOA_FIXED 20u

struct reader {
	struct slice message;
	size_t at;
};

struct found {
	struct dns_name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t start;
	struct slice rdata;
};

static enum err read_record(struct reader *r, struct found *out)
{
	const char *fixed;
	size_t len;

	out->start = r->at;
	if (dns_name_parse(r->message, r->at, &out->owner, &r->at) != OK ||
	    r->message.len - r->at < RECORD_FIXED)
		return ERR_SYNTAX;
	fixed = r->message.p + r->at;
	out->type = (uint16_t)dns_get16(fixed);
	out->class = (uint16_t)dns_get16(fixed + 2);
	out->ttl = dns_get32(fixed + 4);
	len = dns_get16(fixed + 8);
	r->at += RECORD_FIXED;
	if (r->message.len - r->at < len)
		return ERR_SYNTAX;
	out->rdata = slice_of(r->message.p + r->at, len);
	r->at += len;
	return OK;
}

/* The question is the first name of a message: nothing stands before it to point to. */
static enum err read_question(struct reader *r, struct dns_query *q)
{
	struct dns_name name;
	size_t next;

	if (dns_name_parse(r->message, r->at, &name, &next) != OK || next - r->at != name.len ||
	    r->message.len - next < QUESTION_FIXED)
		return ERR_SYNTAX;
	q->name = slice_of(r->message.p + r->at, name.len);
	q->type = (uint16_t)dns_get16(r->message.p + next);
	q->class = (uint16_t)dns_get16(r->message.p + next + 2);
	r->at = next + QUESTION_FIXED;
	return OK;
}

/* RFC 1995, section 3: the client's SOA; its serial stands behind two names. */
static enum err read_authority(struct reader *r, struct dns_query *q)
{
	struct found f;
	struct dns_name name;
	size_t at;

	if (read_record(r, &f) != OK)
		return ERR_SYNTAX;
	if (q->type != DNS_IXFR || f.type != DNS_SOA)
		return OK;
	at = (size_t)(f.rdata.p - r->message.p);
	for (int names = 0; names < 2; names++)
		if (dns_name_parse(r->message, at, &name, &at) != OK)
			return ERR_SYNTAX;
	if (r->at - at != SOA_FIXED)
		return ERR_SYNTAX;
	q->has_serial = true;
	q->ixfr_from = dns_get32(r->message.p + at);
	return OK;
}

static enum err read_opt(const struct found *f, struct dns_query *q)
{
	struct slice rest = f->rdata;

	if (q->edns || f->owner.len != 1)
		return ERR_SYNTAX;
	q->edns = true;
	q->payload = f->class;
	q->edns_version = f->ttl >> 16 & 0xffu;
	q->dnssec_ok = (f->ttl & EDNS_DO) != 0;
	while (rest.len > 0) {
		if (rest.len < 4 || rest.len - 4 < dns_get16(rest.p + 2))
			return ERR_SYNTAX;
		rest = slice_skip(rest, 4 + dns_get16(rest.p + 2));
	}
	return OK;
}

static enum err read_additional(struct reader *r, bool last, struct dns_query *q)
{
	struct found f;

	if (read_record(r, &f) != OK)
		return ERR_SYNTAX;
	if (f.type == DNS_OPT)
		return read_opt(&f, q);
	if (f.type != DNS_TSIG)
		return OK;
	if (!last || f.class != DNS_CLASS_ANY || f.ttl != 0)
		return ERR_SYNTAX;
	q->tsig_at = f.start;
	return OK;
}

static enum err read_sections(struct reader *r, struct dns_query *q)
{
	const char *header = r->message.p;
	unsigned authority = dns_get16(header + 8), additional = dns_get16(header + 10);
	enum err e = OK;

	if (dns_get16(header + 4) != 1 || dns_get16(header + 6) != 0 || authority > 1)
		return ERR_SYNTAX;
	if (read_question(r, q) != OK)
		return ERR_SYNTAX;
	if (authority == 1)
		e = read_authority(r, q);
	for (unsigned i = 0; e == OK && i < additional; i++)
		e = read_additional(r, i + 1 == additional, q);
	return e == OK && r->at != r->message.len ? ERR_SYNTAX : e;
}

enum dns_reading dns_query_read(struct slice message, struct dns_query *out)
{
	struct reader r = { message, DNS_HEADER_SIZE };
	struct dns_query q = { 0 };
	unsigned flags;

	if (message.len < DNS_HEADER_SIZE || message.len > DNS_MESSAGE_MAX)
		return DNS_READ_NOTHING;
	flags = dns_get16(message.p + 2);
	if ((flags & DNS_FLAG_QR) != 0)
		return DNS_READ_NOTHING;
	q.id = (uint16_t)dns_get16(message.p);
	q.opcode = flags >> OPCODE_SHIFT & OPCODE_MASK;
	q.flags = (uint16_t)(flags & ~(OPCODE_MASK << OPCODE_SHIFT));
	*out = q;
	if (q.opcode != DNS_OP_QUERY)
		return DNS_READ_UNKNOWN;
	if (read_sections(&r, &q) != OK) {
		out->edns = q.edns;
		return DNS_READ_BAD;
	}
	*out = q;
	return DNS_READ_QUERY;
}

void dns_write_begin(struct dns_writer *w, void *p, size_t size, uint16_t id, unsigned flags)
{
	w->p = p;
	w->size = size;
	w->len = DNS_HEADER_SIZE;
	w->full = false;
	w->name_count = 0;
	memset(w->count, 0, sizeof(w->count));
	memset(w->p, 0, DNS_HEADER_SIZE);
	dns_put16(w->p, id);
	dns_put16(w->p + 2, flags);
}

static const char *at(const struct dns_writer *w, size_t offset)
{
	return (const char *)w->p + offset;
}

/* Whether the name that starts at offset of what was written is this one. */
static bool is_written(const struct dns_writer *w, size_t offset, struct slice name)
{
	for (;;) {
		unsigned c = w->p[offset], len = (unsigned char)name.p[0];

		if (c >= POINTER >> 8) {
			offset = dns_get16(at(w, offset)) & ~POINTER;
			continue;
		}
		if (c != len)
			return false;
		if (c == 0)
			return true;
		if (!slice_eq_i(slice_of(at(w, offset + 1), c), slice_of(name.p + 1, len)))
			return false;
		offset += 1 + c;
		name = dns_name_parent(name);
	}
}

/* Among the first so many names; 0: not written yet. */
static unsigned find_written(const struct dns_writer *w, size_t known, struct slice name)
{
	for (size_t i = 0; i < known; i++)
		if (is_written(w, w->names[i], name))
			return w->names[i];
	return 0;
}

static bool put(struct dns_writer *w, struct slice bytes)
{
	if (w->size - w->len < bytes.len)
		return false;
	if (bytes.len > 0)
		memcpy(w->p + w->len, bytes.p, bytes.len);
	w->len += bytes.len;
	return true;
}

static bool put16(struct dns_writer *w, unsigned v)
{
	if (w->size - w->len < 2)
		return false;
	dns_put16(w->p + w->len, v);
	w->len += 2;
	return true;
}

static bool put_name(struct dns_writer *w, struct slice name)
{
	size_t known = w->name_count; /* without this one, which has no end yet */

	while (name.len > 1) {
		unsigned before = find_written(w, known, name);

		if (before != 0)
			return put16(w, POINTER | before);
		if (w->len < POINTER_TOP && w->name_count < DNS_WRITER_NAMES)
			w->names[w->name_count++] = (uint16_t)w->len;
		if (!put(w, slice_head(name, 1 + (size_t)(unsigned char)name.p[0])))
			return false;
		name = dns_name_parent(name);
	}
	return put(w, S("\0"));
}

void dns_write_question(struct dns_writer *w, struct slice name, uint16_t type, uint16_t class)
{
	if (!put_name(w, name) || !put16(w, type) || !put16(w, class)) {
		w->full = true;
		return;
	}
	w->count[0] = 1;
}

/* RFC 3597, section 4: names are compressed in the record types of RFC 1035 only. */
static const struct {
	uint16_t type;
	uint8_t before; /* bytes before the names */
	uint8_t names;
} compressed[] = {
	{ DNS_NS, 0, 1 },
	{ DNS_SOA, 0, 2 },
	{ DNS_MX, 2, 1 },
};

static bool put_rdata(struct dns_writer *w, uint16_t type, struct slice rdata)
{
	size_t names = 0;

	if (rdata.len == 0) /* in an UPDATE */
		return true;
	for (size_t i = 0; i < ARRAY_LEN(compressed); i++) {
		if (compressed[i].type != type)
			continue;
		names = compressed[i].names;
		if (!put(w, slice_head(rdata, compressed[i].before)))
			return false;
		rdata = slice_skip(rdata, compressed[i].before);
	}
	for (; names > 0; names--) {
		size_t len = 0;

		while (rdata.p[len] != '\0')
			len += 1 + (size_t)(unsigned char)rdata.p[len];
		if (!put_name(w, slice_head(rdata, len + 1)))
			return false;
		rdata = slice_skip(rdata, len + 1);
	}
	return put(w, rdata);
}

static bool put_record(struct dns_writer *w, const struct dns_record *r)
{
	char fixed[RECORD_FIXED] = { 0 };
	size_t start;

	dns_put16(fixed, r->type);
	dns_put16(fixed + 2, r->class == 0 ? DNS_CLASS_IN : r->class);
	dns_put32(fixed + 4, r->ttl);
	if (!put_name(w, r->owner) || !put(w, slice_of(fixed, sizeof(fixed))))
		return false;
	start = w->len;
	if (!put_rdata(w, r->type, r->rdata))
		return false;
	dns_put16(w->p + start - 2, (unsigned)(w->len - start));
	return true;
}

bool dns_write_record(struct dns_writer *w, enum dns_section section, const struct dns_record *r)
{
	size_t len = w->len, names = w->name_count;

	if (!put_record(w, r)) {
		w->len = len;
		w->name_count = names;
		w->full = true;
		return false;
	}
	w->count[section]++;
	return true;
}

bool dns_write_opt(struct dns_writer *w, unsigned rcode, bool dnssec_ok)
{
	char opt[DNS_OPT_SIZE] = { 0 };

	dns_put16(opt + 1, DNS_OPT);
	dns_put16(opt + 3, DNS_UDP_MAX);
	opt[5] = (char)(rcode >> 4);
	dns_put16(opt + 7, dnssec_ok ? EDNS_DO : 0);
	if (!put(w, slice_of(opt, sizeof(opt)))) {
		w->full = true;
		return false;
	}
	w->count[DNS_ADDITIONAL]++;
	return true;
}

void dns_write_truncate(struct dns_writer *w, size_t to)
{
	w->len = to;
	memset(&w->count[1], 0, 3 * sizeof(w->count[0]));
	while (w->name_count > 0 && w->names[w->name_count - 1] >= to)
		w->name_count--;
}

struct slice dns_write_end(struct dns_writer *w, unsigned flags)
{
	dns_put16(w->p + 2, flags);
	for (size_t i = 0; i < ARRAY_LEN(w->count); i++)
		dns_put16(w->p + 4 + 2 * i, w->count[i]);
	return slice_of(w->p, w->len);
}

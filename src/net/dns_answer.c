#include "net/dns_answer.h"

#define HEADER_SIZE 12u
#define JUMPS_MAX 32u
#define CHAIN_MAX 16u
#define RCODE_NXDOMAIN 3u

struct rr {
	char owner[RESOLVER_NAME_SIZE];
	unsigned type;
	uint32_t ttl;
	size_t rdata_at, rdata_len;
};

static unsigned u16(struct slice p, size_t at)
{
	return (unsigned)(unsigned char)p.p[at] << 8 | (unsigned char)p.p[at + 1];
}

static bool name_byte(char c)
{
	return c > ' ' && c < 0x7f && c != '.' && c != '\\';
}

/* Appends one label in lower case; a label with a byte no host or service name has is refused. */
static bool label_add(struct slice label, char out[RESOLVER_NAME_SIZE], size_t *len)
{
	if (*len + label.len + 2 > RESOLVER_NAME_SIZE)
		return false;
	if (*len > 0)
		out[(*len)++] = '.';
	for (size_t i = 0; i < label.len; i++) {
		char c = label.p[i];
		if (!name_byte(c))
			return false;
		out[(*len)++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	return true;
}

enum err dns_name_read(struct slice packet, size_t *at, char out[RESOLVER_NAME_SIZE])
{
	char name[RESOLVER_NAME_SIZE];
	size_t pos = *at, len = 0, behind = 0;
	unsigned jumps = 0;

	for (;;) {
		if (pos >= packet.len)
			return ERR_SYNTAX;
		unsigned n = (unsigned char)packet.p[pos];
		if (n == 0)
			break;
		if (n >= 0xc0) { /* RFC 1035, 4.1.4 */
			if (pos + 1 >= packet.len || ++jumps > JUMPS_MAX)
				return ERR_SYNTAX;
			if (behind == 0)
				behind = pos + 2;
			pos = u16(packet, pos) & 0x3fffu;
			continue;
		}
		if (n > 63 || pos + 1 + n > packet.len ||
		    !label_add(slice_of(packet.p + pos + 1, n), name, &len))
			return ERR_SYNTAX;
		pos += n + 1;
	}
	name[len] = '\0';
	memcpy(out, name, len + 1);
	*at = behind != 0 ? behind : pos + 1;
	return OK;
}

static bool rr_read(struct slice p, size_t *at, struct rr *out)
{
	if (dns_name_read(p, at, out->owner) != OK || *at + 10 > p.len)
		return false;
	out->type = u16(p, *at);
	out->ttl = (uint32_t)u16(p, *at + 4) << 16 | u16(p, *at + 6);
	out->rdata_len = u16(p, *at + 8);
	out->rdata_at = *at + 10;
	if (out->rdata_at + out->rdata_len > p.len)
		return false;
	*at = out->rdata_at + out->rdata_len;
	return true;
}

/* Names inside rdata may be compressed; here they are written out in wire form. */
static bool rdata_plain(struct slice p, const struct rr *r, struct arena *a, struct slice *out)
{
	size_t skip = r->type == DNS_MX ? 2 : 0, at = r->rdata_at + skip, len;
	char name[RESOLVER_NAME_SIZE];

	if (r->type != DNS_MX && r->type != DNS_NS && r->type != DNS_CNAME) {
		*out = arena_copy(a, slice_of(p.p + r->rdata_at, r->rdata_len));
		return true;
	}
	if (r->rdata_len < skip + 1 || dns_name_read(p, &at, name) != OK)
		return false;
	len = strlen(name);
	char *wire = arena_alloc(a, skip + len + 2);
	memcpy(wire, p.p + r->rdata_at, skip);
	char *size = wire + skip;
	*size = 0;
	for (size_t i = 0; i < len; i++) {
		char *to = wire + skip + 1 + i;
		if (name[i] == '.') {
			*to = 0;
			size = to;
		} else {
			*to = name[i];
			(*size)++;
		}
	}
	*out = slice_of(wire, skip + (len == 0 ? 1 : len + 2));
	return true;
}

/* One pass over the answer section; true when the chain went one CNAME further. */
static bool collect(struct slice p, size_t at, unsigned count, enum dns_type type, struct arena *a,
                    char name[RESOLVER_NAME_SIZE], struct dns_answer *out)
{
	for (unsigned i = 0; i < count; i++) {
		struct rr r;
		if (!rr_read(p, &at, &r))
			return false;
		if (strcmp(r.owner, name) != 0)
			continue;
		if (r.type != (unsigned)type && r.type != DNS_CNAME)
			continue;
		out->ttl = r.ttl < out->ttl ? r.ttl : out->ttl;
		if (r.type == DNS_CNAME && type != DNS_CNAME) {
			size_t target = r.rdata_at;
			return dns_name_read(p, &target, name) == OK;
		}
		if (out->count < RESOLVER_RECORDS_MAX &&
		    rdata_plain(p, &r, a, &out->rdata[out->count]))
			out->count++;
	}
	return false;
}

static void unknown(struct dns_answer *out, const char *why)
{
	*out = (struct dns_answer){ .state = DNS_UNKNOWN, .why = why };
}

static const char *rcode_words(struct arena *a, unsigned rcode)
{
	static const char *const names[] = {
		NULL, "FORMERR", "SERVFAIL", NULL, "NOTIMP", "REFUSED"
	};

	if (rcode < ARRAY_LEN(names) && names[rcode] != NULL)
		return arena_printf(a, "the name servers answer %s", names[rcode]);
	return arena_printf(a, "the name servers answer rcode %u", rcode);
}

void dns_answer_read(struct slice packet, enum dns_type type, struct arena *a,
                     struct dns_answer *out)
{
	char name[RESOLVER_NAME_SIZE];
	size_t at = HEADER_SIZE;
	unsigned steps = 0;

	if (packet.len < HEADER_SIZE || u16(packet, 4) != 1 ||
	    dns_name_read(packet, &at, name) != OK || at + 4 > packet.len) {
		unknown(out, "the answer cannot be read");
		return;
	}
	unsigned rcode = u16(packet, 2) & 15u;
	if (rcode != 0 && rcode != RCODE_NXDOMAIN) {
		unknown(out, rcode_words(a, rcode));
		return;
	}
	*out = (struct dns_answer){ .ttl = UINT32_MAX };
	while (steps < CHAIN_MAX && collect(packet, at + 4, u16(packet, 6), type, a, name, out))
		steps++;
	if (steps > 0)
		out->canon = arena_str(a, slice_str(name));
	out->state = out->count > 0 ? DNS_FOUND : rcode == 0 ? DNS_NODATA : DNS_NXDOMAIN;
	if (out->count == 0)
		out->ttl = 0;
}

enum err dns_rdata_name(struct slice rdata, char out[RESOLVER_NAME_SIZE])
{
	size_t at = 0;

	/* No compression is left in rdata, so it stands alone as a message. */
	return dns_name_read(rdata, &at, out);
}

enum err dns_rdata_text(struct slice rdata, struct arena *a, struct slice *out)
{
	struct buf b;
	enum err e = rdata.len == 0 ? ERR_SYNTAX : OK;

	buf_init(&b, RESOLVER_TEXT_MAX);
	while (e == OK && rdata.len > 0) {
		size_t n = (unsigned char)rdata.p[0];
		if (n + 1 > rdata.len)
			e = ERR_SYNTAX;
		buf_add(&b, slice_head(slice_skip(rdata, 1), n));
		rdata = slice_skip(rdata, n + 1);
	}
	if (e == OK)
		e = buf_status(&b);
	if (e == OK)
		*out = arena_copy(a, buf_slice(&b));
	buf_fini(&b);
	return e;
}

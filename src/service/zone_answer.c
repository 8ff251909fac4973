#include "service/zone_answer.h"

#include "wire/dns_rdata.h"

#define OPCODE_SHIFT 11
#define MAILB 253
#define MAILA 254

struct answer {
	const struct zone *zone;
	const struct zone_ask *ask;
	struct dns_writer w;
	size_t question_end;
	size_t reserved; /* for OPT */
	unsigned rcode, flags;
};

size_t zone_answer_room(const struct zone_ask *ask)
{
	size_t room = ask->query.payload;

	if (!ask->udp)
		return DNS_MESSAGE_MAX;
	if (!ask->query.edns || room < DNS_UDP_PLAIN)
		return DNS_UDP_PLAIN;
	return room < DNS_UDP_MAX ? room : DNS_UDP_MAX;
}

static void begin(struct answer *a, void *out, size_t size)
{
	const struct dns_query *q = &a->ask->query;

	a->flags =
	        DNS_FLAG_QR | q->opcode << OPCODE_SHIFT | (q->flags & (DNS_FLAG_RD | DNS_FLAG_CD));
	a->reserved = q->edns ? DNS_OPT_SIZE : 0;
	dns_write_begin(&a->w, out, size - a->reserved, q->id, a->flags);
	/* A question that was not understood is not repeated. */
	if (a->ask->reading == DNS_READ_QUERY)
		dns_write_question(&a->w, q->name, q->type, q->class);
	a->question_end = a->w.len;
}

static struct slice finish(struct answer *a)
{
	a->w.size += a->reserved;
	if (a->ask->query.edns)
		(void)dns_write_opt(&a->w, a->rcode, a->ask->query.dnssec_ok); /* was reserved */
	return dns_write_end(&a->w, a->flags | (a->rcode & 0xfu));
}

/* False: the answer is truncated, to nothing but the question. */
static bool add_set(struct answer *a, enum dns_section section, const struct zone_set *s,
                    struct slice owner, uint32_t ttl)
{
	struct slice rest = zone_set_data(s), rdata;

	while (dns_set_next(&rest, &rdata)) {
		const struct dns_record r = { owner, s->type, ttl, rdata, DNS_CLASS_IN };

		if (dns_write_record(&a->w, section, &r))
			continue;
		dns_write_truncate(&a->w, a->question_end);
		a->flags |= DNS_FLAG_TC;
		return false;
	}
	return true;
}

/* RFC 2308, section 3: the lesser of the SOA record's TTL and its last field. */
static void add_negative(struct answer *a)
{
	const struct zone_set *soa = zone_soa(a->zone);
	uint32_t minimum = dns_get32(soa->bytes + soa->len - 4);

	(void)add_set(a, DNS_AUTHORITY, soa, zone_origin(a->zone),
	              minimum < soa->ttl ? minimum : soa->ttl);
}

/* Addresses of a target are a courtesy: what does not fit is left out without TC. */
static void add_addresses(struct answer *a, struct slice target)
{
	static const uint16_t types[] = { DNS_A, DNS_AAAA };
	const struct zone_node *n = zone_find(a->zone, target);

	for (size_t i = 0; n != NULL && i < ARRAY_LEN(types); i++) {
		const struct zone_set *s = zone_node_get(n, types[i]);
		struct slice rest, rdata;

		if (s == NULL)
			continue;
		rest = zone_set_data(s);
		while (dns_set_next(&rest, &rdata)) {
			const struct dns_record r = { target, s->type, s->ttl, rdata,
				                      DNS_CLASS_IN };

			if (!dns_write_record(&a->w, DNS_ADDITIONAL, &r))
				return;
		}
	}
}

static void add_additional(struct answer *a, const struct zone_set *s)
{
	struct slice rest = zone_set_data(s), rdata;
	size_t before = s->type == DNS_MX ? 2 : 0;

	if (s->type != DNS_NS && s->type != DNS_MX)
		return;
	while (dns_set_next(&rest, &rdata))
		add_addresses(a, slice_skip(rdata, before));
}

static const struct zone_set *choose(const struct answer *a, const struct zone_node *n)
{
	const struct zone_set *s = a->ask->query.type == DNS_ANY
	                                   ? zone_node_first(n)
	                                   : zone_node_get(n, a->ask->query.type);

	return s != NULL && s->type == DNS_SOA ? zone_soa(a->zone) : s;
}

static enum zone_outcome answer_inside(struct answer *a)
{
	const struct zone_node *n = zone_find(a->zone, a->ask->query.name);
	const struct zone_set *s;

	a->flags |= DNS_FLAG_AA;
	if (n == NULL) {
		a->rcode = DNS_NAME_ERROR;
		add_negative(a);
		return ZONE_NXDOMAIN;
	}
	/* By UDP the present SOA says whether a transfer is worth a connection (RFC 1995, 2). */
	s = a->ask->query.type == DNS_IXFR ? zone_soa(a->zone) : choose(a, n);
	if (s == NULL) {
		add_negative(a);
		return ZONE_NODATA;
	}
	if (add_set(a, DNS_ANSWER, s, a->ask->query.name, s->ttl))
		add_additional(a, s);
	return ZONE_POSITIVE;
}

/* Types that stand for no records, but for ANY and the transfers. */
static bool is_meta(uint16_t type)
{
	return type == DNS_OPT || type == 0 || type == DNS_TKEY || type == DNS_TSIG ||
	       type == MAILB || type == MAILA;
}

static bool is_transfer(const struct zone_ask *ask)
{
	return ask->query.type == DNS_AXFR || ask->query.type == DNS_IXFR;
}

static unsigned refusal(const struct answer *a)
{
	const struct dns_query *q = &a->ask->query;

	if (a->ask->reading == DNS_READ_BAD)
		return DNS_FORMERR;
	if (a->ask->reading == DNS_READ_UNKNOWN)
		return DNS_NOTIMP;
	if (q->edns && q->edns_version > 0)
		return DNS_BADVERS;
	if (is_meta(q->type))
		return DNS_FORMERR;
	if (q->class != DNS_CLASS_IN || a->zone == NULL ||
	    !dns_name_is_in(q->name, zone_origin(a->zone)))
		return DNS_REFUSED;
	if (q->type == DNS_AXFR && a->ask->udp)
		return DNS_FORMERR;
	if (is_transfer(a->ask) && !dns_name_eq(q->name, zone_origin(a->zone)))
		return DNS_NOTAUTH;
	return zone_soa(a->zone) == NULL ? DNS_SERVFAIL : DNS_NOERROR;
}

enum zone_outcome zone_answer(const struct zone *zone, const struct zone_ask *ask, void *out,
                              size_t size, struct slice *answer_out)
{
	struct answer a = { .zone = zone, .ask = ask };
	enum zone_outcome outcome = ZONE_ERROR;

	begin(&a, out, size);
	a.rcode = refusal(&a);
	if (a.rcode == DNS_NOERROR && is_transfer(ask) && !ask->udp)
		return ZONE_TRANSFER;
	if (a.rcode == DNS_NOERROR)
		outcome = answer_inside(&a);
	*answer_out = finish(&a);
	return outcome;
}

void zone_answer_error(const struct zone_ask *ask, unsigned rcode, void *out, size_t size,
                       struct slice *answer_out)
{
	struct answer a = { .ask = ask, .rcode = rcode };

	begin(&a, out, size);
	*answer_out = finish(&a);
}

void zone_answer_slip(const struct zone_ask *ask, void *out, size_t size, struct slice *answer_out)
{
	struct answer a = { .ask = ask };

	begin(&a, out, size);
	a.flags |= DNS_FLAG_TC;
	*answer_out = finish(&a);
}

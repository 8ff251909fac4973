/* What one server's message says about one question. */
#include "net/authority.h"
#include "wire/dns_response.h"

#define SOA_FIXED 20u

static const char *name_str(struct arena *a, const struct dns_name *n)
{
	char text[DNS_NAME_TEXT_SIZE];
	struct slice s = slice_str(dns_name_text(dns_name_slice(n), text));

	return arena_str(a, s.len > 1 ? slice_head(s, s.len - 1) : s);
}

/* Types whose data is a name behind so many bytes; of SOA the first name is what is kept. */
static bool has_name(unsigned type, size_t *skip)
{
	*skip = type == DNS_MX ? 2 : 0;
	return type == DNS_NS || type == DNS_CNAME || type == DNS_MX || type == DNS_SOA;
}

static bool plain_rdata(const struct dns_response *r, const struct dns_rr *rr, struct arena *a,
                        struct slice *out)
{
	struct dns_name name;
	size_t skip;

	if (!has_name(rr->type, &skip)) {
		*out = arena_copy(a, rr->rdata);
		return true;
	}
	if (dns_rr_name(r, rr, skip, &name) != OK)
		return false;
	char *to = arena_alloc(a, skip + name.len);
	memcpy(to, rr->rdata.p, skip);
	memcpy(to + skip, name.wire, name.len);
	*out = slice_of(to, skip + name.len);
	return true;
}

struct reading {
	struct dns_response r;
	struct dns_name name;
	enum dns_type type;
	struct arena *a;
	struct authority_reply *out;
	bool has_soa, has_ttl;
	struct dns_name below;
};

static void take_answer(struct reading *x, const struct dns_rr *rr)
{
	struct authority_reply *o = x->out;
	struct dns_name target;

	if (!dns_name_eq(dns_name_slice(&rr->owner), dns_name_slice(&x->name)))
		return; /* what is behind a CNAME */
	if (rr->type == DNS_CNAME && o->cname == NULL && dns_rr_name(&x->r, rr, 0, &target) == OK) {
		o->cname = name_str(x->a, &target);
		o->cname_ttl = rr->ttl;
	}
	if (rr->type != (unsigned)x->type || o->count == AUTHORITY_RECORDS_MAX ||
	    !plain_rdata(&x->r, rr, x->a, &o->rdata[o->count]))
		return;
	o->ttl = x->has_ttl && o->ttl < rr->ttl ? o->ttl : rr->ttl;
	x->has_ttl = true;
	o->count++;
}

static void take_authority(struct reading *x, const struct dns_rr *rr)
{
	struct authority_reply *o = x->out;
	struct dns_name server;

	if (rr->type == DNS_SOA && rr->rdata.len >= SOA_FIXED && !x->has_ttl) {
		uint32_t minimum = dns_get32(rr->rdata.p + rr->rdata.len - 4);
		o->ttl = rr->ttl < minimum ? rr->ttl : minimum;
		x->has_soa = true;
	}
	if (rr->type != DNS_NS || o->below_count == AUTHORITY_NAMES_MAX ||
	    !dns_name_is_in(dns_name_slice(&x->name), dns_name_slice(&rr->owner)) ||
	    dns_rr_name(&x->r, rr, 0, &server) != OK)
		return;
	x->below = rr->owner;
	o->below_servers[o->below_count++] = name_str(x->a, &server);
}

static const char *rcode_words(struct arena *a, unsigned rcode)
{
	static const char *const names[] = {
		NULL, "FORMERR", "SERVFAIL", NULL, "NOTIMP", "REFUSED"
	};

	if (rcode < ARRAY_LEN(names) && names[rcode] != NULL)
		return arena_printf(a, "answers %s", names[rcode]);
	return arena_printf(a, "answers with rcode %u", rcode);
}

static void conclude(struct reading *x)
{
	struct authority_reply *o = x->out;
	bool aa = (x->r.flags & DNS_FLAG_AA) != 0;

	if (x->r.rcode != DNS_NOERROR && x->r.rcode != DNS_NAME_ERROR) {
		*o = (struct authority_reply){ .state = AUTHORITY_LAME,
			                       .why = rcode_words(x->a, x->r.rcode) };
	} else if (aa && (o->count > 0 || o->cname != NULL)) {
		o->state = AUTHORITY_FOUND;
	} else if (aa) {
		o->state = x->r.rcode == DNS_NAME_ERROR ? AUTHORITY_NAME_ERROR : AUTHORITY_NODATA;
	} else if (o->count == 0 && o->cname == NULL && o->below_count > 0 && !x->has_soa) {
		o->state = AUTHORITY_REFERRAL;
		o->below = name_str(x->a, &x->below);
	} else {
		*o = (struct authority_reply){ .state = AUTHORITY_LAME,
			                       .why = "answers without authority for the zone" };
	}
	if (o->state != AUTHORITY_REFERRAL)
		o->below_count = 0;
}

static bool fits(const struct dns_response *r, uint16_t id, const struct dns_name *name,
                 enum dns_type type)
{
	return r->id == id && r->opcode == DNS_OP_QUERY && r->type == (unsigned)type &&
	       r->class == DNS_CLASS_IN &&
	       dns_name_eq(dns_name_slice(&r->name), dns_name_slice(name));
}

/* What does not hold together leaves nothing behind, however often it comes. */
static bool is_whole(struct dns_response r)
{
	struct dns_rr rr;
	enum err e;

	while ((e = dns_response_next(&r, &rr)) == OK)
		continue;
	return e == ERR_NOTFOUND;
}

bool authority_reply_read(struct slice message, uint16_t id, struct authority_query *q,
                          struct arena *a, bool *truncated_out)
{
	struct authority_reply reply = { .state = AUTHORITY_LAME };
	struct reading x = { .type = q->type, .a = a, .out = &reply };
	struct dns_rr rr;

	if (dns_name_from_text(slice_str(q->name), &x.name) != OK ||
	    dns_response_read(message, &x.r) != OK || !fits(&x.r, id, &x.name, q->type))
		return false;
	*truncated_out = (x.r.flags & DNS_FLAG_TC) != 0;
	if (*truncated_out)
		return true;
	if (!is_whole(x.r))
		return false;
	while (dns_response_next(&x.r, &rr) == OK) {
		if (rr.class != DNS_CLASS_IN)
			continue;
		if (rr.section == DNS_ANSWER)
			take_answer(&x, &rr);
		else if (rr.section == DNS_AUTHORITY)
			take_authority(&x, &rr);
	}
	conclude(&x);
	q->reply = reply;
	return true;
}

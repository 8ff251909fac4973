#include "service/dns_transfer.h"

#include <netinet/in.h>

#include "wire/dns_rdata.h"

#define SOA_FIXED 20u

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)(const void *)a;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)(const void *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)(const void *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)(const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	return a->ss_family == AF_INET
	               ? a4->sin_addr.s_addr == b4->sin_addr.s_addr
	               : memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

bool dns_transfer_allowed(const struct dns_peers *p, const struct sockaddr_storage *peer,
                          bool is_signed)
{
	if (p->key_count > 0 && !is_signed)
		return false;
	for (size_t i = 0; i < p->secondary_count; i++)
		if (same_host(&p->secondaries[i], peer))
			return true;
	return false;
}

/* RFC 1982: whether the client's serial is the present one or, by its arithmetic, a later one. */
static bool is_current(const struct zone_set *soa, const struct dns_query *q)
{
	uint32_t ours = dns_get32(soa->bytes + soa->len - SOA_FIXED);

	return q->type == DNS_IXFR && q->has_serial && (int32_t)(ours - q->ixfr_from) <= 0;
}

static void stand_at_soa(struct dns_transfer *t)
{
	t->set = t->zone.soa;
	t->owner = t->zone.origin;
	t->rest = zone_set_data(t->set);
}

enum err dns_transfer_begin(const struct zone *z, const struct zone_ask *ask,
                            const struct dns_tsig *tsig, struct dns_transfer *out)
{
	const struct dns_query *q = &ask->query;
	struct dns_transfer t = { .id = q->id, .type = q->type, .is_signed = tsig != NULL };
	enum err e = zone_copy_init(z, &t.zone);

	if (e != OK)
		return e;
	t.single = is_current(t.zone.soa, q);
	t.flags = DNS_FLAG_QR | DNS_FLAG_AA | (q->flags & DNS_FLAG_RD);
	stand_at_soa(&t);
	t.name.len = q->name.len;
	memcpy(t.name.wire, q->name.p, q->name.len);
	if (tsig != NULL)
		t.tsig = *tsig;
	*out = t;
	return OK;
}

void dns_transfer_end(struct dns_transfer *t)
{
	zone_copy_fini(&t->zone);
	t->done = true;
}

/* Behind the last set stands the SOA record again. */
static void advance(struct dns_transfer *t)
{
	if (t->single || t->closing) {
		t->done = true;
		return;
	}
	t->set = zone_copy_next(&t->zone, &t->walk, &t->owner);
	t->closing = t->set == NULL;
	if (t->closing)
		stand_at_soa(t);
	t->rest = zone_set_data(t->set);
}

/* As many records as fit; the first one of a message always does. */
static void fill(struct dns_transfer *t, struct dns_writer *w)
{
	while (!t->done) {
		const struct zone_set *s = t->set;
		struct slice rest = t->rest, rdata;

		if (!dns_set_next(&rest, &rdata)) {
			advance(t);
			continue;
		}
		const struct dns_record r = { dns_name_slice(&t->owner), s->type, s->ttl, rdata,
			                      DNS_CLASS_IN };
		if (!dns_write_record(w, DNS_ANSWER, &r))
			return;
		t->rest = rest;
		t->records++;
	}
}

struct slice dns_transfer_next(struct dns_transfer *t, int64_t now, void *out, size_t size)
{
	size_t room = t->is_signed ? dns_tsig_room(&t->tsig) : 0, len;
	size_t most = size - room;
	struct dns_writer w;
	struct slice m;

	if (t->done)
		return S("");
	/* A set is at most DNS_SET_MAX: a record that is longer than usual gets a message of its
	 * own. */
	if (most > DNS_TRANSFER_MESSAGE && t->set->len < DNS_TRANSFER_MESSAGE / 2)
		most = DNS_TRANSFER_MESSAGE;
	dns_write_begin(&w, out, most, t->id, t->flags);
	if (!t->started)
		dns_write_question(&w, dns_name_slice(&t->name), t->type, DNS_CLASS_IN);
	t->started = true;
	fill(t, &w);
	m = dns_write_end(&w, t->flags);
	if (t->is_signed && dns_tsig_sign(&t->tsig, out, m.len, size, now, &len) == OK)
		m.len = len;
	return m;
}

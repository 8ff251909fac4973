/* MX and TXT sets out of single answers. */
#include <stdlib.h>

#include "base/buf.h"
#include "net/clock.h"
#include "net/resolver_internal.h"

static void add_addresses(const struct dns_answer *answer, enum dns_type type, struct mx_host *h)
{
	size_t size = type == DNS_A ? 4 : 16;

	for (size_t i = 0; i < answer->count && h->count < RESOLVER_ADDRESSES_MAX; i++) {
		struct dial_addr *to = &h->addresses[h->count];
		if (answer->rdata[i].len != size)
			continue;
		*to = (struct dial_addr){ 0 };
		if (type == DNS_A) {
			to->u.v4.sin_family = AF_INET;
			memcpy(&to->u.v4.sin_addr, answer->rdata[i].p, size);
			to->len = sizeof(to->u.v4);
		} else {
			to->u.v6.sin6_family = AF_INET6;
			memcpy(&to->u.v6.sin6_addr, answer->rdata[i].p, size);
			to->len = sizeof(to->u.v6);
		}
		h->count++;
	}
}

static void find_addresses(struct resolver *r, struct arena *a, int64_t deadline, struct mx_host *h)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dns_answer answer;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		resolver_ask(r, a, h->name, types[i], clock_left_ms(deadline), &answer);
		if (answer.state == DNS_FOUND)
			add_addresses(&answer, types[i], h);
		/* A failure to find out is not hidden by the other type's absence. */
		if (i == 0 || answer.state == DNS_UNKNOWN || answer.state == DNS_BOGUS) {
			h->state = answer.state;
			h->why = answer.why;
		}
	}
	if (h->count > 0) {
		h->state = DNS_FOUND;
		h->why = NULL;
	}
}

static int by_preference(const void *pa, const void *pb)
{
	const struct mx_host *a = pa, *b = pb;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void add_hosts(const struct dns_answer *answer, struct mx_set *out)
{
	for (size_t i = 0; i < answer->count && out->count < RESOLVER_MX_MAX; i++) {
		struct slice rdata = answer->rdata[i];
		struct mx_host *h = &out->hosts[out->count];
		if (rdata.len < 3 || dns_rdata_name(slice_skip(rdata, 2), h->name) != OK)
			continue;
		h->preference =
		        (unsigned)(unsigned char)rdata.p[0] << 8 | (unsigned char)rdata.p[1];
		/* RFC 7505: a single MX with the root as its host. */
		if (h->name[0] == '\0')
			out->null_mx = answer->count == 1;
		else
			out->count++;
	}
	qsort(out->hosts, out->count, sizeof(out->hosts[0]), by_preference);
}

/* RFC 5321, 5.1: without MX records the domain's own address is its mail host. */
static void add_implicit(struct resolver *r, struct arena *a, const char *domain, int64_t deadline,
                         struct mx_set *out)
{
	struct mx_host *h = &out->hosts[0];

	memcpy(h->name, domain, strlen(domain) + 1);
	find_addresses(r, a, deadline, h);
	if (h->state == DNS_UNKNOWN || h->state == DNS_BOGUS) {
		out->state = h->state;
		out->why = h->why;
	} else if (h->count > 0) {
		out->state = DNS_FOUND;
		out->implicit = true;
		out->count = 1;
	}
}

void resolver_mx(struct resolver *r, struct arena *a, const char *domain, unsigned timeout_ms,
                 struct mx_set *out)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	struct dns_answer answer;

	*out = (struct mx_set){ 0 };
	resolver_ask(r, a, domain, DNS_MX, timeout_ms, &answer);
	out->state = answer.state;
	out->secure = answer.secure;
	out->ttl = answer.ttl;
	out->why = answer.why;
	if (answer.state == DNS_NODATA && strlen(domain) < RESOLVER_NAME_SIZE)
		add_implicit(r, a, domain, deadline, out);
	if (answer.state != DNS_FOUND)
		return;
	add_hosts(&answer, out);
	for (size_t i = 0; i < out->count; i++)
		find_addresses(r, a, deadline, &out->hosts[i]);
}

void resolver_texts(const struct dns_answer *answer, struct arena *a, struct txt_set *out)
{
	*out = (struct txt_set){
		.state = answer->state,
		.secure = answer->secure,
		.ttl = answer->ttl,
		.why = answer->why,
		.canon = answer->canon,
	};
	for (size_t i = 0; i < answer->count; i++)
		if (dns_rdata_text(answer->rdata[i], a, &out->text[out->count]) == OK)
			out->count++;
}

void resolver_txt(struct resolver *r, struct arena *a, const char *name, unsigned timeout_ms,
                  struct txt_set *out)
{
	struct dns_answer answer;

	resolver_ask(r, a, name, DNS_TXT, timeout_ms, &answer);
	resolver_texts(&answer, a, out);
}

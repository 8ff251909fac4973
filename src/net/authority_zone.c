/* Which servers a zone has, and the way down to the zone that a name really lies in. */
#include "net/authority.h"
#include "net/clock.h"

#define DNS_PORT 53
#define FIND_PART 2 /* of the time left goes at most into finding a zone below */

static void add_server(struct authority_zone *z, const char *name, const struct dial_addr *at)
{
	struct authority_server *s = &z->servers[z->count];

	if (z->count == AUTHORITY_SERVERS_MAX)
		return;
	*s = (struct authority_server){ .name = name };
	if (at != NULL)
		s->at = *at;
	z->count++;
}

static void add_addresses(const struct authority_asker *who, const char *name, int64_t deadline,
                          struct authority_zone *z)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	size_t before = z->count;

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct dns_answer answer;
		resolver_ask(who->resolver, who->arena, name, types[t], clock_left_ms(deadline),
		             &answer);
		for (size_t i = 0; answer.state == DNS_FOUND && i < answer.count; i++) {
			struct dial_addr at;
			if (dial_addr_of(answer.rdata[i], DNS_PORT, &at) == OK)
				add_server(z, name, &at);
		}
	}
	if (z->count == before)
		add_server(z, name, NULL);
}

static void add_names(const struct authority_asker *who, const struct dns_answer *ns,
                      int64_t deadline, struct authority_zone *z)
{
	char name[RESOLVER_NAME_SIZE];

	for (size_t i = 0; i < ns->count && i < AUTHORITY_NAMES_MAX; i++)
		if (dns_rdata_name(ns->rdata[i], name) == OK)
			add_addresses(who, arena_str(who->arena, slice_str(name)), deadline, z);
}

/*
 * The NS records at name or above it.  A top-level zone holds only what exists in it: a domain
 * nobody registered is not looked for there.
 */
static void climb(const struct authority_asker *who, const char *name, int64_t deadline,
                  struct authority_zone *z, struct dns_answer *ns)
{
	struct slice rest = slice_str(name), label;
	bool exists = false;

	for (;;) {
		const char *at = arena_str(who->arena, rest);
		bool top = slice_find(rest, '.') == SIZE_MAX;
		if (rest.len == 0 || (top && !exists)) {
			z->state = DNS_NXDOMAIN;
			z->why = arena_printf(who->arena, "%s is not in DNS: no zone holds it",
			                      name);
			return;
		}
		resolver_ask(who->resolver, who->arena, at, DNS_NS, clock_left_ms(deadline), ns);
		exists = exists || ns->state == DNS_FOUND || ns->state == DNS_NODATA;
		if (ns->state == DNS_UNKNOWN || ns->state == DNS_BOGUS) {
			z->state = ns->state;
			z->why = ns->why;
			return;
		}
		if (ns->state == DNS_FOUND && ns->canon == NULL) {
			z->state = DNS_FOUND;
			z->name = at;
			z->secure = ns->secure;
			return;
		}
		if (!slice_cut(rest, '.', &label, &rest))
			rest.len = 0;
	}
}

void authority_find(const struct authority_asker *who, const char *name, struct authority_zone *out)
{
	int64_t deadline = clock_mono_ms() + who->timeout_ms;
	struct dns_answer *ns = arena_alloc(who->arena, sizeof(*ns));

	*out = (struct authority_zone){ .state = DNS_UNKNOWN };
	climb(who, name, deadline, out, ns);
	if (out->state == DNS_FOUND)
		add_names(who, ns, deadline, out);
}

static void ask_all(const struct authority_asker *who, const struct authority_zone *zone,
                    const char *name, enum dns_type type, struct authority_query *out)
{
	for (size_t i = 0; i < zone->count; i++)
		out[i] = (struct authority_query){ .server = &zone->servers[i],
			                           .name = name,
			                           .type = type };
	authority_ask(who, out, zone->count);
}

/* What the servers refer to, when it lies below the zone; NULL: no such thing. */
static const struct authority_reply *referral(const struct authority_zone *zone,
                                              const struct authority_query *list)
{
	for (size_t i = 0; i < zone->count; i++) {
		const struct authority_reply *r = &list[i].reply;
		if (r->state == AUTHORITY_REFERRAL && strlen(r->below) > strlen(zone->name))
			return r;
	}
	return NULL;
}

static void go_below(const struct authority_asker *who, const struct authority_reply *to,
                     int64_t deadline, struct authority_zone *zone)
{
	struct authority_zone next = { .state = DNS_FOUND, .name = to->below };

	for (size_t i = 0; i < to->below_count; i++)
		add_addresses(who, to->below_servers[i], deadline, &next);
	*zone = next;
}

void authority_look(const struct authority_asker *who, struct authority_zone *zone,
                    const char *name, enum dns_type type,
                    struct authority_query out[AUTHORITY_SERVERS_MAX])
{
	int64_t deadline = clock_mono_ms() + who->timeout_ms;
	struct authority_asker rest = *who;
	const struct authority_reply *below;

	ask_all(who, zone, name, type, out);
	for (unsigned depth = 0; depth < AUTHORITY_DEPTH_MAX; depth++) {
		below = referral(zone, out);
		if (below == NULL)
			return;
		go_below(who, below, clock_mono_ms() + clock_left_ms(deadline) / FIND_PART, zone);
		rest.timeout_ms = clock_left_ms(deadline);
		ask_all(&rest, zone, name, type, out);
	}
}

/* The questions about a domain's records, and what is found beside the answers. */
#include <poll.h>
#include <unistd.h>

#include "mtasts/name.h"
#include "net/authority.h"
#include "net/clock.h"
#include "service/record_check.h"
#include "service/record_proxy.h"

#define FIND_MS 4000u
#define ASK_MS 3000u
#define ASIDE_MS 1500u /* for what only explains */
#define RESOLVER_MS 1500u
#define DIAL_MS 1500
#define HTTPS_PORT 443
#define LABELS_MIN 2u /* a domain people have; what is above belongs to others */

struct asking {
	struct desk *d;
	const struct domain *domain;
	const struct records *records;
	struct arena *a;
	struct record_facts *out;
	struct authority_zone zone;
};

static struct authority_asker asker(const struct asking *k, unsigned timeout_ms)
{
	return (struct authority_asker){ k->d->resolver, k->d->rules, k->a, timeout_ms };
}

/* The row of records that a question is about; NULL: the domain has no such record. */
static const struct record_row *row_of(const struct asking *k, enum record_asked which)
{
	static const char *const purposes[ASKED_COUNT] = { "policy-host", "policy-host",
		                                           "policy-id", "reports", "policy-id" };

	for (size_t i = 0; i < k->records->count; i++)
		if (strcmp(k->records->rows[i].purpose, purposes[which]) == 0)
			return &k->records->rows[i];
	return NULL;
}

static const struct {
	enum dns_type type;
	const char *name;
} types[ASKED_COUNT] = {
	[ASKED_HOST_A] = { DNS_A, "A" },     [ASKED_HOST_AAAA] = { DNS_AAAA, "AAAA" },
	[ASKED_ID] = { DNS_TXT, "TXT" },     [ASKED_REPORTS] = { DNS_TXT, "TXT" },
	[ASKED_TARGET] = { DNS_TXT, "TXT" },
};

static enum judge_answer answer_of(enum authority_state s)
{
	static const enum judge_answer answers[] = {
		[AUTHORITY_SILENT] = JUDGE_SILENT,   [AUTHORITY_NO_WAY] = JUDGE_NOT_ASKED,
		[AUTHORITY_LAME] = JUDGE_LAME,       [AUTHORITY_REFERRAL] = JUDGE_LAME,
		[AUTHORITY_NODATA] = JUDGE_NOTHING,  [AUTHORITY_NAME_ERROR] = JUDGE_NOTHING,
		[AUTHORITY_FOUND] = JUDGE_SOMETHING,
	};

	return answers[s];
}

static void add_found(const struct asking *k, enum dns_type type, struct slice rdata,
                      struct judge_server *s)
{
	char text[DIAL_TEXT_SIZE];
	struct dial_addr at;
	struct slice *to = &s->found[s->count];

	if (s->count == JUDGE_FOUND_MAX)
		return;
	if (type == DNS_TXT) {
		if (dns_rdata_text(rdata, k->a, to) == OK)
			s->count++;
	} else if (dial_addr_of(rdata, 0, &at) == OK) {
		*to = arena_copy(k->a, slice_str(dial_addr_format(&at, true, text)));
		s->count++;
	}
}

static void add_server(const struct asking *k, const struct authority_query *q,
                       struct judge_seen *out)
{
	const struct authority_reply *r = &q->reply;
	struct judge_server *s = &out->servers[out->count];
	char text[DIAL_TEXT_SIZE];

	if (out->count == JUDGE_SERVERS_MAX)
		return;
	out->count++;
	*s = (struct judge_server){
		.server = q->server->name,
		.address = "",
		.answer = answer_of(r->state),
		.why = r->state == AUTHORITY_REFERRAL
		               ? arena_printf(k->a, "refers to the zone %s", r->below)
		       : r->why != NULL ? r->why
		                        : "",
		.cname = r->cname != NULL ? r->cname : "",
		.ttl = r->cname != NULL && r->cname_ttl > r->ttl ? r->cname_ttl : r->ttl,
	};
	if (q->server->at.len > 0)
		s->address =
		        arena_str(k->a, slice_str(dial_addr_format(&q->server->at, true, text)));
	for (size_t i = 0; i < r->count; i++)
		add_found(k, q->type, r->rdata[i], s);
}

static void take(const struct asking *k, enum record_asked which, const char *name,
                 const char *zone, const struct authority_query *list, size_t count)
{
	struct judge_seen *s = &k->out->seen[which];

	*s = (struct judge_seen){ .name = name,
		                  .type = types[which].name,
		                  .zone = zone,
		                  .doubled = "",
		                  .above = "",
		                  .proxy = "",
		                  .dead = "" };
	for (size_t i = 0; i < count; i++)
		add_server(k, &list[i], s);
}

static bool is_referred(const struct authority_query *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].reply.state == AUTHORITY_REFERRAL)
			return true;
	return false;
}

/* The servers say that the name lies in a zone below: that one is asked. */
static void look_below(const struct asking *k, enum record_asked which, const char *name)
{
	struct authority_zone zone = k->zone;
	struct authority_query *list = arena_calloc(k->a, AUTHORITY_SERVERS_MAX, sizeof(*list));
	struct authority_asker who = asker(k, ASK_MS);

	authority_look(&who, &zone, name, types[which].type, list);
	take(k, which, name, zone.name, list, zone.count);
}

/* All names at all servers at once. */
static void ask_names(struct asking *k)
{
	size_t servers = k->zone.count, n = 0;
	struct authority_query *list =
	        arena_calloc(k->a, servers * ASKED_TARGET + 1, sizeof(*list));
	const struct record_row *row;
	struct authority_asker who = asker(k, ASK_MS);

	for (unsigned w = 0; w < ASKED_TARGET; w++) {
		row = row_of(k, (enum record_asked)w);
		for (size_t i = 0; row != NULL && i < servers; i++)
			list[n++] = (struct authority_query){ .server = &k->zone.servers[i],
				                              .name = row->name,
				                              .type = types[w].type };
	}
	authority_ask(&who, list, n);
	n = 0;
	for (unsigned w = 0; w < ASKED_TARGET; w++) {
		row = row_of(k, (enum record_asked)w);
		if (row == NULL)
			continue;
		if (is_referred(&list[n], servers))
			look_below(k, (enum record_asked)w, row->name);
		else
			take(k, (enum record_asked)w, row->name, k->zone.name, &list[n], servers);
		n += servers;
	}
}

static bool has_anything(const struct judge_seen *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->servers[i].answer == JUDGE_SOMETHING)
			return true;
	return false;
}

/* What one name has at the first server that answers; false: nothing. */
static bool ask_aside(const struct asking *k, const struct authority_zone *zone, const char *name,
                      enum dns_type type, struct judge_server *out)
{
	struct authority_query *list = arena_calloc(k->a, zone->count + 1, sizeof(*list));
	struct authority_asker who = asker(k, ASIDE_MS);
	struct judge_seen seen = { 0 };

	for (size_t i = 0; i < zone->count; i++)
		list[i] = (struct authority_query){ .server = &zone->servers[i],
			                            .name = name,
			                            .type = type };
	authority_ask(&who, list, zone->count);
	for (size_t i = 0; i < zone->count; i++)
		if (list[i].reply.state == AUTHORITY_FOUND) {
			add_server(k, &list[i], &seen);
			*out = seen.servers[0];
			return true;
		}
	return false;
}

/* At the same short name in the zone above stands what is wanted here. */
static bool is_wanted(const struct record_row *row, const struct judge_server *s)
{
	if (row->value == NULL)
		return false;
	if (slice_eq_i(slice_str(s->cname), slice_str(row->value)))
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (slice_eq_i(s->found[i], slice_str(row->value)))
			return true;
	return false;
}

static void look_above(struct asking *k, enum record_asked which, const struct record_row *row)
{
	struct slice label, rest;
	struct authority_zone zone;
	struct judge_server s;
	const char *parent, *name;

	if (!slice_cut(slice_str(k->domain->name), '.', &label, &rest) ||
	    name_labels(rest) < LABELS_MIN)
		return;
	parent = arena_str(k->a, rest);
	name = arena_printf(k->a, "%s.%s", row->relative, parent);
	zone = k->zone;
	if (strlen(zone.name) > strlen(parent)) {
		struct authority_asker who = asker(k, ASIDE_MS);
		authority_find(&who, parent, &zone);
	}
	if (zone.state == DNS_FOUND && ask_aside(k, &zone, name, types[which].type, &s) &&
	    is_wanted(row, &s))
		k->out->seen[which].above = name;
}

/* Where the record may be that is not where it should. */
static void look_aside(struct asking *k)
{
	static const enum record_asked asked[] = { ASKED_HOST_A, ASKED_ID, ASKED_REPORTS };
	struct judge_server s;

	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		const struct record_row *row = row_of(k, asked[i]);
		struct judge_seen *seen = &k->out->seen[asked[i]];
		if (row == NULL || seen->name == NULL || has_anything(seen))
			continue;
		const char *twice = arena_printf(k->a, "%s.%s", row->name, k->domain->name);
		if (ask_aside(k, &k->zone, twice, types[asked[i]].type, &s))
			seen->doubled = twice;
		else
			look_above(k, asked[i], row);
	}
}

static void look_proxy(struct judge_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		for (size_t n = 0; n < seen->servers[i].count; n++) {
			const char *who = record_proxy_of(seen->servers[i].found[n]);
			if (who != NULL && seen->servers[i].cname[0] == '\0')
				seen->proxy = who;
		}
}

/* Where nobody takes a connection, senders find nothing either. */
static bool is_dead(const struct asking *k, struct slice address)
{
	struct diag diag = { .why = "" };
	struct pollfd p = { .events = POLLOUT };
	struct dial_addr to;
	int error = 0;
	socklen_t len = sizeof(error);

	if (dial_addr_parse(address, HTTPS_PORT, &to) != OK ||
	    dial_start(k->d->rules, &to, &p.fd, &diag) != OK)
		return false; /* from here it cannot be told */
	bool ready = poll(&p, 1, DIAL_MS) > 0 &&
	             getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
	(void)close(p.fd); /* nothing was written */
	return !ready;
}

static bool is_ours(const struct asking *k, struct slice address)
{
	struct slice rest = slice_str(k->d->set.addresses), one;

	while (slice_next(&rest, ' ', &one))
		if (one.len > 0 && slice_eq_i(one, address))
			return true;
	return false;
}

static void look_dead(struct asking *k)
{
	struct judge_seen *seen = &k->out->seen[ASKED_HOST_AAAA];

	if (seen->count == 0 || seen->servers[0].cname[0] != '\0')
		return;
	for (size_t n = 0; n < seen->servers[0].count; n++) {
		struct slice address = seen->servers[0].found[n];
		if (!is_ours(k, address) && is_dead(k, address)) {
			seen->dead = arena_str(k->a, address);
			return;
		}
	}
}

/* The id in the service zone: every server of it counts, a secondary that lags above all. */
static void ask_target(struct asking *k)
{
	const struct record_row *row = row_of(k, ASKED_TARGET);
	struct authority_query *list;
	struct authority_zone zone;
	struct authority_asker who = asker(k, ASK_MS);

	if (row == NULL || strcmp(row->type, "CNAME") != 0 || row->value == NULL ||
	    !has_anything(&k->out->seen[ASKED_ID]))
		return;
	authority_find(&who, k->d->set.zone, &zone);
	if (zone.state != DNS_FOUND)
		return;
	list = arena_calloc(k->a, zone.count + 1, sizeof(*list));
	for (size_t i = 0; i < zone.count; i++)
		list[i] = (struct authority_query){ .server = &zone.servers[i],
			                            .name = row->value,
			                            .type = DNS_TXT };
	authority_ask(&who, list, zone.count);
	take(k, ASKED_TARGET, row->value, zone.name, list, zone.count);
}

/* Whether a resolver gets the same id as the servers say; only once it is there. */
static void ask_resolver(struct asking *k)
{
	const struct judge_seen *seen = &k->out->seen[ASKED_ID];
	const struct judge_seen *end =
	        k->out->seen[ASKED_TARGET].name != NULL ? &k->out->seen[ASKED_TARGET] : seen;
	struct slice id = judge_common_id(k->a, end);
	struct judge_seen resolved = { .count = 1 };
	struct txt_set *set = arena_alloc(k->a, sizeof(*set));

	if (id.len == 0 || seen->name == NULL)
		return;
	resolver_txt(k->d->resolver, k->a, seen->name, RESOLVER_MS, set);
	k->out->resolved = RESOLVED_BOGUS;
	k->out->resolved_why = set->why != NULL ? set->why : "";
	if (set->state == DNS_BOGUS)
		return;
	k->out->resolved = RESOLVED_NOT_ASKED;
	if (set->state == DNS_UNKNOWN)
		return;
	resolved.servers[0] =
	        (struct judge_server){ .server = "", .answer = JUDGE_SOMETHING, .cname = "" };
	while (resolved.servers[0].count < set->count &&
	       resolved.servers[0].count < JUDGE_FOUND_MAX) {
		size_t n = resolved.servers[0].count++;
		resolved.servers[0].found[n] = set->text[n];
	}
	bool same = slice_eq(judge_common_id(k->a, &resolved), id);
	k->out->secure = set->secure;
	k->out->resolved = same ? RESOLVED_SAME : RESOLVED_OTHER;
	if (!same)
		k->out->resolved_why = arena_printf(
		        k->a, "a resolver still remembers an earlier answer, for up to %u seconds",
		        set->ttl > 0 ? set->ttl : 300u);
}

static void look_proxies(struct asking *k)
{
	look_proxy(&k->out->seen[ASKED_HOST_A]);
	look_proxy(&k->out->seen[ASKED_HOST_AAAA]);
}

/* One after the other; the names themselves first. */
static void (*const steps[])(struct asking *) = { ask_names, look_aside, look_proxies,
	                                          look_dead, ask_target, ask_resolver };

static const enum record_zone zones[] = {
	[DNS_UNKNOWN] = RECORD_ZONE_UNKNOWN, [DNS_FOUND] = RECORD_ZONE_FOUND,
	[DNS_NODATA] = RECORD_ZONE_UNKNOWN,  [DNS_NXDOMAIN] = RECORD_ZONE_NONE,
	[DNS_BOGUS] = RECORD_ZONE_BOGUS,
};

void record_check_ask(struct desk *d, const struct domain *domain, const struct records *records,
                      struct arena *a, struct record_facts *out)
{
	struct asking k = { .d = d, .domain = domain, .records = records, .a = a, .out = out };
	struct authority_asker who = asker(&k, FIND_MS);

	*out = (struct record_facts){ .zone_name = "", .resolved_why = "" };
	authority_find(&who, domain->name, &k.zone);
	out->zone = zones[k.zone.state];
	out->why = k.zone.why != NULL ? k.zone.why : "";
	if (k.zone.state != DNS_FOUND)
		return;
	out->zone_name = k.zone.name;
	out->secure = k.zone.secure;
	for (size_t i = 0; i < ARRAY_LEN(steps) && !atomic_load(&d->stopping); i++)
		steps[i](&k);
}

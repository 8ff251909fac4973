/* A domain that has a policy elsewhere: what it has is looked at, and taken over as it is. */
#include "mtasts/record.h"
#include "net/authority.h"
#include "net/fetch.h"
#include "service/hosting_internal.h"
#include "store/checks.h"

#define ASK_MS 3000u
#define FETCH_MS 8000u
#define HTTPS_PORT 443u

struct before {
	struct desk *d;
	struct arena *a;
	const char *domain;
	struct hosting_before *out;
};

/* The texts at the record's name, asked where they are made, so that no cache remembers nothing. */
static struct txt_set *texts_of(const struct before *b, const char *name)
{
	struct authority_asker who = { b->d->resolver, b->d->rules, b->a, ASK_MS };
	struct authority_query *list = arena_calloc(b->a, AUTHORITY_SERVERS_MAX, sizeof(*list));
	struct txt_set *set = arena_alloc(b->a, sizeof(*set));
	struct authority_zone zone;
	bool found = false;

	authority_find(&who, b->domain, &zone);
	if (zone.state != DNS_FOUND)
		return set;
	authority_look(&who, &zone, name, DNS_TXT, list);
	for (size_t i = 0; i < zone.count; i++)
		found = found || list[i].reply.state == AUTHORITY_FOUND;
	if (found) /* it is there, also behind a CNAME */
		resolver_txt(b->d->resolver, b->a, name, ASK_MS, set);
	return set;
}

static void add_address(struct fetch_request *q, const struct dial_addr *at)
{
	if (q->to.len == 0)
		q->to = *at;
	else if (q->more_count < FETCH_ADDRESSES_MAX - 1)
		q->more[q->more_count++] = *at;
}

static bool find_addresses(const struct before *b, struct fetch_request *q)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dial_addr at;

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct dns_answer answer;
		resolver_ask(b->d->resolver, b->a, q->host, types[t], ASK_MS, &answer);
		for (size_t i = 0; answer.state == DNS_FOUND && i < answer.count; i++)
			if (dial_addr_of(answer.rdata[i], HTTPS_PORT, &at) == OK)
				add_address(q, &at);
	}
	return q->to.len > 0;
}

/* As a sender fetches it (RFC 8461, 3.3); our own listeners are no other host. */
static void fetch_policy(const struct before *b)
{
	char host[NAME_SIZE];
	struct fetch_request q = { .host = host,
		                   .path = "/.well-known/mta-sts.txt",
		                   .rules = b->d->rules,
		                   .timeout_ms = FETCH_MS };
	struct policy *policy = arena_alloc(b->a, sizeof(*policy));
	struct fetch_answer answer;
	struct diag diag = { .why = "" };

	if (name_for(NAME_STS_HOST, slice_str(b->domain), host) != OK || !find_addresses(b, &q)) {
		b->out->why = "its policy host has no address";
		return;
	}
	enum err e = fetch_get(&q, &answer, &diag);
	if (e != OK || answer.status != 200 ||
	    !slice_starts_i(slice_str(answer.type), S("text/plain")))
		b->out->why = arena_printf(b->a, "its policy cannot be fetched: %s",
		                           e != OK ? diag.why : "not answered as a policy is");
	else if (policy_parse(b->a, arena_copy(b->a, buf_slice(&answer.body)), policy, NULL) != OK)
		b->out->why = "what its policy host answers is no policy";
	else
		b->out->policy = policy;
	fetch_answer_fini(&answer);
}

void hosting_look_before(struct desk *d, const char *domain, struct arena *a,
                         struct hosting_before *out)
{
	struct before b = { d, a, domain, out };
	struct findings f = findings_in(a);
	struct record record;
	char name[NAME_SIZE];
	struct txt_set *set;

	*out = (struct hosting_before){ .why = "" };
	if (d->resolver == NULL || name_for(NAME_STS_TXT, slice_str(domain), name) != OK)
		return;
	set = texts_of(&b, name);
	if (record_set_read(set->text, set->count, &f, &record) != OK)
		return;
	out->id = arena_str(a, record.id);
	fetch_policy(&b);
}

enum err hosting_save_before(struct hosting_work *c)
{
	const struct hosting_before *b = &c->before;
	struct check check;
	enum err e;

	if (b->id == NULL)
		return OK;
	e = checks_get(c->d->db, c->domain.id, c->a, &check);
	if (e == ERR_NOTFOUND)
		check = (struct check){
			.domain = c->domain.id, .facts = S("{}"), .id = "", .rua_kept = ""
		};
	else if (e != OK)
		return e;
	check.adopted = c->now;
	check.host_seen = 0;
	e = checks_put(c->d->db, &check);
	if (e != OK || b->policy == NULL || !c->draft.same)
		return e;
	e = policies_adopt_id(c->d->db, c->domain.id, slice_str(b->id));
	if (e == ERR_CONFLICT)
		return OK; /* an id of ours from an earlier time: a new one is better */
	return e == OK ? hosting_audit(c->d, c->actor, "policy.adopt", c->domain.name, b->id,
	                               c->now)
	               : e;
}

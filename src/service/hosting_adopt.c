/* A domain that has a policy elsewhere: what it has is looked at, and taken over as it is. */
#include "mtasts/record.h"
#include "net/authority.h"
#include "service/hosting_internal.h"
#include "service/outside.h"
#include "store/checks.h"

#define ASK_MS 3000u

/* The texts at the record's name, asked where they are made, so that no cache remembers nothing. */
static struct txt_set *texts_of(struct desk *d, const char *domain, const char *name,
                                struct arena *a)
{
	struct authority_asker who = { d->resolver, d->rules, a, ASK_MS };
	struct authority_query *list = arena_calloc(a, AUTHORITY_SERVERS_MAX, sizeof(*list));
	struct txt_set *set = arena_alloc(a, sizeof(*set));
	struct authority_zone zone;
	bool found = false;

	authority_find(&who, domain, &zone);
	if (zone.state != DNS_FOUND)
		return set;
	authority_look(&who, &zone, name, DNS_TXT, list);
	for (size_t i = 0; i < zone.count; i++)
		found = found || list[i].reply.state == AUTHORITY_FOUND;
	if (found) /* it is there, also behind a CNAME */
		resolver_txt(d->resolver, a, name, ASK_MS, set);
	return set;
}

void hosting_look_before(struct desk *d, const char *domain, struct arena *a,
                         struct hosting_before *out)
{
	struct findings f = findings_in(a);
	struct record record;
	char name[NAME_SIZE];
	struct txt_set *set;

	*out = (struct hosting_before){ .why = "" };
	if (d->resolver == NULL || name_for(NAME_STS_TXT, slice_str(domain), name) != OK)
		return;
	set = texts_of(d, domain, name, a);
	if (record_set_read(set->text, set->count, &f, &record) != OK)
		return;
	out->id = arena_str(a, record.id);
	out->policy = outside_fetch(d, domain, false, a, &out->why);
	if (out->policy != NULL)
		out->why = "";
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
	e = policies_adopt_id(c->d->db, c->domain.id, slice_str(b->id), c->now);
	if (e == ERR_CONFLICT)
		return OK; /* an id of ours from an earlier time: a new one is better */
	return e == OK ? hosting_audit(c->d, c->actor, "policy.adopt", c->domain.name, b->id,
	                               c->now)
	               : e;
}

#include "service/leaving.h"

#include "base/utc.h"
#include "service/hosting.h"

/* No authoritative server answers an id since; 0: one does, or nobody looked. */
static int64_t id_gone(const struct check *c)
{
	return c != NULL && c->checked != 0 && c->id[0] == '\0' ? c->id_since : 0;
}

static int64_t host_may_go(const struct leaving *l, const struct publication *newest, int64_t gone)
{
	if (gone == 0 || l->records[0].may_go == HORIZON_OPEN)
		return HORIZON_OPEN;
	return horizon_host_may_go(l->records[0].may_go, gone, newest->ttl);
}

/* Z of lockout-math.md: the last moment of any policy but mode none; 0: there was none. */
static int64_t last_held(const struct horizon_answer *h)
{
	int64_t last = 0;

	for (size_t i = 0; h != NULL && i < h->count; i++)
		if (h->policies[i].mode != POLICY_NONE && h->held_until[i] > last)
			last = h->held_until[i];
	return last;
}

void leaving_make(struct arena *a, const struct domain *domain, const struct publication *newest,
                  const struct horizon_answer *horizon, const struct check *check, int64_t now,
                  struct leaving *out)
{
	static const char *const names[][2] = { { "policy-id", "_mta-sts" },
		                                { "reports", "_smtp._tls" },
		                                { "policy-host", "mta-sts" } };
	int64_t held = last_held(horizon), gone = id_gone(check), from = HORIZON_OPEN;
	struct leaving l = { .held_until = held > now ? held : 0 };

	l.leaving = newest != NULL && newest->end == END_NOT && newest->policy->mode == POLICY_NONE;
	l.since = l.leaving ? newest->staged : 0;
	/* Before the mode none is answered under its id nobody learns of it. */
	if (l.leaving && newest->announced != 0)
		from = held > newest->announced ? held : newest->announced;
	for (size_t i = 0; i < LEAVING_RECORDS; i++)
		l.records[i] = (struct leaving_record){
			.purpose = names[i][0],
			.name = arena_printf(a, "%s.%s", names[i][1], domain->name),
			.may_go = from,
		};
	l.records[0].gone = l.leaving ? gone : 0;
	if (l.leaving)
		l.records[2].may_go = host_may_go(&l, newest, gone);
	*out = l;
}

enum err leaving_read(struct desk *d, const struct domain *domain, int64_t now, struct arena *a,
                      struct leaving *out)
{
	struct publication newest;
	struct horizon_answer horizon;
	struct check check;
	enum err e = policies_newest(d->db, domain->id, a, &newest);
	bool has_policy = e == OK, has_horizon, has_check;

	if (e == OK || e == ERR_NOTFOUND)
		e = hosting_horizon(d, domain, S(""), S(""), now, a, &horizon);
	has_horizon = e == OK;
	if (e == OK || e == ERR_NOTFOUND)
		e = checks_get(d->db, domain->id, a, &check);
	has_check = e == OK;
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	leaving_make(a, domain, has_policy ? &newest : NULL, has_horizon ? &horizon : NULL,
	             has_check ? &check : NULL, now, out);
	return OK;
}

const char *leaving_words(struct arena *a, const struct leaving *l, int64_t now)
{
	char day[UTC_TEXT_SIZE];
	const struct leaving_record *id = &l->records[0], *host = &l->records[2];

	if (id->may_go == HORIZON_OPEN)
		return "senders are being told; no record may go yet";
	if (id->may_go > now)
		return arena_printf(a,
		                    "senders may hold an older policy until %s; until then no "
		                    "record may go",
		                    utc_format(id->may_go, day));
	if (id->gone == 0)
		return arena_printf(a,
		                    "nobody holds an older policy any more: take %s out of DNS, "
		                    "then %s",
		                    id->name, host->name);
	if (host->may_go > now)
		return arena_printf(a, "%s is gone; %s may go from %s", id->name, host->name,
		                    utc_format(host->may_go, day));
	return arena_printf(a, "take %s and %s out of DNS, then remove the domain here", host->name,
	                    l->records[1].name);
}

/* From publications to the cache horizon. */
#include "service/hosting_internal.h"
#include "store/checks.h"

/*
 * Hosted here the old text is gone at the moment the new one is served everywhere: senders
 * use no HTTP caches and no proxy stands between.
 */
static int64_t leftover(const struct domain *domain)
{
	return domain->hosting == HOSTING_HERE ? 0 : HORIZON_LEFTOVER;
}

static struct horizon_policy as_horizon(const struct publication *p)
{
	return (struct horizon_policy){
		.id = slice_str(p->policy_id),
		.mode = p->policy->mode,
		.max_age = p->policy->max_age,
		.mx_count = p->policy->mx_count,
		.mx = p->policy->mx,
		.served_from = p->offered,
		.served_until = p->ended == 0 ? HORIZON_OPEN : p->ended,
		.ended = p->end == END_STOPPED,
		.id_seen = p->id_seen == 0 ? HORIZON_OPEN : p->id_seen,
		.ttl = p->id_seen == 0 ? HORIZON_OPEN : p->ttl,
	};
}

/*
 * An id that was replaced before anybody had looked for it stood in a record whose lifetime is
 * known from the looks before and after it: the longer one.
 */
static void fill_ttls(struct horizon_policy *rows, size_t n)
{
	int64_t before = 0, after = HORIZON_OPEN;

	for (size_t i = n; i-- > 0;) {
		if (rows[i].ttl != HORIZON_OPEN)
			after = rows[i].ttl;
		else
			rows[i].ttl = after;
	}
	for (size_t i = 0; i < n; i++) {
		if (rows[i].id_seen != HORIZON_OPEN)
			before = rows[i].ttl;
		else if (rows[i].ttl < before)
			rows[i].ttl = before;
	}
}

/*
 * A sender may hold what edges were given, from then on.  While the newest is on its way to them
 * the older text can still be fetched: for the arithmetic the newest begins now.  Moments are kept
 * in order, since the clock may have stepped back between two of them.
 */
static size_t take_offered(struct arena *a, const struct publication *list, size_t count,
                           int64_t now, struct horizon_policy **out)
{
	struct horizon_policy *rows = arena_calloc(a, count + 1, sizeof(*rows));
	int64_t last = INT64_MIN;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct horizon_policy *r = &rows[n];
		if (list[i].offered == 0)
			continue;
		*r = as_horizon(&list[i]);
		if (list[i].state == PUBLICATION_STAGED && r->served_from < now)
			r->served_from = now;
		if (r->served_from < last)
			r->served_from = last;
		if (r->served_until < r->served_from)
			r->served_until = r->served_from;
		last = r->served_from;
		n++;
	}
	fill_ttls(rows, n);
	*out = rows;
	return n;
}

/*
 * What a domain had before it came here is not known: the worst is assumed, until the moment when
 * its policy host was first seen leading here.
 */
static enum err put_before(struct desk *d, int64_t domain, int64_t now, struct arena *a,
                           struct horizon_history *h)
{
	struct horizon_policy *rows;
	struct check c;
	enum err e = checks_get(d->db, domain, a, &c);

	if (e != OK || c.adopted == 0 || h->count == 0)
		return e == ERR_NOTFOUND ? OK : e;
	rows = arena_calloc(a, h->count + 1, sizeof(*rows));
	rows[0] = horizon_unknown_before((c.host_seen != 0 ? c.host_seen : now) + HORIZON_LEFTOVER);
	memcpy(rows + 1, h->policies, h->count * sizeof(*rows));
	h->policies = rows;
	h->count++;
	return OK;
}

enum err hosting_horizon(struct desk *d, const struct domain *domain, struct slice retire,
                         struct slice wrong, int64_t now, struct arena *a,
                         struct horizon_answer *out)
{
	struct publication *list;
	struct horizon_policy *rows;
	size_t count;
	enum err e = policies_history(d->db, domain->id, a, &list, &count);

	if (e != OK)
		return e;
	struct horizon_history h = { .count = take_offered(a, list, count, now, &rows),
		                     .leftover = leftover(domain),
		                     .fetch = HORIZON_FETCH,
		                     .give_up = HORIZON_GIVE_UP };
	struct horizon_question q = { .now = now, .retire = retire, .wrong = wrong };
	h.policies = rows;
	e = put_before(d, domain->id, now, a, &h);
	if (e != OK)
		return e;
	return h.count == 0 ? ERR_NOTFOUND : horizon_compute(a, &h, &q, out, NULL);
}

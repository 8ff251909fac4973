/* Where a publication stands and what it waits for, in words. */
#include "net/clock.h"
#include "service/publish.h"
#include "store/orders.h"
#include "store/pushes.h"

/* Why the certificate is not there yet. */
static const char *waits_for_cert(struct desk *d, const struct domain *domain, struct arena *a)
{
	char host[DOMAIN_NAME_MAX + 1];
	struct order o;

	if (publish_host_name(domain->name, host) != OK ||
	    orders_get(d->db, domain->tenant, slice_str(host), a, &o) != OK)
		return arena_printf(a,
		                    "there is no valid certificate for mta-sts.%s: import one with "
		                    "`mxseal cert import`",
		                    domain->name);
	return arena_printf(a, "the certificate for %s is being ordered%s%s", host,
	                    o.why[0] == '\0' ? "" : ": ", o.why);
}

static const char *waits_staged(struct desk *d, const struct domain *domain,
                                const struct publication *p, struct arena *a)
{
	if (domain->hosting == HOSTING_EXTERNAL)
		return p->why[0] != '\0'
		               ? arena_printf(a, "the text is not on its web space yet: %s", p->why)
		               : "the text lies on web space elsewhere";
	if (p->offered != 0)
		return "not every edge serves it yet";
	if (publish_needs_claim(d, domain))
		return p->why[0] != '\0' ? p->why : "its records are about to be looked up";
	return waits_for_cert(d, domain, a);
}

/* Its line is written by us, and is not there yet. */
static const char *waits_push(struct desk *d, const struct domain *domain, struct arena *a)
{
	struct push_row row;

	if (pushes_get(d->db, domain->id, RECORD_ID, a, &row) != OK || row.why[0] == '\0')
		return "its id is about to be written into the zone";
	return arena_printf(a, "its id is not in the zone yet: %s", row.why);
}

/* Served, and not announced. */
static const char *waits_served(struct desk *d, const struct domain *domain,
                                const struct publication *p, struct arena *a)
{
	if (p->ahead != 0)
		return "its id was in DNS before its text: a further id follows";
	if (publication_needs_fetch(p) && p->fetched == 0)
		return p->why[0] != '\0'
		               ? arena_printf(a, "not fetched from outside yet: %s", p->why)
		               : "it is about to be fetched from outside";
	if (publish_answers_id(d, domain))
		return publication_alone_from(p) > clock_now_s()
		               ? "the text before it may be answered for some seconds yet"
		               : NULL;
	if (domain->way[RECORD_ID] == WAY_UPDATE)
		return waits_push(d, domain, a);
	if (domain->way[RECORD_ID] == WAY_CNAME)
		return d->set.zone[0] == '\0' ? "there is no service zone to answer its id"
		                              : "no listener answers DNS: set [listen] dns";
	return NULL;
}

static const char *waits_for(struct desk *d, const struct domain *domain,
                             const struct publication *p, struct arena *a)
{
	if (p->state == PUBLICATION_STAGED)
		return waits_staged(d, domain, p, a);
	return p->state == PUBLICATION_SERVED ? waits_served(d, domain, p, a) : NULL;
}

enum err publish_look(struct desk *d, const struct domain *domain, struct arena *a,
                      struct publish_state *out)
{
	struct publish_state s = { 0 };
	enum err e = policies_newest(d->db, domain->id, a, &s.newest);

	if (e != OK && e != ERR_NOTFOUND)
		return e;
	s.has_policy = e == OK;
	if (s.has_policy) {
		s.seq = s.newest.seq;
		s.served = s.newest.served != 0 && s.newest.ended == 0;
		s.why = waits_for(d, domain, &s.newest, a);
	}
	*out = s;
	return OK;
}

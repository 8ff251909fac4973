#include "web/pages_data.h"

#include "base/utc.h"
#include "mtasts/policy.h"
#include "service/board.h"
#include "service/hosting.h"
#include "service/publish.h"
#include "service/sealed.h"
#include "store/db.h"
#include "store/quarantine.h"

/* ERR_NOTFOUND is an answer here: the pointer is NULL then. */
static enum err optional(enum err e, const void *value, const void **out)
{
	*out = e == OK ? value : NULL;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_cert(struct desk *d, const struct domain *domain, struct arena *a,
                          const char **host_out, const struct cert **out)
{
	char host[DOMAIN_NAME_MAX + 1];
	struct cert *c = arena_alloc(a, sizeof(*c));
	const void *p = NULL;

	if (publish_host_name(domain->name, host) != OK) {
		*host_out = "";
		return OK; /* a name that long can have no policy host */
	}
	*host_out = arena_str(a, slice_str(host));
	enum err e = optional(sealed_assigned(d, domain->tenant, slice_str(host), a, c), c, &p);
	*out = p;
	return e;
}

static enum err read_order(struct desk *d, const struct domain *domain, const char *host,
                           struct arena *a, const struct order **out)
{
	struct order *o = arena_alloc(a, sizeof(*o));
	const void *p = NULL;
	enum err e = optional(orders_get(d->db, domain->tenant, slice_str(host), a, o), o, &p);

	*out = p;
	return e;
}

/* Where the certificate is not ours, what was seen of it. */
static enum err read_look(struct desk *d, const struct domain *domain, const char *host,
                          struct arena *a, const struct look **out)
{
	struct look *l = arena_alloc(a, sizeof(*l));
	enum err e;

	*out = NULL;
	if (!domain->hosted || domain->hosting == HOSTING_HERE || host[0] == '\0')
		return OK;
	e = outside_look_read(d, host, a, l);
	if (e == OK)
		*out = l;
	return e;
}

static enum err read_publications(struct desk *d, const struct domain *domain, struct arena *a,
                                  const struct publication **newest,
                                  const struct publication **served)
{
	struct publication *n = arena_alloc(a, sizeof(*n)), *s = arena_alloc(a, sizeof(*s));
	const void *p = NULL;
	enum err e = optional(policies_newest(d->db, domain->id, a, n), n, &p);

	*newest = p;
	if (e == OK) {
		e = optional(policies_served(d->db, domain->id, a, s), s, &p);
		*served = p;
	}
	return e;
}

/* The first of all that are open. */
static enum err read_alerts(struct desk *d, struct arena *a, const struct alert_row **out,
                            size_t *count_out)
{
	const struct alert_cursor from = { S(""), S("") };
	struct alert_row *rows = NULL;
	enum err e =
	        alerts_list(d->db, TENANT_ONLY, false, &from, VIEW_ALERTS, a, &rows, count_out);

	*out = rows;
	return e;
}

static enum err read_alerts_of(struct desk *d, const char *name, struct arena *a,
                               const struct alert_row **out, size_t *count_out)
{
	struct alert_row *rows = NULL;
	enum err e = alerts_of_name(d->db, TENANT_ONLY, name, a, &rows, count_out);

	*out = rows;
	return e;
}

static enum err read_levels(struct desk *d, const char *name, struct arena *a,
                            unsigned levels[ALERT_CAUSES])
{
	const struct alert_row *rows;
	size_t count = 0;
	enum err e = read_alerts_of(d, name, a, &rows, &count);

	for (size_t i = 0; e == OK && i < count; i++)
		levels[rows[i].cause] = rows[i].state.level;
	return e;
}

static int64_t first_day(int64_t now)
{
	return utc_day_start(now) - (int64_t)SUMMARY_DAYS * UTC_DAY;
}

static enum err read_counts(struct desk *d, int64_t now, struct view_line *l)
{
	struct summary_line s = { 0 };
	enum err e =
	        summary_line_read(d->db, l->domain->id, first_day(now), now, TRUST_HEADLINE, &s);

	l->counts = s.counts;
	l->last_day = s.last_day;
	l->last_failed = s.last_failed;
	return e;
}

static enum err read_line(struct desk *d, const struct domain *domain, int64_t now, struct arena *a,
                          struct view_line *out)
{
	const struct publication *served;
	const char *host;

	*out = (struct view_line){ .domain = domain };
	enum err e = read_counts(d, now, out);
	if (e == OK)
		e = read_publications(d, domain, a, &out->newest, &served);
	if (e == OK)
		e = read_cert(d, domain, a, &host, &out->cert);
	if (e == OK && out->cert == NULL)
		e = read_order(d, domain, host, a, &out->order);
	if (e == OK)
		e = read_look(d, domain, host, a, &out->look);
	return e == OK ? read_levels(d, domain->name, a, out->alerts) : e;
}

enum err pages_read_domains(struct desk *d, struct slice after, int64_t now, struct arena *a,
                            struct view_domains *out)
{
	struct view_domains v = { .now = now };
	struct supply_row *ways = NULL;
	struct domain *domains;
	size_t count;

	enum err e =
	        domains_list(d->db, TENANT_ONLY, after, PAGES_DOMAINS + 1, a, &domains, &count);
	if (e == OK)
		e = quarantine_count(d->db, S(""), &v.quarantined);
	if (e == OK)
		e = supplies_list(d->db, a, &ways, &v.way_count);
	if (e == OK)
		e = read_alerts(d, a, &v.alerts, &v.alert_count);
	if (e != OK)
		return e;
	v.ways = ways;
	v.count = count < PAGES_DOMAINS ? count : PAGES_DOMAINS;
	struct view_line *lines = arena_calloc(a, v.count, sizeof(*lines));
	for (size_t i = 0; e == OK && i < v.count; i++)
		e = read_line(d, &domains[i], now, a, &lines[i]);
	if (e != OK)
		return e;
	v.lines = lines;
	v.next = count > PAGES_DOMAINS ? domains[PAGES_DOMAINS - 1].name : NULL;
	*out = v;
	return OK;
}

static enum err read_figures(struct desk *d, struct arena *a, struct view_domain *v)
{
	struct summary *s = arena_calloc(a, 2, sizeof(*s));
	struct supply_row *ways = NULL;
	int64_t from = first_day(v->now);

	v->figures = &s[0];
	v->unsigned_ = &s[1];
	enum err e = summary_read(d->db, v->domain->id, from, v->now, TRUST_HEADLINE, a, &s[0]);
	if (e == OK)
		e = summary_read(d->db, v->domain->id, from, v->now, TRUST_BIT(TRUST_UNSIGNED), a,
		                 &s[1]);
	if (e == OK)
		e = quarantine_count(d->db, slice_str(v->domain->name), &v->quarantined);
	if (e == OK)
		e = quarantine_count(d->db, S(""), &v->quarantined_all);
	if (e == OK)
		e = supplies_list(d->db, a, &ways, &v->way_count);
	if (e == OK)
		v->ways = ways;
	return e;
}

static enum err read_horizon(struct desk *d, struct arena *a, struct view_domain *v)
{
	struct horizon_answer *h = arena_alloc(a, sizeof(*h));
	const void *p = NULL;
	enum err e = optional(hosting_horizon(d, v->domain, S(""), S(""), v->now, a, h), h, &p);

	v->horizon = p;
	return e;
}

static enum err read_records(struct desk *d, struct arena *a, struct view_domain *v)
{
	struct records *r = arena_alloc(a, sizeof(*r));
	enum err e = records_read(d, v->domain, v->now, a, r);

	v->records = r->rows;
	v->dns = r;
	v->record_count = r->count;
	return e;
}

static enum err read_waits(struct desk *d, const struct domain *domain, struct arena *a,
                           struct view_domain *v)
{
	struct publish_state s = { .why = NULL };
	enum err e = publish_look(d, domain, a, &s);

	v->waits = s.why;
	return e;
}

static enum err read_fetches(struct desk *d, struct arena *a, struct view_domain *v)
{
	int64_t from = utc_day_start(v->now) - (int64_t)FETCH_KEEP_DAYS * UTC_DAY;
	struct fetch_day *days = NULL;
	enum err e = fetches_days(d->db, v->domain->id, from, v->now, a, &days, &v->fetch_count);

	v->fetches = days;
	v->fetches_lost = (int64_t)board_lost_all(d->board);
	return e;
}

/* The lock is held. */
static enum err read_stored(struct desk *d, struct slice name, struct arena *a,
                            struct view_domain *v)
{
	struct domain *domain = arena_alloc(a, sizeof(*domain));
	struct refusal why;
	enum err e = hosting_find(d, name, a, domain, &why);

	v->domain = domain;
	if (e == OK)
		e = read_figures(d, a, v);
	if (e == OK)
		e = read_alerts_of(d, domain->name, a, &v->alerts, &v->alert_count);
	if (e != OK || !domain->hosted)
		return e;
	e = read_publications(d, domain, a, &v->newest, &v->served);
	if (e == OK)
		e = read_waits(d, domain, a, v);
	if (e == OK)
		e = read_cert(d, domain, a, &v->cert_host, &v->cert);
	if (e == OK)
		e = read_order(d, domain, v->cert_host, a, &v->order);
	if (e == OK)
		e = read_look(d, domain, v->cert_host, a, &v->look);
	if (e == OK)
		e = read_horizon(d, a, v);
	if (e == OK)
		e = leaving_read(d, domain, v->now, a, &v->leaving);
	if (e == OK)
		e = read_fetches(d, a, v);
	if (e == OK)
		e = read_records(d, a, v);
	return e;
}

/* Asks DNS: the lock is not held. */
static void read_mx(struct desk *d, struct arena *a, struct view_domain *v)
{
	const struct policy *p = v->newest == NULL ? NULL : v->newest->policy;
	struct hosting_mx mx;

	hosting_look_mx(d, v->domain->name, p == NULL ? NULL : p->mx, p == NULL ? 0 : p->mx_count,
	                a, &mx);
	struct view_mx *rows = arena_calloc(a, mx.host_count, sizeof(*rows));
	for (size_t i = 0; i < mx.host_count; i++)
		rows[i] = (struct view_mx){ mx.hosts[i].name, mx.hosts[i].preference,
			                    mx.hosts[i].matched };
	v->mx_known = mx.known;
	v->mx_why = mx.why;
	v->mx = rows;
	v->mx_count = mx.host_count;
	v->unused = mx.unused;
	v->unused_count = mx.known ? mx.unused_count : 0;
}

enum err pages_read_domain(struct desk *d, struct slice name, int64_t now, struct arena *a,
                           struct view_domain *out)
{
	struct view_domain v = { .now = now, .cert_host = "", .mx_why = "" };

	desk_lock(d);
	enum err e = read_stored(d, name, a, &v);
	desk_unlock(d);
	if (e != OK)
		return e;
	if (v.domain->hosted)
		read_mx(d, a, &v);
	*out = v;
	return OK;
}

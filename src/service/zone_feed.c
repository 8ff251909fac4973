#include "service/zone_feed.h"

#include "base/log.h"
#include "service/edge_write.h"
#include "service/zone_rows.h"
#include "store/policies.h"

/* Rows that are to be there beside rows that are; both in the order of name and type. */
struct merge {
	struct edgedb *edge;
	const struct edge_record *want, *have;
	size_t want_count, have_count;
	bool write; /* false: only find out whether there is something to do */
	size_t changes;
};

static int order(const struct edge_record *a, const struct edge_record *b)
{
	int names = slice_cmp(a->name, b->name);

	return names != 0 ? names : (a->type > b->type) - (a->type < b->type);
}

static enum err put(struct merge *m, const struct edge_record *r)
{
	m->changes++;
	return m->write ? edgedb_put_record(m->edge, r) : OK;
}

static enum err drop(struct merge *m, const struct edge_record *r)
{
	m->changes++;
	return m->write ? edgedb_drop_record(m->edge, r->name, r->type) : OK;
}

static enum err merge(struct merge *m)
{
	size_t w = 0, h = 0;
	enum err e = OK;

	while (e == OK && (w < m->want_count || h < m->have_count)) {
		const struct edge_record *want = &m->want[w], *have = &m->have[h];
		int way = w == m->want_count ? 1 : h == m->have_count ? -1 : order(want, have);

		if (way > 0)
			e = drop(m, have);
		else if (way < 0 || want->ttl != have->ttl || !slice_eq(want->set, have->set))
			e = put(m, want);
		w += way <= 0 ? 1 : 0;
		h += way >= 0 ? 1 : 0;
	}
	return e;
}

static enum err write_rows(struct desk *d, const char *domain, const struct zone_rows *rows,
                           struct arena *a, int64_t *seq_out)
{
	struct merge m = { .edge = d->edge, .want = rows->rows, .want_count = rows->count };
	struct edge_record *have = NULL;
	int64_t seq = 0;
	enum err e = edgedb_records(d->edge, slice_str(domain), a, &have, &m.have_count);

	m.have = have;
	if (e == OK)
		e = merge(&m);
	if (e != OK || m.changes == 0)
		return e;
	m.write = true;
	e = edge_write_begin(d, &seq);
	return e == OK ? edge_write_end(d, seq, merge(&m), seq_out) : e;
}

static struct zone_facts facts(const struct desk *d)
{
	return (struct zone_facts){ .zone = d->set.zone,
		                    .nameservers = d->set.nameservers,
		                    .addresses = d->set.addresses,
		                    .service_host = d->set.service_host,
		                    .report_host = d->set.report_host,
		                    .ttl = d->set.ttl };
}

static enum err feed_domain(struct desk *d, const struct domain *domain, int64_t now,
                            struct arena *a, int64_t *seq_out)
{
	struct zone_facts f = facts(d);
	struct zone_rows *rows = arena_alloc(a, sizeof(*rows));
	struct records records;
	struct publication p;
	bool found;
	enum err e = policies_answered(d->db, domain->id, 0, a, &p);

	found = e == OK;
	if (e == OK || e == ERR_NOTFOUND)
		e = records_read(d, domain, now, a, &records);
	if (e != OK)
		return e;
	e = zone_rows_domain(a, domain, &f, found ? p.policy_id : NULL, &records, rows);
	if (e != OK)
		log_error("the zone's records of a domain cannot be made",
		          F("domain", domain->name), F("why", err_name(e)));
	return e == OK ? write_rows(d, domain->name, rows, a, seq_out) : OK;
}

enum err zone_feed_domain(struct desk *d, const struct domain *domain, int64_t now,
                          int64_t *seq_out)
{
	struct arena *a;
	enum err e;

	*seq_out = 0;
	if (d->set.zone[0] == '\0')
		return zone_feed_drop(d, domain->name, seq_out);
	a = arena_new();
	e = feed_domain(d, domain, now, a, seq_out);
	arena_free(a);
	return e;
}

enum err zone_feed_drop(struct desk *d, const char *domain, int64_t *seq_out)
{
	static const struct zone_rows none;
	struct arena *a = arena_new();
	enum err e;

	*seq_out = 0;
	e = write_rows(d, domain, &none, a, seq_out);
	arena_free(a);
	return e;
}

enum err zone_feed_apex(struct desk *d, int64_t *seq_out)
{
	struct zone_facts f = facts(d);
	struct zone_rows *rows;
	struct arena *a;
	enum err e;

	if (f.zone[0] == '\0')
		return zone_feed_drop(d, "", seq_out);
	*seq_out = 0;
	if (f.addresses[0] == '\0')
		log_warn("the service zone leads nowhere: [service] addresses is not set");
	a = arena_new();
	rows = arena_alloc(a, sizeof(*rows));
	e = zone_rows_apex(a, &f, rows);
	if (e != OK)
		log_error("the service zone cannot be made", F("why", err_name(e)));
	else
		e = write_rows(d, "", rows, a, seq_out);
	arena_free(a);
	return e;
}

#include "service/publish.h"

#include <poll.h>
#include <stdio.h>

#include "base/log.h"
#include "mtasts/name.h"
#include "net/clock.h"
#include "service/board.h"
#include "service/demo_cert.h"
#include "service/edge_write.h"
#include "service/record_check.h"
#include "service/sealed.h"
#include "service/zone_feed.h"
#include "store/audit.h"
#include "store/certs.h"
#include "store/orders.h"
#include "store/pushes.h"

#define POLL_MS 5

enum err publish_host_name(const char *domain, char out[DOMAIN_NAME_MAX + 1])
{
	char name[NAME_SIZE];
	enum err e = name_for(NAME_STS_HOST, slice_str(domain), name);

	if (e == OK && strlen(name) > DOMAIN_NAME_MAX)
		e = ERR_LIMIT;
	if (e == OK)
		memcpy(out, name, strlen(name) + 1);
	return e;
}

static enum err put_cert(struct desk *d, const struct cert *c)
{
	struct edge_cert row = {
		.fingerprint = slice_str(c->fingerprint),
		.tenant = c->tenant,
		.seal_domain = slice_str(c->seal_domain),
		.purpose = slice_str(c->purpose),
		.key_type = slice_str(c->key_type),
		.der = c->der,
		.sealed_key = c->sealed_key,
		.chain_count = c->chain_count < EDGE_CHAIN_MAX ? c->chain_count : EDGE_CHAIN_MAX,
	};

	for (size_t i = 0; i < row.chain_count; i++)
		row.chain[i] = c->chain[i];
	return edgedb_put_cert(d->edge, &row);
}

/* One whose key does not open is none. */
static enum err fitting_cert(struct desk *d, int64_t tenant, const char *host, int64_t now,
                             struct arena *a, struct cert *out)
{
	enum err e = certs_for_name(d->db, tenant, slice_str(host), now, a, out);

	return e == OK && !sealed_opens(d, out) ? ERR_NOTFOUND : e;
}

/* The certificate in use, or, for a host that has none yet, one that fits by its names. */
static enum err find_cert(struct desk *d, int64_t tenant, const char *host, int64_t now,
                          struct arena *a, struct cert *out, bool *found_out)
{
	enum err e = sealed_assigned(d, tenant, slice_str(host), a, out);

	if (e == ERR_NOTFOUND || (e == OK && out->not_after <= now)) {
		e = fitting_cert(d, tenant, host, now, a, out);
		if (e == OK)
			e = certs_assign(d->db, tenant, slice_str(host),
			                 slice_str(out->fingerprint), now);
	}
	if (e == ERR_NOTFOUND && d->set.demo)
		e = demo_cert(d, host, now, a, out);
	*found_out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

/* One row into edge.db, in a change that is open. */
static enum err put_host(struct desk *d, struct edge_host *row, const struct cert *cert)
{
	enum err e = OK;

	if (cert != NULL) {
		row->fingerprint = slice_str(cert->fingerprint);
		e = put_cert(d, cert);
	}
	return e == OK ? edgedb_put_host(d->edge, row) : e;
}

static bool same_row(const struct edge_host *a, const struct edge_host *b)
{
	return !a->gone && a->kind == b->kind && a->publication == b->publication &&
	       slice_eq(a->text, b->text) && slice_eq(a->etag, b->etag) &&
	       slice_eq(a->fingerprint, b->fingerprint) && slice_eq(a->domain, b->domain);
}

/* Its key may have been sealed anew since. */
static enum err has_cert(struct desk *d, struct arena *a, const struct cert *c, bool *out)
{
	struct edge_cert there;
	enum err e = edgedb_cert(d->edge, slice_str(c->fingerprint), a, &there);

	*out = e == OK && slice_eq(there.sealed_key, c->sealed_key);
	return e == ERR_NOTFOUND ? OK : e;
}

/* What edge.db says of the host already; *seq_out is 0 when that is something else. */
static enum err present_seq(struct desk *d, struct arena *a, const struct edge_host *row,
                            const struct cert *cert, int64_t *seq_out)
{
	struct edge_host there;
	enum err e = edgedb_host(d->edge, row->name, a, &there);
	bool same = e == OK && same_row(&there, row);

	if (same && cert != NULL)
		e = has_cert(d, a, cert, &same);
	*seq_out = same ? there.seq : 0;
	return e == ERR_NOTFOUND ? OK : e;
}

/*
 * The main database is told first: a publication that is noted as offered and was not is offered
 * again, one that a sender may have is never forgotten.
 */
static enum err offer(struct desk *d, struct edge_host *row, const struct cert *cert,
                      int64_t publication, int64_t now, struct arena *a, int64_t *seq_out)
{
	int64_t seq;

	if (cert != NULL)
		row->fingerprint = slice_str(cert->fingerprint);
	enum err e = present_seq(d, a, row, cert, &seq);
	if (e != OK)
		return e;
	if (seq != 0) {
		*seq_out = seq;
		return publication == 0 ? OK : policies_mark_offered(d->db, publication, seq, now);
	}
	e = edge_write_begin(d, &seq);
	if (e != OK)
		return e;
	if (publication != 0)
		e = policies_mark_offered(d->db, publication, seq, now);
	if (e == OK)
		e = put_host(d, row, cert);
	return edge_write_end(d, seq, e, seq_out);
}

static enum err drop_host(struct desk *d, const char *host, int64_t *seq_out)
{
	struct arena *a = arena_new();
	struct edge_host there;
	int64_t seq;
	enum err e = edgedb_host(d->edge, slice_str(host), a, &there);

	arena_free(a);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	e = edge_write_begin(d, &seq);
	if (e == OK)
		e = edge_write_end(d, seq, edgedb_drop_host(d->edge, slice_str(host)), seq_out);
	return e;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* An order that was under way leaves its proof behind. */
static enum err drop_proof(struct desk *d, const char *host, int64_t *seq_out)
{
	struct arena *a = arena_new();
	struct edge_challenge there;
	enum err e = edgedb_challenge(d->edge, slice_str(host), a, &there);

	arena_free(a);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	return publish_challenge_drop(d, host, seq_out);
}

enum err publish_drop(struct desk *d, const char *name, int64_t *seq_out)
{
	char host[DOMAIN_NAME_MAX + 1];
	int64_t zone = 0;
	enum err e = publish_host_name(name, host);

	*seq_out = 0;
	atomic_store(&d->hosts_changed, true);
	if (e == OK)
		e = drop_host(d, host, seq_out);
	if (e == OK)
		e = drop_proof(d, host, seq_out);
	if (e == OK)
		e = zone_feed_drop(d, name, &zone);
	*seq_out = later(*seq_out, zone);
	return e;
}

enum err publish_forget_cert(struct desk *d, int64_t tenant, struct slice fingerprint)
{
	bool gone = false;
	int64_t seq;
	enum err e = certs_forget(d->db, tenant, fingerprint, &gone);

	if (e != OK || !gone)
		return e;
	e = edge_write_begin(d, &seq);
	return e == OK ? edge_write_end(d, seq, edgedb_drop_cert(d->edge, fingerprint), &seq) : e;
}

enum err publish_challenge(struct desk *d, const char *host, struct slice token,
                           struct slice answer, int64_t *seq_out)
{
	struct edge_challenge row = { .host = slice_str(host), .token = token, .answer = answer };
	int64_t seq;
	enum err e = edge_write_begin(d, &seq);

	return e == OK ? edge_write_end(d, seq, edgedb_put_challenge(d->edge, &row), seq_out) : e;
}

enum err publish_challenge_drop(struct desk *d, const char *host, int64_t *seq_out)
{
	int64_t seq;
	enum err e = edge_write_begin(d, &seq);

	return e == OK ? edge_write_end(d, seq, edgedb_drop_challenge(d->edge, slice_str(host)),
	                                seq_out)
	               : e;
}

bool publish_needs_claim(const struct desk *d, const struct domain *domain)
{
	return !d->set.demo && d->set.zone[0] != '\0' && domain->hosted &&
	       domain->way[RECORD_HOST] == WAY_CNAME && domain->claim_seen == 0;
}

/* What was served before it had to be seen goes on being served. */
static enum err may_offer(struct desk *d, const struct domain *domain, const char *host,
                          struct arena *a, bool *out)
{
	struct edge_host there;
	enum err e = OK;

	*out = true;
	if (!publish_needs_claim(d, domain))
		return OK;
	e = edgedb_host(d->edge, slice_str(host), a, &there);
	*out = e == OK && !there.gone;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err offer_newest(struct desk *d, const struct domain *domain, const char *host,
                             struct arena *a, int64_t now, int64_t *seq_out)
{
	struct publication p;
	struct cert cert;
	bool found = false, may = false;
	enum err e = policies_newest(d->db, domain->id, a, &p);

	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (p.end == END_NOT) {
		e = may_offer(d, domain, host, a, &may);
		if (e != OK || !may)
			return e;
	}
	if (p.end != END_NOT) /* service of it stopped; a save begins again */
		return drop_host(d, host, seq_out);
	if (domain->hosting == HOSTING_HERE) {
		e = find_cert(d, domain->tenant, host, now, a, &cert, &found);
		if (e != OK || !found)
			return e;
	}
	struct edge_host row = {
		.name = slice_str(host),
		.kind = EDGE_POLICY,
		.tenant = domain->tenant,
		.domain = slice_str(domain->name),
		.text = p.text,
		.etag = slice_str(p.sha256),
		.publication = p.id,
	};
	return offer(d, &row, found ? &cert : NULL, p.id, now, a, seq_out);
}

/* The queue of certificates follows when a host begins to need one, or ends to. */
static enum err note_host(struct desk *d, const struct domain *domain, const char *host)
{
	bool wanted = domain->hosted && domain->hosting == HOSTING_HERE;
	struct arena *a = arena_new();
	struct order o;
	enum err e = orders_get(d->db, domain->tenant, slice_str(host), a, &o);

	arena_free(a);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (wanted != (e == OK))
		atomic_store(&d->hosts_changed, true);
	return OK;
}

static enum err offer_text(struct desk *d, const struct domain *domain, int64_t now,
                           int64_t *seq_out)
{
	char host[DOMAIN_NAME_MAX + 1];
	enum err e = publish_host_name(domain->name, host);

	if (e == OK)
		e = note_host(d, domain, host);
	if (e != OK)
		return e;
	if (!domain->hosted || domain->hosting == HOSTING_EXTERNAL)
		return drop_host(d, host, seq_out);
	struct arena *a = arena_new();
	e = offer_newest(d, domain, host, a, now, seq_out);
	arena_free(a);
	return e;
}

enum err publish_domain(struct desk *d, const struct domain *domain, int64_t now, int64_t *seq_out)
{
	int64_t zone = 0;
	enum err e;

	*seq_out = 0;
	e = offer_text(d, domain, now, seq_out);
	if (e == OK && !d->set.demo)
		e = pushes_follow(d->db, domain);
	if (e == OK)
		e = zone_feed_domain(d, domain, now, &zone);
	*seq_out = later(*seq_out, zone);
	return e;
}

static enum err publish_host(struct desk *d, const char *host, enum edge_kind kind, int64_t now,
                             int64_t *seq_out)
{
	struct edge_host row = { .name = slice_str(host), .kind = kind, .tenant = TENANT_ONLY };
	struct arena *a = arena_new();
	struct cert cert;
	bool found = false;
	enum err e = find_cert(d, TENANT_ONLY, host, now, a, &cert, &found);

	if (e == OK && (found || d->set.behind_open)) /* behind a proxy it needs none */
		e = offer(d, &row, found ? &cert : NULL, 0, now, a, seq_out);
	arena_free(a);
	return e;
}

enum err publish_hosts(struct desk *d, int64_t now, int64_t *seq_out)
{
	int64_t seq = 0;
	enum err e = OK;

	*seq_out = 0;
	if (d->set.report_host[0] != '\0')
		e = publish_host(d, d->set.report_host, EDGE_REPORT, now, &seq);
	*seq_out = later(*seq_out, seq);
	if (e == OK && d->set.service_host[0] != '\0')
		e = publish_host(d, d->set.service_host, EDGE_ADMIN, now, &seq);
	*seq_out = later(*seq_out, seq);
	if (e == OK)
		e = zone_feed_apex(d, &seq);
	*seq_out = later(*seq_out, seq);
	return e;
}

static enum err publish_list(struct desk *d, const struct domain *list, size_t count, int64_t now,
                             int64_t *newest)
{
	int64_t seq;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		e = publish_domain(d, &list[i], now, &seq);
		*newest = later(*newest, seq);
	}
	return e;
}

enum err publish_domains(struct desk *d, const struct domain *list, size_t count, int64_t now,
                         int64_t *seq_out)
{
	int64_t newest = 0, seq = 0;
	enum err e;

	*seq_out = 0;
	if (count == 0)
		return OK;
	e = edge_batch_begin(d);
	if (e == OK)
		e = edge_batch_end(d, publish_list(d, list, count, now, &newest), &seq);
	if (e == OK)
		*seq_out = later(newest, seq);
	return e;
}

enum err publish_page(struct desk *d, struct publish_cursor *at, size_t limit, int64_t now,
                      int64_t *seq_out)
{
	struct arena *a = arena_new();
	struct domain *list = NULL;
	size_t count = 0;
	enum err e =
	        domains_list(d->db, TENANT_ONLY, slice_str(at->after), limit, a, &list, &count);

	*seq_out = 0;
	if (e == OK)
		e = publish_domains(d, list, count, now, seq_out);
	if (e == OK && count > 0)
		(void)snprintf(at->after, sizeof(at->after), "%s", list[count - 1].name);
	if (e == OK)
		at->done = count < limit;
	arena_free(a);
	return e;
}

enum err publish_all(struct desk *d, int64_t now, int64_t *seq_out)
{
	struct publish_cursor at = { .done = false };
	int64_t seq = 0;
	enum err e = publish_hosts(d, now, seq_out);

	if (e == OK)
		e = publish_page(d, &at, PUBLISH_FIRST, now, &seq);
	*seq_out = later(*seq_out, seq);
	if (!at.done)
		atomic_store(&d->behind, true);
	return e;
}

bool publish_wait(struct desk *d, int64_t seq, unsigned timeout_ms)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;

	while (!board_served_everywhere(d->board, (uint64_t)seq)) {
		if (clock_mono_ms() >= deadline)
			return false;
		(void)poll(NULL, 0, POLL_MS); /* only passes time */
	}
	return true;
}

bool publish_answers_id(const struct desk *d, const struct domain *domain)
{
	return d->set.demo ||
	       (d->set.dns_open && d->set.zone[0] != '\0' && domain->way[RECORD_ID] == WAY_CNAME);
}

static enum err note_announced(struct desk *d, int64_t id, int64_t now)
{
	enum err e = db_begin(d->db);

	if (e != OK)
		return e;
	e = policies_mark_announced(d->db, id, now);
	if (e == OK && d->set.demo) /* records count as seen there */
		e = policies_mark_seen(d->db, id, now, (int64_t)d->set.ttl);
	return db_end(d->db, e);
}

enum err publish_announce(struct desk *d, const struct publication *p, int64_t now,
                          int64_t *seq_out)
{
	struct arena *a = arena_new();
	struct domain domain;
	enum err e = domains_by_id(d->db, p->domain, a, &domain);

	*seq_out = 0;
	if (e == OK)
		e = note_announced(d, p->id, now);
	if (e == OK)
		e = zone_feed_domain(d, &domain, now, seq_out);
	if (e == OK)
		e = record_check_soon(d, domain.id, now);
	if (e == OK)
		log_info("policy id announced", F("domain", domain.name), F("id", p->policy_id));
	arena_free(a);
	return e;
}

enum err publish_audit(struct desk *d, const char *action, const char *domain, const char *detail,
                       int64_t now)
{
	struct audit_entry entry = { .at = now,
		                     .action = action,
		                     .object = domain,
		                     .actor = S("mxseal"),
		                     .detail = slice_str(detail) };

	return audit_add(d->db, TENANT_ONLY, &entry, NULL);
}

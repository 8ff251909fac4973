#include "service/records.h"

#include "base/enc.h"
#include "mtasts/name.h"
#include "mtasts/record.h"
#include "service/acme_check.h"
#include "service/outside_look.h"
#include "service/records_internal.h"
#include "store/certs.h"
#include "store/checks.h"
#include "store/orders.h"
#include "store/policies.h"
#include "store/pushes.h"
#include "tlsrpt/record.h"

#define HASH_DIGITS 40
#define TEXT_MAX 8192u
#define REPORTS_TTL 3600u /* RFC 8460, 7: a large one makes it harder to divert reports */

/*
 * Targets under one zone, kind and claim may not pass 253 bytes: then a digest stands for the
 * domain's labels, for all three kinds alike.
 */
const char *records_target(struct arena *a, const struct domain *domain, const char *zone,
                           const char *kind)
{
	char hex[SHA256_HEX_SIZE];
	size_t tail = strlen(domain->claim) + strlen("..web.") + strlen(zone);

	if (strlen(domain->name) + tail <= DOMAIN_NAME_MAX)
		return arena_printf(a, "%s.%s.%s.%s", domain->name, domain->claim, kind, zone);
	(void)enc_sha256_hex(slice_str(domain->name), hex);
	return arena_printf(a, "h-%.*s.%s.%s.%s", HASH_DIGITS, hex, domain->claim, kind, zone);
}

struct maker {
	struct arena *a;
	const struct domain *domain;
	const struct records_facts *f;
	struct records *out;
};

static struct record_row *add_row(struct maker *m, enum domain_record record, const char *purpose,
                                  const char *relative)
{
	static struct record_row spare;
	struct record_row *r =
	        m->out->count < RECORDS_MAX ? &m->out->rows[m->out->count++] : &spare;

	*r = (struct record_row){
		.purpose = purpose,
		.way = domain_way_name(m->domain->way[record]),
		.relative = relative,
		.name = arena_printf(m->a, "%s.%s", relative, m->domain->name),
		.ttl = m->f->ttl,
		.state = m->f->demo ? "seen" : "not-checked",
	};
	return r;
}

static void add_target(struct maker *m, struct record_row *r, const char *kind)
{
	r->type = "CNAME";
	if (m->f->zone[0] == '\0')
		r->mistake = "there is no service zone: set [service] zone, or use the way txt";
	else
		r->value = records_target(m->a, m->domain, m->f->zone, kind);
}

/* The machine's addresses; where none is configured its name does as well. */
static void add_address(struct maker *m)
{
	struct slice rest = slice_str(m->f->addresses), word;
	struct record_row *r;
	size_t before = m->out->count;

	/* The two other records have their places at the end. */
	while (m->out->count < RECORDS_MAX - 2 && slice_next(&rest, ' ', &word)) {
		if (word.len == 0)
			continue;
		r = add_row(m, RECORD_HOST, "policy-host", "mta-sts");
		r->type = slice_find(word, ':') == SIZE_MAX ? "A" : "AAAA";
		r->value = arena_str(m->a, word);
	}
	if (m->out->count > before)
		return;
	r = add_row(m, RECORD_HOST, "policy-host", "mta-sts");
	r->type = m->f->service_host[0] != '\0' ? "CNAME" : "A";
	if (m->f->service_host[0] != '\0')
		r->value = m->f->service_host;
	else
		r->mistake =
		        "the address of this machine is not known: set [service] addresses or host";
}

/* On web space elsewhere: where that is only its owner knows. */
static void add_elsewhere(struct maker *m)
{
	struct record_row *r = add_row(m, RECORD_HOST, "policy-host", "mta-sts");

	r->way = domain_way_name(WAY_ADDRESS);
	r->type = "A";
	r->mistake = "the address of the web space that answers for it";
}

static void add_host(struct maker *m)
{
	if (m->domain->hosting == HOSTING_EXTERNAL)
		add_elsewhere(m);
	else if (m->domain->way[RECORD_HOST] == WAY_CNAME)
		add_target(m, add_row(m, RECORD_HOST, "policy-host", "mta-sts"), "web");
	else
		add_address(m);
}

static const char *text_of(struct maker *m, enum err e, struct buf *b)
{
	const char *text = e == OK ? arena_str(m->a, buf_slice(b)) : NULL;

	buf_fini(b);
	return text;
}

static void add_id(struct maker *m)
{
	struct record_row *r = add_row(m, RECORD_ID, "policy-id", "_mta-sts");
	struct buf b;

	if (m->domain->way[RECORD_ID] == WAY_CNAME) {
		add_target(m, r, "id");
		return;
	}
	r->type = "TXT";
	if (m->f->id == NULL) {
		r->mistake =
		        "not to be published yet: an id that runs ahead of the policy it stands "
		        "for misleads senders; `mxseal policy show` says what it waits for";
		return;
	}
	struct record record = { slice_str(m->f->id) };
	buf_init(&b, TEXT_MAX);
	r->value = text_of(m, record_format(&record, &b), &b);
}

static void take_rua(struct maker *m, const char *list)
{
	struct slice rest = slice_str(list), uri;
	struct records *out = m->out;

	while (out->rua_count < RECORDS_RUA_MAX && slice_next(&rest, '\n', &uri))
		if (uri.len > 0)
			out->rua[out->rua_count++] = arena_str(m->a, uri);
}

/* What somebody set; else what was there from others, and ours behind it. */
static void find_rua(struct maker *m)
{
	struct records *out = m->out;

	take_rua(m, m->domain->rua);
	if (out->rua_count > 0)
		return;
	if ((m->f->https_proved || m->f->smtp_open) && m->f->rua_kept != NULL)
		take_rua(m, m->f->rua_kept);
	/* Mail first: it can be signed, and only signed reports move anything. */
	if (m->f->smtp_open && out->rua_count < RECORDS_RUA_MAX)
		out->rua[out->rua_count++] =
		        arena_printf(m->a, "mailto:r-%s@%s", m->domain->tag, m->f->report_host);
	if (m->f->https_proved && out->rua_count < RECORDS_RUA_MAX)
		out->rua[out->rua_count++] = arena_printf(m->a, "https://%s/v1/report/%s",
		                                          m->f->report_host, m->domain->tag);
}

static void add_reports(struct maker *m)
{
	struct record_row *r = add_row(m, RECORD_REPORTS, "reports", "_smtp._tls");
	struct slice uris[RECORDS_RUA_MAX];
	struct buf b;

	if (m->domain->way[RECORD_REPORTS] == WAY_CNAME) {
		add_target(m, r, "rpt");
	} else {
		r->type = "TXT";
		for (size_t i = 0; i < m->out->rua_count; i++)
			uris[i] = slice_str(m->out->rua[i]);
		r->ttl = r->ttl > REPORTS_TTL ? r->ttl : REPORTS_TTL;
		buf_init(&b, TEXT_MAX);
		r->value = text_of(m, tlsrpt_record_format(uris, m->out->rua_count, &b), &b);
	}
	if (m->out->rua_count == 0 && r->mistake == NULL)
		r->mistake = "no way in for reports is open: set [report] host and [listen] smtp, "
		             "or import the host's certificate, "
		             "or name your own address with `domain set --rua`";
}

void records_make(struct arena *a, const struct domain *domain, const struct records_facts *f,
                  struct records *out)
{
	struct maker m = { a, domain, f, out };

	*out = (struct records){ 0 };
	find_rua(&m);
	if (domain->hosted) {
		add_host(&m);
		add_id(&m);
	}
	add_reports(&m);
	if (!f->demo)
		records_lay(a, domain, f, out);
}

/* Behind a proxy it is proved by what was seen from outside. */
static enum err seen_outside(struct desk *d, int64_t now, struct arena *a, bool *out)
{
	struct look l;
	enum err e = outside_look_read(d, d->set.report_host, a, &l);

	if (e == OK)
		*out = l.checked != 0 && l.not_after > now && l.faults < OUTSIDE_FAULTS;
	return e;
}

/* Proved until something better can prove it: the listener is open and the certificate valid. */
static enum err https_proved(struct desk *d, int64_t now, struct arena *a, bool *out)
{
	struct cert c;
	enum err e;

	*out = false;
	if (outside_is_behind(d) && d->set.report_host[0] != '\0')
		return seen_outside(d, now, a, out);
	if (!d->set.https_open || d->set.report_host[0] == '\0')
		return OK;
	e = certs_assigned(d->db, TENANT_ONLY, slice_str(d->set.report_host), a, &c);
	if (e == OK)
		*out = c.not_after > now;
	return e == ERR_NOTFOUND ? OK : e;
}

/* An id that all servers answer, that is none of ours, and that was not adopted. */
static enum err find_ahead(struct desk *d, const struct domain *domain, const struct check *c,
                           struct arena *a, struct records_facts *f)
{
	struct publication *list = NULL;
	size_t count = 0;
	enum err e;

	if (domain->way[RECORD_ID] != WAY_TXT || c->id[0] == '\0')
		return OK;
	e = policies_history(d->db, domain->id, a, &list, &count);
	for (size_t i = 0; e == OK && i < count; i++)
		if (strcmp(list[i].policy_id, c->id) == 0)
			return OK;
	f->ahead = e == OK ? c->id : NULL;
	return e;
}

static enum err read_check(struct desk *d, const struct domain *domain, struct arena *a,
                           struct records_facts *f)
{
	struct record_facts *seen = arena_alloc(a, sizeof(*seen));
	struct check c;
	enum err e = checks_get(d->db, domain->id, a, &c);

	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	f->rua_kept = c.rua_kept;
	f->checked = c.checked;
	if (c.checked != 0 && record_facts_parse(c.facts, a, seen) == OK)
		f->seen = seen;
	return find_ahead(d, domain, &c, a, f);
}

static enum err read_order(struct desk *d, const struct domain *domain, struct arena *a,
                           struct records_facts *f)
{
	char host[NAME_SIZE];
	struct order o;
	enum err e = name_for(NAME_STS_HOST, slice_str(domain->name), host);

	if (e != OK)
		return OK; /* a name without room for it is not hosted */
	e = orders_get(d->db, domain->tenant, slice_str(host), a, &o);
	if (e == OK && acme_check_is_caa(o.why))
		f->caa = o.why;
	return e == ERR_NOTFOUND ? OK : e;
}

/* What keeps the lines that we write ourselves from being written. */
static enum err note_pushes(struct desk *d, const struct domain *domain, struct arena *a,
                            struct records *out)
{
	static const char *const purposes[RECORD_COUNT] = { "policy-host", "policy-id", "reports" };
	enum err e = OK;

	for (int r = 0; e == OK && r < RECORD_COUNT; r++) {
		struct push_row row = { .why = "" };
		if (domain->way[r] == WAY_UPDATE)
			e = pushes_get(d->db, domain->id, (enum domain_record)r, a, &row);
		for (size_t i = 0; e == OK && row.why[0] != '\0' && i < out->count; i++)
			if (out->rows[i].value != NULL &&
			    strcmp(out->rows[i].purpose, purposes[r]) == 0) {
				out->rows[i].mistake = row.why;
				out->rows[i].mistake_code = NULL;
			}
		e = e == ERR_NOTFOUND ? OK : e;
	}
	return e;
}

enum err records_read(struct desk *d, const struct domain *domain, int64_t now, struct arena *a,
                      struct records *out)
{
	struct records_facts f = { .demo = d->set.demo,
		                   .zone = d->set.zone,
		                   .service_host = d->set.service_host,
		                   .report_host = d->set.report_host,
		                   .addresses = d->set.addresses,
		                   .ttl = d->set.ttl,
		                   .smtp_open = d->set.smtp_open };
	struct publication p;
	enum err e = https_proved(d, now, a, &f.https_proved);

	if (e == OK)
		e = read_check(d, domain, a, &f);
	if (e == OK)
		e = read_order(d, domain, a, &f);
	if (e != OK)
		return e;
	e = policies_answered(d->db, domain->id, now, a, &p);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	f.id = e == OK ? p.policy_id : NULL;
	records_make(a, domain, &f, out);
	return note_pushes(d, domain, a, out);
}

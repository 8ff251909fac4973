/* Certificates into the store: which hosts each is for, sealing, assignment. */
#include "service/certs.h"

#include "base/log.h"
#include "service/certs_hosts.h"
#include "service/publish.h"
#include "service/sealed.h"
#include "store/audit.h"
#include "store/domains.h"
#include "store/seal.h"

/* What is there already under a key that does not open gets the one that does. */
static enum err put(struct desk *d, const struct cert *c, bool *new_out)
{
	struct arena *a = arena_new();
	struct cert there;
	enum err e = certs_put(d->db, c, new_out);

	if (e == OK && !*new_out) {
		e = certs_get(d->db, c->tenant, slice_str(c->fingerprint), a, &there);
		if (e == OK && !sealed_opens(d, &there))
			e = certs_reseal(d->db, c);
	}
	arena_free(a);
	return e;
}

enum err certs_take(struct desk *d, const struct cert_found *f, const char *source,
                    const char *const *hosts, size_t host_count, int64_t now, bool *new_out)
{
	struct cert c = f->cert;
	struct seal_name name;
	struct buf sealed;
	bool report = false;

	for (size_t i = 0; i < host_count; i++)
		report = report || strcmp(hosts[i], d->set.report_host) == 0 ||
		         strcmp(hosts[i], d->set.service_host) == 0;
	c.purpose = report ? "report-tls" : "edge-tls";
	c.source = source;
	c.seal_domain = host_count > 0 ? hosts[0] : f->name;
	c.added = now;
	name = (struct seal_name){ c.tenant, slice_str(c.seal_domain), slice_str(c.fingerprint) };
	buf_init(&sealed, SEAL_SECRET_MAX + SEAL_OVERHEAD);
	enum err e =
	        seal_wrap(report ? d->key_report_tls : d->key_edge_tls, &name, f->key, &sealed);
	c.sealed_key = buf_slice(&sealed);
	if (e == OK)
		e = put(d, &c, new_out);
	for (size_t i = 0; e == OK && i < host_count; i++)
		e = certs_assign(d->db, c.tenant, slice_str(hosts[i]), slice_str(c.fingerprint),
		                 now);
	buf_fini(&sealed);
	return e;
}

#define WARNINGS_MAX 1000u
#define STORED_TOGETHER 100u /* certificates; others wait for the databases meanwhile */

struct job {
	struct desk *d;
	struct arena *a;
	const char *actor;
	int64_t now;
	bool dry_run;
	struct certs_hosts hosts;
	size_t taken; /* of hosts, which come in the order of the certificates */
	struct certs_reading *r;
	struct certs_import *out;
};

static void warn(struct job *j, const struct cert_found *f, const char *code, const char *message)
{
	if (j->out->warning_count < WARNINGS_MAX)
		j->out->warnings[j->out->warning_count++] =
		        (struct cert_note){ f->file, f->name, code, message };
}

/* A star covers one label only; names below it that people may expect to be covered. */
static void note_uncovered(struct job *j, const struct cert_found *f)
{
	for (size_t n = 0; n < f->cert.name_count; n++) {
		struct slice star = f->cert.names[n];
		const struct certs_beyond *b = certs_hosts_beyond(&j->hosts, star);

		for (; b != NULL && j->out->warning_count < WARNINGS_MAX; b = b->next)
			if (!certs_cover(&f->cert, slice_str(b->host)))
				warn(j, f, "wildcard-one-label",
				     arena_printf(j->a,
				                  "%.*s does not cover %s: the star stands for one "
				                  "label",
				                  SLICE_ARGS(star), b->host));
	}
}

/* The hosts that get that certificate. */
static const char **hosts_of(struct job *j, size_t index, size_t *count_out)
{
	size_t first = j->taken;

	while (j->taken < j->hosts.count && j->hosts.list[j->taken].cert == index)
		j->taken++;
	*count_out = j->taken - first;
	const char **names = arena_calloc(j->a, *count_out + 1, sizeof(*names));
	for (size_t i = 0; i < *count_out; i++)
		names[i] = j->hosts.list[first + i].name;
	return names;
}

static enum err store_one(struct job *j, const struct cert_found *f, const char **hosts,
                          size_t count, bool *new_out)
{
	struct audit_entry entry = { .at = j->now,
		                     .action = "cert.import",
		                     .object = f->name,
		                     .actor = slice_str(j->actor),
		                     .detail = slice_str(f->cert.fingerprint) };
	enum err e = certs_take(j->d, f, "import", hosts, count, j->now, new_out);

	return e == OK ? audit_add(j->d->db, TENANT_ONLY, &entry, NULL) : e;
}

static enum err take_one(struct job *j, size_t index)
{
	const struct cert_found *f = &j->r->found[index];
	struct certs_import *out = j->out;
	size_t n = 0;
	const char **names = hosts_of(j, index, &n);
	bool new = true;
	enum err e = OK;

	note_uncovered(j, f);
	if (n == 0) {
		out->unused[out->unused_count++] = (struct cert_note){
			f->file, f->name, "cert-unused",
			"covers no host of this service, or another given one lasts longer"
		};
		return OK;
	}
	if (f->doubt != NULL)
		warn(j, f, "no-public-root", f->doubt);
	if (!j->dry_run)
		e = store_one(j, f, names, n, &new);
	out->imported[out->imported_count++] = (struct certs_imported){
		f->file, f->name, f->cert.fingerprint, f->cert.not_after, n, names, new
	};
	return e;
}

static void note_seq(struct job *j, int64_t seq)
{
	if (seq > j->out->seq)
		j->out->seq = seq;
}

/* Hosts from that place on; a domain may have gone since it was found. */
static enum err publish_policy_hosts(struct job *j, size_t from)
{
	struct domain *list = arena_calloc(j->a, j->taken - from + 1, sizeof(*list));
	int64_t seq = 0;
	size_t n = 0;
	enum err e = OK;

	for (size_t i = from; e == OK && i < j->taken; i++) {
		const struct domain *d = j->hosts.list[i].domain;

		if (d == NULL)
			continue;
		e = domains_by_id(j->d->db, d->id, j->a, &list[n]);
		n += e == OK ? 1 : 0;
		e = e == ERR_NOTFOUND ? OK : e;
	}
	if (e == OK)
		e = publish_domains(j->d, list, n, j->now, &seq);
	if (e == OK)
		note_seq(j, seq);
	return e;
}

static bool has_service_host(const struct job *j, size_t from)
{
	while (from < j->taken && j->hosts.list[from].domain != NULL)
		from++;
	return from < j->taken;
}

/*
 * Only what got another certificate is given to the edges; but with the report host's first one a
 * way in for reports opens, which the records of all domains name.
 */
static enum err publish(struct job *j, size_t from)
{
	int64_t seq = 0;
	enum err e = has_service_host(j, from) ? publish_all(j->d, j->now, &seq) : OK;

	note_seq(j, seq);
	return e == OK ? publish_policy_hosts(j, from) : e;
}

/* Some certificates, from that place on, in one transaction. */
static enum err take_some(struct job *j, size_t first)
{
	size_t from = j->taken;
	enum err e = db_begin(j->d->db);

	if (e != OK)
		return e;
	for (size_t i = first; e == OK && i < j->r->found_count && i < first + STORED_TOGETHER; i++)
		e = take_one(j, i);
	e = db_end(j->d->db, e);
	return e == OK && !j->dry_run ? publish(j, from) : e;
}

static enum err store_all(struct job *j, struct refusal *why)
{
	desk_lock(j->d);
	enum err e = certs_hosts_find(j->d, j->r, j->a, &j->hosts);
	desk_unlock(j->d);
	for (size_t i = 0; e == OK && i < j->r->found_count; i += STORED_TOGETHER) {
		desk_lock(j->d);
		e = take_some(j, i);
		desk_unlock(j->d);
	}
	certs_hosts_fini(&j->hosts);
	if (e != OK) {
		log_error("certificates not stored", F("why", err_name(e)));
		return refuse(why, e, "store", "the certificates could not be stored");
	}
	return OK;
}

static enum err nothing_taken(const struct certs_reading *r, struct refusal *why)
{
	const struct cert_note *n = &r->refused[0];

	(void)refuse(why, ERR_SYNTAX, n->code, "%s: %s%s%s", n->file,
	             n->name == NULL ? "" : n->name, n->name == NULL ? "" : ": ", n->message);
	return refuse_fix(why, "give the certificate and the key that belongs to it, both PEM");
}

enum err certs_import(struct desk *d, const char *actor, const struct certs_files *files,
                      int64_t now, struct arena *a, struct certs_import *out, struct refusal *why)
{
	struct certs_reading r = { 0 };
	struct certs_import done = { 0 };
	struct job j = { .d = d,
		         .a = a,
		         .actor = actor,
		         .now = now,
		         .dry_run = files->dry_run,
		         .r = &r,
		         .out = &done };
	enum err e = certs_read(a, files->list, files->count, now,
	                        d->set.ca_file[0] == '\0' ? NULL : d->set.ca_file, &r);

	if (e != OK)
		return refuse(why, e, "cert-too-much", "the files hold more than is taken at once");
	done.imported = arena_calloc(a, r.found_count + 1, sizeof(*done.imported));
	done.warnings = arena_calloc(a, WARNINGS_MAX, sizeof(*done.warnings));
	done.unused = arena_calloc(a, r.found_count + r.unused_count + 1, sizeof(*done.unused));
	if (r.unused_count > 0)
		memcpy(done.unused, r.unused, r.unused_count * sizeof(*r.unused));
	done.unused_count = r.unused_count;
	done.refused = r.refused;
	done.refused_count = r.refused_count;
	if (r.found_count == 0 && r.refused_count > 0 && !files->part)
		e = nothing_taken(&r, why);
	else if (r.found_count > 0)
		e = store_all(&j, why);
	certs_reading_fini(&r);
	done.changed = !files->dry_run && (done.imported_count > 0);
	if (e == OK)
		*out = done;
	return e;
}

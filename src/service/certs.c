/* Certificates into the store: which hosts each is for, sealing, assignment. */
#include "service/certs.h"

#include "base/log.h"
#include "service/publish.h"
#include "store/audit.h"
#include "store/domains.h"
#include "store/seal.h"

/* One of the names that edges answer. */
struct host {
	char name[DOMAIN_NAME_MAX + 1];
	bool policy;   /* else report or admin host */
	size_t winner; /* the certificate it gets; SIZE_MAX: none of these */
};

struct hosts {
	struct arena *a;
	size_t count, room;
	struct host *list;
};

static void hosts_add(struct hosts *h, const char *name, bool policy)
{
	if (h->count == h->room) {
		size_t room = h->room == 0 ? 64 : h->room * 2;
		struct host *grown = arena_calloc(h->a, room, sizeof(*grown));
		if (h->count > 0)
			memcpy(grown, h->list, h->count * sizeof(*grown));
		h->list = grown;
		h->room = room;
	}
	struct host *row = &h->list[h->count++];
	size_t len = strlen(name);
	memcpy(row->name, name, len < sizeof(row->name) ? len : sizeof(row->name) - 1);
	row->policy = policy;
	row->winner = SIZE_MAX;
}

static enum err hosts_read(struct desk *d, struct hosts *h)
{
	struct slice after = S("");
	size_t count = DB_LIST_MAX;
	enum err e = OK;

	if (d->set.report_host[0] != '\0')
		hosts_add(h, d->set.report_host, false);
	if (d->set.service_host[0] != '\0')
		hosts_add(h, d->set.service_host, false);
	while (e == OK && count == DB_LIST_MAX) {
		struct domain *list;
		e = domains_list(d->db, TENANT_ONLY, after, DB_LIST_MAX, h->a, &list, &count);
		for (size_t i = 0; e == OK && i < count; i++) {
			char name[DOMAIN_NAME_MAX + 1];
			if (list[i].hosted && publish_host_name(list[i].name, name) == OK)
				hosts_add(h, name, true);
		}
		if (e == OK && count > 0)
			after = slice_str(list[count - 1].name);
	}
	return e;
}

static bool covers(const struct cert *c, const char *host)
{
	for (size_t i = 0; i < c->name_count; i++)
		if (certs_name_covers(c->names[i], slice_str(host)))
			return true;
	return false;
}

/* Of several certificates for one host the one that lasts longest. */
static void choose(struct hosts *h, const struct certs_reading *r)
{
	for (size_t i = 0; i < h->count; i++) {
		struct host *row = &h->list[i];
		for (size_t c = 0; c < r->found_count; c++) {
			if (covers(&r->found[c].cert, row->name) &&
			    (row->winner == SIZE_MAX ||
			     r->found[c].cert.not_after > r->found[row->winner].cert.not_after))
				row->winner = c;
		}
	}
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
		e = certs_put(d->db, &c, new_out);
	for (size_t i = 0; e == OK && i < host_count; i++)
		e = certs_assign(d->db, c.tenant, slice_str(hosts[i]), slice_str(c.fingerprint),
		                 now);
	buf_fini(&sealed);
	return e;
}

/* A star covers one label only; names below it that people may expect to be covered. */
static void note_uncovered(const struct hosts *h, const struct cert_found *f, struct arena *a,
                           struct cert_note *notes, size_t *count, size_t max)
{
	for (size_t n = 0; n < f->cert.name_count; n++) {
		struct slice star = f->cert.names[n];
		if (!slice_starts(star, S("*.")))
			continue;
		for (size_t i = 0; i < h->count && *count < max; i++) {
			struct slice host = slice_str(h->list[i].name);
			if (!slice_ends_i(host, slice_skip(star, 1)) ||
			    covers(&f->cert, h->list[i].name))
				continue;
			notes[(*count)++] = (struct cert_note){
				f->file, f->name, "wildcard-one-label",
				arena_printf(
				        a, "%.*s does not cover %s: the star stands for one label",
				        SLICE_ARGS(star), h->list[i].name)
			};
		}
	}
}

#define WARNINGS_MAX 1000u

struct job {
	struct desk *d;
	struct arena *a;
	const char *actor;
	int64_t now;
	bool dry_run;
	struct hosts hosts;
	struct certs_reading *r;
	struct certs_import *out;
};

static enum err take_one(struct job *j, size_t index)
{
	const struct cert_found *f = &j->r->found[index];
	const char **names = arena_calloc(j->a, j->hosts.count + 1, sizeof(*names));
	struct certs_import *out = j->out;
	size_t n = 0;
	bool new = true;
	enum err e = OK;

	for (size_t i = 0; i < j->hosts.count; i++)
		if (j->hosts.list[i].winner == index)
			names[n++] = j->hosts.list[i].name;
	note_uncovered(&j->hosts, f, j->a, out->warnings, &out->warning_count, WARNINGS_MAX);
	if (n == 0) {
		out->unused[out->unused_count++] = (struct cert_note){
			f->file, f->name, "cert-unused",
			"covers no host of this service, or another given one lasts longer"
		};
		return OK;
	}
	if (f->doubt != NULL && out->warning_count < WARNINGS_MAX)
		out->warnings[out->warning_count++] =
		        (struct cert_note){ f->file, f->name, "no-public-root", f->doubt };
	if (!j->dry_run) {
		struct audit_entry entry = { .at = j->now,
			                     .action = "cert.import",
			                     .object = f->name,
			                     .actor = slice_str(j->actor),
			                     .detail = slice_str(f->cert.fingerprint) };
		e = certs_take(j->d, f, "import", names, n, j->now, &new);
		if (e == OK)
			e = audit_add(j->d->db, TENANT_ONLY, &entry, NULL);
	}
	out->imported[out->imported_count++] = (struct certs_imported){
		f->file, f->name, f->cert.fingerprint, f->cert.not_after, n, names, new
	};
	return e;
}

static enum err take_all(struct job *j)
{
	enum err e = db_begin(j->d->db);

	if (e != OK)
		return e;
	for (size_t i = 0; e == OK && i < j->r->found_count; i++)
		e = take_one(j, i);
	e = db_end(j->d->db, e);
	if (e == OK && !j->dry_run && j->out->imported_count > 0)
		e = publish_all(j->d, j->now, &j->out->seq);
	return e;
}

static enum err store_all(struct job *j, struct refusal *why)
{
	desk_lock(j->d);
	enum err e = hosts_read(j->d, &j->hosts);
	if (e == OK) {
		choose(&j->hosts, j->r);
		e = take_all(j);
	}
	desk_unlock(j->d);
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

enum err certs_import(struct desk *d, const char *actor, const struct cert_file *files,
                      size_t count, bool dry_run, int64_t now, struct arena *a,
                      struct certs_import *out, struct refusal *why)
{
	struct certs_reading r = { 0 };
	struct certs_import done = { 0 };
	struct job j = { .d = d,
		         .a = a,
		         .actor = actor,
		         .now = now,
		         .dry_run = dry_run,
		         .hosts = { .a = a },
		         .r = &r,
		         .out = &done };
	enum err e = certs_read(a, files, count, now,
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
	if (r.found_count == 0 && r.refused_count > 0)
		e = nothing_taken(&r, why);
	else if (r.found_count > 0)
		e = store_all(&j, why);
	certs_reading_fini(&r);
	done.changed = !dry_run && (done.imported_count > 0);
	if (e == OK)
		*out = done;
	return e;
}

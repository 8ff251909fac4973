/* Certificates: those in use, those that are missing, and what is being done about it. */
#include "service/acme.h"
#include "service/sealed.h"
#include "store/edgedb.h"
#include "web/api_internal.h"

#define CURSOR_HOSTS "host/" /* and the name of a domain; other cursors are fingerprints */

/* What is known of the order of a host; null: nothing is ordered for it. */
static enum err order_json(const struct request *q, struct slice host, json_t **out)
{
	struct order o;
	enum err e = orders_get(q->desk->db, TENANT_ONLY, host, q->arena, &o);

	*out = json_null();
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	*out = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "state", order_state_name(o.state),
	                 "why", api_string(o.why[0] == '\0' ? NULL : o.why), "problem",
	                 api_string(o.problem[0] == '\0' ? NULL : o.problem), "next",
	                 api_time(o.due > 0 ? o.due : q->now), "renews",
	                 o.renew_at == 0 ? json_null() : api_time(o.renew_at), "explanation",
	                 api_string(o.explanation[0] == '\0' ? NULL : o.explanation), "summary",
	                 api_string(acme_order_words(&o, q->now, q->arena)));
	return OK;
}

static enum err add_cert(const struct request *q, const struct cert_row *row, json_t *items)
{
	struct slice rest = slice_str(row->hosts), first = { "", 0 };
	json_t *o = api_cert(row, sealed_opens(q->desk, &row->cert), q->now), *order = NULL;
	enum err e = OK;

	if (slice_next(&rest, ' ', &first)) {
		e = order_json(q, first, &order);
		(void)json_object_set_new(o, "order", order);
	}
	(void)json_array_append_new(items, o);
	return e;
}

static enum err add_missing(const struct request *q, const char *host, json_t *items)
{
	json_t *order = NULL;
	enum err e = order_json(q, slice_str(host), &order);

	(void)json_array_append_new(items, json_pack("{s:s, s:[s], s:n, s:s, s:o}", "name", host,
	                                             "hosts", host, "not_after", "state", "missing",
	                                             "order", order));
	return e;
}

/* Somebody else ends TLS for it. */
static enum err add_not_ours(const struct request *q, const char *host, json_t *items)
{
	struct look l;
	enum err e = outside_look_read(q->desk, host, q->arena, &l);

	if (e != OK)
		return e;
	json_t *seen = api_look(&l, q->now, q->arena);
	(void)json_array_append_new(items, json_pack("{s:s, s:[s], s:O, s:O, s:s, s:n, s:o}",
	                                             "name", host, "hosts", host, "not_after",
	                                             json_object_get(seen, "not_after"), "issuer",
	                                             json_object_get(seen, "issuer"), "state",
	                                             "not-ours", "order", "outside", seen));
	return OK;
}

static enum err add_domain(const struct request *q, const struct cert_hosted *h, json_t *items)
{
	char host[DOMAIN_NAME_MAX + 1];

	if ((h->ours && h->used) || publish_host_name(h->domain, host) != OK)
		return OK;
	return h->ours ? add_missing(q, host, items) : add_not_ours(q, host, items);
}

/* A host of the service itself. */
static enum err add_service(const struct request *q, const char *host, json_t *items)
{
	struct cert c;

	if (host[0] == '\0')
		return OK;
	if (outside_is_behind(q->desk))
		return add_not_ours(q, host, items);
	enum err e = certs_assigned(q->desk->db, TENANT_ONLY, slice_str(host), q->arena, &c);
	return e == ERR_NOTFOUND ? add_missing(q, host, items) : e;
}

static enum err add_services(const struct request *q, json_t *items)
{
	enum err e = add_service(q, q->desk->set.service_host, items);

	return e == OK ? add_service(q, q->desk->set.report_host, items) : e;
}

/*
 * Behind the certificates: hosts that edges should answer for and cannot, and those whose
 * certificate is not ours.  A page looks at as many domains as the store lists at once, whether
 * anything is to be said of them or not.
 */
static enum err add_hosts(const struct request *q, struct slice after, json_t *items,
                          const char **next)
{
	struct cert_hosted *list;
	size_t count = 0;
	enum err e = after.len == 0 ? add_services(q, items) : OK;

	if (e == OK)
		e = certs_hosted(q->desk->db, TENANT_ONLY, after, DB_LIST_MAX, q->arena, &list,
		                 &count);
	for (size_t i = 0; e == OK && i < count; i++)
		e = add_domain(q, &list[i], items);
	if (e == OK && count == DB_LIST_MAX)
		*next = arena_printf(q->arena, CURSOR_HOSTS "%s", list[count - 1].domain);
	return e;
}

static enum err add_certs(const struct request *q, struct slice after, json_t *items,
                          const char **next)
{
	struct cert_row *rows;
	size_t count = 0;
	enum err e = certs_list(q->desk->db, TENANT_ONLY, after, API_PAGE, q->arena, &rows, &count);

	for (size_t i = 0; e == OK && i < count; i++)
		e = add_cert(q, &rows[i], items);
	if (e != OK || count < API_PAGE)
		return e == OK ? add_hosts(q, S(""), items, next) : e;
	*next = rows[count - 1].cert.fingerprint;
	return OK;
}

void api_certs_list(const struct request *q, struct response *r)
{
	struct slice at = request_query(q, "cursor", 0);
	bool hosts = at.p != NULL && slice_starts(at, S(CURSOR_HOSTS));
	const char *next = NULL;
	json_t *items = json_array();
	enum err e = hosts ? add_hosts(q, slice_skip(at, strlen(CURSOR_HOSTS)), items, &next)
	                   : add_certs(q, at.p == NULL ? S("") : at, items, &next);

	if (e == OK) {
		response_json(r, api_list(items, next));
		return;
	}
	json_decref(items);
	api_store_failed(q, e, r);
}

/* A host of the queue by its own name, or by that of its domain. */
static enum err hurry(const struct request *q, struct slice name, const char **host_out)
{
	char host[DOMAIN_NAME_MAX + 1];
	char *text = arena_str(q->arena, name);
	enum err e = orders_hurry(q->desk->db, TENANT_ONLY, name, q->now);

	*host_out = text;
	if (e == ERR_NOTFOUND && publish_host_name(text, host) == OK) {
		*host_out = arena_str(q->arena, slice_str(host));
		e = orders_hurry(q->desk->db, TENANT_ONLY, slice_str(host), q->now);
	}
	return e;
}

void api_certs_renew(const struct request *q, struct response *r)
{
	const char *host = NULL;
	struct api_body b;

	api_body_open(&b, q);
	struct slice name = api_body_text(&b, "name", NULL);
	if (name.len == 0)
		api_body_fault(&b, "name", "is missing");
	if (!api_body_close(&b, r))
		return;
	desk_lock(q->desk);
	enum err e = hurry(q, name, &host);
	desk_unlock(q->desk);
	if (e == ERR_NOTFOUND)
		problem_say(r, ERR_SYNTAX, "not-ordered", "no certificate is ordered for this name",
		            "name a hosted domain; ordering needs [acme] accept_terms = yes");
	else if (e != OK)
		api_store_failed(q, e, r);
	else
		response_json(r, json_pack("{s:s, s:s, s:b}", "schema", "mxseal.cert-renew/1",
		                           "host", host, "changed", 1));
}

static bool read_files(struct api_body *b, const struct request *q, struct cert_file **out,
                       size_t *count_out)
{
	json_t *list = api_body_objects(b, "files");
	size_t count = json_array_size(list);
	struct cert_file *files = arena_calloc(q->arena, count + 1, sizeof(*files));

	if (list == NULL)
		api_body_fault(b, "files", "is missing");
	for (size_t i = 0; i < count; i++) {
		const json_t *name = json_object_get(json_array_get(list, i), "name");
		const json_t *pem = json_object_get(json_array_get(list, i), "pem");
		if (!json_is_string(name) || !json_is_string(pem)) {
			api_body_fault(b, "files", "has an item without name and pem");
			break;
		}
		files[i].name = arena_str(q->arena, slice_str(json_string_value(name)));
		files[i].pem = arena_copy(
		        q->arena, slice_of(json_string_value(pem), json_string_length(pem)));
	}
	json_decref(list);
	*out = files;
	*count_out = count;
	return b->fault == NULL;
}

void api_certs_import_files(const struct request *q, struct response *r)
{
	struct certs_files in = { .list = NULL };
	struct cert_file *files = NULL;
	struct certs_import done;
	struct refusal why;
	struct api_body b;

	api_body_open(&b, q);
	(void)read_files(&b, q, &files, &in.count); /* a fault is noted in b */
	in.list = files;
	in.dry_run = api_body_flag(&b, "dry_run");
	in.part = api_body_flag(&b, "part");
	if (!api_body_close(&b, r))
		return;
	enum err e = certs_import(q->desk, q->actor, &in, q->now, q->arena, &done, &why);
	for (size_t i = 0; i < in.count; i++)
		mem_wipe((void *)(uintptr_t)files[i].pem.p, files[i].pem.len);
	if (e != OK) {
		problem_put(r, &why);
		return;
	}
	bool served = !in.dry_run && done.seq > 0 && api_wait_served(q, done.seq);
	response_json(r, api_certs_import(&done, in.dry_run, served));
}

/* Certificates: those in use, those that are missing, and what is being done about it. */
#include "service/acme.h"
#include "store/edgedb.h"
#include "web/api_internal.h"

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
	json_t *o = api_cert(row, q->now), *order = NULL;
	enum err e = OK;

	if (slice_next(&rest, ' ', &first)) {
		e = order_json(q, first, &order);
		(void)json_object_set_new(o, "order", order);
	}
	(void)json_array_append_new(items, o);
	return e;
}

static enum err add_if_missing(const struct request *q, const char *host, json_t *items)
{
	json_t *order = NULL;
	struct cert c;
	enum err e = certs_assigned(q->desk->db, TENANT_ONLY, slice_str(host), q->arena, &c);

	if (e != ERR_NOTFOUND)
		return e;
	e = order_json(q, slice_str(host), &order);
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

static enum err add_domain(const struct request *q, const struct domain *d, json_t *items)
{
	char host[DOMAIN_NAME_MAX + 1];

	if (!d->hosted || publish_host_name(d->name, host) != OK)
		return OK;
	return d->hosting == HOSTING_HERE ? add_if_missing(q, host, items)
	                                  : add_not_ours(q, host, items);
}

static enum err add_missing_domains(const struct request *q, json_t *items)
{
	struct slice after = S("");
	size_t count = DB_LIST_MAX;
	enum err e = OK;

	while (e == OK && count == DB_LIST_MAX) {
		struct domain *list;
		e = domains_list(q->desk->db, TENANT_ONLY, after, DB_LIST_MAX, q->arena, &list,
		                 &count);
		for (size_t i = 0; e == OK && i < count; i++)
			e = add_domain(q, &list[i], items);
		if (e == OK && count > 0)
			after = slice_str(list[count - 1].name);
	}
	return e;
}

/* Hosts that edges should answer for and cannot, and those whose certificate is not ours. */
static enum err add_missing(const struct request *q, json_t *items)
{
	const char *hosts[] = { q->desk->set.service_host, q->desk->set.report_host };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(hosts); i++)
		if (hosts[i][0] != '\0')
			e = outside_is_behind(q->desk) ? add_not_ours(q, hosts[i], items)
			                               : add_if_missing(q, hosts[i], items);
	return e == OK ? add_missing_domains(q, items) : e;
}

void api_certs_list(const struct request *q, struct response *r)
{
	struct slice after = request_query(q, "cursor", 0);
	struct cert_row *rows;
	size_t count;
	json_t *items = json_array();
	enum err e = certs_list(q->desk->db, TENANT_ONLY, after.p == NULL ? S("") : after, API_PAGE,
	                        q->arena, &rows, &count);

	for (size_t i = 0; e == OK && i < count; i++)
		e = add_cert(q, &rows[i], items);
	if (e == OK && count < API_PAGE)
		e = add_missing(q, items);
	if (e == OK) {
		response_json(r,
		              api_list(items, count == API_PAGE ? rows[count - 1].cert.fingerprint
		                                                : NULL));
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

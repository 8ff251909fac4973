#include "store/certs.h"

#include "base/enc.h"
#include "store/db_internal.h"
#include "store/domains.h"

static enum err add_names(struct db *db, const struct cert *c)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < c->name_count; i++) {
		struct query q = db_query(db, SQL_CERT_NAME_ADD);

		query_int(&q, 1, c->tenant);
		query_str(&q, 2, c->fingerprint);
		query_text(&q, 3, c->names[i]);
		e = query_run(&q);
	}
	return e;
}

/* Intermediates are kept once; list gets their digests with blanks between. */
static enum err add_chain(struct db *db, const struct cert *c, struct buf *list)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < c->chain_count; i++) {
		struct query q = db_query(db, SQL_CERT_CHAIN_ADD);
		char digest[SHA256_HEX_SIZE];

		query_str(&q, 1, enc_sha256_hex(c->chain[i], digest));
		query_blob(&q, 2, c->chain[i]);
		e = query_run(&q);
		if (i > 0)
			buf_add_char(list, ' ');
		buf_add_str(list, digest);
	}
	return e;
}

static enum err add_cert(struct db *db, const struct cert *c, struct slice chain, bool *added)
{
	struct query q = db_query(db, SQL_CERT_ADD);
	const char *texts[] = { c->fingerprint, c->seal_domain, c->purpose, c->source,
		                c->key_type,    c->subject,     c->issuer,  c->note };

	query_int(&q, 1, c->tenant);
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		query_str(&q, 2 + i, texts[i]);
	query_int(&q, 10, c->not_before);
	query_int(&q, 11, c->not_after);
	query_int(&q, 12, c->added);
	query_text(&q, 13, chain);
	query_blob(&q, 14, c->der);
	query_blob(&q, 15, c->sealed_key);
	enum err e = query_run_one(&q);
	*added = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err put(struct db *db, const struct cert *c, bool *added)
{
	struct buf chain;

	buf_init(&chain, (size_t)CERT_CHAIN_MAX * SHA256_HEX_SIZE);
	enum err e = add_chain(db, c, &chain);
	if (e == OK)
		e = add_cert(db, c, buf_slice(&chain), added);
	if (e == OK && *added)
		e = add_names(db, c);
	buf_fini(&chain);
	return e;
}

enum err certs_put(struct db *db, const struct cert *c, bool *new_out)
{
	bool added = false;

	if (c->chain_count > CERT_CHAIN_MAX || c->name_count > CERT_NAMES_MAX)
		return ERR_LIMIT;

	enum err e = db_begin(db);
	if (e == OK)
		e = db_end(db, put(db, c, &added));
	if (e == OK)
		*new_out = added;
	return e;
}

enum err certs_reseal(struct db *db, const struct cert *c)
{
	struct query q = db_query(db, SQL_CERT_RESEAL);

	query_int(&q, 1, c->tenant);
	query_str(&q, 2, c->fingerprint);
	query_str(&q, 3, c->seal_domain);
	query_str(&q, 4, c->purpose);
	query_blob(&q, 5, c->sealed_key);
	return query_run_one(&q);
}

/* All but names and chain; *chain gets the list of digests. */
static void read_row(struct query *q, struct arena *a, struct cert *c, struct slice *chain)
{
	const char **texts[] = { &c->fingerprint, &c->seal_domain, &c->purpose, &c->source,
		                 &c->key_type,    &c->subject,     &c->issuer,  &c->note };

	c->tenant = query_get_int(q, 0);
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		*texts[i] = query_copy_str(q, 1 + i, a);
	c->not_before = query_get_int(q, 9);
	c->not_after = query_get_int(q, 10);
	c->added = query_get_int(q, 11);
	*chain = query_copy(q, 12, a);
	c->der = query_copy(q, 13, a);
	c->sealed_key = query_copy(q, 14, a);
}

static enum err read_names(struct db *db, struct cert *c, struct arena *a)
{
	struct query q = db_query(db, SQL_CERT_NAMES);
	struct rows r = ROWS(struct slice);

	query_int(&q, 1, c->tenant);
	query_str(&q, 2, c->fingerprint);
	while (query_row(&q)) {
		struct slice *name = rows_add(&r, a);

		*name = query_copy(&q, 0, a);
	}
	c->names = r.items;
	c->name_count = r.count;
	return query_end(&q);
}

static enum err read_link(struct db *db, struct slice digest, struct arena *a, struct slice *out)
{
	struct query q = db_query(db, SQL_CERT_CHAIN);

	query_text(&q, 1, digest);
	bool found = query_row(&q);
	if (found)
		*out = query_copy(&q, 0, a);
	enum err e = query_end(&q);
	return e == OK && !found ? ERR_IO : e;
}

static enum err read_chain(struct db *db, struct cert *c, struct slice list, struct arena *a)
{
	struct slice *chain = arena_calloc(a, CERT_CHAIN_MAX, sizeof(*chain));
	struct slice digest;
	enum err e = OK;

	while (e == OK && c->chain_count < CERT_CHAIN_MAX && slice_next(&list, ' ', &digest))
		e = read_link(db, digest, a, &chain[c->chain_count++]);
	c->chain = chain;
	return e;
}

/* The one row of q, whole. */
static enum err read_one(struct db *db, struct query *q, struct arena *a, struct cert *out)
{
	struct cert c = { 0 };
	struct slice chain = { 0 };
	bool found = query_row(q);

	if (found)
		read_row(q, a, &c, &chain);
	enum err e = query_end_found(q, found);
	if (e == OK)
		e = read_names(db, &c, a);
	if (e == OK)
		e = read_chain(db, &c, chain, a);
	if (e == OK)
		*out = c;
	return e;
}

enum err certs_get(struct db *db, int64_t tenant, struct slice fingerprint, struct arena *a,
                   struct cert *out)
{
	struct query q = db_query(db, SQL_CERT_GET);

	query_int(&q, 1, tenant);
	query_text(&q, 2, fingerprint);
	return read_one(db, &q, a, out);
}

enum err certs_for_name(struct db *db, int64_t tenant, struct slice host, int64_t now,
                        struct arena *a, struct cert *out)
{
	struct query q = db_query(db, SQL_CERT_FOR_NAME);
	struct slice label, rest = { "", 0 };
	const char *wild = "";

	if (slice_cut(host, '.', &label, &rest))
		wild = arena_printf(a, "*.%.*s", SLICE_ARGS(rest));
	query_int(&q, 1, tenant);
	query_text(&q, 2, host);
	query_str(&q, 3, wild);
	query_int(&q, 4, now);
	return read_one(db, &q, a, out);
}

enum err certs_assign(struct db *db, int64_t tenant, struct slice host, struct slice fingerprint,
                      int64_t now)
{
	struct query q = db_query(db, SQL_CERT_ASSIGN);

	query_int(&q, 1, tenant);
	query_text(&q, 2, host);
	query_text(&q, 3, fingerprint);
	query_int(&q, 4, now);
	enum err e = query_run(&q);
	return e == ERR_CONFLICT ? ERR_NOTFOUND : e; /* the foreign key */
}

enum err certs_unassign(struct db *db, int64_t tenant, struct slice host)
{
	struct query q = db_query(db, SQL_CERT_UNASSIGN);

	query_int(&q, 1, tenant);
	query_text(&q, 2, host);
	return query_run(&q);
}

static enum err drop_row(struct db *db, enum sql statement, int64_t tenant,
                         struct slice fingerprint)
{
	struct query q = db_query(db, statement);

	query_int(&q, 1, tenant);
	query_text(&q, 2, fingerprint);
	return query_run_one(&q);
}

enum err certs_forget(struct db *db, int64_t tenant, struct slice fingerprint, bool *gone_out)
{
	bool gone = false;
	enum err e = db_begin(db);

	if (e != OK)
		return e;
	e = drop_row(db, SQL_CERT_NAME_DROP, tenant, fingerprint);
	if (e == OK)
		e = drop_row(db, SQL_CERT_DROP, tenant, fingerprint);
	gone = e == OK;
	e = db_end(db, e == ERR_NOTFOUND ? OK : e);
	if (e == OK)
		*gone_out = gone;
	return e;
}

enum err certs_assigned(struct db *db, int64_t tenant, struct slice host, struct arena *a,
                        struct cert *out)
{
	struct query q = db_query(db, SQL_CERT_ASSIGNED);

	query_int(&q, 1, tenant);
	query_text(&q, 2, host);
	return read_one(db, &q, a, out);
}

enum err certs_hosted(struct db *db, int64_t tenant, struct slice after, size_t limit,
                      struct arena *a, struct cert_hosted **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_CERT_HOSTED);
	struct rows r = ROWS(struct cert_hosted);

	query_int(&q, 1, tenant);
	query_text(&q, 2, after);
	query_int(&q, 3, (int64_t)db_limit(limit));
	while (query_row(&q)) {
		struct cert_hosted *h = rows_add(&r, a);

		h->domain = query_copy_str(&q, 0, a);
		h->ours = slice_eq(query_get(&q, 1), slice_str(domain_hosting_name(HOSTING_HERE)));
		h->used = query_get_int(&q, 2) != 0;
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

static enum err read_hosts(struct db *db, struct cert_row *row, struct arena *a)
{
	struct query q = db_query(db, SQL_CERT_HOSTS);

	row->hosts = "";
	query_int(&q, 1, row->cert.tenant);
	query_str(&q, 2, row->cert.fingerprint);
	while (query_row(&q))
		row->hosts = arena_printf(a, "%s%s%s", row->hosts, row->hosts[0] == '\0' ? "" : " ",
		                          query_copy_str(&q, 0, a));
	return query_end(&q);
}

enum err certs_list(struct db *db, int64_t tenant, struct slice after, size_t limit,
                    struct arena *a, struct cert_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_CERT_LIST);
	struct rows r = ROWS(struct cert_row);

	query_int(&q, 1, tenant);
	query_text(&q, 2, after);
	query_int(&q, 3, (int64_t)db_limit(limit));
	while (query_row(&q)) {
		struct cert_row *row = rows_add(&r, a);
		struct slice chain;

		read_row(&q, a, &row->cert, &chain);
		row->cert.der = S("");
	}
	enum err e = query_end(&q);
	struct cert_row *rows = r.items;
	for (size_t i = 0; e == OK && i < r.count; i++) {
		e = read_names(db, &rows[i].cert, a);
		if (e == OK)
			e = read_hosts(db, &rows[i], a);
	}
	if (e != OK)
		return e;
	*out = rows;
	*count_out = r.count;
	return OK;
}

#include "store/domains.h"

#include "store/db_internal.h"
#include "store/policies.h"

static const char *const stages[] = {
	[STAGE_OFF] = "off",         [STAGE_OBSERVE] = "observe", [STAGE_TESTING] = "testing",
	[STAGE_ENFORCE] = "enforce", [STAGE_RETIRE] = "retire",
};
static const char *const hostings[] = {
	[HOSTING_HERE] = "here",
	[HOSTING_BEHIND] = "behind",
	[HOSTING_EXTERNAL] = "external",
};
static const char *const ways[] = {
	[WAY_CNAME] = "cname",
	[WAY_TXT] = "txt",
	[WAY_UPDATE] = "update",
	[WAY_ADDRESS] = "address",
};

const char *domain_stage_name(enum domain_stage s)
{
	return stages[s];
}

const char *domain_hosting_name(enum domain_hosting h)
{
	return hostings[h];
}

const char *domain_way_name(enum domain_way w)
{
	return ways[w];
}

enum err domain_stage_parse(struct slice s, enum domain_stage *out)
{
	size_t i = 0;
	enum err e = db_word(s, stages, ARRAY_LEN(stages), &i);

	if (e == OK)
		*out = (enum domain_stage)i;
	return e;
}

enum err domain_hosting_parse(struct slice s, enum domain_hosting *out)
{
	size_t i = 0;
	enum err e = db_word(s, hostings, ARRAY_LEN(hostings), &i);

	if (e == OK)
		*out = (enum domain_hosting)i;
	return e;
}

enum err domain_way_parse(struct slice s, enum domain_way *out)
{
	size_t i = 0;
	enum err e = db_word(s, ways, ARRAY_LEN(ways), &i);

	if (e == OK)
		*out = (enum domain_way)i;
	return e;
}

/* Binds stage, profile, hosting, the three ways and rua from parameter n on. */
static void bind_settings(struct query *q, int n, const struct domain *d)
{
	query_str(q, n, stages[d->stage]);
	query_str(q, n + 1, slice_is_empty(slice_str(d->profile)) ? "default" : d->profile);
	query_str(q, n + 2, hostings[d->hosting]);
	for (int i = 0; i < RECORD_COUNT; i++)
		query_str(q, n + 3 + i, ways[d->way[i]]);
	query_str(q, n + 6, d->rua);
}

static enum err insert(struct db *db, const struct domain *d, int64_t now, int64_t *id)
{
	struct query q = db_query(db, SQL_DOMAIN_ADD);

	*id = db_new_id(db, now);
	query_int(&q, 1, *id);
	query_int(&q, 2, d->tenant);
	query_str(&q, 3, d->name);
	bind_settings(&q, 4, d);
	query_str(&q, 11, d->tag);
	query_str(&q, 12, d->claim);
	query_int(&q, 13, d->hosted);
	query_int(&q, 14, now);
	return query_run(&q);
}

/* A row with that name, whether in sight or not. */
struct known {
	int64_t id;
	bool removed, hosted;
	const char *tag;
};

static enum err find(struct db *db, const struct domain *d, struct arena *a, struct known *out)
{
	struct query q = db_query(db, SQL_DOMAIN_ANY_BY_NAME);

	query_int(&q, 1, d->tenant);
	query_str(&q, 2, d->name);
	bool found = query_row(&q);
	if (found)
		*out = (struct known){ query_get_int(&q, 0), query_get_int(&q, 1) != 0,
			               query_get_int(&q, 2) != 0, query_copy_str(&q, 3, a) };
	return query_end_found(&q, found);
}

/* Back into sight; an observed domain that becomes hosted keeps its tag. */
static enum err revive(struct db *db, const struct domain *d, const struct known *k, int64_t now)
{
	struct query q = db_query(db, SQL_DOMAIN_REVIVE);

	query_int(&q, 1, k->id);
	bind_settings(&q, 2, d);
	query_str(&q, 9, k->removed ? d->tag : k->tag);
	query_str(&q, 10, d->claim);
	query_int(&q, 11, d->hosted);
	query_int(&q, 12, now);
	return query_run_one(&q);
}

static enum err add(struct db *db, const struct domain *d, int64_t now, struct arena *a,
                    int64_t *id)
{
	struct known k = { 0 };
	enum err e = find(db, d, a, &k);

	if (e == ERR_NOTFOUND)
		return insert(db, d, now, id);
	if (e != OK)
		return e;
	if (!k.removed && (k.hosted || !d->hosted))
		return ERR_CONFLICT;
	*id = k.id;
	return revive(db, d, &k, now);
}

enum err domains_add(struct db *db, const struct domain *d, int64_t now, int64_t *id_out)
{
	if (slice_str(d->name).len > DOMAIN_NAME_MAX || slice_str(d->rua).len > DOMAIN_RUA_MAX)
		return ERR_LIMIT;

	struct arena *a = arena_new();
	int64_t id = 0;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, add(db, d, now, a, &id));
	arena_free(a);
	if (e == OK && id_out != NULL)
		*id_out = id;
	return e;
}

static enum err update(struct db *db, const struct domain *d, int64_t revision)
{
	struct arena *a = arena_new();
	struct domain now;
	enum err e = domains_by_id(db, d->id, a, &now);

	if (e == OK && revision != 0 && now.revision != revision)
		e = ERR_CONFLICT;
	if (e == OK) {
		struct query q = db_query(db, SQL_DOMAIN_UPDATE);

		query_int(&q, 1, d->id);
		bind_settings(&q, 2, d);
		query_int(&q, 9, d->hosted);
		e = query_run_one(&q);
	}
	arena_free(a);
	return e;
}

enum err domains_update(struct db *db, const struct domain *d, int64_t revision)
{
	if (slice_str(d->rua).len > DOMAIN_RUA_MAX)
		return ERR_LIMIT;

	enum err e = db_begin(db);
	return e == OK ? db_end(db, update(db, d, revision)) : e;
}

enum err domains_rotate_tag(struct db *db, int64_t id, const char *tag, int64_t now)
{
	struct query q = db_query(db, SQL_DOMAIN_ROTATE);

	query_int(&q, 1, id);
	query_str(&q, 2, tag);
	query_int(&q, 3, now + DOMAIN_TAG_GRACE);
	return query_run_one(&q);
}

enum err domains_mark_claim_seen(struct db *db, int64_t id, const char *claim, int64_t now)
{
	struct query q = db_query(db, SQL_DOMAIN_CLAIM_SEEN);

	query_int(&q, 1, id);
	query_int(&q, 2, now);
	query_str(&q, 3, claim);
	return query_run_one(&q);
}

static enum err remove_row(struct db *db, int64_t id, int64_t now)
{
	struct query q = db_query(db, SQL_DOMAIN_REMOVE);

	query_int(&q, 1, id);
	query_int(&q, 2, now);
	enum err e = query_run_one(&q);
	known_forget(db->known);
	return e == OK ? policies_mark_stopped(db, id, now) : e;
}

enum err domains_remove(struct db *db, int64_t id, int64_t now)
{
	enum err e = db_begin(db);

	return e == OK ? db_end(db, remove_row(db, id, now)) : e;
}

/* A word that this program does not know comes from a newer one, which db_open refuses. */
static size_t word_at(struct query *q, int column, const char *const *words, size_t count)
{
	size_t i = 0;

	return db_word(query_get(q, column), words, count, &i) == OK ? i : 0;
}

static void read_row(struct query *q, struct arena *a, struct domain *d)
{
	d->id = query_get_int(q, 0);
	d->tenant = query_get_int(q, 1);
	d->name = query_copy_str(q, 2, a);
	d->stage = (enum domain_stage)word_at(q, 3, stages, ARRAY_LEN(stages));
	d->profile = query_copy_str(q, 4, a);
	d->hosting = (enum domain_hosting)word_at(q, 5, hostings, ARRAY_LEN(hostings));
	for (int i = 0; i < RECORD_COUNT; i++)
		d->way[i] = (enum domain_way)word_at(q, 6 + i, ways, ARRAY_LEN(ways));
	d->rua = query_copy_str(q, 9, a);
	d->tag = query_copy_str(q, 10, a);
	d->tag_before = query_copy_str(q, 11, a);
	d->tag_before_until = query_get_int(q, 12);
	d->claim = query_copy_str(q, 13, a);
	d->hosted = query_get_int(q, 14) != 0;
	d->added = query_get_int(q, 15);
	d->revision = query_get_int(q, 16);
	d->claim_seen = query_get_int(q, 17);
}

static enum err read_one(struct query *q, struct arena *a, struct domain *out)
{
	struct domain d = { 0 };
	bool found = query_row(q);

	if (found)
		read_row(q, a, &d);
	enum err e = query_end_found(q, found);
	if (e == OK)
		*out = d;
	return e;
}

enum err domains_by_name(struct db *db, int64_t tenant, struct slice name, struct arena *a,
                         struct domain *out)
{
	struct query q = db_query(db, SQL_DOMAIN_BY_NAME);

	query_int(&q, 1, tenant);
	query_text(&q, 2, name);
	return read_one(&q, a, out);
}

enum err domains_by_id(struct db *db, int64_t id, struct arena *a, struct domain *out)
{
	struct query q = db_query(db, SQL_DOMAIN_BY_ID);

	query_int(&q, 1, id);
	return read_one(&q, a, out);
}

enum err domains_by_tag(struct db *db, struct slice tag, int64_t now, struct arena *a,
                        struct domain *out)
{
	struct query q = db_query(db, SQL_DOMAIN_BY_TAG);

	query_text(&q, 1, tag);
	query_int(&q, 2, now);
	return read_one(&q, a, out);
}

enum err domains_list(struct db *db, int64_t tenant, struct slice after, size_t limit,
                      struct arena *a, struct domain **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_DOMAIN_LIST);
	struct rows r = ROWS(struct domain);

	query_int(&q, 1, tenant);
	query_text(&q, 2, after);
	query_int(&q, 3, (int64_t)db_limit(limit));
	while (query_row(&q))
		read_row(&q, a, rows_add(&r, a));
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

enum err domains_count_stages(struct db *db, int64_t tenant, int64_t counts_out[STAGE_COUNT])
{
	struct query q = db_query(db, SQL_DOMAIN_COUNT_STAGES);
	int64_t counts[STAGE_COUNT] = { 0 };

	query_int(&q, 1, tenant);
	while (query_row(&q))
		counts[word_at(&q, 0, stages, ARRAY_LEN(stages))] += query_get_int(&q, 1);
	enum err e = query_end(&q);
	if (e == OK)
		memcpy(counts_out, counts, sizeof(counts));
	return e;
}

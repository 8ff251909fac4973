#include "store/audit.h"

#include <sodium.h>

#include "store/db_internal.h"

#define SALT_SIZE 16u
#define PERSONAL_MAX 4096u /* actor and detail each */
#define HASHED_MAX 65536u

static void add_part(struct buf *b, struct slice s)
{
	buf_printf(b, "%zu:", s.len);
	buf_add(b, s);
}

/* What stands for actor and detail in the chain, so that they can go and the chain still holds. */
static void personal_digest(struct slice salt, const struct audit_entry *e,
                            char out[SHA256_HEX_SIZE])
{
	struct buf b;

	buf_init(&b, HASHED_MAX);
	add_part(&b, salt);
	add_part(&b, e->actor);
	add_part(&b, e->detail);
	(void)enc_sha256_hex(buf_slice(&b), out); /* returns out */
	buf_fini(&b);
}

static void entry_digest(struct slice before, int64_t tenant, const struct audit_entry *e,
                         const char *personal, char out[SHA256_HEX_SIZE])
{
	struct buf b;

	buf_init(&b, HASHED_MAX);
	add_part(&b, before);
	buf_printf(&b, "%lld:%lld:%lld:", (long long)tenant, (long long)e->seq, (long long)e->at);
	add_part(&b, slice_str(e->action));
	add_part(&b, slice_str(e->object));
	add_part(&b, slice_str(personal));
	(void)enc_sha256_hex(buf_slice(&b), out); /* returns out */
	buf_fini(&b);
}

static enum err last(struct db *db, int64_t tenant, struct arena *a, int64_t *seq,
                     struct slice *hash)
{
	struct query q = db_query(db, SQL_AUDIT_LAST);

	query_int(&q, 1, tenant);
	if (query_row(&q)) {
		*seq = query_get_int(&q, 0);
		*hash = query_copy(&q, 1, a);
	}
	return query_end(&q);
}

static enum err add(struct db *db, int64_t tenant, struct audit_entry *e, struct arena *a)
{
	char personal[SHA256_HEX_SIZE];
	unsigned char salt[SALT_SIZE];
	struct slice before = { "", 0 };
	enum err err = last(db, tenant, a, &e->seq, &before);

	if (err != OK)
		return err;
	e->seq++;
	randombytes_buf(salt, sizeof(salt));
	personal_digest(slice_of(salt, sizeof(salt)), e, personal);
	entry_digest(before, tenant, e, personal, e->hash);

	struct query q = db_query(db, SQL_AUDIT_ADD);
	query_int(&q, 1, tenant);
	query_int(&q, 2, e->seq);
	query_int(&q, 3, e->at);
	query_str(&q, 4, e->action);
	query_str(&q, 5, e->object);
	query_text(&q, 6, e->actor);
	query_text(&q, 7, e->detail);
	query_blob(&q, 8, slice_of(salt, sizeof(salt)));
	query_str(&q, 9, personal);
	query_str(&q, 10, e->hash);
	return query_run(&q);
}

enum err audit_add(struct db *db, int64_t tenant, const struct audit_entry *e, int64_t *seq_out)
{
	struct arena *a = arena_new();
	struct audit_entry entry = *e;

	entry.seq = 0;
	entry.actor = db_clean(e->actor, PERSONAL_MAX, a);
	entry.detail = db_clean(e->detail, PERSONAL_MAX, a);
	enum err err = db_begin(db);
	if (err == OK)
		err = db_end(db, add(db, tenant, &entry, a));
	arena_free(a);
	if (err == OK && seq_out != NULL)
		*seq_out = entry.seq;
	return err;
}

enum err audit_list(struct db *db, int64_t tenant, const char *object, int64_t before, size_t limit,
                    struct arena *a, struct audit_entry **out, size_t *count_out)
{
	bool all = slice_is_empty(slice_str(object));
	struct query q = db_query(db, all ? SQL_AUDIT_LIST : SQL_AUDIT_LIST_OBJECT);
	struct rows r = ROWS(struct audit_entry);

	query_int(&q, 1, tenant);
	query_int(&q, 2, before == 0 ? INT64_MAX : before);
	query_int(&q, 3, (int64_t)db_limit(limit));
	if (!all)
		query_str(&q, 4, object);
	while (query_row(&q)) {
		struct audit_entry *e = rows_add(&r, a);
		struct slice hash = slice_head(query_get(&q, 7), SHA256_HEX_SIZE - 1);

		e->seq = query_get_int(&q, 0);
		e->at = query_get_int(&q, 1);
		e->action = query_copy_str(&q, 2, a);
		e->object = query_copy_str(&q, 3, a);
		e->actor = query_copy(&q, 4, a);
		e->detail = query_copy(&q, 5, a);
		e->purged = query_get_int(&q, 6) != 0;
		memcpy(e->hash, hash.p, hash.len);
	}
	enum err err = query_end(&q);
	if (err != OK)
		return err;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

enum err audit_purge(struct db *db, int64_t tenant, int64_t before)
{
	struct query q = db_query(db, SQL_AUDIT_PURGE);

	query_int(&q, 1, tenant);
	query_int(&q, 2, before);
	query_blob(&q, 3, S("")); /* the salt goes too, so that nobody can guess what was there */
	return query_run(&q);
}

/* Whether the row of q follows the entry with that number and hash. */
static bool row_fits(struct query *q, int64_t tenant, int64_t seq, struct slice before,
                     struct arena *a, char hash[SHA256_HEX_SIZE])
{
	char personal[SHA256_HEX_SIZE];
	struct audit_entry e = {
		.seq = query_get_int(q, 0),
		.at = query_get_int(q, 1),
		.action = query_copy_str(q, 2, a),
		.object = query_copy_str(q, 3, a),
		.actor = query_copy(q, 4, a),
		.detail = query_copy(q, 5, a),
		.purged = query_get_int(q, 8) != 0,
	};
	struct slice stored = query_copy(q, 7, a);

	personal_digest(query_copy(q, 6, a), &e, personal);
	if (!e.purged && !slice_eq(stored, slice_str(personal)))
		return false;
	entry_digest(before, tenant, &e, arena_str(a, stored), hash);
	return e.seq == seq && slice_eq(query_get(q, 9), slice_str(hash));
}

enum err audit_verify(struct db *db, int64_t tenant, int64_t *bad_out)
{
	struct query q = db_query(db, SQL_AUDIT_CHAIN);
	struct arena *a = arena_new();
	char before[SHA256_HEX_SIZE] = "", hash[SHA256_HEX_SIZE];
	int64_t seq = 1, bad = 0;

	query_int(&q, 1, tenant);
	for (; bad == 0 && query_row(&q); seq++) {
		if (!row_fits(&q, tenant, seq, slice_str(before), a, hash))
			bad = seq;
		memcpy(before, hash, sizeof(before));
		arena_reset(a);
	}
	arena_free(a);
	enum err e = query_end(&q);
	if (e != OK || bad == 0)
		return e;
	if (bad_out != NULL)
		*bad_out = bad;
	return ERR_CRYPTO;
}

#include "store/signatures.h"

#include "store/db_internal.h"

/* Many mails are signed with one key: its record is kept once. */
static enum err put_key(struct db *db, struct slice record, char digest[SHA256_HEX_SIZE])
{
	struct query q = db_query(db, SQL_SIGNER_KEY_ADD);

	query_str(&q, 1, enc_sha256_hex(record, digest));
	query_text(&q, 2, record);
	return query_run(&q);
}

static enum err add(struct db *db, const char *sha256, size_t number,
                    const struct signature_row *row, struct arena *a)
{
	struct slice key = db_clean(row->key, SIGNATURE_KEY_MAX, a);
	char digest[SHA256_HEX_SIZE] = "";
	enum err e = key.len == 0 ? OK : put_key(db, key, digest);

	if (e != OK)
		return e;
	struct query q = db_query(db, SQL_SIGNATURE_ADD);
	query_str(&q, 1, sha256);
	query_int(&q, 2, (int64_t)number);
	query_text(&q, 3, row->domain);
	query_text(&q, 4, row->selector);
	query_str(&q, 5, row->algorithm);
	query_str(&q, 6, row->result);
	query_str(&q, 7, digest);
	query_int(&q, 8, row->key_bits);
	query_int(&q, 9, row->secure);
	query_int(&q, 10, row->checked);
	return query_run(&q);
}

static enum err put_all(struct db *db, const char *sha256, const struct signature_row *rows,
                        size_t count)
{
	struct arena *a = arena_new();
	struct query q = db_query(db, SQL_SIGNATURE_DROP);

	query_str(&q, 1, sha256);
	enum err e = query_run(&q);
	for (size_t i = 0; e == OK && i < count; i++)
		e = add(db, sha256, i, &rows[i], a);
	arena_free(a);
	return e;
}

enum err signatures_put(struct db *db, const char *sha256, const struct signature_row *rows,
                        size_t count)
{
	enum err e = db_begin(db);

	return e == OK ? db_end(db, put_all(db, sha256, rows, count)) : e;
}

enum err signatures_list(struct db *db, const char *sha256, struct arena *a,
                         struct signature_row **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_SIGNATURE_LIST);
	struct rows r = ROWS(struct signature_row);

	query_str(&q, 1, sha256);
	while (query_row(&q)) {
		struct signature_row *row = rows_add(&r, a);

		row->domain = query_copy(&q, 0, a);
		row->selector = query_copy(&q, 1, a);
		row->algorithm = query_copy_str(&q, 2, a);
		row->result = query_copy_str(&q, 3, a);
		row->key = query_copy(&q, 4, a);
		row->key_bits = query_get_int(&q, 5);
		row->secure = query_get_int(&q, 6) != 0;
		row->checked = query_get_int(&q, 7);
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	*out = r.items;
	*count_out = r.count;
	return OK;
}

#include "store/orders.h"

#include <assert.h>

#include "store/db_internal.h"

static const char *const states[ORDER_STATES] = {
	[ORDER_IDLE] = "idle",       [ORDER_WANTED] = "wanted", [ORDER_PLACED] = "placed",
	[ORDER_OFFERED] = "offered", [ORDER_ASKED] = "asked",   [ORDER_PROVED] = "proved",
	[ORDER_SIGNING] = "signing",
};

const char *order_state_name(enum order_state s)
{
	assert(s < ORDER_STATES);
	return states[s];
}

static enum err add_service_host(struct db *db, const char *host, int64_t now)
{
	struct query q = db_query(db, SQL_ORDER_ADD_SERVICE);

	query_int(&q, 1, TENANT_ONLY);
	query_str(&q, 2, host);
	query_int(&q, 3, now);
	return query_run(&q);
}

static enum err follow_service(struct db *db, const char *const hosts[2], int64_t now)
{
	struct query q = db_query(db, SQL_ORDER_DROP_SERVICE);

	query_str(&q, 1, hosts[0]);
	query_str(&q, 2, hosts[1]);
	enum err e = query_run(&q);
	for (size_t i = 0; e == OK && i < 2; i++)
		if (hosts[i][0] != '\0')
			e = add_service_host(db, hosts[i], now);
	return e;
}

static enum err follow_domains(struct db *db, int64_t now)
{
	struct query q = db_query(db, SQL_ORDER_DROP_DOMAINS);
	enum err e = query_run(&q);

	if (e != OK)
		return e;
	q = db_query(db, SQL_ORDER_ADD_DOMAINS);
	query_int(&q, 1, now);
	e = query_run(&q);
	if (e != OK)
		return e;
	q = db_query(db, SQL_ORDER_FOLLOWED);
	return query_run(&q);
}

enum err orders_follow(struct db *db, const char *const service_hosts[2], int64_t now)
{
	enum err e = db_begin(db);

	if (e != OK)
		return e;
	e = follow_service(db, service_hosts, now);
	return db_end(db, e == OK ? follow_domains(db, now) : e);
}

static void read_row(struct query *q, struct arena *a, struct order *o)
{
	struct slice word;
	size_t state = ORDER_WANTED;

	o->tenant = query_get_int(q, 0);
	o->host = query_copy_str(q, 1, a);
	o->domain = query_get_int(q, 2);
	word = query_get(q, 3);
	if (db_word(word, states, ORDER_STATES, &state) == OK)
		o->state = (enum order_state)state;
	int64_t *numbers[] = { &o->due, &o->rank,     &o->tries,  &o->faults,
		               &o->seq, &o->renew_at, &o->started };
	const char **texts[] = { &o->why,           &o->problem,
		                 &o->order_url,     &o->authorization_url,
		                 &o->challenge_url, &o->method,
		                 &o->replaces,      &o->explanation };
	for (int i = 0; i < (int)ARRAY_LEN(numbers); i++)
		*numbers[i] = query_get_int(q, 4 + i);
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		*texts[i] = query_copy_str(q, 11 + i, a);
	o->sealed_key = query_copy(q, 19, a);
}

static enum err read_one(struct query *q, struct arena *a, struct order *out)
{
	struct order o = { .state = ORDER_WANTED };
	bool found = query_row(q);

	if (found)
		read_row(q, a, &o);
	enum err e = query_run(q);
	if (e == OK && !found)
		e = ERR_NOTFOUND;
	if (e == OK)
		*out = o;
	return e;
}

enum err orders_claim(struct db *db, int64_t now, int64_t lease_s, struct arena *a,
                      struct order *out)
{
	struct query q = db_query(db, SQL_ORDER_CLAIM);

	query_int(&q, 1, now);
	query_int(&q, 2, now + lease_s);
	return read_one(&q, a, out);
}

enum err orders_clear(struct db *db)
{
	static const enum sql parts[] = { SQL_ORDER_CLEAR, SQL_ORDER_FORGET };
	enum err e = db_begin(db);

	if (e != OK)
		return e;
	for (size_t i = 0; e == OK && i < ARRAY_LEN(parts); i++) {
		struct query q = db_query(db, parts[i]);
		e = query_run(&q);
	}
	return db_end(db, e);
}

enum err orders_unclaim_all(struct db *db)
{
	struct query q = db_query(db, SQL_ORDER_UNCLAIM);

	return query_run(&q);
}

enum err orders_put(struct db *db, const struct order *o)
{
	struct query q = db_query(db, SQL_ORDER_PUT);
	const int64_t numbers[] = { o->due, o->rank,     o->tries,  o->faults,
		                    o->seq, o->renew_at, o->started };
	const char *texts[] = { o->why,           o->problem, o->order_url, o->authorization_url,
		                o->challenge_url, o->method,  o->replaces,  o->explanation };

	query_int(&q, 1, o->tenant);
	query_str(&q, 2, o->host);
	query_str(&q, 3, order_state_name(o->state));
	for (int i = 0; i < (int)ARRAY_LEN(numbers); i++)
		query_int(&q, 4 + i, numbers[i]);
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		query_str(&q, 11 + i, texts[i]);
	query_blob(&q, 19, o->sealed_key);
	return query_run_one(&q);
}

enum err orders_get(struct db *db, int64_t tenant, struct slice host, struct arena *a,
                    struct order *out)
{
	struct query q = db_query(db, SQL_ORDER_GET);

	query_int(&q, 1, tenant);
	query_text(&q, 2, host);
	return read_one(&q, a, out);
}

enum err orders_list(struct db *db, int64_t tenant, struct slice after, size_t limit,
                     struct arena *a, struct order **out, size_t *count_out)
{
	struct query q = db_query(db, SQL_ORDER_LIST);
	struct rows r = ROWS(struct order);

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

enum err orders_count(struct db *db, int64_t tenant, int64_t counts_out[ORDER_STATES],
                      int64_t *waiting_out)
{
	struct query q = db_query(db, SQL_ORDER_COUNT);
	int64_t counts[ORDER_STATES] = { 0 }, waiting = 0;
	size_t state;

	query_int(&q, 1, tenant);
	while (query_row(&q)) {
		if (db_word(query_get(&q, 0), states, ORDER_STATES, &state) == OK)
			counts[state] = query_get_int(&q, 1);
		waiting += query_get_int(&q, 2);
	}
	enum err e = query_end(&q);
	if (e != OK)
		return e;
	memcpy(counts_out, counts, sizeof(counts));
	*waiting_out = waiting;
	return OK;
}

enum err orders_hurry(struct db *db, int64_t tenant, struct slice host, int64_t now)
{
	struct query q = db_query(db, SQL_ORDER_HURRY);

	query_int(&q, 1, tenant);
	query_text(&q, 2, host);
	query_int(&q, 3, now);
	return query_run_one(&q);
}

enum err orders_spend(struct db *db, const char *directory, const struct order *o, int64_t now,
                      int64_t *id_out)
{
	struct query q = db_query(db, SQL_ORDER_SPEND);
	int64_t id = db_new_id(db, now);

	query_int(&q, 1, id);
	query_str(&q, 2, directory);
	query_int(&q, 3, o->tenant);
	query_str(&q, 4, o->host);
	query_int(&q, 5, now);
	enum err e = query_run(&q);
	if (e == OK)
		*id_out = id;
	return e;
}

enum err orders_refund(struct db *db, int64_t id)
{
	struct query q = db_query(db, SQL_ORDER_REFUND);

	query_int(&q, 1, id);
	return query_run(&q);
}

enum err orders_spent(struct db *db, const char *directory, int64_t tenant, int64_t since,
                      struct orders_spent *out)
{
	struct query q = db_query(db, SQL_ORDER_SPENT);
	struct orders_spent s = { 0 };

	query_str(&q, 1, directory);
	query_int(&q, 2, since);
	query_int(&q, 3, tenant);
	if (query_row(&q)) {
		s.all = query_get_int(&q, 0);
		s.of_tenant = query_get_int(&q, 1);
		s.oldest = query_get_int(&q, 2);
		s.tenants = query_get_int(&q, 3);
	}
	enum err e = query_end(&q);
	if (e == OK)
		*out = s;
	return e;
}

enum err order_account_get(struct db *db, const char *directory, struct arena *a,
                           struct order_account *out)
{
	struct query q = db_query(db, SQL_ORDER_ACCOUNT_GET);
	struct order_account account = { .url = "" };

	query_str(&q, 1, directory);
	bool found = query_row(&q);
	if (found) {
		account.url = query_copy_str(&q, 0, a);
		account.sealed_key = query_copy(&q, 1, a);
	}
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = account;
	return e;
}

enum err order_account_put(struct db *db, const char *directory,
                           const struct order_account *account, int64_t now)
{
	struct query q = db_query(db, SQL_ORDER_ACCOUNT_PUT);

	query_str(&q, 1, directory);
	query_str(&q, 2, account->url);
	query_blob(&q, 3, account->sealed_key);
	query_int(&q, 4, now);
	return query_run(&q);
}

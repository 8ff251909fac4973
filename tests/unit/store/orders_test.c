#include "store/orders.h"

#include "store/domains.h"
#include "store/fixture.h"

static int64_t add_domain(struct fixture *f, const char *name, bool hosted)
{
	struct domain d = { .tenant = TENANT_ONLY,
		            .name = name,
		            .profile = "default",
		            .rua = "",
		            .tag = name,
		            .tag_before = "",
		            .claim = "c",
		            .hosted = hosted };
	int64_t id = 0;

	assert_int_equal(domains_add(f->db, &d, NOON, &id), OK);
	return id;
}

static const char *const hosts[2] = { "admin.example", "reports.example" }, *const one_host[2] = {
	"admin.example", ""
};

/* All rows as "host/state/rank ". */
static const char *listing(struct fixture *f)
{
	struct order *list = NULL;
	size_t count = 0;
	const char *text = "";

	assert_int_equal(orders_list(f->db, TENANT_ONLY, S(""), 100, f->a, &list, &count), OK);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(f->a, "%s%s/%s/%d ", text, list[i].host,
		                    order_state_name(list[i].state), (int)list[i].rank);
	return text;
}

TEST(following)
{
	struct fixture f;
	int64_t id, counts[ORDER_STATES], waiting;

	fixture_open(&f);
	id = add_domain(&f, "a.example", true);
	(void)add_domain(&f, "seen.example", false);
	EXPECT(orders_follow(f.db, hosts, NOON) == OK, "followed");
	EXPECT_SLICE(slice_str(listing(&f)),
	             S("admin.example/idle/0 mta-sts.a.example/idle/3 reports.example/idle/0 "),
	             "hosted domains and the service's hosts");
	EXPECT(orders_follow(f.db, one_host, NOON) == OK, "again");
	EXPECT_SLICE(slice_str(listing(&f)), S("admin.example/idle/0 mta-sts.a.example/idle/3 "),
	             "a host that is no longer named goes");
	EXPECT(orders_count(f.db, TENANT_ONLY, counts, &waiting) == OK && counts[ORDER_IDLE] == 2 &&
	               counts[ORDER_WANTED] == 0 && waiting == 0,
	       "counted by state");
	assert_int_equal(domains_remove(f.db, id, NOON), OK);
	EXPECT(orders_follow(f.db, one_host, NOON) == OK, "again");
	EXPECT_SLICE(slice_str(listing(&f)), S("admin.example/idle/0 "), "so does a domain's");
	fixture_close(&f);
}

/* A pass writes what changed and nothing else. */
TEST(following_changes_only)
{
	struct fixture f;
	struct domain d;
	int64_t id;
	int before;

	fixture_open(&f);
	id = add_domain(&f, "a.example", true);
	(void)add_domain(&f, "b.example", true);
	assert_int_equal(orders_follow(f.db, hosts, NOON), OK);
	before = sqlite3_total_changes(f.db->conn.handle);
	EXPECT(orders_follow(f.db, hosts, NOON + 300) == OK &&
	               sqlite3_total_changes(f.db->conn.handle) == before,
	       "nothing changed");
	assert_int_equal(domains_by_id(f.db, id, f.a, &d), OK);
	d.hosting = HOSTING_EXTERNAL;
	assert_int_equal(domains_update(f.db, &d, d.revision), OK);
	before = sqlite3_total_changes(f.db->conn.handle);
	EXPECT(orders_follow(f.db, one_host, NOON + 600) == OK &&
	               sqlite3_total_changes(f.db->conn.handle) == before + 3,
	       "two orders go, one domain is noted");
	EXPECT_SLICE(slice_str(listing(&f)), S("admin.example/idle/0 mta-sts.b.example/idle/3 "),
	             "of what is hosted elsewhere");
	d.hosting = HOSTING_HERE;
	assert_int_equal(domains_update(f.db, &d, d.revision + 1), OK);
	EXPECT(orders_clear(f.db) == OK && orders_follow(f.db, one_host, NOON + 900) == OK,
	       "switched off and on");
	EXPECT_SLICE(slice_str(listing(&f)),
	             S("admin.example/idle/0 mta-sts.a.example/idle/3 mta-sts.b.example/idle/3 "),
	             "all are back");
	fixture_close(&f);
}

/* A host of the service that is a domain's policy host, too, has one order, the domain's later. */
TEST(following_one_name_twice)
{
	static const char *const same[2] = { "mta-sts.a.example", "" };
	struct fixture f;
	struct order o;
	int64_t id;

	fixture_open(&f);
	id = add_domain(&f, "a.example", true);
	EXPECT(orders_follow(f.db, same, NOON) == OK && orders_follow(f.db, same, NOON) == OK,
	       "followed");
	EXPECT_SLICE(slice_str(listing(&f)), S("mta-sts.a.example/idle/0 "), "once");
	EXPECT(orders_follow(f.db, one_host, NOON) == OK &&
	               orders_get(f.db, TENANT_ONLY, S("mta-sts.a.example"), f.a, &o) == OK &&
	               o.domain == id,
	       "its domain still wants it");
	fixture_close(&f);
}

TEST(claiming)
{
	struct fixture f;
	struct order o, other;

	fixture_open(&f);
	(void)add_domain(&f, "a.example", true);
	assert_int_equal(orders_follow(f.db, one_host, NOON), OK);
	EXPECT(orders_claim(f.db, NOON - 1, 60, f.a, &o) == ERR_NOTFOUND, "nothing due");
	EXPECT(orders_claim(f.db, NOON, 60, f.a, &o) == OK && o.rank == 0, "service hosts first");
	EXPECT(orders_claim(f.db, NOON, 60, f.a, &other) == OK && other.rank == 3, "then domains");
	EXPECT(orders_claim(f.db, NOON, 60, f.a, &other) == ERR_NOTFOUND, "each once");
	EXPECT(orders_claim(f.db, NOON + 61, 60, f.a, &other) == OK, "a lease ends");
	assert_int_equal(orders_unclaim_all(f.db), OK);
	EXPECT(orders_claim(f.db, NOON, 60, f.a, &o) == OK, "nobody holds one after a restart");
	o.state = ORDER_ASKED;
	o.due = NOON + 5;
	o.tries = 2;
	o.why = "no";
	o.sealed_key = S("sealed");
	o.explanation = "https://ca.example/why";
	EXPECT(orders_put(f.db, &o) == OK, "put back");
	fixture_reopen(&f);
	EXPECT(orders_get(f.db, TENANT_ONLY, S("admin.example"), f.a, &other) == OK &&
	               other.state == ORDER_ASKED && other.due == NOON + 5 && other.tries == 2 &&
	               slice_eq(other.sealed_key, S("sealed")) &&
	               strcmp(other.explanation, "https://ca.example/why") == 0 &&
	               strcmp(other.why, "no") == 0,
	       "whole");
	EXPECT(orders_hurry(f.db, TENANT_ONLY, S("admin.example"), NOON) == OK &&
	               orders_get(f.db, TENANT_ONLY, S("admin.example"), f.a, &other) == OK &&
	               other.due == 0 && other.state == ORDER_ASKED,
	       "what is under way goes on");
	EXPECT(orders_hurry(f.db, TENANT_ONLY, S("x.example"), NOON) == ERR_NOTFOUND, "unknown");
	EXPECT(orders_clear(f.db) == OK &&
	               orders_claim(f.db, NOON + 99, 60, f.a, &other) == ERR_NOTFOUND,
	       "switched off");
	o.host = "x.example";
	EXPECT(orders_put(f.db, &o) == ERR_NOTFOUND, "a row that went");
	fixture_close(&f);
}

/* The first one of each rank is found without a look at all that are due. */
TEST(claiming_of_many)
{
	sqlite3_stmt *plan = NULL;
	struct fixture f;
	unsigned ranks = 0;

	fixture_open(&f);
	const char *text =
	        arena_printf(f.a, "explain query plan %s", sql_table[SQL_ORDER_CLAIM].text);
	assert_int_equal(sqlite3_prepare_v2(f.db->conn.handle, text, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(plan, 3);

		ranks += strstr(line, "cert_order_turn (rank=? AND due<?)") != NULL;
		EXPECT(strstr(line, "SCAN cert_order") == NULL, line);
	}
	(void)sqlite3_finalize(plan); /* only read */
	EXPECT(ranks == 4, "each rank by its index");
	fixture_close(&f);
}

/* A host is claimed in state from, hurried, and put back in state to. */
static void hurry_while_claimed(enum order_state from, enum order_state to, enum order_state after,
                                int64_t renew_at, const char *label)
{
	struct fixture f;
	struct order o;

	fixture_open(&f);
	assert_int_equal(orders_follow(f.db, one_host, NOON), OK);
	assert_int_equal(orders_claim(f.db, NOON, 60, f.a, &o), OK);
	o.state = from;
	o.due = NOON;
	assert_int_equal(orders_put(f.db, &o), OK);
	assert_int_equal(orders_claim(f.db, NOON, 60, f.a, &o), OK);
	EXPECT(orders_hurry(f.db, TENANT_ONLY, S("admin.example"), NOON + 1) == OK, label);
	EXPECT(orders_claim(f.db, NOON + 1, 60, f.a, &o) == ERR_NOTFOUND, label); /* in hand */
	o.state = to;
	o.due = o.renew_at = NOON + 99;
	o.replaces = "before";
	EXPECT(orders_put(f.db, &o) == OK, label);
	EXPECT(orders_claim(f.db, NOON + 2, 60, f.a, &o) == OK, label);
	EXPECT(o.state == after && o.renew_at == renew_at, label);
	EXPECT(strcmp(o.replaces, "before") == 0, label);
	o.due = NOON + 50;
	EXPECT(orders_put(f.db, &o) == OK, label);
	EXPECT(orders_claim(f.db, NOON + 2, 60, f.a, &o) == ERR_NOTFOUND, label); /* once */
	fixture_close(&f);
}

TEST(hurrying)
{
	hurry_while_claimed(ORDER_IDLE, ORDER_IDLE, ORDER_WANTED, NOON + 1,
	                    "wanted while a window is asked for");
	hurry_while_claimed(ORDER_WANTED, ORDER_WANTED, ORDER_WANTED, NOON + 99,
	                    "tried again at once");
	hurry_while_claimed(ORDER_SIGNING, ORDER_IDLE, ORDER_IDLE, NOON + 99,
	                    "not ordered a second time");
}

TEST(spending)
{
	struct fixture f;
	struct order o = { .tenant = TENANT_ONLY, .host = "a.example" };
	struct orders_spent s;
	int64_t id = 0;

	fixture_open(&f);
	EXPECT(orders_spent(f.db, "ca", TENANT_ONLY, NOON - 100, &s) == OK && s.all == 0 &&
	               s.of_tenant == 0 && s.tenants == 1 && s.oldest == 0,
	       "nothing yet");
	for (int i = 0; i < 3; i++)
		assert_int_equal(orders_spend(f.db, "ca", &o, NOON + i, &id), OK);
	assert_int_equal(orders_spend(f.db, "other", &o, NOON, &id), OK);
	EXPECT(orders_spent(f.db, "ca", TENANT_ONLY, NOON, &s) == OK && s.all == 2 &&
	               s.of_tenant == 2 && s.oldest == NOON + 1,
	       "what is newer, at that CA");
	EXPECT(orders_refund(f.db, id) == OK &&
	               orders_spent(f.db, "other", TENANT_ONLY, 0, &s) == OK && s.all == 0,
	       "given back");
	EXPECT(orders_spent(f.db, "ca", 7, NOON - 1, &s) == OK && s.all == 3 && s.of_tenant == 0,
	       "of another tenant");
	fixture_close(&f);
}

TEST(accounts)
{
	struct fixture f;
	struct order_account account = { "", S("sealed") };

	fixture_open(&f);
	EXPECT(order_account_get(f.db, "ca", f.a, &account) == ERR_NOTFOUND, "none");
	EXPECT(order_account_put(f.db, "ca", &account, NOON) == OK, "the key first");
	account.url = "https://ca.example/1";
	EXPECT(order_account_put(f.db, "ca", &account, NOON) == OK, "then the URL");
	fixture_reopen(&f);
	account = (struct order_account){ 0 };
	EXPECT(order_account_get(f.db, "ca", f.a, &account) == OK &&
	               strcmp(account.url, "https://ca.example/1") == 0 &&
	               slice_eq(account.sealed_key, S("sealed")),
	       "ACME-10: kept with its key");
	fixture_close(&f);
}

TEST_MAIN(UNIT(following), UNIT(following_changes_only), UNIT(following_one_name_twice),
          UNIT(claiming), UNIT(claiming_of_many), UNIT(hurrying), UNIT(spending), UNIT(accounts))

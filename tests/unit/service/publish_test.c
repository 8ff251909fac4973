/* What all domains show is given to the edges a little at a time. */
#include "service/publish.h"

#include <poll.h>

#include "service/board.h"
#include "service/publisher.h"
#include "store/edgedb.h"
#include "store/orders.h"
#include "unit/store/fixture.h"

#define DOMAINS 250u
#define PATIENCE_MS 60000

struct desk_world {
	struct fixture f;
	struct desk desk;
};

static void add_domain(struct desk_world *w, unsigned n)
{
	char name[32], tag[32];
	int64_t id;

	(void)snprintf(name, sizeof(name), "d%03u.example", n);
	(void)snprintf(tag, sizeof(tag), "tag%03u", n);
	struct domain d = { .tenant = TENANT_ONLY,
		            .name = name,
		            .tag = tag,
		            .claim = "claim",
		            .rua = "mailto:a@own.example" };
	assert_int_equal(domains_add(w->f.db, &d, NOON, &id), OK);
}

static void world_open(struct desk_world *w)
{
	char path[160];

	fixture_open(&w->f);
	(void)snprintf(path, sizeof(path), "%s/edge.db", w->f.dir);
	w->desk = (struct desk){ .db = w->f.db,
		                 .set = { .state_dir = w->f.dir,
		                          .zone = "sts.example.net",
		                          .nameservers = "ns.example.net",
		                          .service_host = "",
		                          .report_host = "",
		                          .addresses = "",
		                          .profile = "",
		                          .admin_url = "",
		                          .ca_file = "",
		                          .outside_roots = "",
		                          .alert_command = "",
		                          .alert_to = "",
		                          .alert_doubt = "",
		                          .ttl = 300 } };
	assert_int_equal(edgedb_prepare(path, NULL), OK);
	assert_int_equal(edgedb_open_writer(path, &w->desk.edge, NULL), OK);
	int fd = -1;
	assert_int_equal(board_new(&w->desk.board, &fd), OK);
	assert_int_equal(close(fd), 0);
	desk_lock_init(&w->desk);
	assert_int_equal(db_begin(w->f.db), OK);
	for (unsigned n = 0; n < DOMAINS; n++)
		add_domain(w, n);
	assert_int_equal(db_end(w->f.db, OK), OK);
}

static void world_close(struct desk_world *w)
{
	desk_lock_fini(&w->desk);
	edgedb_close(w->desk.edge);
	board_close(w->desk.board);
	fixture_close(&w->f);
}

/* How many domains have their records with the edges, in the zone as it is now. */
static unsigned given(struct desk_world *w)
{
	struct arena *a = arena_new();
	unsigned sum = 0;
	char name[32];

	desk_lock(&w->desk);
	for (unsigned n = 0; n < DOMAINS; n++) {
		struct edge_record *rows = NULL;
		size_t count = 0;

		(void)snprintf(name, sizeof(name), "d%03u.example", n);
		assert_int_equal(edgedb_records(w->desk.edge, slice_str(name), a, &rows, &count),
		                 OK);
		sum += count > 0 && slice_ends(rows[0].name, slice_str(w->desk.set.zone));
	}
	desk_unlock(&w->desk);
	arena_free(a);
	return sum;
}

static bool all_given(struct desk_world *w)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
		if (given(w) == DOMAINS)
			return true;
		(void)poll(NULL, 0, 50);
	}
	return false;
}

TEST(all_of_them_are_not_one_piece_of_work)
{
	const struct publish_cursor done = { .done = true };
	struct publisher *publisher = NULL;
	struct desk_world w;
	int64_t seq = 0;

	world_open(&w);
	desk_lock(&w.desk);
	EXPECT(publish_all(&w.desk, NOON, &seq) == OK && seq > 0, "the first of them");
	desk_unlock(&w.desk);
	EXPECT(given(&w) == PUBLISH_FIRST, "the lock is let go after these");
	EXPECT(publisher_new(&w.desk, &done, &publisher) == OK, "the publisher");
	EXPECT(all_given(&w), "gives the rest");
	desk_lock(&w.desk);
	w.desk.set.zone = "other.example.net";
	EXPECT(publish_all(&w.desk, NOON, &seq) == OK, "again, while it waits for work");
	desk_unlock(&w.desk);
	EXPECT(all_given(&w), "it goes through all of them again");
	publisher_free(publisher);
	world_close(&w);
}

/* The queue of certificates follows at once then. */
TEST(only_a_host_that_comes_or_goes_changes_the_hosts)
{
	static const char *const no_hosts[2] = { "", "" };
	struct desk_world w;
	struct domain d;
	int64_t seq = 0;

	world_open(&w);
	EXPECT(domains_by_name(w.f.db, TENANT_ONLY, S("d001.example"), w.f.a, &d) == OK, "one");
	d.hosted = true;
	d.hosting = HOSTING_HERE;
	EXPECT(publish_domain(&w.desk, &d, NOON, &seq) == OK, "it begins to be hosted");
	EXPECT(atomic_exchange(&w.desk.hosts_changed, false), "its host is new");
	EXPECT(domains_update(w.f.db, &d, d.revision) == OK &&
	               orders_follow(w.f.db, no_hosts, NOON) == OK,
	       "the queue follows");
	EXPECT(publish_domain(&w.desk, &d, NOON, &seq) == OK, "a new policy, or nothing new");
	EXPECT(!atomic_load(&w.desk.hosts_changed), "no host came or went");
	d.hosting = HOSTING_EXTERNAL;
	EXPECT(publish_domain(&w.desk, &d, NOON, &seq) == OK, "hosted elsewhere");
	EXPECT(atomic_exchange(&w.desk.hosts_changed, false), "its host goes");
	EXPECT(publish_drop(&w.desk, "d001.example", &seq) == OK, "removed");
	EXPECT(atomic_load(&w.desk.hosts_changed), "its host goes");
	world_close(&w);
}

TEST_MAIN(UNIT(all_of_them_are_not_one_piece_of_work),
          UNIT(only_a_host_that_comes_or_goes_changes_the_hosts))

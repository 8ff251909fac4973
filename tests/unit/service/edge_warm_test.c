/* Certificates that wait for nobody: all of them when they fit, none when they do not. */
#include "service/edge_warm.h"

#include "service/edge_world.h"

#define TEXT "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
#define COUNT 12u

static void on_host(void *ctx, const struct edge_host *row)
{
	unsigned char fingerprint[EDGE_FINGERPRINT_SIZE];
	size_t len = 0;

	assert_int_equal(enc_unhex(row->fingerprint, fingerprint, sizeof(fingerprint), &len), OK);
	edge_warm_add(ctx, fingerprint);
}

/* Names with certificates of their own, of which the key of one does not open. */
static void put_names(struct world *w)
{
	char names[COUNT][32];
	struct world_host hosts[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "mta-sts.w%zu.example", i);
		hosts[i] = (struct world_host){ names[i], EDGE_POLICY, TEXT, false, i == 3, false };
	}
	(void)world_put(w, hosts, COUNT);
}

TEST(what_fits_is_at_hand)
{
	static const struct {
		const char *label;
		size_t capacity, want, turns;
		bool closed;
	} rows[] = {
		{ "more room than names", COUNT + 5, COUNT - 1, 2, false },
		{ "as much as names", COUNT, COUNT - 1, 2, false },
		{ "one too few: those come that are asked for", COUNT - 1, 0, 1, false },
		{ "edge.db is not open", COUNT, 0, 1, true },
	};
	struct world w;
	struct edgedb *db = NULL;

	world_init(&w);
	put_names(&w);
	assert_int_equal(edgedb_open_reader(w.db, &db, NULL), OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct edge_certs *certs =
		        edge_certs_new(rows[i].capacity, w.edge_key, w.report_key);
		struct edge_warm *warm = edge_warm_new();
		struct edgedb_visit visit = { .host = on_host, .ctx = warm };
		size_t turns = 1;
		int64_t seq = 0;

		assert_int_equal(edgedb_changes(db, 0, &visit, &seq), OK);
		while (edge_warm_turn(warm, certs, rows[i].closed ? NULL : db))
			turns++;
		EXPECT(edge_certs_count(certs) == rows[i].want, rows[i].label);
		EXPECT(turns == rows[i].turns, rows[i].label);
		EXPECT(!edge_warm_turn(warm, certs, db), "once");
		edge_warm_free(warm);
		edge_certs_free(certs);
	}
	edgedb_close(db);
	world_fini(&w);
}

TEST_MAIN(UNIT(what_fits_is_at_hand))

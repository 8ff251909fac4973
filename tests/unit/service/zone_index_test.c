#include "service/zone_index.h"

#include "zone_world.h"

static bool exists(const struct zone *z, const char *name)
{
	struct dns_name n = zone_name(name);

	return zone_find(z, dns_name_slice(&n)) != NULL;
}

TEST(names_come_and_go)
{
	struct zone *z = zone_world();
	size_t before = zone_count(z);

	EXPECT(!exists(z, "b.new.sts.example"), "not yet");
	EXPECT(zone_put_txt(z, "b.new.sts.example", S("x")) == OK, "added");
	EXPECT(zone_put_txt(z, "B.New.sts.example.", S("y")) == OK, "replaced, whatever its case");
	EXPECT(zone_count(z) == before + 1, "one set");
	EXPECT(exists(z, "b.new.sts.example") && exists(z, "new.sts.example"), "and what is above");
	EXPECT(zone_put_txt(z, "new.sts.example", S("x")) == OK, "a set above");
	EXPECT(zone_drop(z, "b.new.sts.example", DNS_TXT) == OK, "removed");
	EXPECT(!exists(z, "b.new.sts.example") && exists(z, "new.sts.example"), "only that one");
	EXPECT(zone_drop(z, "new.sts.example", DNS_TXT) == OK, "removed");
	EXPECT(!exists(z, "new.sts.example"), "it is gone as well");
	EXPECT(zone_drop(z, "new.sts.example", DNS_TXT) == OK, "twice does nothing");
	EXPECT(exists(z, "sts.example") && zone_count(z) == before, "the rest is as before");
	zone_free(z);
}

static const struct bad_row {
	const char *label;
	struct edge_record row;
	enum err err;
} bad_rows[] = {
	{ "outside the zone",
	  { .name = SLICE_INIT("a.example"), .type = DNS_A, .set = SLICE_INIT("\0\4abcd") },
	  ERR_NOTFOUND },
	{ "no name",
	  { .name = SLICE_INIT("a..sts.example"), .type = DNS_A, .set = SLICE_INIT("\0\4abcd") },
	  ERR_SYNTAX },
	{ "data of another type",
	  { .name = SLICE_INIT("a.sts.example"), .type = DNS_AAAA, .set = SLICE_INIT("\0\4abcd") },
	  ERR_SYNTAX },
	{ "a type beyond 16 bits",
	  { .name = SLICE_INIT("a.sts.example"), .type = 65537, .set = SLICE_INIT("\0\4abcd") },
	  ERR_SYNTAX },
	{ "a TTL below zero",
	  { .name = SLICE_INIT("a.sts.example"),
	    .type = DNS_A,
	    .ttl = -1,
	    .set = SLICE_INIT("\0\4abcd") },
	  ERR_SYNTAX },
	{ "a SOA record that is not the origin's",
	  { .name = SLICE_INIT("a.sts.example"),
	    .type = DNS_SOA,
	    .set = SLICE_INIT("\0\26\0\0"
	                      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	  ERR_SYNTAX },
};

TEST(bad_rows_are_refused)
{
	struct zone *z = zone_world();
	size_t before = zone_count(z);

	for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++)
		EXPECT(zone_apply(z, &bad_rows[i].row) == bad_rows[i].err, bad_rows[i].label);
	EXPECT(zone_count(z) == before, "nothing was added");
	zone_free(z);
}

static uint32_t serial(const struct zone_set *soa)
{
	return dns_get32(soa->bytes + soa->len - 20);
}

TEST(serials)
{
	struct zone *z = zone_world();

	EXPECT(serial(zone_soa(z)) == ZONE_SERIAL, "as set");
	zone_set_serial(z, INT64_C(0x100000000));
	EXPECT(serial(zone_soa(z)) == 0, "DNS-11: wraps at 2^32");
	zone_put_apex(z);
	EXPECT(serial(zone_soa(z)) == 0, "a new SOA record shows it as well");
	EXPECT(zone_drop(z, "sts.example", DNS_SOA) == OK && zone_soa(z) == NULL,
	       "no SOA, no zone");
	zone_free(z);
}

TEST(copies_do_not_change)
{
	struct zone *z = zone_world();
	struct dns_name id = zone_name(ZONE_ID), owner;
	struct zone_copy c = { 0 };
	struct zone_walk w = { 0 };
	const struct zone_set *s;
	size_t count = zone_count(z), ids = 0, seen = 1; /* the SOA record */

	assert_int_equal(zone_copy_init(z, &c), OK);
	EXPECT(zone_drop(z, ZONE_ID, DNS_TXT) == OK, "the zone goes on");
	EXPECT(zone_put_txt(z, ZONE_WEB, S("new")) == OK, "a name that is there gets a set");
	zone_set_serial(z, 78);
	zone_free(z);
	EXPECT(c.soa->type == DNS_SOA && serial(c.soa) == ZONE_SERIAL,
	       "DNS-20: the SOA record of the moment");
	while ((s = zone_copy_next(&c, &w, &owner)) != NULL) {
		seen++;
		EXPECT(s->type != DNS_SOA, "DNS-20: and only once");
		if (s->type != DNS_TXT)
			continue;
		ids++;
		EXPECT_SLICE(dns_name_slice(&owner), dns_name_slice(&id), "the whole name");
	}
	EXPECT(seen == count, "DNS-20: everything");
	EXPECT(ids == 1, "DNS-20: what was removed meanwhile is still there, and nothing new");
	zone_copy_fini(&c);
}

TEST(the_same_records_are_there_once)
{
	static const struct {
		const char *label;
		uint16_t type;
		uint32_t ttl;
		struct slice data;
		size_t want; /* sets afterwards */
	} rows[] = {
		{ "the first", DNS_TXT, 300, SLICE_INIT("\0\2\1x"), 1 },
		{ "the same", DNS_TXT, 300, SLICE_INIT("\0\2\1x"), 1 },
		{ "another TTL", DNS_TXT, 60, SLICE_INIT("\0\2\1x"), 2 },
		{ "another type", DNS_A, 300, SLICE_INIT("\0\2\1x"), 3 },
		{ "other data", DNS_TXT, 300, SLICE_INIT("\0\2\1y"), 4 },
	};
	struct zone_sets *p = zone_sets_new();
	struct zone_set *taken[ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		taken[i] = zone_sets_take(p, rows[i].type, rows[i].ttl, rows[i].data);
		EXPECT(zone_sets_count(p) == rows[i].want, rows[i].label);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		zone_set_drop(p, taken[i]);
	EXPECT(zone_sets_count(p) == 0, "none is held");
	zone_sets_release(p);
}

/* Against a list: after any sequence of changes exactly the names that should exist do. */
TEST(many_changes)
{
	struct dns_name origin = zone_name("z");
	struct zone *z = zone_new(&origin);
	bool there[200] = { false };
	uint64_t seed = 7;
	char name[40];

	for (int i = 0; i < 5000; i++) {
		unsigned n = test_random(&seed) % 200;

		(void)snprintf(name, sizeof(name), "n%u.m%u.z", n, n % 20);
		there[n] = test_random(&seed) % 2 == 0;
		EXPECT((there[n] ? zone_put_txt(z, name, S("x")) : zone_drop(z, name, DNS_TXT)) ==
		               OK,
		       name);
	}
	for (unsigned m = 0; m < 20; m++) {
		bool any = false;

		for (unsigned n = m; n < 200; n += 20) {
			(void)snprintf(name, sizeof(name), "n%u.m%u.z", n, m);
			EXPECT(exists(z, name) == there[n], name);
			any = any || there[n];
		}
		(void)snprintf(name, sizeof(name), "m%u.z", m);
		EXPECT(exists(z, name) == any, name);
	}
	zone_free(z);
}

TEST_MAIN(UNIT(names_come_and_go), UNIT(bad_rows_are_refused), UNIT(serials),
          UNIT(copies_do_not_change), UNIT(the_same_records_are_there_once), UNIT(many_changes))

#include "store/certs.h"

#include "unit/store/fixture.h"

static const struct slice chain[] = { SLICE_INIT("I\0ONE"), SLICE_INIT("I TWO") };
static const struct slice exact[] = { SLICE_INIT("mta-sts.example.com") };
static const struct slice wild[] = { SLICE_INIT("*.example.com"), SLICE_INIT("example.com") };

static struct cert make(const char *fingerprint, const struct slice *names, size_t count)
{
	return (struct cert){
		.tenant = TENANT_ONLY,
		.fingerprint = fingerprint,
		.seal_domain = "example.com",
		.purpose = "edge-tls",
		.source = "import",
		.key_type = "ec",
		.subject = "CN=x",
		.issuer = "CN=ca",
		.note = "",
		.not_before = NOON - 10,
		.not_after = NOON + 10,
		.added = NOON,
		.der = S("DER"),
		.sealed_key = S("KEY"),
		.chain_count = ARRAY_LEN(chain),
		.chain = chain,
		.name_count = count,
		.names = names,
	};
}

static void put(struct fixture *f, struct cert c)
{
	bool added = false;

	EXPECT(certs_put(f->db, &c, &added) == OK && added, c.fingerprint);
}

TEST(storing)
{
	struct fixture f;
	struct cert c = make("f1", wild, 2), got;
	bool added = true;

	fixture_open(&f);
	put(&f, c);
	EXPECT(certs_put(f.db, &c, &added) == OK && !added, "the same one again adds nothing");
	EXPECT(certs_get(f.db, TENANT_ONLY, S("f1"), f.a, &got) == OK, "found");
	EXPECT_SLICE(got.der, S("DER"), "its DER");
	EXPECT_SLICE(got.sealed_key, S("KEY"), "its key");
	EXPECT(got.chain_count == 2 && got.name_count == 2, "its chain and names");
	EXPECT_SLICE(got.chain[0], chain[0], "the chain in order");
	EXPECT_SLICE(got.chain[1], chain[1], "to its end");
	EXPECT_SLICE(got.names[0], S("*.example.com"), "names in order");
	EXPECT(got.not_before == NOON - 10 && got.not_after == NOON + 10 && got.added == NOON,
	       "moments");
	EXPECT(certs_get(f.db, TENANT_ONLY + 1, S("f1"), f.a, &got) == ERR_NOTFOUND,
	       "nothing crosses a tenant");
	c.sealed_key = S("ANOTHER");
	c.seal_domain = "example.net";
	EXPECT(certs_reseal(f.db, &c) == OK &&
	               certs_get(f.db, TENANT_ONLY, S("f1"), f.a, &got) == OK,
	       "sealed anew");
	EXPECT_SLICE(got.sealed_key, S("ANOTHER"), "its new seal");
	EXPECT_SLICE(slice_str(got.seal_domain), S("example.net"), "and the name of that");
	EXPECT(got.name_count == 2 && got.added == NOON, "the rest stays");
	c.fingerprint = "f9";
	EXPECT(certs_reseal(f.db, &c) == ERR_NOTFOUND, "an unknown one");
	put(&f, make("f2", exact, 1));
	EXPECT(fixture_number(&f, "select count(*) from cert_chain") == 2,
	       "intermediates are kept once");
	c.chain_count = CERT_CHAIN_MAX + 1;
	EXPECT(certs_put(f.db, &c, &added) == ERR_LIMIT, "a chain above its ceiling");
	c.chain_count = 0;
	c.name_count = CERT_NAMES_MAX + 1;
	EXPECT(certs_put(f.db, &c, &added) == ERR_LIMIT, "names above their ceiling");
	fixture_close(&f);
}

TEST(by_name)
{
	static const struct row {
		const char *label;
		struct slice host;
		int64_t now;
		const char *want; /* NULL: none */
	} rows[] = {
		{ "exact name and wildcard: the newer import", SLICE_INIT("mta-sts.example.com"),
		  NOON, "newer" },
		{ "a wildcard takes one label", SLICE_INIT("a.example.com"), NOON, "wild" },
		{ "not two", SLICE_INIT("a.b.example.com"), NOON, NULL },
		{ "nor none, but that name is listed", SLICE_INIT("example.com"), NOON, "wild" },
		{ "another domain", SLICE_INIT("mta-sts.example.org"), NOON, NULL },
		{ "no dot", SLICE_INIT("localhost"), NOON, NULL },
		{ "not valid yet", SLICE_INIT("a.example.com"), NOON - 11, NULL },
		{ "valid from its first second", SLICE_INIT("a.example.com"), NOON - 10, "wild" },
		{ "to its last", SLICE_INIT("a.example.com"), NOON + 9, "wild" },
		{ "expired", SLICE_INIT("a.example.com"), NOON + 10, NULL },
	};
	struct fixture f;
	struct cert c = make("newer", exact, 1);

	fixture_open(&f);
	put(&f, make("wild", wild, 2));
	c.added = NOON + 1;
	put(&f, c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum err e = certs_for_name(f.db, TENANT_ONLY, rows[i].host, rows[i].now, f.a, &c);

		EXPECT(e == (rows[i].want == NULL ? ERR_NOTFOUND : OK), rows[i].label);
		if (e == OK)
			EXPECT_SLICE(slice_str(c.fingerprint), slice_str(rows[i].want),
			             rows[i].label);
	}
	fixture_close(&f);
}

TEST(using)
{
	struct fixture f;
	struct cert c;
	struct cert_row *rows = NULL;
	size_t count = 0;
	bool gone = false;
	struct slice host = S("mta-sts.example.com");

	fixture_open(&f);
	put(&f, make("f1", exact, 1));
	put(&f, make("f2", wild, 2));
	EXPECT(certs_assigned(f.db, TENANT_ONLY, host, f.a, &c) == ERR_NOTFOUND, "none at first");
	EXPECT(certs_assign(f.db, TENANT_ONLY, host, S("f9"), NOON) == ERR_NOTFOUND, "unknown one");
	EXPECT(certs_assign(f.db, TENANT_ONLY, host, S("f1"), NOON) == OK, "assigned");
	EXPECT(certs_assign(f.db, TENANT_ONLY, host, S("f2"), NOON) == OK, "another replaces it");
	EXPECT(certs_assign(f.db, TENANT_ONLY, S("mta-sts.b.example"), S("f2"), NOON) == OK,
	       "two hosts");
	EXPECT(certs_assigned(f.db, TENANT_ONLY, host, f.a, &c) == OK, "found");
	EXPECT_SLICE(slice_str(c.fingerprint), S("f2"), "the second");
	EXPECT(certs_list(f.db, TENANT_ONLY, S(""), 10, f.a, &rows, &count) == OK && count == 2,
	       "list");
	EXPECT_SLICE(slice_str(rows[0].hosts), S(""), "used by none");
	EXPECT_SLICE(slice_str(rows[1].hosts), S("mta-sts.b.example mta-sts.example.com"),
	             "used by two");
	EXPECT(rows[1].cert.name_count == 2 && rows[1].cert.der.len == 0,
	       "with names, without DER");
	EXPECT_SLICE(rows[1].cert.sealed_key, S("KEY"), "and whether it opens can be tried");
	EXPECT(certs_list(f.db, TENANT_ONLY, S("f1"), 1, f.a, &rows, &count) == OK && count == 1,
	       "the next page");
	EXPECT(certs_unassign(f.db, TENANT_ONLY, host) == OK &&
	               certs_assigned(f.db, TENANT_ONLY, host, f.a, &c) == ERR_NOTFOUND,
	       "given up");
	EXPECT(certs_forget(f.db, TENANT_ONLY, S("f2"), &gone) == OK && !gone,
	       "ACME-31: what a host uses stays");
	EXPECT(certs_forget(f.db, TENANT_ONLY, S("f1"), &gone) == OK && gone &&
	               certs_get(f.db, TENANT_ONLY, S("f1"), f.a, &c) == ERR_NOTFOUND,
	       "what none uses goes");
	fixture_close(&f);
}

TEST(hosts_of_domains)
{
	static const struct row {
		const char *name;
		enum domain_hosting hosting;
		bool hosted, used;
	} rows[] = {
		{ "a.example", HOSTING_HERE, true, false },
		{ "b.example", HOSTING_HERE, true, true },
		{ "c.example", HOSTING_HERE, false, false }, /* only observed */
		{ "d.example", HOSTING_BEHIND, true, false },
	};
	struct cert_hosted *list = NULL;
	struct fixture f;
	size_t count = 0;

	fixture_open(&f);
	put(&f, make("f1", wild, 1));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct domain d = { .tenant = TENANT_ONLY,
			            .name = rows[i].name,
			            .tag = rows[i].name,
			            .hosting = rows[i].hosting,
			            .hosted = rows[i].hosted };
		assert_int_equal(domains_add(f.db, &d, NOON, NULL), OK);
	}
	assert_int_equal(certs_assign(f.db, TENANT_ONLY, S("mta-sts.b.example"), S("f1"), NOON),
	                 OK);
	EXPECT(certs_hosted(f.db, TENANT_ONLY, S(""), 2, f.a, &list, &count) == OK && count == 2 &&
	               list[0].ours && !list[0].used && list[1].ours && list[1].used,
	       "one without a certificate, one with it");
	EXPECT(certs_hosted(f.db, TENANT_ONLY, S("b.example"), 2, f.a, &list, &count) == OK &&
	               count == 1 && !list[0].ours && !list[0].used,
	       "the next page: somebody else's");
	EXPECT_SLICE(slice_str(list[0].domain), S("d.example"), "by its name");
	fixture_close(&f);
}

TEST_MAIN(UNIT(storing), UNIT(by_name), UNIT(using), UNIT(hosts_of_domains))

#include "store/domains.h"

#include "unit/store/fixture.h"

static struct domain make(const char *name, const char *tag)
{
	return (struct domain){
		.tenant = TENANT_ONLY,
		.name = name,
		.stage = STAGE_TESTING,
		.hosting = HOSTING_HERE,
		.way = { WAY_ADDRESS, WAY_TXT, WAY_CNAME },
		.tag = tag,
		.claim = "claim",
		.hosted = true,
	};
}

TEST(words)
{
	enum domain_stage stage;
	enum domain_hosting hosting;
	enum domain_way way;

	for (int i = 0; i <= (int)STAGE_RETIRE; i++)
		EXPECT(domain_stage_parse(slice_str(domain_stage_name((enum domain_stage)i)),
		                          &stage) == OK &&
		               (int)stage == i,
		       "a stage's name reads as that stage");
	for (int i = 0; i <= (int)HOSTING_EXTERNAL; i++)
		EXPECT(domain_hosting_parse(slice_str(domain_hosting_name((enum domain_hosting)i)),
		                            &hosting) == OK &&
		               (int)hosting == i,
		       "a hosting's name reads as that hosting");
	for (int i = 0; i <= (int)WAY_ADDRESS; i++)
		EXPECT(domain_way_parse(slice_str(domain_way_name((enum domain_way)i)), &way) ==
		                       OK &&
		               (int)way == i,
		       "a way's name reads as that way");
	EXPECT(domain_stage_parse(S("Testing"), &stage) == ERR_SYNTAX, "case matters");
	EXPECT(domain_hosting_parse(S(""), &hosting) == ERR_SYNTAX, "empty is no hosting");
	EXPECT(domain_way_parse(S("dns"), &way) == ERR_SYNTAX, "an unknown way");
}

TEST(adding_and_finding)
{
	struct fixture f;
	struct domain d = make("example.com", "tag1"), got;
	int64_t id = 0;

	fixture_open(&f);
	EXPECT(domains_add(f.db, &d, NOON, &id) == OK, "added");
	EXPECT(domains_add(f.db, &d, NOON, NULL) == ERR_CONFLICT, "not twice");
	EXPECT(domains_by_name(f.db, TENANT_ONLY, S("example.com"), f.a, &got) == OK, "by name");
	EXPECT(got.id == id && got.stage == STAGE_TESTING && got.hosting == HOSTING_HERE &&
	               got.way[RECORD_HOST] == WAY_ADDRESS && got.way[RECORD_ID] == WAY_TXT &&
	               got.way[RECORD_REPORTS] == WAY_CNAME && got.hosted && got.added == NOON &&
	               got.revision == 1,
	       "as it was given");
	EXPECT_SLICE(slice_str(got.profile), S("default"), "a profile without a name");
	EXPECT_SLICE(slice_str(got.claim), S("claim"), "the claim");
	EXPECT(domains_by_name(f.db, TENANT_ONLY + 1, S("example.com"), f.a, &got) == ERR_NOTFOUND,
	       "nothing crosses a tenant");
	EXPECT(domains_by_name(f.db, TENANT_ONLY, S("example.co"), f.a, &got) == ERR_NOTFOUND,
	       "another name");
	EXPECT(domains_by_id(f.db, id + 1, f.a, &got) == ERR_NOTFOUND, "another id");
	struct domain same_tag = make("example.net", "tag1");
	EXPECT(domains_add(f.db, &same_tag, NOON, NULL) == ERR_CONFLICT, "a tag is used once");
	char rua[DOMAIN_RUA_MAX + 2];
	memset(rua, 'x', sizeof(rua));
	rua[DOMAIN_RUA_MAX + 1] = '\0';
	d.rua = rua;
	d.id = id;
	EXPECT(domains_update(f.db, &d, 0) == ERR_LIMIT, "an override above its ceiling");
	rua[DOMAIN_RUA_MAX] = '\0';
	EXPECT(domains_update(f.db, &d, 0) == OK, "and at its ceiling");
	fixture_close(&f);
}

TEST(updating)
{
	struct fixture f;
	struct domain d = make("example.com", "tag1"), got;

	fixture_open(&f);
	EXPECT(domains_add(f.db, &d, NOON, &d.id) == OK, "added");
	d.stage = STAGE_ENFORCE;
	d.rua = "mailto:a@example.com\nhttps://example.com/r";
	EXPECT(domains_update(f.db, &d, 1) == OK, "at the revision it was read");
	EXPECT(domains_update(f.db, &d, 1) == ERR_CONFLICT, "not at an older one");
	EXPECT(domains_update(f.db, &d, 0) == OK, "0 does not ask");
	EXPECT(domains_by_id(f.db, d.id, f.a, &got) == OK && got.stage == STAGE_ENFORCE &&
	               got.revision == 3,
	       "each change counts the revision");
	EXPECT_SLICE(slice_str(got.rua), slice_str(d.rua), "the override");
	d.id++;
	EXPECT(domains_update(f.db, &d, 0) == ERR_NOTFOUND, "an unknown domain");
	fixture_close(&f);
}

TEST(tags)
{
	struct fixture f;
	struct domain d = make("example.com", "tag1"), got;

	fixture_open(&f);
	EXPECT(domains_add(f.db, &d, NOON, &d.id) == OK, "added");
	EXPECT(domains_by_tag(f.db, S("tag1"), NOON, f.a, &got) == OK && got.id == d.id, "its tag");
	EXPECT(domains_by_tag(f.db, S("TAG1"), NOON, f.a, &got) == ERR_NOTFOUND, "exact bytes");
	EXPECT(domains_by_tag(f.db, S(""), NOON, f.a, &got) == ERR_NOTFOUND, "no tag is no domain");
	EXPECT(domains_rotate_tag(f.db, d.id, "tag2", NOON) == OK, "rotated");
	EXPECT(domains_by_tag(f.db, S("tag2"), NOON, f.a, &got) == OK, "the new one");
	EXPECT(domains_by_tag(f.db, S("tag1"), NOON + DOMAIN_TAG_GRACE - 1, f.a, &got) == OK,
	       "the old one for thirty days");
	EXPECT(domains_by_tag(f.db, S("tag1"), NOON + DOMAIN_TAG_GRACE, f.a, &got) == ERR_NOTFOUND,
	       "and no longer");
	EXPECT(domains_rotate_tag(f.db, d.id + 1, "tag3", NOON) == ERR_NOTFOUND, "unknown domain");
	fixture_close(&f);
}

TEST(removing_and_coming_back)
{
	struct fixture f;
	struct domain d = make("example.com", "tag1"), got;
	int64_t first = 0, second = 0;

	fixture_open(&f);
	EXPECT(domains_add(f.db, &d, NOON, &first) == OK, "added");
	EXPECT(domains_remove(f.db, first, NOON) == OK, "removed");
	EXPECT(domains_remove(f.db, first, NOON) == ERR_NOTFOUND, "not twice");
	EXPECT(domains_by_name(f.db, TENANT_ONLY, S("example.com"), f.a, &got) == ERR_NOTFOUND,
	       "out of sight by name");
	EXPECT(domains_by_id(f.db, first, f.a, &got) == ERR_NOTFOUND, "by id");
	EXPECT(domains_by_tag(f.db, S("tag1"), NOON, f.a, &got) == ERR_NOTFOUND, "by tag");
	d.tag = "tag2";
	d.claim = "fresh";
	EXPECT(domains_add(f.db, &d, NOON + 10, &second) == OK && second == first,
	       "the same row comes back");
	EXPECT(domains_by_name(f.db, TENANT_ONLY, S("example.com"), f.a, &got) == OK, "in sight");
	EXPECT_SLICE(slice_str(got.claim), S("fresh"), "with a fresh claim");
	EXPECT(domains_by_tag(f.db, S("tag1"), NOON, f.a, &got) == ERR_NOTFOUND,
	       "without its old tag");
	EXPECT(domains_by_tag(f.db, S("tag2"), NOON, f.a, &got) == OK, "with a fresh one");
	fixture_close(&f);
}

/* A look at DNS takes seconds; the domain may have come back with another claim meanwhile. */
TEST(claims_are_seen)
{
	struct fixture f;
	struct domain d = make("example.com", "tag1"), got;
	int64_t id = 0;

	fixture_open(&f);
	EXPECT(domains_add(f.db, &d, NOON, &id) == OK, "added");
	EXPECT(domains_mark_claim_seen(f.db, id, "claim", NOON + 1) == OK &&
	               domains_mark_claim_seen(f.db, id, "claim", NOON + 9) == OK &&
	               domains_by_id(f.db, id, f.a, &got) == OK && got.claim_seen == NOON + 1,
	       "the first moment stays");
	EXPECT(domains_remove(f.db, id, NOON + 10) == OK &&
	               domains_mark_claim_seen(f.db, id, "claim", NOON + 11) == ERR_NOTFOUND,
	       "nothing is seen of one that is gone");
	d.claim = "another";
	EXPECT(domains_add(f.db, &d, NOON + 12, NULL) == OK &&
	               domains_mark_claim_seen(f.db, id, "claim", NOON + 13) == ERR_NOTFOUND &&
	               domains_by_id(f.db, id, f.a, &got) == OK && got.claim_seen == 0,
	       "STS-86: the old claim says nothing of the new one");
	fixture_close(&f);
}

TEST(observed_becomes_hosted)
{
	struct fixture f;
	struct domain d = make("example.com", "tag1"), got;
	int64_t first = 0, second = 0;

	fixture_open(&f);
	d.hosted = false;
	d.stage = STAGE_OBSERVE;
	EXPECT(domains_add(f.db, &d, NOON, &first) == OK, "observed");
	EXPECT(domains_add(f.db, &d, NOON, NULL) == ERR_CONFLICT, "not twice");
	d.hosted = true;
	d.tag = "tag2";
	EXPECT(domains_add(f.db, &d, NOON, &second) == OK && second == first, "now hosted");
	EXPECT(domains_by_tag(f.db, S("tag1"), NOON, f.a, &got) == OK && got.hosted,
	       "keeps its tag");
	EXPECT(domains_add(f.db, &d, NOON, NULL) == ERR_CONFLICT, "hosted already");
	d.hosted = false;
	EXPECT(domains_add(f.db, &d, NOON, NULL) == ERR_CONFLICT, "observing it adds nothing");
	fixture_close(&f);
}

TEST(paging)
{
	static const char *const names[] = { "a.example", "b.example", "b2.example", "c.example",
		                             "d.example" };
	struct fixture f;
	struct domain *rows = NULL;
	size_t count = 0, seen = 0;
	struct slice after = S("");

	fixture_open(&f);
	for (size_t i = ARRAY_LEN(names); i > 0; i--) {
		struct domain d = make(names[i - 1], names[i - 1]);
		EXPECT(domains_add(f.db, &d, NOON, NULL) == OK, names[i - 1]);
	}
	do {
		EXPECT(domains_list(f.db, TENANT_ONLY, after, 2, f.a, &rows, &count) == OK,
		       "a page");
		EXPECT(count <= 2, "at most as many as asked for");
		for (size_t i = 0; i < count; i++)
			EXPECT_SLICE(slice_str(rows[i].name), slice_str(names[seen++]), "in order");
		if (count > 0)
			after = slice_str(rows[count - 1].name);
	} while (count > 0);
	EXPECT(seen == ARRAY_LEN(names), "each once");
	fixture_close(&f);
}

TEST(counting_stages)
{
	struct domain d = make("a.example", "a"), other = make("b.example", "b");
	int64_t counts[STAGE_COUNT], id = 0;
	struct fixture f;

	fixture_open(&f);
	d.stage = STAGE_RETIRE;
	other.stage = STAGE_TESTING;
	EXPECT(domains_add(f.db, &d, NOON, &id) == OK &&
	               domains_add(f.db, &other, NOON, NULL) == OK,
	       "two");
	EXPECT(domains_count_stages(f.db, TENANT_ONLY, counts) == OK && counts[STAGE_RETIRE] == 1 &&
	               counts[STAGE_TESTING] == 1 && counts[STAGE_OFF] == 0,
	       "each in its stage");
	EXPECT(domains_remove(f.db, id, NOON) == OK &&
	               domains_count_stages(f.db, TENANT_ONLY, counts) == OK &&
	               counts[STAGE_RETIRE] == 0,
	       "what was removed does not count");
	EXPECT(domains_count_stages(f.db, TENANT_ONLY + 1, counts) == OK &&
	               counts[STAGE_TESTING] == 0,
	       "nor do those of others");
	fixture_close(&f);
}

TEST_MAIN(UNIT(words), UNIT(adding_and_finding), UNIT(updating), UNIT(tags),
          UNIT(removing_and_coming_back), UNIT(claims_are_seen), UNIT(observed_becomes_hosted),
          UNIT(paging), UNIT(counting_stages))

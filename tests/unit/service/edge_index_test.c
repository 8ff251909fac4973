#include "service/edge_index.h"

#include "service/edge_peers.h"
#include "test.h"

#define PRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct edge_host row(struct slice name, const char *text)
{
	return (struct edge_host){ .name = name,
		                   .domain = slice_skip(name, 8),
		                   .text = slice_str(text),
		                   .etag = S("tag"),
		                   .fingerprint = S(PRINT) };
}

TEST(rows_come_change_and_go)
{
	struct edge_index *x = edge_index_new();
	struct edge_host h = row(S("mta-sts.a.example"), "one");
	const struct edge_site *site;

	EXPECT(edge_index_find(x, h.name) == NULL, "empty");
	EXPECT(edge_index_apply(x, &h) == OK, "added");
	site = edge_index_find(x, S("mta-sts.a.example"));
	assert_non_null(site);
	EXPECT_SLICE(site->text, S("one"), "text");
	EXPECT_SLICE(site->domain, S("a.example"), "domain");
	EXPECT(site->has_cert && site->fingerprint[1] == 0x11, "fingerprint");
	EXPECT(edge_index_find(x, S("mta-sts.a.exampl")) == NULL, "a prefix is another name");
	h.text = S("two");
	h.fingerprint = S("");
	EXPECT(edge_index_apply(x, &h) == OK && edge_index_count(x) == 1, "replaced");
	EXPECT_SLICE(edge_index_find(x, h.name)->text, S("two"), "new text");
	EXPECT(!edge_index_find(x, h.name)->has_cert, "no certificate: not served");
	h.fingerprint = S("0011");
	EXPECT(edge_index_apply(x, &h) == ERR_SYNTAX, "short fingerprint");
	EXPECT(edge_index_find(x, h.name) == NULL, "is served no longer");
	h.fingerprint = S(PRINT);
	EXPECT(edge_index_apply(x, &h) == OK, "added again");
	h.gone = true;
	EXPECT(edge_index_apply(x, &h) == OK && edge_index_count(x) == 0, "gone");
	EXPECT(edge_index_apply(x, &h) == OK, "gone twice");
	h = row(S(""), "x");
	EXPECT(edge_index_apply(x, &h) == ERR_SYNTAX, "no name");
	edge_index_free(x);
	edge_index_free(NULL);
}

TEST(many_names)
{
	enum { NAMES = 5000 };
	struct edge_index *x = edge_index_new();
	char name[64];

	for (unsigned i = 0; i < NAMES; i++) {
		struct edge_host h;

		(void)snprintf(name, sizeof(name), "mta-sts.d%u.example", i);
		h = row(slice_str(name), name);
		EXPECT(edge_index_apply(x, &h) == OK, name);
	}
	EXPECT(edge_index_count(x) == NAMES, "all are there");
	for (unsigned i = 0; i < NAMES; i++) {
		const struct edge_site *site;

		(void)snprintf(name, sizeof(name), "mta-sts.d%u.example", i);
		site = edge_index_find(x, slice_str(name));
		EXPECT(site != NULL && slice_eq(site->text, slice_str(name)), name);
	}
	edge_index_free(x);
}

TEST(texts_are_shared)
{
	struct edge_index *x = edge_index_new();
	struct edge_host a = row(S("mta-sts.a.example"), "same"),
	                 b = row(S("mta-sts.b.example"), "same");
	struct edge_host c = row(S("mta-sts.c.example"), "same");

	c.etag = S("other");
	EXPECT(edge_index_apply(x, &a) == OK && edge_index_apply(x, &b) == OK &&
	               edge_index_apply(x, &c) == OK,
	       "added");
	const char *text = edge_index_find(x, a.name)->text.p;
	EXPECT(edge_index_find(x, b.name)->text.p == text, "one copy for both");
	EXPECT(edge_index_find(x, c.name)->text.p != text, "another tag, another copy");
	a.gone = true;
	EXPECT(edge_index_apply(x, &a) == OK, "one host goes");
	EXPECT_SLICE(edge_index_find(x, b.name)->text, S("same"), "the text stays for the other");
	b.text = S("new");
	EXPECT(edge_index_apply(x, &b) == OK, "and that one changes");
	EXPECT_SLICE(edge_index_find(x, b.name)->text, S("new"), "its text");
	EXPECT_SLICE(edge_index_find(x, c.name)->etag, S("other"), "nobody else's");
	edge_index_free(x);
}

TEST(domains_beside_and_within_names)
{
	struct edge_index *x = edge_index_new();
	struct edge_host h = row(S("mta-sts.a.example"), "x");
	char longest[EDGE_NAME_MAX + 1];

	h.domain = S("elsewhere.example");
	EXPECT(edge_index_apply(x, &h) == OK, "a domain that the name does not end in");
	EXPECT_SLICE(edge_index_find(x, h.name)->domain, h.domain, "is kept beside it");
	h.domain = S("");
	EXPECT(edge_index_apply(x, &h) == OK && edge_index_find(x, h.name)->domain.len == 0,
	       "none");
	memset(longest, 'a', sizeof(longest));
	h.name = slice_of(longest, EDGE_NAME_MAX);
	h.domain = slice_of("b", 1);
	EXPECT(edge_index_apply(x, &h) == OK, "the longest name");
	EXPECT_SLICE(edge_index_find(x, h.name)->domain, h.domain, "with its domain");
	h.name = slice_of(longest, EDGE_NAME_MAX + 1);
	EXPECT(edge_index_apply(x, &h) == ERR_SYNTAX, "a longer one");
	edge_index_free(x);
}

TEST(peers_are_counted)
{
	struct edge_peers *p = edge_peers_new(3);
	struct edge_peer *one = edge_peers_enter(p, 1), *two;

	EXPECT(edge_peers_find(p, 2) == NULL, "nothing open");
	two = edge_peers_enter(p, 2);
	EXPECT(edge_peers_enter(p, 1) == one && one->open == 2, "the same peer");
	EXPECT(edge_peers_find(p, 2) == two && two->open == 1, "the other");
	EXPECT(edge_peers_count(p) == 2, "two peers");
	edge_peers_leave(p, one);
	EXPECT(edge_peers_find(p, 1) == one, "one left");
	edge_peers_leave(p, one);
	EXPECT(edge_peers_find(p, 1) == NULL && edge_peers_count(p) == 1, "none left");
	EXPECT(edge_peers_enter(p, 3)->open == 1 && edge_peers_enter(p, 4)->open == 1, "reused");
	edge_peers_free(p);
	edge_peers_free(NULL);
}

TEST_MAIN(UNIT(rows_come_change_and_go), UNIT(many_names), UNIT(texts_are_shared),
          UNIT(domains_beside_and_within_names), UNIT(peers_are_counted))

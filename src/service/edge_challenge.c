#include "service/edge_challenge.h"

#include "base/enc.h"
#include "service/edge_list.h"
#include "wire/http_head.h"

static const char prefix[] = "/.well-known/acme-challenge/";

struct entry {
	struct link link;
	struct arena *arena; /* of the strings */
	struct slice host, token, answer;
	struct tls_identity *identity; /* NULL: not made yet */
};

struct edge_challenges {
	struct link list;
};

struct edge_challenges *edge_challenges_new(void)
{
	struct edge_challenges *x = mem_alloc(sizeof(*x));

	link_init(&x->list);
	return x;
}

static void entry_free(struct entry *e)
{
	link_remove(&e->link);
	tls_identity_unref(e->identity);
	arena_free(e->arena);
	mem_free(e);
}

void edge_challenges_free(struct edge_challenges *x)
{
	struct link *l;

	if (x == NULL)
		return;
	while ((l = link_first(&x->list)) != NULL)
		entry_free(LINK_OWNER(l, struct entry, link));
	mem_free(x);
}

static struct entry *find(const struct edge_challenges *x, struct slice host)
{
	for (struct link *l = x->list.next; l != &x->list; l = l->next) {
		struct entry *e = LINK_OWNER(l, struct entry, link);
		if (slice_eq(e->host, host))
			return e;
	}
	return NULL;
}

void edge_challenges_apply(struct edge_challenges *x, const struct edge_challenge *row)
{
	struct entry *e = find(x, row->host);

	if (e != NULL)
		entry_free(e);
	if (row->gone || row->host.len == 0)
		return;
	e = mem_alloc(sizeof(*e));
	e->arena = arena_new();
	e->host = arena_copy(e->arena, row->host);
	e->token = arena_copy(e->arena, row->token);
	e->answer = arena_copy(e->arena, row->answer);
	link_init(&e->link);
	link_append(&x->list, &e->link);
}

struct slice edge_challenges_find(const struct edge_challenges *x, struct slice host,
                                  struct slice path)
{
	struct slice start = slice_of(prefix, sizeof(prefix) - 1);

	if (!slice_starts(path, start))
		return S("");
	path = slice_skip(path, start.len);
	for (struct link *l = x->list.next; l != &x->list; l = l->next) {
		const struct entry *e = LINK_OWNER(l, struct entry, link);
		if (slice_eq(e->token, path) && http_same_host(host, e->host))
			return e->answer;
	}
	return S("");
}

struct tls_identity *edge_challenges_identity(struct edge_challenges *x, struct slice host)
{
	struct entry *e = find(x, host);
	unsigned char digest[SHA256_SIZE];

	if (e == NULL)
		return NULL;
	if (e->identity == NULL) {
		enc_sha256(e->answer, digest);
		if (tls_identity_validation(e->host.p, digest, &e->identity) != OK)
			e->identity = NULL;
	}
	return e->identity;
}

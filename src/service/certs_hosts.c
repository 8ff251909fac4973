#include "service/certs_hosts.h"

#include <stdlib.h>

#include "base/table.h"
#include "service/publish.h"

/* One certificate that covers one host. */
struct cover {
	struct certs_host host;
	unsigned rank; /* the report host, the admin host, the others */
	int64_t not_after;
};

struct search {
	struct desk *d;
	struct arena *a;
	const struct certs_reading *r;
	struct certs_hosts *out;
	size_t count, room;
	struct cover *covers;
	struct certs_beyond **last; /* of each star, so that its hosts stay in order */
};

bool certs_cover(const struct cert *c, struct slice host)
{
	for (size_t i = 0; i < c->name_count; i++)
		if (certs_name_covers(c->names[i], host))
			return true;
	return false;
}

static void add(struct search *s, const char *host, const struct domain *domain, unsigned rank,
                size_t cert)
{
	if (s->count == s->room) {
		s->room = s->room == 0 ? 64 : s->room * 2;
		s->covers = mem_realloc(s->covers, s->room * sizeof(*s->covers));
	}
	s->covers[s->count++] =
	        (struct cover){ { host, domain, cert }, rank, s->r->found[cert].cert.not_after };
}

static void add_service_hosts(struct search *s, size_t cert)
{
	const char *hosts[] = { s->d->set.report_host, s->d->set.service_host };

	for (unsigned i = 0; i < ARRAY_LEN(hosts); i++)
		if (hosts[i][0] != '\0' &&
		    certs_cover(&s->r->found[cert].cert, slice_str(hosts[i])))
			add(s, hosts[i], NULL, i, cert);
}

/* A name covers the policy host of one domain at most: by itself, or by a star over it. */
static enum err add_policy_host(struct search *s, struct slice name, size_t cert)
{
	struct domain *domain = arena_alloc(s->a, sizeof(*domain));
	char host[DOMAIN_NAME_MAX + 1];
	struct slice behind;

	if (slice_starts(name, S("*.")))
		behind = slice_skip(name, 2);
	else if (slice_starts(name, S("mta-sts.")))
		behind = slice_skip(name, 8);
	else
		return OK;
	enum err e = domains_by_name(s->d->db, TENANT_ONLY, behind, s->a, domain);
	if (e == OK && domain->hosted && publish_host_name(domain->name, host) == OK &&
	    certs_name_covers(name, slice_str(host)))
		add(s, arena_str(s->a, slice_str(host)), domain, 2, cert);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err find_covers(struct search *s)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < s->r->found_count; i++) {
		const struct cert *c = &s->r->found[i].cert;

		add_service_hosts(s, i);
		for (size_t n = 0; e == OK && n < c->name_count; n++)
			e = add_policy_host(s, c->names[n], i);
	}
	return e;
}

static int way(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* By host, the certificate that lasts longest first, of equals the one that came first. */
static int by_host(const void *a, const void *b)
{
	const struct cover *x = a, *y = b;
	int names = x->rank != y->rank ? way(x->rank, y->rank) : strcmp(x->host.name, y->host.name);

	if (names != 0)
		return names;
	if (x->not_after != y->not_after)
		return x->not_after > y->not_after ? -1 : 1;
	return way(x->host.cert, y->host.cert);
}

static int by_cert(const void *a, const void *b)
{
	const struct cover *x = a, *y = b;

	if (x->host.cert != y->host.cert)
		return way(x->host.cert, y->host.cert);
	return x->rank != y->rank ? way(x->rank, y->rank) : strcmp(x->host.name, y->host.name);
}

static void choose(struct search *s)
{
	size_t kept = 0;

	if (s->count == 0)
		return;
	qsort(s->covers, s->count, sizeof(*s->covers), by_host);
	for (size_t i = 0; i < s->count; i++)
		if (kept == 0 || strcmp(s->covers[kept - 1].host.name, s->covers[i].host.name) != 0)
			s->covers[kept++] = s->covers[i];
	qsort(s->covers, kept, sizeof(*s->covers), by_cert);
	s->out->list = arena_calloc(s->a, kept, sizeof(*s->out->list));
	for (size_t i = 0; i < kept; i++)
		s->out->list[s->out->count++] = s->covers[i].host;
}

static void note_stars(struct search *s)
{
	struct table *t = table_new();

	for (size_t i = 0; i < s->r->found_count; i++) {
		const struct cert *c = &s->r->found[i].cert;

		for (size_t n = 0; n < c->name_count; n++) {
			if (!slice_starts(c->names[n], S("*.")))
				continue;
			size_t *place = table_at(t, slice_skip(c->names[n], 2));
			if (*place == TABLE_NONE)
				*place = table_count(t) - 1;
		}
	}
	s->out->stars = t;
	s->out->beyond = arena_calloc(s->a, table_count(t) + 1, sizeof(struct certs_beyond *));
	s->last = arena_calloc(s->a, table_count(t) + 1, sizeof(struct certs_beyond *));
}

/* Keeps host for every star over it; the one right above it covers it. */
static void look_beyond(struct search *s, const char *host)
{
	struct slice rest = slice_str(host), label;

	(void)slice_cut(rest, '.', &label, &rest); /* without a dot there is no star over it */
	while (slice_cut(rest, '.', &label, &rest)) {
		size_t star = table_get(s->out->stars, rest);
		struct certs_beyond *row;

		if (star == TABLE_NONE)
			continue;
		row = arena_alloc(s->a, sizeof(*row));
		row->host = arena_str(s->a, slice_str(host));
		if (s->last[star] == NULL)
			s->out->beyond[star] = row;
		else
			s->last[star]->next = row;
		s->last[star] = row;
	}
}

static enum err look_through(struct search *s)
{
	struct arena *page = arena_new();
	char after[DOMAIN_NAME_MAX + 1] = "", host[DOMAIN_NAME_MAX + 1];
	size_t count = DB_LIST_MAX;
	enum err e = OK;

	look_beyond(s, s->d->set.report_host);
	look_beyond(s, s->d->set.service_host);
	while (e == OK && count == DB_LIST_MAX) {
		struct domain *list = NULL;

		arena_reset(page);
		e = domains_list(s->d->db, TENANT_ONLY, slice_str(after), DB_LIST_MAX, page, &list,
		                 &count);
		for (size_t i = 0; e == OK && i < count; i++)
			if (list[i].hosted && publish_host_name(list[i].name, host) == OK)
				look_beyond(s, host);
		if (e == OK && count > 0)
			memcpy(after, list[count - 1].name, strlen(list[count - 1].name) + 1);
	}
	arena_free(page);
	return e;
}

enum err certs_hosts_find(struct desk *d, const struct certs_reading *r, struct arena *a,
                          struct certs_hosts *out)
{
	struct certs_hosts found = { 0 };
	struct search s = { .d = d, .a = a, .r = r, .out = &found };
	enum err e = find_covers(&s);

	note_stars(&s);
	if (e == OK && table_count(found.stars) > 0)
		e = look_through(&s);
	if (e == OK)
		choose(&s);
	mem_free(s.covers);
	if (e == OK)
		*out = found;
	else
		certs_hosts_fini(&found);
	return e;
}

void certs_hosts_fini(struct certs_hosts *h)
{
	table_free(h->stars);
	h->stars = NULL;
}

const struct certs_beyond *certs_hosts_beyond(const struct certs_hosts *h, struct slice name)
{
	size_t star =
	        slice_starts(name, S("*.")) ? table_get(h->stars, slice_skip(name, 2)) : TABLE_NONE;

	return star == TABLE_NONE ? NULL : h->beyond[star];
}

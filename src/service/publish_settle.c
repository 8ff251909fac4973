/* From offered to served, and in a demonstration on to announced. */
#include "base/log.h"
#include "service/board.h"
#include "service/outside.h"
#include "service/publish.h"
#include "service/record_check.h"
#include "store/edgedb.h"
#include "store/fetches.h"

#define SETTLE_MAX 200u  /* publications that are marked together */
#define SETTLE_TURNS 4u  /* of them each second, so that others get their turn */
#define SETTLE_CROWD 50u /* from so many on */

/*
 * A demonstration fetches over loopback, which takes no time: who saved finds it announced.  The
 * product's fetch is the publisher's.
 */
static enum err fetch_demo(struct desk *d, struct publication *p, const struct domain *domain,
                           struct arena *a, int64_t now)
{
	const char *why = "";
	enum err e;

	if (!d->set.demo || !publication_needs_fetch(p) || p->fetched != 0 ||
	    !outside_has_policy(d, domain->name, p->policy, a, &why))
		return OK;
	desk_lock(d);
	e = policies_mark_fetched(d->db, p->id, now);
	if (e == OK)
		e = fetches_add_own(d->db, p->id, now);
	if (e == OK)
		e = policies_by_id(d->db, p->id, a, p);
	desk_unlock(d);
	return e;
}

/* A publication that was just marked, with its domain. */
struct settled {
	struct publication p;
	struct domain domain;
};

/* Of a crowd nobody waits for one: their records are looked at when their turn comes. */
static enum err mark_one(struct desk *d, struct settled *s, int64_t id, bool crowd, struct arena *a,
                         int64_t now)
{
	enum err e = policies_mark_served(d->db, id, now);

	if (e == OK)
		e = policies_by_id(d->db, id, a, &s->p);
	if (e == OK)
		e = domains_by_id(d->db, s->p.domain, a, &s->domain);
	return e == OK && !crowd ? record_check_soon(d, s->p.domain, now) : e;
}

static enum err mark_served(struct desk *d, const struct publication *list, size_t count,
                            struct arena *a, int64_t now, struct settled *out)
{
	enum err e = count == 0 ? OK : db_begin(d->db);

	if (e != OK || count == 0)
		return e;
	for (size_t i = 0; e == OK && i < count; i++)
		e = mark_one(d, &out[i], list[i].id, count >= SETTLE_CROWD, a, now);
	return db_end(d->db, e);
}

/* A demonstration's id, and one that needs nothing else from outside, goes out at once. */
static void go_on(struct desk *d, struct settled *s, struct arena *a, int64_t now)
{
	int64_t seq;
	enum err e = fetch_demo(d, &s->p, &s->domain, a, now);

	if (e == OK && publish_answers_id(d, &s->domain) && publication_may_answer(&s->p, now)) {
		desk_lock(d);
		e = publish_announce(d, &s->p, now, &seq);
		desk_unlock(d);
	}
	if (e != OK && e != ERR_CONFLICT && e != ERR_NOTFOUND) /* a newer save came between */
		log_error("a policy that is served cannot be announced",
		          F("domain", s->domain.name), F("why", err_name(e)));
}

/*
 * Whether every edge has it, by what edge.db itself says: a number that the main database noted for
 * a change that edge.db never committed is that of another change by now.
 */
static bool is_served(struct desk *d, const struct publication *p, const struct domain *domain,
                      uint64_t served, struct arena *a)
{
	char host[DOMAIN_NAME_MAX + 1];
	struct edge_host row;

	return publish_host_name(domain->name, host) == OK &&
	       edgedb_host(d->edge, slice_str(host), a, &row) == OK && row.publication == p->id &&
	       (uint64_t)row.seq <= served;
}

/* Leaves those in the list that edges serve; what was never given to them is given now. */
static enum err keep_served(struct desk *d, struct publication *list, size_t *count,
                            uint64_t served, struct arena *a, int64_t now)
{
	size_t kept = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < *count; i++) {
		struct domain domain;
		int64_t seq;

		e = domains_by_id(d->db, list[i].domain, a, &domain);
		if (e == OK && is_served(d, &list[i], &domain, served, a))
			list[kept++] = list[i];
		else if (e == OK)
			e = publish_domain(d, &domain, now, &seq);
	}
	*count = kept;
	return e;
}

/* True: there may be more of them.  The lock is taken once for all: others wait for it as well. */
static bool settle_some(struct desk *d, int64_t now)
{
	struct arena *a = arena_new();
	struct publication *list = NULL;
	struct settled *done = NULL;
	size_t count = 0, found = 0;

	desk_lock(d);
	uint64_t served = board_served(d->board);
	enum err e = policies_offered(d->db, (int64_t)served, SETTLE_MAX, a, &list, &count);
	found = count;
	if (e == OK)
		e = keep_served(d, list, &count, served, a, now);
	if (e == OK) {
		done = arena_calloc(a, count + 1, sizeof(*done));
		e = mark_served(d, list, count, a, now, done);
	}
	desk_unlock(d);
	if (e != OK)
		log_error("policies cannot be marked as served", F("why", err_name(e)));
	for (size_t i = 0; e == OK && i < count; i++) {
		log_info("policy served everywhere", F("domain", done[i].domain.name),
		         F("id", done[i].p.policy_id));
		go_on(d, &done[i], a, now);
	}
	arena_free(a);
	return e == OK && found == SETTLE_MAX;
}

void publish_settle(struct desk *d, int64_t now)
{
	for (unsigned i = 0; i < SETTLE_TURNS && settle_some(d, now); i++)
		;
}

#include "service/publisher.h"

#include <poll.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/acme_check.h"
#include "service/acme_plan.h"
#include "service/crew.h"
#include "service/outside.h"
#include "service/pace.h"
#include "service/publish.h"
#include "service/push.h"
#include "service/record_check.h"
#include "store/arrivals.h"
#include "store/checks.h"
#include "store/fetches.h"

#define THREADS 4u
#define FAILING_PAUSE_MS 1000
#define LEASE_S 120
#define IDLE_S 60 /* what somebody else moves on is looked at so often */
#define CATCH_UP_PAGE 100u
#define CATCH_UP_PAUSE_MS 50
#define COUNT_MS 30000
#define TYPED_S 3600 /* a line that a person types is watched elsewhere */

struct publisher {
	struct desk *d;
	struct crew crew;
	atomic_bool failing;      /* the database said no, and that was said */
	atomic_bool behind;       /* domains are left that edges may not have as they are now */
	atomic_bool follows;      /* one thread at a time gives them */
	struct publish_cursor at; /* of that thread */
	struct pace failing_pace; /* after an import it may be thousands at once */
	_Atomic int64_t counted_ms, idle_s;
};

/* One step of one publication. */
struct step {
	struct desk *d;
	struct pace *failing; /* of all steps that fail */
	struct arena *a;
	int64_t now, idle_s;
	struct publication p;
	struct domain domain;
};

/* Again later; why "" when there is only something to wait for. */
static void again(struct step *s, int64_t due, const char *why, bool failed)
{
	desk_lock(s->d);
	enum err e = policies_again(s->d->db, s->p.id, due, why, failed);
	desk_unlock(s->d);
	if (e != OK)
		log_error("a publication cannot be put back", F("domain", s->domain.name),
		          F("why", err_name(e)));
}

static int64_t retry_at(struct step *s)
{
	return s->now + pace_take(s->failing, clock_mono_ms(), acme_plan_fault(s->p.tries + 1),
	                          CHECKS_A_SECOND);
}

static void fail(struct step *s, const char *why)
{
	if (strcmp(s->p.why, why) != 0)
		log_info("a publication waits", F("domain", s->domain.name), F("why", why));
	again(s, retry_at(s), why, true);
}

static void not_stored(struct step *s, enum err e)
{
	if (e == ERR_CONFLICT || e == ERR_NOTFOUND) /* a newer save came between */
		return;
	log_error("a step of a publication cannot be stored", F("domain", s->domain.name),
	          F("why", err_name(e)));
	again(s, retry_at(s), "the database cannot be used", true);
}

/* The domain as it is now that the lock is held again.  ERR_CONFLICT: it is hosted elsewhere. */
static enum err read_again(struct step *s)
{
	enum domain_hosting before = s->domain.hosting;
	enum err e = domains_by_id(s->d->db, s->domain.id, s->a, &s->domain);

	return e == OK && s->domain.hosting != before ? ERR_CONFLICT : e;
}

/* Nothing is served before the CNAMEs carry the claim of the domain. */
static void see_claim(struct step *s)
{
	char host[DOMAIN_NAME_MAX + 1];
	const char *why = "";
	int64_t seq;

	if (publish_host_name(s->domain.name, host) != OK)
		return;
	if (!acme_check_records(s->d, &s->domain, host, s->a, &why)) {
		fail(s, why);
		return;
	}
	desk_lock(s->d);
	enum err e = domains_mark_claim_seen(s->d->db, s->domain.id, s->domain.claim, s->now);
	if (e == OK)
		e = domains_by_id(s->d->db, s->domain.id, s->a, &s->domain);
	if (e == OK)
		e = publish_domain(s->d, &s->domain, s->now, &seq);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
	else
		again(s, s->now + 1, "", false);
}

/* A person may have typed the id too early: noted, and repaired when its text is served. */
static void look_ahead(struct step *s)
{
	bool noted = false;

	if (s->domain.way[RECORD_ID] != WAY_TXT || s->p.ahead != 0 ||
	    !outside_has_id(s->d, s->domain.name, s->p.policy_id, s->a))
		return;
	desk_lock(s->d);
	enum err e = policies_mark_ahead(s->d->db, s->p.id, s->now, &noted);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
	else if (noted)
		log_warn("an id ran ahead of its text", F("domain", s->domain.name),
		         F("id", s->p.policy_id));
}

/* On web space elsewhere the text is served once it is seen there. */
static void look_elsewhere(struct step *s)
{
	const char *why = "";

	if (!outside_has_policy(s->d, s->domain.name, s->p.policy, s->a, &why)) {
		fail(s, why);
		return;
	}
	desk_lock(s->d);
	enum err e = read_again(s);
	if (e == OK)
		e = policies_mark_served(s->d->db, s->p.id, s->now);
	if (e == OK)
		e = policies_mark_fetched(s->d->db, s->p.id, s->now);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
}

static void on_staged(struct step *s)
{
	look_ahead(s);
	if (s->domain.hosting == HOSTING_EXTERNAL)
		look_elsewhere(s);
	else if (publish_needs_claim(s->d, &s->domain))
		see_claim(s);
	else
		again(s, s->now + (s->p.offered == 0 ? s->idle_s : 1), "", false);
}

static void look_from_outside(struct step *s)
{
	const char *why = "";

	if (!outside_has_policy(s->d, s->domain.name, s->p.policy, s->a, &why)) {
		fail(s, why);
		return;
	}
	desk_lock(s->d);
	enum err e = policies_mark_fetched(s->d->db, s->p.id, s->now);
	if (e == OK)
		e = fetches_add_own(s->d->db, s->p.id, s->now);
	if (e == OK) /* a line that a person types is shown from now on */
		e = record_check_soon(s->d, s->domain.id, s->now);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
}

/* ERR_CONFLICT: a newer save came, and brings a further id itself. */
static enum err add_further(struct step *s, struct publication *out)
{
	struct policies_saved saved;
	enum err e = policies_newest(s->d->db, s->domain.id, s->a, out);

	if (e == OK && out->id != s->p.id)
		e = ERR_CONFLICT;
	if (e == OK)
		e = policies_save(s->d->db, s->domain.id, POLICIES_BUMP, NULL, s->now, s->a,
		                  &saved);
	if (e != OK)
		return e;
	*out = saved.newest;
	return publish_audit(s->d, "policy.repair", s->domain.name,
	                     arena_printf(s->a, "%s was in DNS before its text; %s follows",
	                                  s->p.policy_id, out->policy_id),
	                     s->now);
}

/* Senders may hold an older text under the id that came too early: one more id, same text. */
static void repair(struct step *s)
{
	struct publication further;
	int64_t seq;

	desk_lock(s->d);
	enum err e = read_again(s);
	if (e == OK)
		e = add_further(s, &further);
	if (e == OK)
		e = publish_domain(s->d, &s->domain, s->now, &seq);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
	else
		log_warn("a further id repairs one that ran ahead", F("domain", s->domain.name),
		         F("id", further.policy_id));
}

/* Written into the customer's zone by service/push.h, which then announces it. */
static void hurry(struct step *s)
{
	desk_lock(s->d);
	enum err e = pushes_hurry(s->d->db, s->domain.id, RECORD_ID);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
	else
		again(s, s->now + IDLE_S, "", false);
}

static void announce(struct step *s)
{
	int64_t seq;

	if (s->domain.way[RECORD_ID] == WAY_UPDATE && !s->d->set.demo) {
		hurry(s);
		return;
	}
	if (!publish_answers_id(s->d, &s->domain)) {
		again(s, s->now + (s->domain.way[RECORD_ID] == WAY_TXT ? TYPED_S : IDLE_S), "",
		      false);
		return;
	}
	desk_lock(s->d);
	enum err e = publish_announce(s->d, &s->p, s->now, &seq);
	desk_unlock(s->d);
	if (e != OK)
		not_stored(s, e);
}

static void on_served(struct step *s)
{
	int64_t alone = publication_alone_from(&s->p);

	if (s->p.ahead != 0 && alone <= s->now)
		repair(s);
	else if (publication_needs_fetch(&s->p) && s->p.fetched == 0)
		look_from_outside(s);
	else if (alone > s->now)
		again(s, alone, "", false);
	else
		announce(s);
}

/* Said once; the next look waits longer than usual. */
static void on_failure(struct publisher *u, const char *what, enum err e)
{
	if (!atomic_exchange(&u->failing, true))
		log_error("steps of publications cannot be taken", F("what", what),
		          F("why", err_name(e)));
	(void)poll(NULL, 0, FAILING_PAUSE_MS); /* only passes time */
}

static bool claim(struct publisher *u, struct step *s)
{
	desk_lock(u->d);
	enum err e = policies_claim(u->d->db, s->now, s->now + LEASE_S, s->a, &s->p);
	if (e == OK)
		e = domains_by_id(u->d->db, s->p.domain, s->a, &s->domain);
	desk_unlock(u->d);
	if (e != OK && e != ERR_NOTFOUND)
		on_failure(u, "publications", e);
	else
		atomic_store(&u->failing, false);
	return e == OK;
}

/* Of many domains each is looked at less often: what moves it on makes it due. */
static int64_t idle(struct publisher *u)
{
	int64_t now = clock_mono_ms(), last = atomic_load(&u->counted_ms), domains = 0;

	if (last == 0 || now - last > COUNT_MS) {
		atomic_store(&u->counted_ms, now);
		desk_lock(u->d);
		enum err e = arrivals_domains(u->d->db, &domains);
		desk_unlock(u->d);
		domains /= CHECKS_A_SECOND;
		if (e == OK)
			atomic_store(&u->idle_s, domains > IDLE_S ? domains : IDLE_S);
	}
	return atomic_load(&u->idle_s);
}

static bool publish_one(struct publisher *u, struct arena *a)
{
	struct step s = { .d = u->d,
		          .failing = &u->failing_pace,
		          .a = a,
		          .now = clock_now_s(),
		          .idle_s = idle(u) };

	if (!claim(u, &s))
		return false;
	if (s.p.served == 0)
		on_staged(&s);
	else
		on_served(&s);
	return true;
}

static bool push_one(struct publisher *u, struct arena *a)
{
	int64_t now = clock_now_s();
	struct push_row row;

	desk_lock(u->d);
	enum err e = pushes_claim(u->d->db, now, now + LEASE_S, a, &row);
	desk_unlock(u->d);
	if (e == OK)
		push_step(u->d, &row, a, now, &u->crew.stop);
	else if (e != ERR_NOTFOUND)
		on_failure(u, "records to be written", e);
	return e == OK;
}

static bool is_behind(struct publisher *u)
{
	return atomic_load(&u->behind) || atomic_load(&u->d->behind);
}

/*
 * What was committed before a restart edges have already; settings may be others now, and something
 * may have been cut off.  It waits for nobody, so it takes its time.
 */
static void catch_up(struct publisher *u)
{
	int64_t seq;

	if (!is_behind(u) || atomic_exchange(&u->follows, true))
		return;
	if (atomic_exchange(&u->d->behind, false)) /* something changed that all domains show */
		u->at = (struct publish_cursor){ .done = false };
	desk_lock(u->d);
	enum err e = publish_page(u->d, &u->at, CATCH_UP_PAGE, clock_now_s(), &seq);
	desk_unlock(u->d);
	if (e != OK)
		on_failure(u, "policies for the edges", e);
	atomic_store(&u->behind, !u->at.done);
	atomic_store(&u->follows, false);
	(void)poll(NULL, 0, CATCH_UP_PAUSE_MS); /* only passes time */
}

static bool turn(void *arg, struct arena *a)
{
	struct publisher *u = arg;

	catch_up(u);
	bool any = publish_one(u, a);

	return push_one(u, a) || any;
}

enum err publisher_new(struct desk *d, const struct publish_cursor *from, struct publisher **out)
{
	struct publisher *u = mem_alloc(sizeof(*u));

	u->d = d;
	u->at = *from;
	u->behind = !from->done;
	u->idle_s = IDLE_S;
	desk_lock(d);
	enum err e = policies_all_due(d->db);
	if (e == OK)
		e = pushes_unclaim_all(d->db);
	desk_unlock(d);
	if (e == OK)
		e = crew_start(&u->crew, THREADS, turn, u);
	if (e == OK)
		*out = u;
	else
		publisher_free(u);
	return e;
}

void publisher_free(struct publisher *u)
{
	if (u == NULL)
		return;
	crew_end(&u->crew);
	mem_free(u);
}

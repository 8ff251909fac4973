/* A look at a domain's records, and what follows from it. */
#include "service/record_check.h"

#include <stdio.h>

#include "base/log.h"
#include "mtasts/name.h"
#include "service/alert_domain.h"
#include "service/hosting_internal.h"
#include "store/checks.h"
#include "store/jobs.h"
#include "store/orders.h"
#include "store/policies.h"
#include "tlsrpt/record.h"

#define ACTOR "service"
#define SOON_S 5
#define LATER_S 60
#define SELDOM_S 600
#define RIGHT_S 3600
#define FRESH_S INT64_C(900) /* so long somebody is likely to be waiting */
#define YOUNG_S INT64_C(86400)

struct looking {
	struct desk *d;
	struct arena *a;
	int64_t now;
	struct domain domain;
	struct records records; /* as they were before, later as they are */
	struct record_facts facts;
	struct check before, after;
	struct publication p; /* id 0: nothing is served */
	bool rua_changed, adopted;
};

static enum err read_all(struct looking *l, int64_t id)
{
	enum err e = domains_by_id(l->d->db, id, l->a, &l->domain);

	if (e == OK)
		e = records_read(l->d, &l->domain, l->now, l->a, &l->records);
	return e;
}

/* What is there when the look is over: another one, or a change, may have come between. */
static enum err read_again(struct looking *l)
{
	enum err e = domains_by_id(l->d->db, l->domain.id, l->a, &l->domain);

	if (e != OK)
		return e;
	e = policies_served(l->d->db, l->domain.id, l->a, &l->p);
	if (e == ERR_NOTFOUND)
		l->p = (struct publication){ 0 };
	else if (e != OK)
		return e;
	e = checks_get(l->d->db, l->domain.id, l->a, &l->before);
	if (e == ERR_NOTFOUND)
		l->before = (struct check){ .domain = l->domain.id, .id = "", .rua_kept = "" };
	return e == ERR_NOTFOUND ? OK : e;
}

/* Where the id stands: behind the CNAME, or at the name itself when a person or a provider put
 * it there. */
static const struct judge_seen *id_place(const struct looking *l)
{
	const struct judge_seen *target = &l->facts.seen[ASKED_TARGET],
	                        *own = &l->facts.seen[ASKED_ID];

	for (size_t i = 0; target->name != NULL && i < own->count; i++)
		if (own->servers[i].answer == JUDGE_SOMETHING && own->servers[i].cname[0] != '\0')
			return target;
	return own;
}

/* What all servers agree on, since when, and when it was last something else. */
static void note_id(struct looking *l)
{
	const struct judge_seen *seen = id_place(l);
	struct slice id =
	        seen->name == NULL ? (struct slice){ NULL, 0 } : judge_common_id(l->a, seen);

	l->after.id = l->before.id;
	l->after.id_since = l->before.id_since;
	l->after.other_last = l->before.other_last;
	l->after.definite = l->before.definite;
	if (seen->name != NULL && (id.len > 0 || judge_is_nowhere(seen)))
		checks_note_id(&l->after, arena_str(l->a, id), l->now);
}

static bool is_our_address(const struct looking *l, struct slice uri)
{
	const char *host = l->d->set.report_host;

	return host[0] != '\0' &&
	       (slice_starts_i(uri, slice_str(arena_printf(l->a, "https://%s/v1/report/", host))) ||
	        (slice_starts_i(uri, S("mailto:r-")) &&
	         slice_ends_i(uri, slice_str(arena_printf(l->a, "@%s", host)))));
}

/* Report addresses of others in a record that stands there. */
static void note_rua(struct looking *l)
{
	const struct judge_seen *seen = &l->facts.seen[ASKED_REPORTS];
	struct findings f = findings_in(l->a);
	struct tlsrpt_record r;
	struct buf b;

	l->after.rua_kept = l->before.rua_kept;
	for (size_t i = 0; i < seen->count; i++) {
		const struct judge_server *s = &seen->servers[i];
		if (s->answer != JUDGE_SOMETHING || s->cname[0] != '\0' ||
		    tlsrpt_record_set_read(s->found, s->count, &f, &r) != OK)
			continue;
		buf_init(&b, DOMAIN_RUA_MAX);
		for (size_t n = 0; n < r.rua_count; n++) {
			if (is_our_address(l, r.rua[n].uri))
				continue;
			buf_add(&b, r.rua[n].uri);
			buf_add_char(&b, '\n');
		}
		if (buf_status(&b) == OK)
			l->after.rua_kept = arena_str(l->a, buf_slice(&b));
		buf_fini(&b);
		break;
	}
	l->rua_changed = strcmp(l->after.rua_kept, l->before.rua_kept) != 0;
}

static enum err store(struct looking *l)
{
	struct buf text;
	enum err e;

	buf_init(&text, CHECK_FACTS_MAX);
	e = record_facts_format(&l->facts, &text);
	if (e != OK) {
		/* More than anybody would publish: that is all that is kept. */
		struct record_facts little = { .zone = RECORD_ZONE_UNKNOWN,
			                       .zone_name = "",
			                       .why = "the answers are too long",
			                       .resolved_why = "" };
		buf_reset(&text);
		e = record_facts_format(&little, &text);
	}
	l->after.domain = l->domain.id;
	l->after.checked = l->now;
	l->after.facts = buf_slice(&text);
	if (e == OK)
		e = checks_put(l->d->db, &l->after);
	l->after.facts = arena_copy(l->a, l->after.facts);
	buf_fini(&text);
	return e;
}

/*
 * An id that somebody typed instead of ours is taken, when it came after its text: a look that
 * began after the text was served everywhere saw another one.  An id that ran ahead may be held
 * together with the text before.
 */
static bool may_adopt(const struct looking *l)
{
	return l->domain.way[RECORD_ID] == WAY_TXT && l->p.end == END_NOT && l->p.served != 0 &&
	       l->after.id[0] != '\0' && l->after.other_last > l->p.served;
}

static enum err adopt(struct looking *l)
{
	struct publication newest;
	enum err e = policies_newest(l->d->db, l->domain.id, l->a, &newest);

	if (e != OK || newest.id != l->p.id)
		return e == ERR_NOTFOUND ? OK : e; /* a newer text is on its way: its id comes */
	e = policies_adopt_id(l->d->db, l->domain.id, slice_str(l->after.id), l->now);
	if (e == ERR_CONFLICT)
		return OK; /* an earlier one of ours that is still there */
	if (e == OK)
		e = hosting_audit(l->d, ACTOR, "policy.adopt-id", l->domain.name, l->after.id,
		                  l->now);
	if (e != OK)
		return e;
	l->adopted = true;
	log_info("policy id adopted as it was typed", F("domain", l->domain.name),
	         F("id", l->after.id));
	return policies_served(l->d->db, l->domain.id, l->a, &l->p);
}

static uint32_t ttl_of(const struct looking *l)
{
	uint32_t ttl = 0;

	for (unsigned w = ASKED_ID; w <= ASKED_TARGET; w++) {
		const struct judge_seen *seen = &l->facts.seen[w];
		for (size_t i = 0; w != ASKED_REPORTS && i < seen->count; i++)
			if (seen->servers[i].answer == JUDGE_SOMETHING &&
			    seen->servers[i].ttl > ttl)
				ttl = seen->servers[i].ttl;
	}
	return ttl;
}

/* Every authoritative server answers the id that is served: from here on the horizon knows it. */
static enum err mark_seen(struct looking *l)
{
	enum err e = OK;

	if (l->p.id == 0 || l->p.end != END_NOT)
		return OK;
	if (strcmp(l->after.id, l->p.policy_id) != 0 && may_adopt(l))
		e = adopt(l);
	if (e != OK || strcmp(l->after.id, l->p.policy_id) != 0 || l->p.id_seen != 0)
		return e;
	if (l->p.announced == 0 && !publication_may_answer(&l->p, l->now))
		return OK; /* too early: what is to come first comes first */
	if (l->p.announced == 0)
		e = policies_mark_announced(l->d->db, l->p.id, l->now);
	if (e == OK)
		e = policies_mark_seen(l->d->db, l->p.id, l->now, ttl_of(l));
	if (e == OK) /* nobody need be told of it any more */
		e = alert_domain_soon(l->d, l->domain.id, l->now);
	if (e == OK)
		log_info("policy id seen at all name servers", F("domain", l->domain.name),
		         F("id", l->p.policy_id));
	return e;
}

/* An id of ours that is in DNS before its turn. */
static enum err note_ahead(struct looking *l)
{
	struct publication newest;
	bool noted = false;
	enum err e = policies_newest(l->d->db, l->domain.id, l->a, &newest);

	if (e != OK || newest.announced != 0 || strcmp(newest.policy_id, l->after.id) != 0)
		return e == ERR_NOTFOUND ? OK : e;
	e = policies_mark_ahead(l->d->db, newest.id, l->now, &noted);
	if (e == OK && noted)
		log_warn("an id ran ahead of its text", F("domain", l->domain.name),
		         F("id", l->after.id));
	return e;
}

static bool is_host_right(const struct looking *l)
{
	for (size_t i = 0; i < l->records.count; i++) {
		const struct record_row *r = &l->records.rows[i];
		if (strcmp(r->purpose, "policy-host") == 0 && strcmp(r->state, "seen") != 0 &&
		    strcmp(r->state, "flattened") != 0)
			return false;
	}
	return l->domain.hosted;
}

/* Its publication and the order of its certificate wait for the records, perhaps for hours. */
static enum err hurry_order(struct looking *l)
{
	char host[NAME_SIZE];
	struct order o;
	enum err e;

	if (l->after.host_seen != l->now ||
	    name_for(NAME_STS_HOST, slice_str(l->domain.name), host) != OK)
		return OK;
	e = policies_hurry(l->d->db, l->domain.id);
	if (e != OK)
		return e;
	e = orders_get(l->d->db, l->domain.tenant, slice_str(host), l->a, &o);
	if (e == OK && o.state == ORDER_WANTED && o.due > l->now)
		e = orders_hurry(l->d->db, l->domain.tenant, slice_str(host), l->now);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err conclude(struct looking *l)
{
	enum err e = read_again(l);

	if (e != OK)
		return e;
	note_id(l);
	note_rua(l);
	l->after.seen_since = l->before.seen_since;
	l->after.host_seen = l->before.host_seen;
	l->after.adopted = l->before.adopted;
	e = store(l);
	if (e == OK)
		e = note_ahead(l);
	if (e == OK)
		e = mark_seen(l);
	if (e == OK)
		e = records_read(l->d, &l->domain, l->now, l->a, &l->records);
	if (e != OK)
		return e;
	l->after.seen_since = !l->records.all_seen        ? 0
	                      : l->before.seen_since == 0 ? l->now
	                                                  : l->before.seen_since;
	if (l->after.host_seen == 0 && is_host_right(l))
		l->after.host_seen = l->now;
	e = checks_put(l->d->db, &l->after);
	return e == OK ? hurry_order(l) : e;
}

static enum err save(struct looking *l)
{
	int64_t seq = 0;
	enum err e = db_begin(l->d->db);

	if (e != OK)
		return e;
	e = db_end(l->d->db, conclude(l));
	if (e == OK && (l->rua_changed || l->adopted))
		e = publish_domain(l->d, &l->domain, l->now, &seq);
	return e;
}

static int64_t again(const struct looking *l)
{
	int64_t since = l->p.staged > l->domain.added ? l->p.staged : l->domain.added;
	bool lagging = l->p.id != 0 && l->p.end == END_NOT && l->p.id_seen == 0 &&
	               strcmp(l->after.id, l->p.policy_id) != 0;

	if (l->records.all_seen && !lagging && !l->records.waits)
		return RIGHT_S;
	if (l->now - since < FRESH_S)
		return SOON_S;
	return l->now - since < YOUNG_S ? LATER_S : SELDOM_S;
}

enum err record_check_run(struct desk *d, int64_t domain, int64_t now, struct arena *a,
                          int64_t *again_out)
{
	struct looking *l = arena_alloc(a, sizeof(*l));
	enum err e;

	l->d = d;
	l->a = a;
	l->now = now;
	desk_lock(d);
	e = read_all(l, domain);
	desk_unlock(d);
	if (e != OK)
		return e;
	record_check_ask(d, &l->domain, &l->records, a, &l->facts);
	if (atomic_load(&d->stopping))
		return ERR_UNAVAILABLE; /* half a look is none */
	desk_lock(d);
	e = save(l);
	desk_unlock(d);
	if (e == OK && again_out != NULL)
		*again_out = again(l);
	return e;
}

enum err record_check_soon(struct desk *d, int64_t domain, int64_t now)
{
	char key[32];

	if (d->set.demo)
		return OK;
	(void)snprintf(key, sizeof(key), "%lld", (long long)domain); /* the room is enough */
	return jobs_add(d->db, RECORD_CHECK_JOB, key, S(""), now, now, NULL);
}

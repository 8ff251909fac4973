#include "service/alert_domain.h"

#include <stdio.h>

#include "base/log.h"
#include "base/utc.h"
#include "service/acme.h"
#include "service/hosting.h"
#include "service/outside.h"
#include "service/outside_look.h"
#include "service/publish.h"
#include "service/records.h"
#include "service/sealed.h"
#include "store/fetches.h"
#include "store/jobs.h"
#include "store/policies.h"

#define DAYS_MAX 60u

struct watched {
	struct desk *d;
	struct arena *a;
	int64_t now;
	struct domain domain;
	struct publication newest, served, answered; /* id 0: there is none */
	struct self_check look;
	struct alert_facts f;
};

/* ERR_NOTFOUND is an answer here: *p is blank then. */
static enum err read_one(enum err e, struct publication *p)
{
	if (e == ERR_NOTFOUND)
		*p = (struct publication){ 0 };
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_publications(struct watched *w)
{
	struct db *db = w->d->db;
	int64_t id = w->domain.id;
	enum err e = read_one(policies_newest(db, id, w->a, &w->newest), &w->newest);

	if (e == OK)
		e = read_one(policies_served(db, id, w->a, &w->served), &w->served);
	if (e == OK)
		e = read_one(policies_answered(db, id, 0, w->a, &w->answered), &w->answered);
	if (e != OK || w->served.id == 0 || w->served.end != END_NOT || w->answered.id == 0)
		return e;
	w->f.announced = w->answered.announced;
	w->f.ttl = w->answered.ttl;
	w->f.id = w->answered.policy_id;
	w->f.newest_id = w->newest.id == 0 ? NULL : w->newest.policy_id;
	w->f.mode = w->served.policy->mode;
	w->f.max_age = w->served.policy->max_age;
	return OK;
}

/* The certificate that host uses and what is done about the next one. */
static enum err read_cert(const struct desk *d, const char *host, struct alert_facts *f,
                          struct arena *a)
{
	struct cert c;
	struct order o;
	enum err e = sealed_assigned(d, TENANT_ONLY, slice_str(host), a, &c);

	f->cert.ours = true;
	f->cert.host = host;
	f->cert.fingerprint = "";
	f->cert.order_words = "";
	if (e == OK) {
		f->cert.not_before = c.not_before;
		f->cert.not_after = c.not_after;
		f->cert.fingerprint = c.fingerprint;
	} else if (e != ERR_NOTFOUND) {
		return e;
	}
	e = orders_get(d->db, TENANT_ONLY, slice_str(host), a, &o);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	f->cert.ordered = true;
	f->cert.failed = o.why[0] != '\0';
	f->cert.order_words = acme_order_words(&o, f->now, a);
	return OK;
}

/* What was seen from outside of a certificate that is not ours. */
static enum err read_foreign_cert(struct desk *d, const char *host, struct alert_facts *f,
                                  struct arena *a)
{
	struct look l;
	enum err e = outside_look_read(d, host, a, &l);

	f->cert.host = host;
	if (e == OK)
		f->cert.seen_until = l.not_after;
	return e;
}

static enum err read_policy_cert(struct watched *w)
{
	char host[DOMAIN_NAME_MAX + 1];
	const char *name;

	if (!w->domain.hosted || publish_host_name(w->domain.name, host) != OK)
		return OK;
	name = arena_str(w->a, slice_str(host));
	return w->domain.hosting == HOSTING_HERE ? read_cert(w->d, name, &w->f, w->a)
	                                         : read_foreign_cert(w->d, name, &w->f, w->a);
}

/* A line that a person types is asked for from when its text may be told of. */
static enum err read_typing(struct watched *w)
{
	struct records *r;
	enum err e;

	w->f.typing.id = w->f.typing.name = w->f.typing.value = "";
	if (!w->domain.hosted || w->domain.way[RECORD_ID] != WAY_TXT || w->served.id == 0)
		return OK;
	r = arena_alloc(w->a, sizeof(*r));
	e = records_read(w->d, &w->domain, w->now, w->a, r);
	for (size_t i = 0; e == OK && r->waits && i < r->count; i++) {
		const struct record_row *row = &r->rows[i];
		if (strcmp(row->purpose, "policy-id") != 0 || row->value == NULL)
			continue;
		w->f.typing.since =
		        w->served.fetched > w->served.served ? w->served.fetched : w->served.served;
		w->f.typing.id = w->served.policy_id;
		w->f.typing.name = row->name;
		w->f.typing.value = row->value;
	}
	return e;
}

static enum err read_reports(struct watched *w)
{
	int64_t from = utc_day_start(w->now) - ALERT_RECENT_DAYS * UTC_DAY;
	enum err e =
	        alerts_days(w->d->db, w->domain.id, DAYS_MAX, w->a, &w->f.days, &w->f.day_count);

	if (e == OK)
		e = alerts_failures(w->d->db, w->domain.id, from, w->a, &w->f.failures,
		                    &w->f.failure_count);
	return e;
}

static enum err read_look(struct watched *w)
{
	enum err e = self_check_get(w->d->db, w->domain.id, w->a, &w->look);

	if (e == ERR_NOTFOUND)
		w->look = (struct self_check){ .domain = w->domain.id,
			                       .policy_why = "",
			                       .seen_id = "",
			                       .seen_why = "",
			                       .mx_why = "",
			                       .mx_unmatched = "" };
	return e == ERR_NOTFOUND ? OK : e;
}

/* The lock is held. */
static enum err read_all(struct watched *w, int64_t id)
{
	static enum err (*const parts[])(struct watched *) = { read_publications, read_policy_cert,
		                                               read_typing, read_reports,
		                                               read_look };
	enum err e = domains_by_id(w->d->db, id, w->a, &w->domain);

	w->f = (struct alert_facts){ .now = w->now,
		                     .domain = w->domain.name,
		                     .hosted = e == OK && w->domain.hosted };
	for (size_t i = 0; e == OK && i < ARRAY_LEN(parts); i++)
		e = parts[i](w);
	return e;
}

/* The look */

static bool is_looked_at(const struct watched *w)
{
	return w->f.hosted && w->f.announced != 0 && w->f.mode != POLICY_NONE;
}

static bool is_to_be_confirmed(const struct self_check *o)
{
	return o->policy == ALERT_BAD && o->policy_bad == 1;
}

int64_t alert_domain_again(const struct self_check *look, int64_t every)
{
	return is_to_be_confirmed(look) && every > ALERT_SECOND_LOOK_S ? ALERT_SECOND_LOOK_S
	                                                               : every;
}

static bool is_due(const struct watched *w)
{
	const struct self_check *o = &w->look;
	int64_t waited = w->now - o->checked, settled = w->f.announced + ALERT_ID_CACHED_S;
	bool bad = o->policy != ALERT_GOOD || o->seen != ALERT_GOOD || o->mx != ALERT_GOOD;

	if (o->checked == 0 || waited < 0) /* never, or the clock went back */
		return true;
	if (is_to_be_confirmed(o))
		return waited >= ALERT_SECOND_LOOK_S;
	/* When caches are over a changed id is looked for once more. */
	if (o->checked <= settled && w->now > settled)
		return true;
	return waited >= (bad ? ALERT_LOOK_AGAIN_S : ALERT_LOOK_S);
}

static void look_policy(struct watched *w)
{
	struct self_check *o = &w->look;

	o->policy = outside_compare(w->d, w->domain.name, w->served.policy, w->a, &o->policy_why);
	if (o->policy == ALERT_GOOD) {
		o->policy_good = w->now;
		o->policy_bad = o->policy_since = 0;
		o->policy_why = "";
	} else {
		o->policy_since = o->policy_since == 0 ? w->now : o->policy_since;
		o->policy_bad += o->policy == ALERT_BAD;
	}
}

static void look_id(struct watched *w)
{
	struct self_check *o = &w->look;

	o->seen = outside_id(w->d, w->domain.name, w->a, &o->seen_id, &o->seen_why);
	if (!w->d->set.demo)
		return;
	o->seen = ALERT_GOOD; /* records count as seen there */
	o->seen_id = w->f.id;
	o->seen_why = "";
}

static void look_mx(struct watched *w)
{
	const struct policy *p = w->served.policy;
	struct self_check *o = &w->look;
	struct hosting_mx mx;

	hosting_look_mx(w->d, w->domain.name, p->mx, p->mx_count, w->a, &mx);
	o->mx = !mx.known ? ALERT_UNKNOWN : mx.unmatched_count > 0 ? ALERT_BAD : ALERT_GOOD;
	o->mx_why = mx.why == NULL ? "" : mx.why;
	o->mx_count = (int64_t)mx.host_count;
	o->mx_unmatched = "";
	for (size_t i = 0; mx.known && i < mx.unmatched_count; i++)
		o->mx_unmatched = arena_printf(w->a, "%s%s\n", o->mx_unmatched, mx.unmatched[i]);
}

/* The lock is not held. */
static enum err look(struct watched *w)
{
	look_policy(w);
	look_id(w);
	look_mx(w);
	w->look.checked = w->now;
	if (atomic_load(&w->d->stopping))
		return ERR_UNAVAILABLE; /* half a look is none */
	desk_lock(w->d);
	enum err e = self_check_put(w->d->db, &w->look);
	if (e == OK && w->look.policy == ALERT_GOOD && w->domain.hosting != HOSTING_EXTERNAL)
		e = fetches_add_own(w->d->db, w->served.id, w->now);
	desk_unlock(w->d);
	return e;
}

static void take_look(struct watched *w)
{
	const struct self_check *o = &w->look;
	struct slice rest = slice_str(o->mx_unmatched), line;
	const char **hosts = arena_calloc(w->a, RESOLVER_MX_MAX, sizeof(*hosts));

	w->f.policy.look = o->policy;
	w->f.policy.bad = o->policy_bad;
	w->f.policy.since = o->policy_since;
	w->f.policy.good = o->policy_good;
	w->f.policy.why = o->policy_why;
	w->f.seen.look = o->seen;
	w->f.seen.id = o->seen_id;
	w->f.mx.look = o->mx;
	w->f.mx.count = (size_t)o->mx_count;
	w->f.mx.unmatched = hosts;
	while (w->f.mx.unmatched_count < RESOLVER_MX_MAX && slice_next_line(&rest, &line))
		if (line.len > 0)
			hosts[w->f.mx.unmatched_count++] = arena_str(w->a, line);
}

/* What is open */

static bool is_same(const struct alert_row *a, const struct alert_row *b)
{
	return a->state.level == b->state.level && a->state.extent == b->state.extent &&
	       a->state.opened == b->state.opened &&
	       strcmp(a->state.subject, b->state.subject) == 0 &&
	       strcmp(a->detail, b->detail) == 0 && strcmp(a->step, b->step) == 0 &&
	       strcmp(a->command, b->command) == 0;
}

static void log_change(const struct alert_row *before, const struct alert_row *row)
{
	if (row->state.level == 0 && before->state.level != 0)
		log_info("alert closed", F("name", row->name), F("cause", alert_code(row->cause)));
	else if (row->state.level > before->state.level)
		log_warn(before->state.level == 0 ? "alert opened" : "alert got worse",
		         F("name", row->name), F("cause", alert_code(row->cause)),
		         F("detail", row->detail));
}

/* Whose cause it is. */
struct target {
	struct desk *d;
	int64_t domain; /* 0: a host of the service */
	const char *name;
	int64_t now;
	struct arena *a;
};

static enum err settle_one(const struct target *t, enum alert_cause cause,
                           const struct alert_finding *found)
{
	struct alert_row before = { .tenant = TENANT_ONLY,
		                    .name = t->name,
		                    .cause = cause,
		                    .state = { .subject = "", .said_subject = "" },
		                    .detail = "",
		                    .step = "",
		                    .command = "" };
	enum err e = alerts_get(t->d->db, TENANT_ONLY, t->name, cause, t->a, &before);
	struct alert_row row = before;

	if (e != OK && (e != ERR_NOTFOUND || !found->known || found->level == 0))
		return e == ERR_NOTFOUND ? OK : e;
	row.domain = t->domain;
	row.state = alert_step(&before.state, found, t->now);
	if (found->known && found->level != 0) {
		row.detail = found->detail;
		row.step = found->step;
		row.command = found->command == NULL ? "" : found->command;
	}
	if (e == OK && is_same(&row, &before))
		return OK;
	e = alerts_put(t->d->db, &row);
	if (e == OK)
		log_change(&before, &row);
	return e;
}

static enum err settle(struct watched *w)
{
	const struct target t = { w->d, w->domain.id, w->domain.name, w->now, w->a };
	struct alert_finding found[ALERT_CAUSES];
	enum err e;

	take_look(w);
	alert_judge(&w->f, w->a, found);
	desk_lock(w->d);
	e = db_begin(w->d->db);
	if (e == OK) {
		struct domain still;

		e = domains_by_id(w->d->db, w->domain.id, w->a, &still);
		for (unsigned i = 0; e == OK && i < ALERT_CAUSES; i++)
			e = settle_one(&t, (enum alert_cause)i, &found[i]);
		e = db_end(w->d->db, e);
	}
	desk_unlock(w->d);
	return e;
}

enum err alert_domain_run(struct desk *d, int64_t domain, bool now_too, int64_t now,
                          struct arena *a, struct self_check *look_out)
{
	struct watched *w = arena_alloc(a, sizeof(*w));
	enum err e;

	w->d = d;
	w->a = a;
	w->now = now;
	desk_lock(d);
	e = read_all(w, domain);
	if (e == ERR_NOTFOUND && alerts_drop(d->db, domain) != OK)
		e = ERR_IO;
	desk_unlock(d);
	if (e == OK && is_looked_at(w) && (now_too || is_due(w)))
		e = look(w);
	if (e == OK)
		e = settle(w);
	if (e == OK && look_out != NULL)
		*look_out = w->look;
	return e;
}

/* The lock is held. */
static enum err judge_host(struct desk *d, const char *host, int64_t now, struct arena *a)
{
	const struct target t = { d, 0, host, now, a };
	struct alert_facts f = { .now = now, .domain = host };
	struct alert_finding found[ALERT_CAUSES];
	enum err e = outside_is_behind(d) ? read_foreign_cert(d, host, &f, a)
	                                  : read_cert(d, host, &f, a);

	if (e != OK)
		return e;
	alert_judge(&f, a, found);
	return settle_one(&t, ALERT_CERT, &found[ALERT_CERT]);
}

enum err alert_hosts_run(struct desk *d, int64_t now, struct arena *a)
{
	const char *const hosts[2] = { d->set.service_host, d->set.report_host };
	enum err e;

	desk_lock(d);
	e = alerts_drop_hosts(d->db, TENANT_ONLY, hosts);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(hosts); i++)
		if (hosts[i][0] != '\0')
			e = judge_host(d, hosts[i], now, a);
	desk_unlock(d);
	return e;
}

enum err alert_domain_soon(struct desk *d, int64_t domain, int64_t now)
{
	char key[32];

	(void)snprintf(key, sizeof(key), "%lld", (long long)domain); /* the room is enough */
	return jobs_add(d->db, ALERT_JOB, key, S(""), now, now, NULL);
}

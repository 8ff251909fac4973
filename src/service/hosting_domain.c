/* Domains come, change and go. */
#include "base/doc_page.h"
#include "base/enc.h"
#include "base/utc.h"
#include "mtasts/name.h"
#include "service/hosting_internal.h"
#include "service/outside_look.h"
#include "service/push.h"
#include "service/record_check.h"
#include "store/alerts.h"
#include "store/policies.h"
#include "tlsrpt/record.h"

#define CLAIM_LENGTH 8u
#define TAG_LENGTH 20u /* 100 bits */

/* What is typed at the policy host is an address, everywhere else a text. */
static enum domain_way way_for(enum domain_record record, enum domain_way way)
{
	if (record == RECORD_HOST)
		return way == WAY_TXT ? WAY_ADDRESS : way;
	return way;
}

static enum err check_way(struct hosting_work *c, enum domain_record record, enum domain_way way)
{
	if (way == WAY_UPDATE && !c->d->set.demo && !push_is_possible(c->d->push)) {
		(void)refuse(c->why, ERR_SYNTAX, "way-no-update",
		             "the way update needs to know how zones are written");
		return refuse_fix(
		        c->why, "set [dns] tsig_file, or update_command: see " DOC_PAGE("dns.md"));
	}
	if (way == WAY_ADDRESS && record != RECORD_HOST)
		return refuse(c->why, ERR_SYNTAX, "way", "the way is cname, txt or update");
	if (way != WAY_CNAME || c->d->set.zone[0] != '\0')
		return OK;
	(void)refuse(c->why, ERR_SYNTAX, "way-no-zone",
	             "the way cname needs a service zone, and none is configured");
	return refuse_fix(c->why, "use --way txt, or set [service] zone");
}

static enum err check_hosting(struct hosting_work *c, enum domain_hosting hosting)
{
	if (hosting != HOSTING_BEHIND || c->d->set.behind_open)
		return OK;
	(void)refuse(c->why, ERR_SYNTAX, "hosting-no-listener",
	             "hosting behind needs a listener for the proxy, and none is configured");
	return refuse_fix(c->why, "set [listen] behind: see " DOC_PAGE("behind.md"));
}

static enum err set_ways(struct hosting_work *c, const struct ways_request *q)
{
	enum err e = OK;

	if (q->has_all && q->all == WAY_ADDRESS)
		return refuse(c->why, ERR_SYNTAX, "way", "the way is cname, txt or update");
	for (unsigned i = 0; e == OK && i < RECORD_COUNT; i++) {
		enum domain_record record = (enum domain_record)i;
		if (!q->has[i] && !q->has_all)
			continue;
		c->domain.way[i] = way_for(record, q->has[i] ? q->one[i] : q->all);
		e = check_way(c, record, c->domain.way[i]);
	}
	return e;
}

enum err hosting_new_domain(struct hosting_work *c, const struct domain_request *q,
                            const char *name)
{
	char *claim = arena_alloc(c->a, CLAIM_LENGTH + 1), *tag = arena_alloc(c->a, TAG_LENGTH + 1);
	struct ways_request ways = q->ways;

	enc_random_label(claim, CLAIM_LENGTH);
	enc_random_label(tag, TAG_LENGTH);
	c->domain =
	        (struct domain){ .tenant = TENANT_ONLY,
		                 .name = name,
		                 .stage = STAGE_OBSERVE,
		                 .profile = c->d->set.profile,
		                 .hosting = outside_is_behind(c->d) ? HOSTING_BEHIND : HOSTING_HERE,
		                 .rua = "",
		                 .tag = tag,
		                 .tag_before = "",
		                 .claim = claim,
		                 .hosted = !q->observed };
	if (!ways.has_all) {
		ways.has_all = true;
		ways.all = c->d->set.zone[0] != '\0' ? WAY_CNAME : WAY_TXT;
	}
	return set_ways(c, &ways);
}

static enum err already_there(struct hosting_work *c, const char *name, bool observed)
{
	struct domain there;
	enum err e;

	desk_lock(c->d);
	e = domains_by_name(c->d->db, TENANT_ONLY, slice_str(name), c->a, &there);
	desk_unlock(c->d);
	if (e == ERR_NOTFOUND || (e == OK && !there.hosted && !observed))
		return OK;
	if (e != OK)
		return hosting_store_failed(c->d, e, "reading the domain", c->why);
	(void)refuse(c->why, ERR_CONFLICT, "domain-exists", "%s is there already", name);
	return refuse_fix(c->why, "`mxseal policy set %s` changes its policy", name);
}

static enum err add_observed(struct hosting_work *c)
{
	enum err e = OK;

	c->out->changed = true;
	c->out->dry_run = c->q->dry_run;
	c->out->domain = c->domain;
	if (c->q->dry_run)
		return OK;
	desk_lock(c->d);
	e = db_begin(c->d->db);
	if (e == OK) {
		e = domains_add(c->d->db, &c->domain, c->now, &c->domain.id);
		if (e == OK)
			e = hosting_audit(c->d, c->actor, "domain.observe", c->domain.name, "",
			                  c->now);
		e = db_end(c->d->db, e);
	}
	if (e == OK)
		e = domains_by_id(c->d->db, c->domain.id, c->a, &c->out->domain);
	desk_unlock(c->d);
	return e == OK ? OK : hosting_store_failed(c->d, e, "adding the domain", c->why);
}

enum err hosting_save_new(struct hosting_work *c)
{
	enum err e = db_begin(c->d->db);

	if (e != OK)
		return e;
	e = domains_add(c->d->db, &c->domain, c->now, &c->domain.id);
	if (e == OK)
		c->out->changed = true;
	if (e == OK)
		e = hosting_save_parts(c, "domain.add");
	return db_end(c->d->db, e == OK ? hosting_save_before(c) : e);
}

enum err hosting_add(struct desk *d, const char *actor, const struct domain_request *q, int64_t now,
                     struct arena *a, struct hosting_change *out, struct refusal *why)
{
	struct hosting_change done = { 0 };
	struct hosting_work c = { .d = d,
		                  .actor = actor,
		                  .q = &q->policy,
		                  .now = now,
		                  .a = a,
		                  .out = &done,
		                  .why = why };
	char name[NAME_SIZE];
	enum err e = hosting_name(q->name, name, why);

	if (e == OK)
		e = already_there(&c, name, q->observed);
	if (e == OK)
		e = hosting_new_domain(&c, q, arena_str(a, slice_str(name)));
	if (e == OK && q->observed) {
		e = add_observed(&c);
		goto done;
	}
	if (e == OK) {
		hosting_look_before(d, c.domain.name, a, &c.before);
		e = hosting_draft(a, c.domain.name, c.before.policy, &q->policy, &c.draft, why);
	}
	if (e == OK)
		e = hosting_prepare(&c);
	done.adopted = c.draft.same && c.before.policy != NULL;
	done.before_id = c.before.id;
	done.before_why = c.before.why;
	if (e == OK)
		e = q->policy.dry_run ? hosting_finish_dry(&c)
		                      : hosting_store_change(&c, hosting_save_new);
done:
	hosting_keep_policy(&c);
	if (e == OK)
		*out = done;
	return e;
}

static enum err take_rua(struct hosting_work *c, const struct domain_patch *q)
{
	struct tlsrpt_rua rua;
	enum finding_kind kind;
	struct buf b;
	enum err e = OK;

	buf_init(&b, DOMAIN_RUA_MAX);
	for (size_t i = 0; e == OK && i < q->rua_count; i++) {
		e = tlsrpt_rua_read(c->a, q->rua[i], &rua, &kind);
		if (i > 0)
			buf_add_char(&b, '\n');
		buf_add(&b, q->rua[i]);
		if (e != OK) {
			(void)refuse(c->why, ERR_SYNTAX, "rua", "\"%.*s\" is no report address",
			             (int)(q->rua[i].len < 300 ? q->rua[i].len : 300), q->rua[i].p);
			e = refuse_fix(c->why, "give mailto:ADDRESS or https://HOST/PATH");
		}
	}
	if (e == OK && buf_status(&b) != OK)
		e = refuse(c->why, ERR_LIMIT, "rua", "the report addresses are too long together");
	if (e == OK)
		c->domain.rua = arena_str(c->a, buf_slice(&b));
	buf_fini(&b);
	return e;
}

static bool same_settings(const struct domain *a, const struct domain *b)
{
	for (size_t i = 0; i < RECORD_COUNT; i++)
		if (a->way[i] != b->way[i])
			return false;
	return strcmp(a->rua, b->rua) == 0 && strcmp(a->profile, b->profile) == 0 &&
	       a->hosting == b->hosting;
}

/* Also when it is not to be looked at any more: the watch finds out. */
static enum err look_soon(struct hosting_work *c)
{
	char host[DOMAIN_NAME_MAX + 1];

	if (publish_host_name(c->domain.name, host) != OK)
		return OK; /* a name without room for it has no policy host */
	return outside_look_soon(c->d, host, c->now);
}

static enum err save_settings(struct hosting_work *c, int64_t revision)
{
	int64_t seq = 0;
	enum err e = db_begin(c->d->db);

	if (e != OK)
		return e;
	e = domains_update(c->d->db, &c->domain, revision);
	if (e == OK) /* what the old settings waited for may not matter any more */
		e = policies_hurry(c->d->db, c->domain.id);
	if (e == OK)
		e = hosting_audit(c->d, c->actor, "domain.set", c->domain.name, "", c->now);
	e = db_end(c->d->db, e);
	if (e == OK)
		e = publish_domain(c->d, &c->domain, c->now, &seq);
	if (e == OK)
		e = look_soon(c);
	return e == OK ? record_check_soon(c->d, c->domain.id, c->now) : e;
}

/* Said again, the way update puts back what somebody else took away. */
static enum err begin_anew(struct hosting_work *c, const struct domain_patch *q)
{
	bool said = q->ways.has_all && q->ways.all == WAY_UPDATE;

	for (size_t i = 0; i < RECORD_COUNT; i++)
		said = said || (q->ways.has[i] && q->ways.one[i] == WAY_UPDATE);
	if (!said || q->dry_run)
		return OK;
	desk_lock(c->d);
	enum err e = pushes_reset(c->d->db, c->domain.id);
	desk_unlock(c->d);
	return e;
}

static enum err apply_patch(struct hosting_work *c, const struct domain_patch *q)
{
	enum err e = set_ways(c, &q->ways);

	if (e == OK && q->has_rua)
		e = take_rua(c, q);
	if (q->has_profile)
		c->domain.profile = arena_str(c->a, q->profile);
	if (e == OK && q->has_hosting)
		e = check_hosting(c, q->hosting);
	if (q->has_hosting)
		c->domain.hosting = q->hosting;
	return e;
}

enum err hosting_patch(struct desk *d, const char *actor, struct slice name,
                       const struct domain_patch *q, int64_t now, struct arena *a,
                       struct hosting_change *out, struct refusal *why)
{
	struct hosting_change done = { 0 };
	struct hosting_work c = {
		.d = d, .actor = actor, .now = now, .a = a, .out = &done, .why = why
	};
	enum err e = hosting_read(&c, name, false);
	struct domain before = c.domain;

	if (e == OK)
		e = apply_patch(&c, q);
	if (e != OK)
		return e;
	done.dry_run = q->dry_run;
	done.changed = !same_settings(&before, &c.domain);
	if (done.changed && !q->dry_run) {
		desk_lock(d);
		e = save_settings(&c, q->revision != 0 ? q->revision : before.revision);
		desk_unlock(d);
	}
	if (e == OK)
		e = begin_anew(&c, q);
	if (e == ERR_CONFLICT && q->revision != 0)
		return hosting_refuse_match(&c.domain, why);
	if (e == ERR_CONFLICT) {
		(void)refuse(why, e, "changed-underneath", "%s was changed by somebody else",
		             c.domain.name);
		return refuse_fix(why, "look at it again and repeat the change");
	}
	if (e != OK)
		return hosting_store_failed(d, e, "saving the domain", why);
	e = hosting_answer_now(&c);
	done.has_policy = false; /* it stays as it is */
	if (e == OK)
		*out = done;
	return e;
}

/* What senders still hold, and that the way out is to retire. */
static enum err refuse_removal(struct hosting_work *c, const struct leaving *l)
{
	char day[UTC_TEXT_SIZE];

	if (l->held_until == HORIZON_OPEN)
		(void)refuse(c->why, ERR_GUARD, "policy-held",
		             "the policy of %s is served, and senders hold it", c->domain.name);
	else
		(void)refuse(c->why, ERR_GUARD, "policy-held",
		             "senders may hold a policy of %s until %s, whatever is removed here",
		             c->domain.name, utc_format(l->held_until, day));
	if (l->leaving)
		return refuse_fix(
		        c->why,
		        "wait: `mxseal domain retire %s` says what may go when; or remove "
		        "it all the same with --now",
		        c->domain.name);
	return refuse_fix(c->why,
	                  "leave in order with `mxseal domain retire %s`, or remove it all the "
	                  "same with --now",
	                  c->domain.name);
}

static enum err read_leaving(struct hosting_work *c, struct leaving *out)
{
	desk_lock(c->d);
	enum err e = leaving_read(c->d, &c->domain, c->now, c->a, out);
	desk_unlock(c->d);
	return e == OK ? OK : hosting_store_failed(c->d, e, "reading the history", c->why);
}

enum err hosting_retire(struct desk *d, const char *actor, struct slice name, uint32_t max_age,
                        bool dry_run, int64_t now, struct arena *a, struct hosting_change *out,
                        struct leaving *leaving_out, struct refusal *why)
{
	struct policy_request q = { .has_mode = true,
		                    .mode = POLICY_NONE,
		                    .has_max_age = true,
		                    .max_age = max_age == 0 ? GUARD_STAGE_MAX_AGE : max_age,
		                    .dry_run = dry_run };
	struct hosting_work c = { .d = d, .actor = actor, .now = now, .a = a, .why = why };
	enum err e = hosting_read(&c, name, true);

	if (e == OK)
		e = read_leaving(&c, leaving_out);
	if (e != OK)
		return e;
	/* Said again, it only tells how far it is; a longer time to remember is not begun anew. */
	q.has_max_age = !leaving_out->leaving || max_age != 0;
	e = hosting_policy(d, actor, name, &q, now, a, out, why);
	return e == OK && !dry_run ? read_leaving(&c, leaving_out) : e;
}

static enum err save_removal(struct hosting_work *c)
{
	int64_t seq = 0;
	enum err e = db_begin(c->d->db);

	if (e != OK)
		return e;
	e = domains_remove(c->d->db, c->domain.id, c->now);
	if (e == OK)
		e = alerts_drop(c->d->db, c->domain.id);
	if (e == OK)
		e = hosting_audit(c->d, c->actor, "domain.remove", c->domain.name, "", c->now);
	e = db_end(c->d->db, e);
	if (e == OK)
		e = publish_drop(c->d, c->domain.name, &seq);
	c->out->state.seq = seq;
	c->out->state.served = false;
	return e;
}

enum err hosting_remove(struct desk *d, const char *actor, struct slice name, bool now_is_fine,
                        bool dry_run, int64_t now, struct arena *a, struct hosting_change *out,
                        struct refusal *why)
{
	struct hosting_change done = { .changed = true, .dry_run = dry_run };
	struct hosting_work c = {
		.d = d, .actor = actor, .now = now, .a = a, .out = &done, .why = why
	};
	enum err e = hosting_read(&c, name, false);
	struct leaving leaving;

	if (e == OK)
		e = hosting_answer_now(&c);
	if (e == OK)
		e = read_leaving(&c, &leaving);
	if (e != OK)
		return e;
	if (leaving.held_until != 0 && !now_is_fine)
		return refuse_removal(&c, &leaving);
	if (!dry_run) {
		desk_lock(d);
		e = save_removal(&c);
		desk_unlock(d);
	}
	if (e != OK)
		return hosting_store_failed(d, e, "removing the domain", why);
	*out = done;
	return OK;
}

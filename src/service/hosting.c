#include "service/hosting_internal.h"

#include "mtasts/name.h"
#include "service/record_check.h"

enum err hosting_name(struct slice in, char out[NAME_SIZE], struct refusal *why)
{
	struct diag diag = { 0 };
	char host[NAME_SIZE];
	enum err e = name_normal(in, out, &diag);

	if (e == OK && name_labels(slice_str(out)) < 2)
		e = diag_set(&diag, ERR_SYNTAX, 0, "one label is no mail domain");
	if (e == OK && name_is_numeric(slice_str(out)))
		e = diag_set(&diag, ERR_SYNTAX, 0, "an address is no mail domain");
	if (e == OK && name_for(NAME_RPT_TXT, slice_str(out), host) != OK)
		e = diag_set(&diag, ERR_SYNTAX, 0, "no room is left for the names of its records");
	if (e == OK)
		return OK;
	(void)refuse(why, ERR_SYNTAX, "domain-name", "\"%.*s\" cannot be hosted: %s",
	             (int)(in.len < 300 ? in.len : 300), in.p, diag.why);
	return refuse_fix(why,
	                  "give the domain behind the @ of its addresses, such as example.com");
}

enum err hosting_find(struct desk *d, struct slice name, struct arena *a, struct domain *out,
                      struct refusal *why)
{
	char normal[NAME_SIZE];
	enum err e = hosting_name(name, normal, why);

	if (e != OK)
		return e;
	e = domains_by_name(d->db, TENANT_ONLY, slice_str(normal), a, out);
	if (e == ERR_NOTFOUND) {
		(void)refuse(why, e, "domain-unknown", "%s is not a domain of this service",
		             normal);
		return refuse_fix(why, "`mxseal domain list` prints the domains there are");
	}
	return e == OK ? OK : hosting_store_failed(d, e, "reading the domain", why);
}

enum err hosting_answer(struct desk *d, int64_t domain, int64_t now, struct arena *a,
                        struct hosting_change *out)
{
	enum err e = domains_by_id(d->db, domain, a, &out->domain);

	if (e == OK)
		e = publish_look(d, &out->domain, a, &out->state);
	if (e != OK)
		return e;
	if (out->state.has_policy && !out->has_policy) {
		out->has_policy = true;
		out->policy = out->state.newest.policy;
		out->text = out->state.newest.text;
	}
	e = hosting_horizon(d, &out->domain, S(""), S(""), now, a, &out->horizon);
	out->horizon_known = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum domain_stage stage_for(enum policy_mode mode)
{
	return mode == POLICY_ENFORCE   ? STAGE_ENFORCE
	       : mode == POLICY_TESTING ? STAGE_TESTING
	                                : STAGE_RETIRE;
}

/* Renders what would be saved, and finds what cannot be. */
static enum err render(struct arena *a, const struct policy *p, struct slice *text_out,
                       struct refusal *why)
{
	struct diag diag = { 0 };
	struct buf text;
	enum err e;

	buf_init(&text, POLICY_TEXT_MAX);
	e = policy_format(p, &text, &diag);
	if (e == OK)
		*text_out = arena_copy(a, buf_slice(&text));
	buf_fini(&text);
	if (e == OK)
		return OK;
	(void)refuse(why, e, "policy", "this policy cannot be published: %s", diag.why);
	return refuse_fix(why, "change the patterns or max_age");
}

static const char *detail_of(struct hosting_work *c)
{
	return arena_printf(c->a, "mode %s, max_age %u, %zu patterns%s%.*s",
	                    policy_mode_name(c->draft.policy.mode), c->draft.policy.max_age,
	                    c->draft.policy.mx_count, c->q->anyway.len > 0 ? "; anyway: " : "",
	                    (int)(c->q->anyway.len < 1000 ? c->q->anyway.len : 1000),
	                    c->q->anyway.len == 0 ? "" : c->q->anyway.p);
}

/* Somebody else may have saved while DNS was asked. */
static enum err check_unchanged(struct hosting_work *c)
{
	struct publication newest;
	enum err e = policies_newest(c->d->db, c->domain.id, c->a, &newest);

	if (e == ERR_NOTFOUND || (e == OK && newest.end != END_NOT))
		return c->draft.had_policy ? ERR_CONFLICT : OK;
	if (e != OK)
		return e;
	return c->draft.had_policy && policy_same(newest.policy, &c->draft.old) ? OK : ERR_CONFLICT;
}

enum err hosting_save_parts(struct hosting_work *c, const char *action)
{
	struct policies_saved saved;
	enum err e = policies_save(c->d->db, c->domain.id, POLICIES_SAVE, &c->draft.policy, c->now,
	                           c->a, &saved);

	if (e != OK)
		return e;
	c->out->changed = c->out->changed || saved.changed;
	c->domain.stage = stage_for(c->draft.policy.mode);
	c->domain.hosted = true;
	e = domains_update(c->d->db, &c->domain, 0);
	if (e == OK && c->out->overridden > 0)
		e = hosting_audit(c->d, c->actor, "guard.override", c->draft.domain, detail_of(c),
		                  c->now);
	return e == OK ? hosting_audit(c->d, c->actor, action, c->draft.domain, detail_of(c),
	                               c->now)
	               : e;
}

static enum err save_existing(struct hosting_work *c)
{
	enum err e = db_begin(c->d->db);

	if (e != OK)
		return e;
	e = check_unchanged(c);
	return db_end(c->d->db, e == OK ? hosting_save_parts(c, "policy.set") : e);
}

/* After the save: the edges get it, and the answer says how far it is. */
static enum err offer_and_answer(struct hosting_work *c)
{
	int64_t seq = 0;
	enum err e = domains_by_id(c->d->db, c->domain.id, c->a, &c->out->domain);

	if (e == OK)
		e = publish_domain(c->d, &c->out->domain, c->now, &seq);
	if (e == OK)
		e = record_check_soon(c->d, c->domain.id, c->now);
	if (e == OK)
		e = hosting_answer(c->d, c->domain.id, c->now, c->a, c->out);
	return e;
}

/* Its settings may have changed while DNS was asked, or it may have gone. */
static enum err read_again(struct hosting_work *c)
{
	if (c->domain.id == 0)
		return OK;
	enum err e = domains_by_id(c->d->db, c->domain.id, c->a, &c->domain);
	return e == ERR_NOTFOUND ? ERR_CONFLICT : e;
}

enum err hosting_store_change(struct hosting_work *c, enum err (*save)(struct hosting_work *))
{
	desk_lock(c->d);
	enum err e = read_again(c);
	if (e == OK)
		e = save(c);
	if (e == OK)
		e = offer_and_answer(c);
	desk_unlock(c->d);
	if (e == ERR_CONFLICT) {
		(void)refuse(c->why, e, "changed-underneath",
		             "%s was changed by somebody else in the meantime", c->draft.domain);
		return refuse_fix(c->why, "look at it again and repeat the change");
	}
	return e == OK ? OK : hosting_store_failed(c->d, e, "saving the policy", c->why);
}

static void ask_mx(struct hosting_work *c)
{
	hosting_look_mx(c->d, c->draft.domain, c->draft.policy.mx, c->draft.policy.mx_count, c->a,
	                &c->out->mx);
	c->out->mx_asked = true;
}

/* Without patterns the live MX set is what is proposed. */
static enum err propose_mx(struct hosting_work *c)
{
	struct hosting_mx *mx = &c->out->mx;
	struct slice *list;

	if (!mx->known) {
		(void)refuse(c->why, ERR_UNAVAILABLE, "mx-unknown",
		             "the MX hosts of %s could not be looked up: %s", c->draft.domain,
		             mx->why);
		return refuse_fix(c->why,
		                  "name them with --mx PATTERN, or make the resolver reachable");
	}
	if (mx->host_count == 0) {
		(void)refuse(c->why, ERR_SYNTAX, "mx-none", "%s has no MX host: %s",
		             c->draft.domain,
		             mx->why != NULL ? mx->why : "its MX records name none");
		return refuse_fix(c->why,
		                  "publish MX records first, or name hosts with --mx PATTERN");
	}
	list = arena_calloc(c->a, mx->host_count, sizeof(*list));
	for (size_t i = 0; i < mx->host_count; i++)
		list[i] = slice_str(mx->hosts[i].name);
	struct policy_request with = *c->q;
	with.has_mx = true;
	with.mx = list;
	with.mx_count = mx->host_count;
	enum err e =
	        hosting_draft(c->a, c->draft.domain, c->draft.had_policy ? &c->draft.old : NULL,
	                      &with, &c->draft, c->why);
	if (e == OK)
		ask_mx(c); /* laid over the proposal, all match; the answer comes from the cache */
	return e;
}

/* Guards without DNS, DNS, the rest of the guards, the text. */
enum err hosting_prepare(struct hosting_work *c)
{
	size_t overridden = 0;
	enum err e = hosting_guard(c->d, &c->domain, &c->draft, NULL, c->q->anyway, c->now, c->a,
	                           &overridden, c->why);

	if (e != OK)
		return e;
	ask_mx(c);
	if (hosting_draft_needs_mx(&c->draft))
		e = propose_mx(c);
	if (e == OK)
		e = hosting_guard(c->d, &c->domain, &c->draft, &c->out->mx, c->q->anyway, c->now,
		                  c->a, &c->out->overridden, c->why);
	if (e == OK)
		e = render(c->a, &c->draft.policy, &c->out->text, c->why);
	if (e == OK) {
		c->out->policy = &c->draft.policy;
		c->out->has_policy = true;
	}
	return e;
}

enum err hosting_prepare_unasked(struct hosting_work *c)
{
	enum err e = hosting_guard(c->d, &c->domain, &c->draft, NULL, c->q->anyway, c->now, c->a,
	                           &c->out->overridden, c->why);

	return e == OK ? render(c->a, &c->draft.policy, &c->out->text, c->why) : e;
}

enum err hosting_finish_dry(struct hosting_work *c)
{
	enum err e = OK;

	c->out->dry_run = true;
	c->out->changed = !c->draft.same || c->domain.id == 0;
	c->out->domain = c->domain;
	if (c->domain.id != 0) {
		desk_lock(c->d);
		e = hosting_answer(c->d, c->domain.id, c->now, c->a, c->out);
		desk_unlock(c->d);
	}
	return e == OK ? OK : hosting_store_failed(c->d, e, "reading the domain", c->why);
}

/* The struct policy of the answer must outlive the change: it goes into the arena. */
void hosting_keep_policy(struct hosting_work *c)
{
	if (c->out->policy == &c->draft.policy) {
		struct policy *copy = arena_alloc(c->a, sizeof(*copy));
		*copy = c->draft.policy;
		c->out->policy = copy;
	}
}

static enum err find_hosted(struct hosting_work *c, struct slice name, bool hosted_only)
{
	struct publication newest;
	enum err e = hosting_find(c->d, name, c->a, &c->domain, c->why);

	if (e != OK)
		return e;
	if (hosted_only && !c->domain.hosted) {
		(void)refuse(c->why, ERR_SYNTAX, "domain-observed",
		             "%s is only observed: its policy is not hosted here", c->domain.name);
		return refuse_fix(c->why, "host it with `mxseal domain add %s`", c->domain.name);
	}
	e = policies_newest(c->d->db, c->domain.id, c->a, &newest);
	if (e == OK && newest.end == END_NOT) {
		c->draft.had_policy = true;
		c->draft.old = *newest.policy;
		c->draft.id = arena_str(c->a, slice_str(newest.policy_id));
	}
	return e == OK || e == ERR_NOTFOUND
	               ? OK
	               : hosting_store_failed(c->d, e, "reading the policy", c->why);
}

enum err hosting_read(struct hosting_work *c, struct slice name, bool hosted_only)
{
	desk_lock(c->d);
	enum err e = find_hosted(c, name, hosted_only);
	desk_unlock(c->d);
	return e;
}

enum err hosting_answer_now(struct hosting_work *c)
{
	desk_lock(c->d);
	enum err e = hosting_answer(c->d, c->domain.id, c->now, c->a, c->out);
	desk_unlock(c->d);
	return e == OK ? OK : hosting_store_failed(c->d, e, "reading the domain", c->why);
}

enum err hosting_refuse_match(const struct domain *domain, struct refusal *why)
{
	(void)refuse(why, ERR_CONFLICT, "etag", "%s is not as If-Match says any more",
	             domain->name);
	return refuse_fix(why, "read it again and repeat the change");
}

/* A save of somebody else after this is noticed by check_unchanged. */
static enum err check_match(struct hosting_work *c)
{
	struct slice id = slice_str(c->draft.id);

	return c->q->if_match.len == 0 || slice_eq(c->q->if_match, id)
	               ? OK
	               : hosting_refuse_match(&c->domain, c->why);
}

enum err hosting_policy(struct desk *d, const char *actor, struct slice name,
                        const struct policy_request *q, int64_t now, struct arena *a,
                        struct hosting_change *out, struct refusal *why)
{
	struct hosting_change done = { 0 };
	struct hosting_work c = {
		.d = d, .actor = actor, .q = q, .now = now, .a = a, .out = &done, .why = why
	};
	enum err e = hosting_read(&c, name, true);

	if (e == OK)
		e = check_match(&c);
	if (e == OK) {
		struct policy old = c.draft.old;
		e = hosting_draft(a, c.domain.name, c.draft.had_policy ? &old : NULL, q, &c.draft,
		                  why);
	}
	if (e == OK && c.draft.same) {
		/* Nothing is asked and nothing written for what is there already. */
		ask_mx(&c);
		e = hosting_answer_now(&c);
	} else if (e == OK) {
		e = hosting_prepare(&c);
		if (e == OK)
			e = q->dry_run ? hosting_finish_dry(&c)
			               : hosting_store_change(&c, save_existing);
	}
	hosting_keep_policy(&c);
	if (e == OK)
		*out = done;
	return e;
}

static enum err save_bump(struct hosting_work *c)
{
	struct policies_saved saved;
	enum err e = db_begin(c->d->db);

	if (e != OK)
		return e;
	e = policies_save(c->d->db, c->domain.id, POLICIES_BUMP, NULL, c->now, c->a, &saved);
	if (e == OK) {
		c->out->changed = saved.changed;
		e = hosting_audit(c->d, c->actor, "policy.bump", c->domain.name,
		                  saved.newest.policy_id, c->now);
	}
	return db_end(c->d->db, e);
}

enum err hosting_bump(struct desk *d, const char *actor, struct slice name, bool dry_run,
                      int64_t now, struct arena *a, struct hosting_change *out, struct refusal *why)
{
	struct hosting_change done = { 0 };
	struct policy_request q = { .dry_run = dry_run };
	struct hosting_work c = {
		.d = d, .actor = actor, .q = &q, .now = now, .a = a, .out = &done, .why = why
	};
	enum err e = hosting_read(&c, name, true);

	c.draft.domain = c.domain.name;
	if (e == OK && !c.draft.had_policy) {
		(void)refuse(why, ERR_SYNTAX, "policy-none", "%s has no policy to publish again",
		             c.domain.name);
		return refuse_fix(why, "save one with `mxseal policy set %s`", c.domain.name);
	}
	if (e == OK)
		e = dry_run ? hosting_answer_now(&c) : hosting_store_change(&c, save_bump);
	if (e == OK && dry_run) {
		done.dry_run = true;
		done.changed = true;
	}
	if (e == OK)
		*out = done;
	return e;
}

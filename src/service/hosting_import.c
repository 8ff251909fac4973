#include "service/hosting_import.h"

#include "service/edge_write.h"
#include "service/hosting_internal.h"
#include "service/record_check.h"

#define TENANT_NAME "default"
#define FEW 50u /* rows whose records are looked at soon, since a person may wait for it */

/* One row on its way. */
struct row {
	const struct import_row *in;
	struct import_result *result;
	struct domain_request asked;
	struct hosting_work work;
	struct hosting_change change;
	struct refusal why;
	bool waits; /* to be added */
};

struct import {
	struct desk *d;
	struct arena *a;
	const struct import_request *q;
	int64_t now;
	struct row *rows;
	struct import_done *out;
};

static void settle(struct row *r, enum import_outcome outcome)
{
	r->waits = false;
	r->result->outcome = outcome;
	r->result->why = outcome == IMPORT_REFUSED ? &r->why : NULL;
}

static enum err read_row(struct row *r)
{
	const struct import_row *in = r->in;
	struct policy_request *p = &r->asked.policy;

	p->has_mode = in->mode.len > 0;
	p->has_max_age = in->has_max_age;
	p->max_age = in->max_age;
	p->has_mx = in->mx_count > 0;
	p->mx = in->mx;
	p->mx_count = in->mx_count;
	if (p->has_mode && policy_mode_parse(in->mode, &p->mode) != OK) {
		(void)refuse(&r->why, ERR_SYNTAX, "policy-mode", "\"%.*s\" is no mode",
		             (int)(in->mode.len < 100 ? in->mode.len : 100), in->mode.p);
		return refuse_fix(&r->why, "give none, testing or enforce");
	}
	if (in->tenant.len > 0 && !slice_eq(in->tenant, S(TENANT_NAME))) {
		(void)refuse(&r->why, ERR_SYNTAX, "tenant-unknown", "there is no tenant \"%.*s\"",
		             (int)(in->tenant.len < 100 ? in->tenant.len : 100), in->tenant.p);
		return refuse_fix(&r->why, "leave the column empty, or give " TENANT_NAME);
	}
	return OK;
}

/* *same_out: its policy is what the row says.  ERR_SYNTAX with r->why: the row says none. */
static enum err compare_policy(struct row *r, bool *same_out)
{
	struct hosting_work *c = &r->work;
	struct publication newest;
	struct hosting_draft draft;
	enum err e = policies_newest(c->d->db, c->domain.id, c->a, &newest);

	*same_out = false;
	if (e != OK || newest.end != END_NOT)
		return e == ERR_NOTFOUND ? OK : e;
	e = hosting_draft(c->a, c->domain.name, newest.policy, c->q, &draft, &r->why);
	if (e == OK)
		*same_out = draft.same;
	return e;
}

/* It is hosted already: with what the row says, or with something else that an import leaves. */
static enum err compare(struct row *r)
{
	const struct domain *d = &r->work.domain;
	bool same;
	enum err e = compare_policy(r, &same);

	if (e == ERR_IO || e == ERR_UNAVAILABLE)
		return e;
	if (e == OK && same &&
	    (r->in->profile.len == 0 || slice_eq(r->in->profile, slice_str(d->profile)))) {
		settle(r, IMPORT_UNCHANGED);
		return OK;
	}
	if (e == OK) {
		(void)refuse(&r->why, ERR_CONFLICT, "domain-differs",
		             "%s is there already with another %s, and was not changed", d->name,
		             same ? "profile" : "policy");
		(void)refuse_fix(&r->why,
		                 same ? "`mxseal domain set %s --profile NAME` changes it"
		                      : "`mxseal policy set %s` changes it",
		                 d->name);
	}
	settle(r, IMPORT_REFUSED);
	return OK;
}

/* Whether it is there by now.  The lock is held. */
static enum err look(struct row *r, const char *name)
{
	struct domain there;
	enum err e =
	        domains_by_name(r->work.d->db, TENANT_ONLY, slice_str(name), r->work.a, &there);

	if (e == ERR_NOTFOUND || (e == OK && !there.hosted))
		return OK;
	if (e != OK)
		return e;
	r->work.domain = there;
	return compare(r);
}

/* What hosting_add does before it saves. */
static enum err prepare(struct row *r, const char *name)
{
	struct hosting_work *c = &r->work;
	enum err e = hosting_new_domain(c, &r->asked, name);

	if (e == OK && r->in->profile.len > 0)
		c->domain.profile = arena_str(c->a, r->in->profile);
	if (e == OK)
		e = hosting_draft(c->a, name, NULL, c->q, &c->draft, &r->why);
	if (e != OK)
		return e;
	if (hosting_draft_needs_mx(&c->draft))
		return hosting_prepare(c);
	r->result->unchecked = c->draft.policy.mx_count > 0;
	return hosting_prepare_unasked(c);
}

static enum err begin_row(struct import *m, struct row *r)
{
	struct desk *d = m->d;
	char normal[NAME_SIZE];
	enum err e = read_row(r);

	if (e == OK)
		e = hosting_name(r->in->domain, normal, &r->why);
	if (e != OK) {
		settle(r, IMPORT_REFUSED);
		return OK;
	}
	const char *name = arena_str(m->a, slice_str(normal));
	r->waits = true;
	desk_lock(d);
	e = look(r, name);
	desk_unlock(d);
	if (e != OK || !r->waits)
		return e;
	if (prepare(r, name) != OK)
		settle(r, IMPORT_REFUSED);
	return OK;
}

static enum err begin_rows(struct import *m, const char *actor)
{
	enum err e = OK;

	m->rows = arena_calloc(m->a, m->q->count, sizeof(*m->rows));
	m->out->results = arena_calloc(m->a, m->q->count, sizeof(*m->out->results));
	for (size_t i = 0; e == OK && i < m->q->count; i++) {
		struct row *r = &m->rows[i];

		r->in = &m->q->rows[i];
		r->result = &m->out->results[i];
		r->asked.name = r->in->domain;
		r->asked.policy.anyway = m->q->anyway;
		r->work = (struct hosting_work){ .d = m->d,
			                         .actor = actor,
			                         .q = &r->asked.policy,
			                         .now = m->now,
			                         .a = m->a,
			                         .out = &r->change,
			                         .why = &r->why };
		e = begin_row(m, r);
	}
	return e;
}

/* It may have come meanwhile, also by a row before this one. */
static enum err save_row(struct import *m, struct row *r)
{
	int64_t seq = 0;
	enum err e = look(r, r->work.domain.name);

	if (e != OK || !r->waits)
		return e;
	e = hosting_save_new(&r->work);
	if (e == OK)
		e = domains_by_id(m->d->db, r->work.domain.id, m->a, &r->change.domain);
	if (e == OK)
		e = publish_domain(m->d, &r->change.domain, m->now, &seq);
	if (e == OK && m->q->count <= FEW)
		e = record_check_soon(m->d, r->work.domain.id, m->now);
	return e;
}

static enum err save_rows(struct import *m)
{
	enum err e;

	desk_lock(m->d);
	e = edge_batch_begin(m->d);
	if (e == OK) {
		for (size_t i = 0; e == OK && i < m->q->count; i++)
			if (m->rows[i].waits)
				e = save_row(m, &m->rows[i]);
		e = edge_batch_end(m->d, e, &m->out->seq);
	}
	desk_unlock(m->d);
	return e;
}

static void count(struct import *m)
{
	struct import_done *o = m->out;

	for (size_t i = 0; i < m->q->count; i++) {
		const struct import_result *r = &o->results[i];

		o->added += r->outcome == IMPORT_ADDED;
		o->unchanged += r->outcome == IMPORT_UNCHANGED;
		o->refused += r->outcome == IMPORT_REFUSED;
		o->unchecked += r->outcome == IMPORT_ADDED && r->unchecked;
	}
}

enum err hosting_import(struct desk *d, const char *actor, const struct import_request *q,
                        int64_t now, struct arena *a, struct import_done *out, struct refusal *why)
{
	struct import_done done = { 0 };
	struct import m = { .d = d, .a = a, .q = q, .now = now, .out = &done };

	if (q->count > IMPORT_ROWS_MAX)
		return refuse(why, ERR_LIMIT, "too-many-rows", "more than %u rows at once",
		              IMPORT_ROWS_MAX);
	enum err e = begin_rows(&m, actor);
	if (e == OK && !q->dry_run)
		e = save_rows(&m);
	if (e != OK)
		return hosting_store_failed(d, e, "importing domains", why);
	count(&m);
	*out = done;
	return OK;
}

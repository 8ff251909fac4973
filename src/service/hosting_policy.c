/* A policy put together, guarded, saved. */
#include <stdio.h>

#include "base/log.h"
#include "mtasts/name.h"
#include "service/hosting_internal.h"
#include "store/audit.h"
#include "tlsrpt/record.h"

enum err hosting_store_failed(struct desk *d, enum err e, const char *doing, struct refusal *why)
{
	log_error("the store failed", F("doing", doing), F("why", err_name(e)),
	          F("words", db_why(d->db)));
	(void)refuse(why, e, "store", "%s: the database %s", doing,
	             e == ERR_UNAVAILABLE ? "is busy" : "could not be used");
	return refuse_fix(why, "try again; the log of the service says more");
}

enum err hosting_audit(struct desk *d, const char *actor, const char *action, const char *domain,
                       const char *detail, int64_t now)
{
	struct audit_entry entry = { .at = now,
		                     .action = action,
		                     .object = domain,
		                     .actor = slice_str(actor),
		                     .detail = slice_str(detail) };

	return audit_add(d->db, TENANT_ONLY, &entry, NULL);
}

/* The list of a draft while it grows. */
struct patterns {
	size_t count;
	struct slice list[HOSTING_MX_MAX];
};

static size_t find_pattern(const struct patterns *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (slice_eq_i(p->list[i], slice_str(name)))
			return i;
	return SIZE_MAX;
}

static enum err normal(struct slice in, char out[NAME_SIZE], struct refusal *why)
{
	struct diag diag = { 0 };
	enum err e = mxpattern_normal(in, out, &diag);

	if (e == OK)
		e = mxpattern_check(slice_str(out), &diag);
	if (e == OK)
		return OK;
	(void)refuse(why, ERR_SYNTAX, "policy-mx", "\"%.*s\" is no MX pattern: %s",
	             (int)(in.len < 300 ? in.len : 300), in.p, diag.why);
	return refuse_fix(
	        why, "give a host name such as mx1.example.com, or *.example.com for one label");
}

static enum err add_patterns(struct arena *a, struct patterns *p, const struct slice *list,
                             size_t count, struct refusal *why)
{
	char name[NAME_SIZE];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		e = normal(list[i], name, why);
		if (e != OK || find_pattern(p, name) != SIZE_MAX)
			continue;
		if (p->count == HOSTING_MX_MAX)
			return refuse(why, ERR_LIMIT, "policy-too-long", "more than %u patterns",
			              HOSTING_MX_MAX);
		p->list[p->count++] = arena_copy(a, slice_str(name));
	}
	return e;
}

static enum err remove_patterns(struct patterns *p, const struct slice *list, size_t count,
                                struct refusal *why)
{
	char name[NAME_SIZE];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		e = normal(list[i], name, why);
		if (e != OK)
			continue;
		size_t at = find_pattern(p, name);
		if (at == SIZE_MAX) {
			(void)refuse(why, ERR_NOTFOUND, "policy-mx-unknown",
			             "the policy has no pattern %s", name);
			return refuse_fix(why, "`policy show` prints the patterns there are");
		}
		p->count--;
		memmove(&p->list[at], &p->list[at + 1], (p->count - at) * sizeof(p->list[0]));
	}
	return e;
}

static bool lost_one(const struct policy *old, const struct patterns *p)
{
	char name[NAME_SIZE];

	for (size_t i = 0; i < old->mx_count; i++) {
		(void)snprintf(name, sizeof(name), "%.*s",
		               SLICE_ARGS(old->mx[i])); /* it was checked */
		if (find_pattern(p, name) == SIZE_MAX)
			return true;
	}
	return false;
}

enum err hosting_draft(struct arena *a, const char *domain, const struct policy *old,
                       const struct policy_request *q, struct hosting_draft *out,
                       struct refusal *why)
{
	struct patterns *p = arena_alloc(a, sizeof(*p));
	struct hosting_draft d = { .domain = domain, .had_policy = old != NULL };
	enum err e = OK;

	if (old != NULL)
		d.old = *old;
	if (q->has_max_age && q->max_age > POLICY_MAX_AGE_TOP) {
		(void)refuse(why, ERR_SYNTAX, "policy-max-age-range",
		             "max_age %llu is above the highest value, %u",
		             (unsigned long long)q->max_age, POLICY_MAX_AGE_TOP);
		return refuse_fix(why, "86400 is a day, 1209600 two weeks");
	}
	d.policy.mode = q->has_mode ? q->mode : old != NULL ? old->mode : POLICY_TESTING;
	d.policy.max_age = q->has_max_age ? (uint32_t)q->max_age
	                   : old != NULL  ? old->max_age
	                                  : GUARD_STAGE_MAX_AGE;
	e = q->has_mx ? add_patterns(a, p, q->mx, q->mx_count, why)
	              : add_patterns(a, p, d.old.mx, d.old.mx_count, why);
	if (e == OK)
		e = add_patterns(a, p, q->add, q->add_count, why);
	if (e == OK)
		e = remove_patterns(p, q->remove, q->remove_count, why);
	if (e != OK)
		return e;
	d.policy.mx = p->list;
	d.policy.mx_count = p->count;
	d.removed = old != NULL && lost_one(old, p);
	d.same = old != NULL && policy_same(old, &d.policy);
	*out = d;
	return OK;
}

bool hosting_draft_needs_mx(const struct hosting_draft *d)
{
	return d->policy.mx_count == 0 && d->policy.mode != POLICY_NONE;
}

/* *waiting_out: the newest id is to be typed by a person and is not seen everywhere. */
static enum err served_rows(struct desk *d, const struct domain *domain, struct arena *a,
                            struct guard_served **out, size_t *count_out, bool *waiting_out)
{
	struct publication *list = NULL;
	size_t count = 0;

	desk_lock(d);
	enum err e = domain->id == 0 ? OK : policies_history(d->db, domain->id, a, &list, &count);
	desk_unlock(d);
	struct guard_served *rows = arena_calloc(a, count + 1, sizeof(*rows));
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct guard_served){ list[i].policy->mode, list[i].served,
			                         list[i].end == END_STOPPED };
	*out = rows;
	*count_out = count;
	*waiting_out = !d->set.demo && domain->way[RECORD_ID] == WAY_TXT && count > 0 &&
	               list[count - 1].end == END_NOT && list[count - 1].id_seen == 0;
	return e;
}

/* Asks for the TLS-RPT record as a sender would; in a demonstration it counts as seen. */
static enum guard_seen see_tlsrpt(struct desk *d, const char *domain, struct arena *a,
                                  const char **why_out)
{
	struct findings findings;
	struct tlsrpt_record record;
	struct txt_set *set = arena_alloc(a, sizeof(*set));
	char name[NAME_SIZE];

	if (d->set.demo)
		return GUARD_YES;
	if (name_for(NAME_RPT_TXT, slice_str(domain), name) != OK)
		return GUARD_NO;
	resolver_txt(d->resolver, a, name, HOSTING_DNS_MS, set);
	if (set->state == DNS_UNKNOWN || set->state == DNS_BOGUS) {
		*why_out = set->why;
		return GUARD_UNKNOWN;
	}
	findings = findings_in(a);
	return tlsrpt_record_set_read(set->text, set->count, &findings, &record) == OK ? GUARD_YES
	                                                                               : GUARD_NO;
}

static enum guard_seen seen_mx(const struct hosting_mx *mx)
{
	if (mx == NULL)
		return GUARD_NOT_ASKED;
	/* No MX host at all proves no more than an answer that did not come. */
	if (!mx->known || mx->host_count == 0)
		return GUARD_UNKNOWN;
	return mx->unmatched_count == 0 ? GUARD_YES : GUARD_NO;
}

static enum err refuse_guard(const struct guard_result *r, size_t count, struct refusal *why)
{
	char more[64] = "";

	if (count > 1) /* the room is enough for the number */
		(void)snprintf(more, sizeof(more), " (and %zu more %s)", count - 1,
		               count == 2 ? "reason" : "reasons");
	(void)refuse(why, ERR_GUARD, r->slug, "%s%s", r->reason, more);
	return refuse_fix(why, "%s", r->fix);
}

enum err hosting_guard(struct desk *d, const struct domain *domain,
                       const struct hosting_draft *draft, const struct hosting_mx *mx,
                       struct slice reason, int64_t now, struct arena *a, size_t *overridden_out,
                       struct refusal *why)
{
	struct guard_result results[GUARD_COUNT];
	struct guard_served *rows;
	size_t count;
	struct guard_facts f = { .domain = draft->domain,
		                 .had_policy = draft->had_policy,
		                 .old_mode = draft->old.mode,
		                 .new_mode = draft->policy.mode,
		                 .old_max_age = draft->old.max_age,
		                 .new_max_age = draft->policy.max_age,
		                 .patterns_removed = draft->removed,
		                 .now = now,
		                 .testing_needed = guard_testing_time(slice_str(domain->profile)) };

	*overridden_out = 0;
	if (!guard_is_needed(&f))
		return OK;
	enum err e = served_rows(d, domain, a, &rows, &count, &f.waiting);
	if (e != OK)
		return hosting_store_failed(d, e, "reading the history", why);
	f.testing_since = guard_testing_since(rows, count);
	f.mx = seen_mx(mx);
	if (mx != NULL) {
		f.dns_why = mx->why;
		f.unmatched_count = mx->unmatched_count;
		f.first_unmatched = mx->unmatched_count > 0 ? mx->unmatched[0] : NULL;
		if (guard_needs(&f, GUARD_TLSRPT))
			f.tlsrpt = see_tlsrpt(d, draft->domain, a, &f.dns_why);
	}
	*overridden_out = guard_check(&f, mx == NULL, results);
	if (*overridden_out == 0 || reason.len > 0)
		return OK;
	return refuse_guard(results, *overridden_out, why);
}

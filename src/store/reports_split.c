#include "store/reports_part.h"

/* A domain of the tenant; id 0: not known. */
struct target {
	int64_t id;
	struct slice name;
};

struct split {
	struct db *db;
	int64_t tenant;
	const struct report_arrival *in;
	struct arena *a;
	struct target *targets; /* of each policy */
};

static enum err ask(struct split *s, struct slice name, struct target *out)
{
	struct query q = db_query(s->db, SQL_REPORT_DOMAIN);

	query_int(&q, 1, s->tenant);
	query_text(&q, 2, name);
	if (query_row(&q))
		*out = (struct target){ query_get_int(&q, 0), name };
	return query_end(&q);
}

static enum err lookup(struct split *s, struct slice name, struct target *out)
{
	int64_t id = known_domain(s->db->known, s->tenant, name);
	enum err e = OK;

	*out = id != 0 ? (struct target){ id, name } : (struct target){ 0 };
	if (id == 0)
		e = ask(s, name, out);
	if (e == OK && id == 0 && out->id != 0)
		known_domain_add(s->db->known, s->tenant, name, out->id);
	return e;
}

/* By the names that the policies have; neighbours mostly name the same. */
static enum err find_targets(struct split *s)
{
	const struct report *r = s->in->report;
	enum err e = OK;

	s->targets = arena_calloc(s->a, r->policy_count, sizeof(*s->targets));
	for (size_t i = 0; e == OK && i < r->policy_count; i++) {
		if (i > 0 && slice_eq(r->policies[i].domain, r->policies[i - 1].domain))
			s->targets[i] = s->targets[i - 1];
		else if (r->policies[i].domain.len > 0)
			e = lookup(s, db_clean_lower(r->policies[i].domain, REPORTS_TEXT_MAX, s->a),
			           &s->targets[i]);
	}
	return e;
}

/* The domain for policies without one: that of the tag or mail, else the only one named. */
static enum err find_fallback(struct split *s, struct target *out)
{
	*out = (struct target){ 0 };
	if (s->in->domain.len > 0) {
		enum err e = lookup(s, db_clean_lower(s->in->domain, REPORTS_TEXT_MAX, s->a), out);
		if (e != OK || out->id != 0)
			return e;
	}
	for (size_t i = 0; i < s->in->report->policy_count; i++) {
		struct target t = s->targets[i];

		if (t.id != 0 && out->id != 0 && t.id != out->id) {
			*out = (struct target){ 0 };
			break;
		}
		if (t.id != 0)
			*out = t;
	}
	return OK;
}

/*
 * RFC 8460, 4.4: the policy-domain of a tlsa policy is the TLSA base domain, which is an MX host's
 * name, often a provider's.  It counts for the domain that the report is about.
 */
static bool takes_fallback(const struct report_policy *p)
{
	return p->domain.len == 0 || p->type == REPORT_TYPE_TLSA;
}

static bool is_domain_name(struct slice s)
{
	if (s.len == 0 || s.len > 253 || slice_find(s, '.') == SIZE_MAX || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return false;
	}
	return true;
}

static void add_foreign(struct split *s, struct slice name, struct report_outcome *out)
{
	if (!is_domain_name(name) || out->foreign_count == REPORTS_FOREIGN_MAX)
		return;
	for (size_t i = 0; i < out->foreign_count; i++)
		if (slice_eq(slice_str(out->foreign[i]), name))
			return;
	out->foreign[out->foreign_count++] = arena_str(s->a, name);
}

/* Names nobody knows; those of tlsa policies are hosts and only tell when nothing else does. */
static void list_foreign(struct split *s, struct report_outcome *out)
{
	const struct report *r = s->in->report;

	out->foreign = arena_calloc(s->a, REPORTS_FOREIGN_MAX, sizeof(*out->foreign));
	for (int tlsa = 0; tlsa <= 1 && out->foreign_count == 0; tlsa++)
		for (size_t i = 0; i < r->policy_count; i++)
			if (s->targets[i].id == 0 &&
			    (r->policies[i].type == REPORT_TYPE_TLSA) == (tlsa == 1))
				add_foreign(s,
				            r->policies[i].domain.len > 0 ? r->policies[i].domain
				                                          : s->in->domain,
				            out);
}

/* The policies that count for t, as one part. */
static enum err store_part(struct split *s, struct target t, struct report_outcome *out)
{
	const struct report *r = s->in->report;
	struct part p = {
		.tenant = s->tenant, .domain = t.id, .name = t.name, .in = s->in, .model = *r
	};
	size_t count = 0;

	p.model.policies = arena_calloc(s->a, r->policy_count, sizeof(*p.model.policies));
	for (size_t i = 0; i < r->policy_count; i++)
		if (s->targets[i].id == t.id)
			p.model.policies[count++] = r->policies[i];
	p.model.policy_count = count;
	return part_store(s->db, &p, s->a, out);
}

static bool stored_before(const struct split *s, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (s->targets[j].id == s->targets[i].id)
			return true;
	return false;
}

static enum err store_all(struct split *s, struct report_outcome *out)
{
	const struct report *r = s->in->report;
	struct target fallback;
	size_t parts = 0;
	enum err e = find_targets(s);

	if (e == OK)
		e = find_fallback(s, &fallback);
	if (e != OK)
		return e;
	for (size_t i = 0; i < r->policy_count; i++)
		if (s->targets[i].id == 0 && takes_fallback(&r->policies[i]))
			s->targets[i] = fallback;
	list_foreign(s, out);
	out->result = REPORT_DUPLICATE;
	for (size_t i = 0; e == OK && i < r->policy_count; i++)
		if (s->targets[i].id != 0 && !stored_before(s, i)) {
			e = store_part(s, s->targets[i], out);
			parts++;
		}
	if (e == OK && r->policy_count == 0 && fallback.id != 0) {
		e = store_part(s, fallback, out);
		parts++;
	}
	if (parts == 0)
		out->result = REPORT_FOREIGN;
	return e;
}

enum err reports_store(struct db *db, int64_t tenant, const struct report_arrival *in,
                       struct arena *a, struct report_outcome *out)
{
	struct split s = { .db = db, .tenant = tenant, .in = in, .a = a };
	struct report_outcome outcome = { 0 };
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, store_all(&s, &outcome));
	if (e == OK)
		*out = outcome;
	return e;
}

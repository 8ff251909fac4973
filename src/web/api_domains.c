/* Domains and their policies. */
#include <stdio.h>

#include "base/num.h"
#include "mtasts/horizon_json.h"
#include "service/record_check.h"
#include "web/api_internal.h"
#include "web/needs.h"
#include "web/pages_data.h"

static const char *health_name(enum status s)
{
	static const char *const names[] = {
		[STATUS_PROBLEM] = "fail",     [STATUS_WARNING] = "warn",
		[STATUS_ADVICE] = "ok",        [STATUS_PASSED] = "ok",
		[STATUS_UNTESTED] = "unknown", [STATUS_WAITING] = "waiting",
	};

	return names[s];
}

static json_t *line_json(const struct domain *d, const struct publication *newest,
                         const char *health)
{
	bool has = newest != NULL && newest->policy != NULL;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "domain", d->name, "stage",
	                 domain_stage_name(d->stage), "mode",
	                 has ? json_string(policy_mode_name(newest->policy->mode)) : json_null(),
	                 "max_age",
	                 has ? json_integer((json_int_t)newest->policy->max_age) : json_null(),
	                 "id", has ? json_string(newest->policy_id) : json_null(), "hosting",
	                 d->hosted ? json_string(domain_hosting_name(d->hosting)) : json_null(),
	                 "health", health);
}

void api_domains_list(const struct request *q, struct response *r)
{
	struct slice after = request_query(q, "cursor", 0);
	struct view_domains v;
	json_t *items;
	enum err e =
	        pages_read_domains(q->desk, after.p == NULL ? S("") : after, q->now, q->arena, &v);

	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < v.count; i++) {
		const struct view_line *l = &v.lines[i];
		const char *why;
		(void)json_array_append_new(items,
		                            line_json(l->domain, l->newest,
		                                      health_name(needs_of_line(l, q->now, &why))));
	}
	response_json(r, api_list(items, v.next));
}

static bool parse_mode(struct api_body *b, struct policy_request *out)
{
	struct slice text = api_body_text(b, "mode", &out->has_mode);

	if (out->has_mode && policy_mode_parse(text, &out->mode) != OK) {
		api_body_fault(b, "mode", "is none of none, testing, enforce");
		return false;
	}
	return true;
}

/* Members that adding a domain and changing a policy share. */
static void read_policy(struct api_body *b, struct policy_request *out)
{
	bool any;

	(void)parse_mode(b, out); /* a fault is noted in b */
	out->max_age = api_body_number(b, "max_age", &out->has_max_age);
	out->mx = api_body_list(b, "mx", &out->mx_count, &out->has_mx);
	out->add = api_body_list(b, "add_mx", &out->add_count, NULL);
	out->remove = api_body_list(b, "remove_mx", &out->remove_count, NULL);
	out->anyway = slice_trim(api_body_text(b, "anyway", &any));
	if (any && out->anyway.len == 0)
		api_body_fault(b, "anyway", "needs a reason");
	out->dry_run = api_body_flag(b, "dry_run");
}

static bool read_way(struct api_body *b, const char *key, enum domain_way *out)
{
	bool has;
	struct slice text = api_body_text(b, key, &has);

	if (has && domain_way_parse(text, out) != OK)
		api_body_fault(b, key, "is none of cname, txt, address, update");
	return has;
}

static void read_ways(struct api_body *b, struct ways_request *out)
{
	static const char *const keys[RECORD_COUNT] = {
		[RECORD_HOST] = "way_host", [RECORD_ID] = "way_id", [RECORD_REPORTS] = "way_reports"
	};

	out->has_all = read_way(b, "way", &out->all);
	for (size_t i = 0; i < RECORD_COUNT; i++)
		out->has[i] = read_way(b, keys[i], &out->one[i]);
}

/* Waits for the edges, then says how far it came. */
static json_t *change_json(const struct request *q, struct hosting_change *c)
{
	bool served = c->state.served || (!c->state.has_policy && !c->dry_run && c->state.seq == 0);

	if (!c->dry_run && c->state.seq > 0 && !served) {
		served = api_wait_served(q, c->state.seq);
		desk_lock(q->desk);
		/* When this reading fails the answer says what was known before. */
		if (c->state.has_policy &&
		    publish_look(q->desk, &c->domain, q->arena, &c->state) == OK)
			served = c->state.served;
		enum err e = hosting_horizon(q->desk, &c->domain, S(""), S(""), q->now, q->arena,
		                             &c->horizon);
		c->horizon_known = e == OK;
		desk_unlock(q->desk);
	}
	return api_change(c, served, q->now);
}

static void answer_change(const struct request *q, struct hosting_change *c, unsigned status,
                          struct response *r)
{
	response_json(r, change_json(q, c));
	r->status = status;
}

void api_domains_add(const struct request *q, struct response *r)
{
	struct domain_request in = { 0 };
	struct hosting_change done;
	struct refusal why;
	struct api_body b;
	bool has;

	api_body_open(&b, q);
	in.name = api_body_text(&b, "domain", &has);
	if (!has)
		api_body_fault(&b, "domain", "is missing");
	read_policy(&b, &in.policy);
	read_ways(&b, &in.ways);
	in.observed = api_body_flag(&b, "observed");
	if (!api_body_close(&b, r))
		return;
	if (hosting_add(q->desk, q->actor, &in, q->now, q->arena, &done, &why) != OK)
		problem_put(r, &why);
	else
		answer_change(q, &done, in.policy.dry_run ? 200 : 201, r);
}

static json_t *mx_json(const struct view_domain *v)
{
	json_t *hosts = json_array(), *unmatched = json_array();

	for (size_t i = 0; i < v->mx_count; i++) {
		const struct view_mx *m = &v->mx[i];
		(void)json_array_append_new(hosts, json_pack("{s:s, s:i, s:b}", "host", m->host,
		                                             "preference", (int)m->preference,
		                                             "matched", (int)m->matched));
		if (!m->matched)
			(void)json_array_append_new(unmatched, json_string(m->host));
	}
	return json_pack("{s:b, s:o, s:o, s:o, s:o}", "checked", (int)v->mx_known, "why",
	                 api_string(v->mx_why), "hosts", hosts, "unmatched_mx", unmatched,
	                 "unused_patterns", api_strings(v->unused, v->unused_count));
}

static json_t *cert_json(const struct view_domain *v)
{
	const struct cert *c = v->cert;

	if (c == NULL)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:s, s:o}", "host", v->cert_host, "names",
	                 api_slices(c->names, c->name_count), "issuer", api_string(c->issuer),
	                 "fingerprint", c->fingerprint, "not_after", api_time(c->not_after));
}

static json_t *needs_json(const struct view_domain *v, const struct request *q,
                          const char **health_out)
{
	struct need needs[NEEDS_MAX];
	size_t n = needs_of_domain(v, q->arena, needs);
	enum status worst = STATUS_PASSED;
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++) {
		if (needs[i].status < worst)
			worst = needs[i].status;
		(void)json_array_append_new(out, json_pack("{s:s, s:o, s:o, s:o}", "state",
		                                           health_name(needs[i].status), "title",
		                                           api_string(needs[i].title), "why",
		                                           api_string(needs[i].why), "step",
		                                           api_string(needs[i].step)));
	}
	if (n > 0 && worst == STATUS_PASSED)
		worst = needs[0].status;
	*health_out = health_name(worst);
	return out;
}

/* What somebody is to type; null: nothing is waited for. */
static json_t *waiting_json(const struct view_domain *v)
{
	for (size_t i = 0; v->dns != NULL && v->dns->waits && i < v->dns->count; i++) {
		const struct record_row *row = &v->dns->rows[i];
		if (strcmp(row->purpose, "policy-id") == 0)
			return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", row->name, "relative",
			                 row->relative, "type", row->type, "value",
			                 api_string(row->value), "mistake",
			                 api_string(row->mistake));
	}
	return json_null();
}

static json_t *ways_json(const struct domain *d)
{
	return json_pack("{s:s, s:s, s:s}", "policy-host", domain_way_name(d->way[RECORD_HOST]),
	                 "policy-id", domain_way_name(d->way[RECORD_ID]), "reports",
	                 domain_way_name(d->way[RECORD_REPORTS]));
}

static json_t *rua_json(const struct domain *d)
{
	struct slice rest = slice_str(d->rua), uri;
	json_t *out = json_array();

	while (slice_next(&rest, '\n', &uri))
		if (uri.len > 0)
			(void)json_array_append_new(out, json_text(uri));
	return out;
}

void api_domain_show(const struct request *q, struct response *r)
{
	struct view_domain v;
	const char *health;
	json_t *o, *needs;
	enum err e = pages_read_domain(q->desk, q->params[0], q->now, q->arena, &v);

	if (e == ERR_NOTFOUND || e == ERR_SYNTAX) {
		struct domain d;
		desk_lock(q->desk);
		(void)api_find_domain(q, &d, r); /* puts the words of the refusal */
		desk_unlock(q->desk);
		return;
	}
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	needs = needs_json(&v, q, &health);
	o = line_json(v.domain, v.newest, health);
	(void)json_object_set_new(o, "schema", json_string("mxseal.domain/1"));
	(void)json_object_set_new(o, "hosted", json_boolean(v.domain->hosted));
	(void)json_object_set_new(o, "profile", json_string(v.domain->profile));
	(void)json_object_set_new(o, "ways", ways_json(v.domain));
	(void)json_object_set_new(o, "rua", rua_json(v.domain));
	(void)json_object_set_new(o, "tag", json_string(v.domain->tag));
	(void)json_object_set_new(o, "claim", json_string(v.domain->claim));
	(void)json_object_set_new(o, "added", api_time(v.domain->added));
	(void)json_object_set_new(
	        o, "policy",
	        v.newest == NULL ? json_null()
	                         : api_publication(v.domain->name, v.newest, v.waits, q->now));
	(void)json_object_set_new(o, "certificate", cert_json(&v));
	if (v.look != NULL)
		(void)json_object_set_new(o, "outside", api_look(v.look, q->now, q->arena));
	(void)json_object_set_new(o, "live_mx", mx_json(&v));
	(void)json_object_set_new(o, "horizon",
	                          v.horizon == NULL ? json_null() : horizon_answer_json(v.horizon));
	(void)json_object_set_new(o, "waiting_for_you", waiting_json(&v));
	(void)json_object_set_new(o, "leaving", api_leaving(q->arena, &v.leaving, q->now));
	(void)json_object_set_new(o, "needs", needs);
	response_header(r, "ETag",
	                arena_printf(q->arena, "\"r%lld\"", (long long)v.domain->revision));
	response_json(r, o);
}

static void refuse_match(struct response *r)
{
	problem_say(r, ERR_CONFLICT, "etag", "If-Match names no version of this",
	            "read it again, and send its ETag");
}

/* The only strong tag of If-Match without its quotes; empty: any version will do. */
static bool read_match(const struct request *q, struct slice *tag_out, struct response *r)
{
	struct slice tag = q->if_match;

	*tag_out = S("");
	if (tag.len == 0 || slice_eq(tag, S("*")))
		return true;
	if (tag.len < 3 || !slice_starts(tag, S("\"")) || !slice_ends(tag, S("\""))) {
		refuse_match(r);
		return false;
	}
	*tag_out = slice_of(tag.p + 1, tag.len - 2);
	return true;
}

void api_domain_set(const struct request *q, struct response *r)
{
	struct domain_patch in = { 0 };
	struct hosting_change done;
	struct refusal why;
	struct slice hosting, tag;
	struct api_body b;

	api_body_open(&b, q);
	read_ways(&b, &in.ways);
	in.rua = api_body_list(&b, "rua", &in.rua_count, &in.has_rua);
	in.profile = api_body_text(&b, "profile", &in.has_profile);
	hosting = api_body_text(&b, "hosting", &in.has_hosting);
	if (in.has_hosting && domain_hosting_parse(hosting, &in.hosting) != OK)
		api_body_fault(&b, "hosting", "is none of here, behind, external");
	in.dry_run = api_body_flag(&b, "dry_run");
	if (!api_body_close(&b, r))
		return;
	if (!read_match(q, &tag, r))
		return;
	if (tag.len > 0 &&
	    (!slice_starts(tag, S("r")) || num_parse_i64(slice_skip(tag, 1), &in.revision) != OK ||
	     in.revision == 0)) {
		refuse_match(r);
		return;
	}
	if (hosting_patch(q->desk, q->actor, q->params[0], &in, q->now, q->arena, &done, &why) !=
	    OK)
		problem_put(r, &why);
	else
		answer_change(q, &done, 200, r);
}

void api_domain_remove(const struct request *q, struct response *r)
{
	struct hosting_change done;
	struct refusal why;
	struct api_body b;
	bool dry_run, fine = request_query(q, "now", 0).p != NULL;

	api_body_open(&b, q);
	dry_run = api_body_flag(&b, "dry_run");
	if (!api_body_close(&b, r))
		return;
	if (hosting_remove(q->desk, q->actor, q->params[0], fine, dry_run, q->now, q->arena, &done,
	                   &why) != OK) {
		problem_put(r, &why);
		return;
	}
	bool served = !dry_run && (done.state.seq == 0 || api_wait_served(q, done.state.seq));
	response_json(r, json_pack("{s:s, s:s, s:b, s:b, s:I, s:b, s:s}", "schema",
	                           "mxseal.change/1", "domain", done.domain.name, "changed", 1,
	                           "dry_run", (int)dry_run, "seq", (json_int_t)done.state.seq,
	                           "served_everywhere", (int)served, "state", "removed"));
}

void api_domain_retire(const struct request *q, struct response *r)
{
	struct hosting_change done;
	struct leaving leaving;
	struct refusal why;
	struct api_body b;
	bool dry_run, has;
	uint64_t max_age;
	json_t *o;

	api_body_open(&b, q);
	max_age = api_body_number(&b, "max_age", &has);
	if (has && (max_age == 0 || max_age > POLICY_MAX_AGE_TOP))
		api_body_fault(&b, "max_age", "is no number of seconds up to 31557600");
	dry_run = api_body_flag(&b, "dry_run");
	if (!api_body_close(&b, r))
		return;
	if (hosting_retire(q->desk, q->actor, q->params[0], (uint32_t)max_age, dry_run, q->now,
	                   q->arena, &done, &leaving, &why) != OK) {
		problem_put(r, &why);
		return;
	}
	o = change_json(q, &done);
	if (!dry_run) {
		desk_lock(q->desk); /* it may have been announced meanwhile */
		if (leaving_read(q->desk, &done.domain, q->now, q->arena, &leaving) != OK)
			leaving.leaving = false;
		desk_unlock(q->desk);
	}
	(void)json_object_set_new(o, "leaving", api_leaving(q->arena, &leaving, q->now));
	response_json(r, o);
}

void api_policy_show(const struct request *q, struct response *r)
{
	struct publish_state s;
	struct domain d;
	enum err e;

	if (!api_find_domain(q, &d, r))
		return;
	e = publish_look(q->desk, &d, q->arena, &s);
	if (e != OK) {
		api_store_failed(q, e, r);
	} else if (!s.has_policy) {
		problem_say(r, ERR_NOTFOUND, "policy-none", "the domain has no policy",
		            "save one with `mxseal policy set`");
	} else {
		response_header(r, "ETag", arena_printf(q->arena, "\"%s\"", s.newest.policy_id));
		response_json(r, api_publication(d.name, &s.newest, s.why, q->now));
	}
}

void api_policy_set(const struct request *q, struct response *r)
{
	struct policy_request in = { 0 };
	struct hosting_change done;
	struct refusal why;
	struct api_body b;

	api_body_open(&b, q);
	read_policy(&b, &in);
	if (in.has_mx && (in.add_count > 0 || in.remove_count > 0))
		api_body_fault(&b, "mx",
		               "replaces the list and does not go with add_mx or remove_mx");
	if (!api_body_close(&b, r) || !read_match(q, &in.if_match, r))
		return;
	if (hosting_policy(q->desk, q->actor, q->params[0], &in, q->now, q->arena, &done, &why) !=
	    OK)
		problem_put(r, &why);
	else
		answer_change(q, &done, 200, r);
}

void api_policy_bump(const struct request *q, struct response *r)
{
	struct hosting_change done;
	struct refusal why;
	struct api_body b;
	bool dry_run;

	api_body_open(&b, q);
	dry_run = api_body_flag(&b, "dry_run");
	if (!api_body_close(&b, r))
		return;
	if (hosting_bump(q->desk, q->actor, q->params[0], dry_run, q->now, q->arena, &done, &why) !=
	    OK)
		problem_put(r, &why);
	else
		answer_change(q, &done, 200, r);
}

/* Somebody has put the text onto its web space: looked for now, not when its time comes. */
void api_policy_check(const struct request *q, struct response *r)
{
	char host[DOMAIN_NAME_MAX + 1];
	struct domain d;
	enum err e = OK;

	desk_lock(q->desk);
	if (api_find_domain(q, &d, r)) {
		e = policies_hurry(q->desk->db, d.id);
		if (e == OK && d.hosting != HOSTING_HERE && publish_host_name(d.name, host) == OK)
			e = outside_look_soon(q->desk, host, q->now);
		if (e == OK)
			response_json(r, json_pack("{s:s, s:s, s:b}", "schema",
			                           "mxseal.policy-check/1", "domain", d.name,
			                           "changed", 1));
	}
	desk_unlock(q->desk);
	if (e != OK)
		api_store_failed(q, e, r);
}

void api_policy_history(const struct request *q, struct response *r)
{
	struct publish_state s = { .why = NULL };
	struct publication *list;
	struct domain d;
	size_t count;
	json_t *items;
	enum err e;

	if (!api_find_domain(q, &d, r))
		return;
	e = publish_look(q->desk, &d, q->arena, &s);
	if (e == OK)
		e = policies_history(q->desk->db, d.id, q->arena, &list, &count);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(
		        items, api_publication(d.name, &list[i],
		                               list[i].id == s.newest.id ? s.why : NULL, q->now));
	response_json(r, api_list(items, NULL));
}

void api_domain_records(const struct request *q, struct response *r)
{
	struct records *records = arena_alloc(q->arena, sizeof(*records));
	struct domain d;
	enum err e;

	if (!api_find_domain(q, &d, r))
		return;
	e = records_read(q->desk, &d, q->now, q->arena, records);
	if (e != OK)
		api_store_failed(q, e, r);
	else
		response_json(r, api_records(&d, records));
}

/* The name servers are asked before the answer goes out; in a demonstration nobody is. */
void api_domain_check(const struct request *q, struct response *r)
{
	struct domain d;
	bool found;
	enum err e = OK;

	desk_lock(q->desk);
	found = api_find_domain(q, &d, r);
	desk_unlock(q->desk);
	if (!found)
		return;
	if (!q->desk->set.demo)
		e = record_check_run(q->desk, d.id, q->now, q->arena, NULL);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	desk_lock(q->desk);
	api_domain_records(q, r);
	desk_unlock(q->desk);
}

void api_domain_horizon(const struct request *q, struct response *r)
{
	struct slice retire = request_query(q, "retire", 0), wrong = request_query(q, "wrong", 0);
	struct horizon_answer answer;
	struct domain d;
	enum err e;

	if (!api_find_domain(q, &d, r))
		return;
	e = hosting_horizon(q->desk, &d, retire, wrong, q->now, q->arena, &answer);
	if (e == OK)
		response_json(r, horizon_answer_json(&answer));
	else if (e == ERR_NOTFOUND && wrong.len > 0)
		problem_say(r, e, "policy-id-unknown", "no policy was served under that id",
		            "`mxseal policy history` prints the ids there were");
	else if (e == ERR_NOTFOUND)
		problem_say(r, e, "policy-never-served",
		            "no policy of the domain was ever served, so nobody holds one", NULL);
	else
		api_store_failed(q, e, r);
}

#include "web/api_json.h"

#include <stdio.h>

#include "base/utc.h"
#include "mtasts/horizon_json.h"
#include "mtasts/name.h"
#include "service/publish_steps.h"
#include "web/problem.h"

#define EXPIRES_SOON_PART 3 /* the last third of a lifetime */

json_t *api_time(int64_t t)
{
	char text[UTC_TEXT_SIZE];

	return t == 0 ? json_null() : json_string(utc_format(t, text));
}

json_t *api_epoch(int64_t t)
{
	return t == 0 ? json_null() : json_integer(t);
}

json_t *api_day(int64_t t)
{
	char text[UTC_TEXT_SIZE];

	return json_string(utc_format_day(t, text));
}

json_t *api_string(const char *s)
{
	return s == NULL || s[0] == '\0' ? json_null() : json_text(slice_str(s));
}

static json_t *slice_or_null(struct slice s)
{
	return s.len == 0 ? json_null() : json_text(s);
}

/* Adding fails for lack of memory only, here and below. */
json_t *api_strings(const char *const *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(out, json_text(slice_str(list[i])));
	return out;
}

json_t *api_slices(const struct slice *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(out, json_text(list[i]));
	return out;
}

json_t *api_list(json_t *items, const char *next)
{
	return json_pack("{s:s, s:o, s:o}", "schema", "mxseal.list/1", "items", items, "next",
	                 api_string(next));
}

json_t *api_policy_text(const char *domain, const struct policy *p, struct slice text)
{
	return json_pack("{s:s, s:s, s:n, s:s, s:s, s:I, s:o, s:o, s:n, s:n}", "schema",
	                 "mxseal.policy-version/1", "domain", domain, "id", "state", "staged",
	                 "mode", policy_mode_name(p->mode), "max_age", (json_int_t)p->max_age, "mx",
	                 api_slices(p->mx, p->mx_count), "text", json_text(text), "served",
	                 "announced");
}

/* What has ended was served, and announced, before: the state says how far it came. */
static const char *state_of(const struct publication *p)
{
	if (p->state != PUBLICATION_ENDED)
		return publication_state_name(p->state);
	return p->announced != 0 ? "announced" : p->served != 0 ? "served" : "staged";
}

static json_t *steps_json(const struct publication *p, const char *why, int64_t now)
{
	struct publish_step steps[PUBLISH_STEPS_MAX];
	size_t n = publish_steps(p, why, now, steps);
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		        out,
		        json_pack("{s:s, s:s, s:s, s:o, s:o}", "step", steps[i].name, "words",
		                  steps[i].words, "state", publish_step_state_name(steps[i].state),
		                  "at", api_epoch(steps[i].at), "why", api_string(steps[i].why)));
	return out;
}

json_t *api_publication(const char *domain, const struct publication *p, const char *why,
                        int64_t now)
{
	json_t *o = api_policy_text(domain, p->policy, p->text);

	(void)json_object_set_new(o, "id", json_string(p->policy_id));
	(void)json_object_set_new(o, "state", json_string(state_of(p)));
	(void)json_object_set_new(o, "served", api_epoch(p->served));
	(void)json_object_set_new(o, "announced", api_epoch(p->announced));
	(void)json_object_set_new(o, "staged", api_epoch(p->staged));
	(void)json_object_set_new(o, "fetched", api_epoch(p->fetched));
	(void)json_object_set_new(o, "id_seen", api_epoch(p->id_seen));
	(void)json_object_set_new(o, "ended", api_epoch(p->ended));
	(void)json_object_set_new(o, "steps", steps_json(p, why, now));
	(void)json_object_set_new(o, "sha256", json_string(p->sha256));
	return o;
}

static json_t *servers_json(const struct record_row *row)
{
	json_t *out = json_array();

	for (size_t i = 0; i < row->server_count; i++) {
		const struct record_server *s = &row->servers[i];
		(void)json_array_append_new(
		        out, json_pack("{s:o, s:o, s:s, s:I, s:o}", "server", api_string(s->server),
		                       "address", api_string(s->address), "state", s->state, "ttl",
		                       (json_int_t)s->ttl, "found",
		                       api_strings(s->found, s->found_count)));
	}
	return out;
}

static json_t *record_json(const struct record_row *row)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:o}", "purpose",
	                 row->purpose, "way", row->way, "name", row->name, "relative",
	                 row->relative, "type", row->type, "value", api_string(row->value), "ttl",
	                 (json_int_t)row->ttl, "state", row->state, "servers", servers_json(row),
	                 "mistake", api_string(row->mistake), "mistake_code",
	                 api_string(row->mistake_code));
}

json_t *api_records(const struct domain *domain, const struct records *r)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < r->count; i++)
		(void)json_array_append_new(rows, record_json(&r->rows[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "schema",
	                 "mxseal.records/1", "domain", domain->name, "rua",
	                 api_strings(r->rua, r->rua_count), "records", rows, "checked",
	                 api_time(r->checked), "zone", api_string(r->zone), "why",
	                 api_string(r->why), "resolver", api_string(r->resolver), "resolver_why",
	                 api_string(r->resolver_why), "secure", (int)r->secure, "waiting_for_you",
	                 (int)r->waits);
}

static json_t *counts_json(const struct summary_counts *c)
{
	return json_pack("{s:I, s:I, s:I}", "reports", (json_int_t)c->reports, "successful",
	                 (json_int_t)c->successful, "failed", (json_int_t)c->failed);
}

static json_t *trusts_json(const struct summary *s)
{
	json_t *out = json_object();

	for (unsigned i = 0; i < TRUST_COUNT; i++)
		(void)json_object_set_new(out, report_trust_name((enum report_trust)i),
		                          counts_json(&s->trust[i]));
	return out;
}

static json_t *organizations_json(const struct summary *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->organization_count; i++) {
		const struct summary_organization *o = &s->organizations[i];
		json_t *row = counts_json(&o->counts);
		(void)json_object_set_new(row, "name", json_text(o->name));
		(void)json_object_set_new(row, "signer", slice_or_null(o->signer));
		(void)json_object_set_new(row, "first", api_day(o->first));
		(void)json_object_set_new(row, "last", api_day(o->last));
		(void)json_object_set_new(row, "first_ever", api_day(o->since));
		(void)json_object_set_new(row, "last_ever", api_day(o->until));
		(void)json_object_set_new(row, "share_permille", json_integer(o->share));
		(void)json_object_set_new(row, "every_days",
		                          o->rhythm.every > 0 ? json_integer(o->rhythm.every)
		                                              : json_null());
		(void)json_object_set_new(row, "silent_days", json_integer(o->rhythm.silent));
		(void)json_array_append_new(out, row);
	}
	return out;
}

static json_t *mx_json(const struct summary *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->mx_count; i++) {
		const struct summary_mx *m = &s->mx_hosts[i];
		(void)json_array_append_new(
		        out, json_pack("{s:o, s:I, s:I, s:o, s:o}", "host", json_text(m->host),
		                       "successful", (json_int_t)m->successful, "failed",
		                       (json_int_t)m->failed, "first", api_day(m->first), "last",
		                       api_day(m->last)));
	}
	return out;
}

static json_t *failures_json(const struct summary *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->failure_count; i++) {
		const struct summary_failure *f = &s->failures[i];
		(void)json_array_append_new(out,
		                            json_pack("{s:o, s:o, s:I, s:o, s:o}", "result_type",
		                                      json_text(f->result_type), "reason_code",
		                                      slice_or_null(f->reason_code), "sessions",
		                                      (json_int_t)f->sessions, "first",
		                                      api_day(f->first), "last", api_day(f->last)));
	}
	return out;
}

static json_t *days_json(const struct summary *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->day_count; i++) {
		json_t *row = counts_json(&s->days[i].counts);
		(void)json_object_set_new(row, "day", api_day(s->days[i].day));
		(void)json_array_append_new(out, row);
	}
	return out;
}

json_t *api_summary(const char *domain, const struct summary *s)
{
	json_t *o = counts_json(&s->total);

	(void)json_object_set_new(o, "schema", json_string("mxseal.summary/1"));
	(void)json_object_set_new(o, "domain", json_string(domain));
	(void)json_object_set_new(o, "from", api_day(s->from));
	(void)json_object_set_new(o, "to", api_day(s->to));
	(void)json_object_set_new(o, "trust", trusts_json(s));
	(void)json_object_set_new(o, "organizations", organizations_json(s));
	(void)json_object_set_new(o, "mx_hosts", mx_json(s));
	(void)json_object_set_new(o, "failures", failures_json(s));
	(void)json_object_set_new(o, "days", days_json(s));
	return o;
}

static json_t *words_json(struct slice words)
{
	json_t *out = json_array();
	struct slice word;

	while (slice_next(&words, ' ', &word))
		if (word.len > 0)
			(void)json_array_append_new(out, json_text(word));
	return out;
}

json_t *api_id(int64_t id)
{
	return json_sprintf("%lld", (long long)id);
}

json_t *api_report(const char *domain, const struct report_row *r)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:o}",
	                 "id", api_id(r->id), "domain", domain, "day", api_day(r->day),
	                 "organization", slice_or_null(r->organization), "report_id",
	                 slice_or_null(r->report_id), "contact", slice_or_null(r->contact),
	                 "signer", slice_or_null(r->signer), "trust", report_trust_name(r->trust),
	                 "start", api_time(r->start), "end", api_time(r->end), "arrived",
	                 api_time(r->arrived), "successful", (json_int_t)r->successful, "failed",
	                 (json_int_t)r->failed, "notes", words_json(r->notes));
}

json_t *api_quarantined(const struct quarantine_row *q)
{
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:I}", "sha256",
	                 q->sha256, "reason", q->reason, "message", json_text(q->message), "way",
	                 q->way, "kind", q->kind, "trust", report_trust_name(q->trust), "name",
	                 slice_or_null(q->name), "domain", slice_or_null(q->domain), "bytes",
	                 (json_int_t)q->place.length, "arrived", api_time(q->arrived), "tried",
	                 api_time(q->tried), "tries", (json_int_t)q->tries);
}

static json_t *bound(int64_t t)
{
	return t == HORIZON_OPEN ? json_null() : api_epoch(t);
}

json_t *api_leaving(struct arena *a, const struct leaving *l, int64_t now)
{
	json_t *records = json_array();

	if (!l->leaving) {
		json_decref(records);
		return json_null();
	}
	for (size_t i = 0; i < LEAVING_RECORDS; i++)
		(void)json_array_append_new(records, json_pack("{s:s, s:s, s:o, s:o}", "purpose",
		                                               l->records[i].purpose, "name",
		                                               l->records[i].name, "may_go",
		                                               bound(l->records[i].may_go), "gone",
		                                               api_epoch(l->records[i].gone)));
	return json_pack("{s:o, s:o, s:s, s:o}", "since", api_epoch(l->since), "held_until",
	                 bound(l->held_until), "words", leaving_words(a, l, now), "records",
	                 records);
}

static void add_mx(json_t *o, const struct hosting_change *c)
{
	const struct hosting_mx *mx = &c->mx;

	if (!c->mx_asked)
		return;
	(void)json_object_set_new(o, "mx_checked", json_boolean(mx->known));
	(void)json_object_set_new(o, "mx_why", api_string(mx->why));
	(void)json_object_set_new(o, "unmatched_mx",
	                          api_strings(mx->unmatched, mx->unmatched_count));
	(void)json_object_set_new(o, "unused_patterns", api_strings(mx->unused, mx->unused_count));
	(void)json_object_set_new(o, "mx_notes", api_strings(mx->notes, mx->note_count));
}

/* The line that a person is to type for the newest publication; null: none is waited for. */
static json_t *to_type(const struct hosting_change *c, int64_t now)
{
	const struct publication *p = &c->state.newest;
	char name[NAME_SIZE], value[64];

	if (!c->state.has_policy || c->domain.way[RECORD_ID] != WAY_TXT ||
	    !publication_may_answer(p, now) || p->id_seen != 0 || p->end != END_NOT ||
	    name_for(NAME_STS_TXT, slice_str(c->domain.name), name) != OK)
		return json_null();
	(void)snprintf(value, sizeof(value), "v=STSv1; id=%s;", p->policy_id); /* an id fits */
	return json_pack("{s:s, s:s, s:s}", "name", name, "type", "TXT", "value", value);
}

json_t *api_change(const struct hosting_change *c, bool served, int64_t now)
{
	const struct publish_state *s = &c->state;
	json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:I, s:b, s:o}", "schema", "mxseal.change/1",
	                      "domain", c->domain.name, "changed", (int)c->changed, "dry_run",
	                      (int)c->dry_run, "seq", (json_int_t)s->seq, "served_everywhere",
	                      (int)served, "why", c->dry_run ? json_null() : api_string(s->why));
	bool draft = c->dry_run && c->changed;

	add_mx(o, c);
	if (c->has_policy && (draft || !s->has_policy))
		(void)json_object_set_new(o, "policy",
		                          api_policy_text(c->domain.name, c->policy, c->text));
	else if (s->has_policy)
		(void)json_object_set_new(o, "policy",
		                          api_publication(c->domain.name, &s->newest, s->why, now));
	(void)json_object_set_new(o, "state",
	                          s->has_policy ? json_string(state_of(&s->newest)) : json_null());
	(void)json_object_set_new(
	        o, "horizon", c->horizon_known ? horizon_answer_json(&c->horizon) : json_null());
	(void)json_object_set_new(o, "waiting_for_you", to_type(c, now));
	if (c->before_id != NULL) {
		(void)json_object_set_new(o, "adopted", json_boolean(c->adopted));
		(void)json_object_set_new(o, "id_before", api_string(c->before_id));
		(void)json_object_set_new(o, "adopted_why", api_string(c->before_why));
	}
	if (c->overridden > 0)
		(void)json_object_set_new(o, "overridden", json_integer((json_int_t)c->overridden));
	return o;
}

static const char *cert_state(const struct cert *c, bool opens, int64_t now)
{
	if (c->not_after <= now)
		return "expired";
	if (!opens)
		return "other-master-key";
	if (c->not_before > now)
		return "not-yet-valid";
	if (c->not_after - now < (c->not_after - c->not_before) / EXPIRES_SOON_PART)
		return "expires-soon";
	return c->note[0] != '\0' ? c->note : "ok";
}

json_t *api_cert(const struct cert_row *row, bool opens, int64_t now)
{
	const struct cert *c = &row->cert;

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s}", "name",
	                 c->name_count > 0 ? json_text(c->names[0]) : api_string(c->subject),
	                 "names", api_slices(c->names, c->name_count), "hosts",
	                 words_json(slice_str(row->hosts)), "fingerprint", c->fingerprint,
	                 "subject", api_string(c->subject), "issuer", api_string(c->issuer),
	                 "not_before", api_time(c->not_before), "not_after", api_time(c->not_after),
	                 "key_type", c->key_type, "source", c->source, "state",
	                 cert_state(c, opens, now));
}

json_t *api_look(const struct look *l, int64_t now, struct arena *a)
{
	struct outside_finding f = outside_look_judge(l, now, a);

	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:{s:s, s:o, s:o, s:o}}", "host", l->host,
	                 "ours", 0, "checked", api_time(l->checked), "not_after",
	                 api_time(l->not_after), "issuer", api_string(l->issuer), "finding",
	                 "severity", outside_severity_name(f.severity), "title",
	                 api_string(f.title), "detail", api_string(f.detail), "fix",
	                 api_string(f.fix));
}

static json_t *notes_json(const struct cert_note *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(
		        out,
		        json_pack("{s:o, s:o, s:s, s:o}", "file", api_string(list[i].file), "name",
		                  api_string(list[i].name == NULL ? list[i].file : list[i].name),
		                  "code", list[i].code, "message", api_string(list[i].message)));
	return out;
}

json_t *api_certs_import(const struct certs_import *done, bool dry_run, bool served)
{
	json_t *imported = json_array(), *warnings, *refused;

	for (size_t i = 0; i < done->imported_count; i++) {
		const struct certs_imported *c = &done->imported[i];
		(void)json_array_append_new(
		        imported,
		        json_pack("{s:o, s:o, s:s, s:o, s:o, s:b}", "file", api_string(c->file),
		                  "name", api_string(c->name), "fingerprint", c->fingerprint,
		                  "not_after", api_time(c->not_after), "hosts",
		                  api_strings(c->hosts, c->host_count), "new", (int)c->new));
	}
	warnings = notes_json(done->warnings, done->warning_count);
	refused = notes_json(done->refused, done->refused_count);
	(void)json_array_extend(warnings, refused); /* what is read by people is one list */
	return json_pack(
	        "{s:s, s:b, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:b}", "schema",
	        "mxseal.cert-import/1", "changed", (int)done->changed, "dry_run", (int)dry_run,
	        "seq", (json_int_t)done->seq, "certificates", (json_int_t)done->imported_count,
	        "imported", imported, "warnings", warnings, "refused", refused, "unused",
	        notes_json(done->unused, done->unused_count), "served_everywhere", (int)served);
}

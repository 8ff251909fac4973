#include "web/needs.h"

#include "base/utc.h"
#include "service/acme.h"

#define RECENT_DAYS ((int64_t)7)
#define SILENT_DAYS ((int64_t)7)

struct list {
	struct arena *arena;
	struct need *out;
	size_t count;
};

static struct need *add(struct list *l, enum status status, enum explain_impact impact)
{
	static struct need spare; /* never read: what does not fit is dropped */

	if (l->count == NEEDS_MAX)
		return &spare;
	l->out[l->count] = (struct need){ .status = status, .impact = impact };
	return &l->out[l->count++];
}

enum policy_mode needs_mode(const struct view_domain *v)
{
	const struct publication *p = v->served != NULL ? v->served : v->newest;

	return p == NULL || p->policy == NULL ? POLICY_NONE : p->policy->mode;
}

enum explain_impact needs_impact(const struct explain_entry *e, enum policy_mode mode)
{
	return mode == POLICY_ENFORCE ? e->enforce : e->testing;
}

bool needs_platform(const struct view_domain *v, enum platform *out)
{
	for (size_t i = 0; i < v->mx_count; i++) {
		if (platform_of_mx(slice_str(v->mx[i].host), out))
			return true;
	}
	for (size_t i = 0; v->newest != NULL && i < v->newest->policy->mx_count; i++) {
		struct slice host = v->newest->policy->mx[i];
		if (slice_starts(host, S("*.")))
			host = slice_skip(host, 1);
		if (platform_of_mx(host, out))
			return true;
	}
	return false;
}

enum status needs_of_cert(const struct cert *c, int64_t now)
{
	if (c == NULL || now >= c->not_after)
		return STATUS_PROBLEM;
	return c->not_after - now < (c->not_after - c->not_before) / 3 ? STATUS_WARNING
	                                                               : STATUS_PASSED;
}

static void need_policy(struct list *l, const struct view_domain *v)
{
	if (v->newest != NULL)
		return;
	struct need *n = add(l, STATUS_WARNING, IMPACT_OFF);
	n->title = "There is no policy yet";
	n->why = "Senders find nothing to hold deliveries to.";
	n->step = "Begin in testing: nothing about your mail changes.";
	n->command = arena_printf(l->arena, "mxseal policy set %s --mode testing", v->domain->name);
}

/* What mxseal does about it by itself, or what keeps it from that. */
static void need_order(struct list *l, const struct view_domain *v, struct need *n)
{
	const char *words = acme_order_words(v->order, v->now, l->arena);

	n->step = "mxseal tries again by itself; to try now:";
	n->command = arena_printf(l->arena, "mxseal cert renew %s", v->cert_host);
	if (v->order->why[0] != '\0')
		n->why = arena_printf(l->arena, "%s%s.",
		                      v->cert == NULL ? "" : "Not renewed: ", words);
	else if (v->cert == NULL)
		n->why = arena_printf(l->arena, "It %s.", words);
}

static void need_cert(struct list *l, const struct view_domain *v)
{
	char day[UTC_TEXT_SIZE];
	enum status s = needs_of_cert(v->cert, v->now);

	if (s == STATUS_PASSED || v->newest == NULL || v->domain->hosting != HOSTING_HERE)
		return;
	struct need *n = add(l, s, s == STATUS_PROBLEM ? IMPACT_OFF : IMPACT_NONE);
	if (v->cert == NULL) {
		n->title = arena_printf(l->arena, "No certificate for %s", v->cert_host);
		n->why = "Without one no sender can fetch the policy.";
	} else {
		n->title = arena_printf(l->arena, "The certificate of %s %s", v->cert_host,
		                        s == STATUS_PROBLEM ? "has expired" : "expires soon");
		n->why = arena_printf(l->arena, "Its last day is %s UTC.",
		                      utc_format_day(v->cert->not_after, day));
	}
	if (v->order != NULL) {
		need_order(l, v, n);
		if (v->cert == NULL && v->order->why[0] == '\0')
			n->status = STATUS_WAITING;
		return;
	}
	n->step = "Import one that names this host.";
	n->command =
	        arena_printf(l->arena, "mxseal cert import /etc/letsencrypt/live/%s", v->cert_host);
}

/* Somebody else ends TLS for the policy host: what is seen of it from outside. */
static void need_outside(struct list *l, const struct view_domain *v)
{
	struct outside_finding f;

	if (v->look == NULL || v->newest == NULL)
		return;
	f = outside_look_judge(v->look, v->now, l->arena);
	if (f.severity < OUTSIDE_WARN)
		return;
	struct need *n = add(l, f.severity == OUTSIDE_FAIL ? STATUS_PROBLEM : STATUS_WARNING,
	                     f.severity == OUTSIDE_FAIL ? IMPACT_OFF : IMPACT_NONE);
	n->title = f.title;
	n->why = arena_printf(l->arena, "Seen %s.", f.detail);
	n->step = arena_printf(l->arena, "To do: %s.", f.fix);
}

static bool is_state(const struct record_row *r, const char *state)
{
	return strcmp(r->state, state) == 0;
}

/* The text is served; somebody has to type the line that tells senders of it. */
static void need_typing(struct list *l, const struct view_domain *v)
{
	for (size_t i = 0; v->dns != NULL && v->dns->waits && i < v->dns->count; i++) {
		const struct record_row *r = &v->dns->rows[i];
		if (strcmp(r->purpose, "policy-id") != 0)
			continue;
		struct need *n = add(l, STATUS_WAITING, IMPACT_NONE);
		n->title = "Waiting for you: a new policy id to type into DNS";
		n->why = r->mistake != NULL && r->value != NULL
		                 ? r->mistake
		                 : "The text is served, and senders that hold an older one learn "
		                   "of it "
		                   "by this line. Until every name server answers it nothing "
		                   "stricter is offered.";
		n->step = arena_printf(l->arena, "Set the TXT record at `%s` to:", r->name);
		n->command = r->value;
	}
}

static void need_records(struct list *l, const struct view_domain *v)
{
	for (size_t i = 0; v->dns != NULL && i < v->dns->count; i++) {
		const struct record_row *r = &v->dns->rows[i];
		bool reports = strcmp(r->purpose, "reports") == 0;
		if (!is_state(r, "wrong"))
			continue;
		struct need *n = add(l, reports ? STATUS_WARNING : STATUS_PROBLEM,
		                     reports ? IMPACT_BLIND : IMPACT_OFF);
		n->title = arena_printf(l->arena, "Something else stands at %s", r->name);
		n->why = r->mistake != NULL ? r->mistake
		                            : "Its name servers answer something else than wanted.";
		n->step = "See below what each server answers, and what it should.";
		n->command = arena_printf(l->arena, "mxseal records %s", v->domain->name);
	}
}

static void need_mx(struct list *l, const struct view_domain *v)
{
	bool enforce = needs_mode(v) == POLICY_ENFORCE;

	for (size_t i = 0; v->newest != NULL && i < v->mx_count; i++) {
		if (v->mx[i].matched)
			continue;
		struct need *n = add(l, enforce ? STATUS_PROBLEM : STATUS_WARNING,
		                     enforce ? IMPACT_REFUSED : IMPACT_WOULD_REFUSE);
		n->title = arena_printf(l->arena, "%s is not in your policy", v->mx[i].host);
		n->why = "It is an MX host in DNS, and no mx line of the policy matches it.";
		n->step = "Add it to the policy, or remove the MX record if it is not used.";
		n->command = arena_printf(l->arena, "mxseal policy set %s --add-mx %s",
		                          v->domain->name, v->mx[i].host);
	}
}

/* What only a look from outside finds; the rest is told of above from what is known now. */
static void need_alerts(struct list *l, const struct view_domain *v)
{
	for (size_t i = 0; i < v->alert_count; i++) {
		const struct alert_row *row = &v->alerts[i];
		const struct explain_entry *e = explain_find(slice_str(alert_code(row->cause)));
		unsigned level = row->state.level;
		bool new =
		        row->cause == ALERT_ID || (row->cause == ALERT_POLICY && v->look == NULL);
		if (!new || e == NULL)
			continue;
		struct need *n =
		        add(l, alert_is_fail(row->cause, level) ? STATUS_PROBLEM : STATUS_WARNING,
		            alert_impact(row->cause, level));
		n->title = e->title;
		n->why = row->detail;
		n->step = row->step;
		n->command = row->command[0] == '\0' ? NULL : row->command;
	}
}

static const char *sessions(struct arena *a, int64_t n)
{
	return arena_printf(a, "%lld %s", (long long)n, n == 1 ? "session" : "sessions");
}

static enum status status_of_impact(enum explain_impact i)
{
	return i == IMPACT_REFUSED || i == IMPACT_OFF ? STATUS_PROBLEM : STATUS_WARNING;
}

/* The failure with most sessions among those seen lately; one cause is enough to begin with. */
static void need_failures(struct list *l, const struct view_domain *v)
{
	const struct summary_failure *worst = NULL;
	const struct explain_entry *e = NULL;
	enum policy_mode mode = needs_mode(v);

	for (size_t i = 0; i < v->figures->failure_count; i++) {
		const struct summary_failure *f = &v->figures->failures[i];
		const struct explain_entry *x = explain_failure(f->result_type, f->reason_code);
		if (f->last < v->figures->to - RECENT_DAYS * UTC_DAY || f->sessions == 0)
			continue;
		if (worst == NULL ||
		    (x != NULL && e != NULL && needs_impact(x, mode) > needs_impact(e, mode))) {
			worst = f;
			e = x;
		}
	}
	if (worst == NULL)
		return;
	char day[UTC_TEXT_SIZE];
	enum explain_impact impact = e == NULL ? IMPACT_BLIND : needs_impact(e, mode);
	struct need *n = add(l, status_of_impact(impact), impact);
	n->title = e == NULL ? "Sessions failed for a reason mxseal has no text for" : e->title;
	n->why =
	        arena_printf(l->arena, "%s failed like this, last on %s (UTC day).",
	                     sessions(l->arena, worst->sessions), utc_format_day(worst->last, day));
	n->step = "Read what it means and how it is repaired on your platform, below.";
}

static void need_reports(struct list *l, const struct view_domain *v)
{
	const struct summary *f = v->figures;

	if (v->newest == NULL && v->domain->hosted)
		return;
	if (f->day_count == 0) {
		struct need *n = add(l, STATUS_WAITING, IMPACT_NONE);
		n->title = "No report has arrived yet";
		n->why = "Senders report once per UTC day, usually within a day after, and only if "
		         "they mailed you.";
		n->step =
		        "Publish the reports record below. Then send yourself a mail from a Gmail "
		        "or Outlook account.";
		return;
	}
	int64_t last = f->days[f->day_count - 1].day;
	if (f->to - last <= SILENT_DAYS * UTC_DAY)
		return;
	char day[UTC_TEXT_SIZE];
	struct need *n = add(l, STATUS_WARNING, IMPACT_BLIND);
	n->title = "Reports have stopped";
	n->why = arena_printf(l->arena, "The last one is for %s (UTC day).",
	                      utc_format_day(last, day));
	n->step = "Compare the reports record in DNS with the one below.";
	n->command = arena_printf(l->arena, "dig +short TXT _smtp._tls.%s", v->domain->name);
}

static void need_publication(struct list *l, const struct view_domain *v)
{
	if (v->newest == NULL || v->newest->state != PUBLICATION_STAGED ||
	    needs_of_cert(v->cert, v->now) == STATUS_PROBLEM)
		return;
	struct need *n = add(l, STATUS_WAITING, IMPACT_NONE);
	n->title = "The newest policy is not served everywhere yet";
	n->why = "Its id is not announced before every server answers the new text.";
	n->step = "Wait a moment and load this page again.";
}

/* Stable: what was found first of the same urgency stays first. */
static void sort(struct need *n, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct need x = n[i];
		size_t k = i;
		for (; k > 0 && (n[k - 1].status > x.status ||
		                 (n[k - 1].status == x.status && n[k - 1].impact < x.impact));
		     k--)
			n[k] = n[k - 1];
		n[k] = x;
	}
}

/* Leaving goes on by itself until a record may go. */
static void need_leaving(struct list *l, const struct view_domain *v)
{
	const struct leaving_record *id = &v->leaving.records[0];

	if (!v->leaving.leaving)
		return;
	bool now = id->may_go != HORIZON_OPEN && id->may_go <= v->now;
	struct need *n = add(l, now ? STATUS_ADVICE : STATUS_WAITING, IMPACT_NONE);
	n->title = now ? "Its records may go" : "It is leaving MTA-STS";
	n->why = arena_printf(l->arena, "%s.", leaving_words(l->arena, &v->leaving, v->now));
	n->step = now ? "When they are gone, remove the domain:" : "Leave the records as they are.";
	if (now)
		n->command = arena_printf(l->arena, "mxseal domain remove %s", v->domain->name);
}

size_t needs_of_domain(const struct view_domain *v, struct arena *a, struct need out[NEEDS_MAX])
{
	struct list l = { .arena = a, .out = out };

	if (v->domain->hosted) {
		need_policy(&l, v);
		need_cert(&l, v);
		need_outside(&l, v);
		need_typing(&l, v);
		need_records(&l, v);
		need_mx(&l, v);
		need_alerts(&l, v);
		need_publication(&l, v);
		need_leaving(&l, v);
	}
	need_failures(&l, v);
	need_reports(&l, v);
	sort(out, l.count);
	return l.count;
}

/* Its id is typed by a person, and not yet answered by all its name servers. */
static bool waits_for_typing(const struct view_line *l)
{
	return l->domain->way[RECORD_ID] == WAY_TXT && l->newest != NULL &&
	       l->newest->state != PUBLICATION_STAGED && l->newest->end == END_NOT &&
	       l->newest->id_seen == 0;
}

static enum outside_severity severity_outside(const struct view_line *l, int64_t now)
{
	struct arena *a = arena_new();
	enum outside_severity s =
	        l->look == NULL ? OUTSIDE_PASS : outside_look_judge(l->look, now, a).severity;

	arena_free(a);
	return s;
}

enum status needs_of_line(const struct view_line *l, int64_t now, const char **why_out)
{
	enum policy_mode mode = l->newest == NULL ? POLICY_NONE : l->newest->policy->mode;
	/* As recent as what the domain's own page speaks of. */
	bool failing = l->last_failed >= utc_day_start(now) - RECENT_DAYS * UTC_DAY;
	enum outside_severity seen = severity_outside(l, now);
	const struct {
		bool holds;
		enum status status;
		const char *why;
	} rows[] = {
		{ !l->domain->hosted && l->last_day == 0, STATUS_WAITING,
		  "observed, no report yet" },
		{ !l->domain->hosted, STATUS_ADVICE, "observed only" },
		{ l->newest == NULL, STATUS_WARNING, "no policy" },
		{ l->domain->hosting == HOSTING_HERE && l->cert == NULL && l->order != NULL &&
		          l->order->why[0] == '\0',
		  STATUS_WAITING, "certificate is being ordered" },
		{ l->domain->hosting == HOSTING_HERE && l->cert == NULL, STATUS_PROBLEM,
		  "no certificate" },
		{ l->domain->hosting == HOSTING_HERE &&
		          needs_of_cert(l->cert, now) == STATUS_PROBLEM,
		  STATUS_PROBLEM, "certificate expired" },
		{ seen == OUTSIDE_FAIL, STATUS_PROBLEM, "not seen from outside as it should be" },
		{ l->alerts[ALERT_POLICY] > 0, STATUS_PROBLEM, "policy cannot be fetched" },
		{ l->alerts[ALERT_ID] > 1, STATUS_PROBLEM, "no id in DNS" },
		{ l->alerts[ALERT_MX] > 0 && mode == POLICY_ENFORCE, STATUS_PROBLEM,
		  "an MX host is not matched" },
		{ failing && mode == POLICY_ENFORCE, STATUS_PROBLEM, "sessions failed" },
		{ l->alerts[ALERT_MX] > 0, STATUS_WARNING, "an MX host is not matched" },
		{ l->alerts[ALERT_ID] > 0, STATUS_WARNING, "another id in DNS" },
		{ failing, STATUS_WARNING, "sessions failed" },
		{ l->domain->hosting == HOSTING_HERE &&
		          needs_of_cert(l->cert, now) == STATUS_WARNING,
		  STATUS_WARNING, "certificate expires soon" },
		{ seen == OUTSIDE_WARN, STATUS_WARNING, "certificate expires soon" },
		{ l->alerts[ALERT_REPORTS] > 0, STATUS_WARNING, "reports stopped" },
		{ waits_for_typing(l), STATUS_WAITING, "waiting for you: a new policy id" },
		{ l->last_day == 0, STATUS_WAITING, "no report yet" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].holds) {
			*why_out = rows[i].why;
			return rows[i].status;
		}
	}
	*why_out = "nothing to do";
	return STATUS_PASSED;
}

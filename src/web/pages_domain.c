/* A domain's page: what needs me now, then the evidence for it. */
#include "base/utc.h"
#include "service/publish_steps.h"
#include "web/needs.h"
#include "web/pages_view.h"

static void put_need(struct buf *b, const struct need *n)
{
	buf_add_str(b, "<li class=\"need\"><div class=\"needhead\">");
	frame_status(b, n->status);
	if (n->impact != IMPACT_NONE)
		frame_impact(b, n->impact);
	HTML(b, "</div><h3>{}</h3><p>{} ", H(n->title), H(n->why));
	html_marked(b, slice_str(n->step));
	buf_add_str(b, "</p>");
	if (n->command != NULL)
		HTML(b, "<div class=\"copy cmd\"><code>{}</code></div>", H(n->command));
	buf_add_str(b, "</li>\n");
}

static void put_needs(struct buf *b, const struct need *needs, size_t count)
{
	buf_add_str(b, "<section aria-labelledby=\"needs\" class=\"card now\"><h2 id=\"needs\">");
	if (count == 0) {
		buf_add_str(b, "Nothing needs you</h2><p>");
		frame_status(b, STATUS_PASSED);
		buf_add_str(
		        b,
		        " Policy, certificate and reports are as they should be.</p></section>\n");
		return;
	}
	HTML(b, "{} {}</h2><ul class=\"needs\">\n", HN(count),
	     H(count == 1 ? "thing needs you" : "things need you"));
	for (size_t i = 0; i < count; i++)
		put_need(b, &needs[i]);
	buf_add_str(b, "</ul></section>\n");
}

static void tile_mode(struct buf *b, const struct view_domain *v)
{
	const struct publication *p = v->served != NULL ? v->served : v->newest;

	buf_add_str(b, "<div class=\"tile\"><h2>Mode</h2>");
	if (p == NULL) {
		buf_add_str(b, "<p class=\"big\">none</p><p>no policy yet</p></div>\n");
		return;
	}
	HTML(b, "<p class=\"big\">{}</p><p>remembered for ", H(policy_mode_name(p->policy->mode)));
	frame_span(b, p->policy->max_age);
	HTML(b, "<br>stage {}</p></div>\n", H(domain_stage_name(v->domain->stage)));
}

static void tile_evidence(struct buf *b, const struct view_domain *v)
{
	const struct summary *s = v->figures;

	HTML(b, "<div class=\"tile\"><h2>Evidence, {} days</h2>", HN((s->to - s->from) / UTC_DAY));
	if (s->day_count == 0) {
		buf_add_str(b,
		            "<p class=\"big\">no data</p><p>no report has arrived yet</p></div>\n");
		return;
	}
	buf_add_str(b, "<p class=\"big\">");
	frame_count(b, s->total.failed, "failure", "failures");
	buf_add_str(b, "</p><p>in ");
	frame_count(b, s->total.successful + s->total.failed, "session", "sessions");
	buf_add_str(b, "<br>reported by ");
	frame_count(b, (int64_t)s->organization_count, "sender", "senders");
	buf_add_str(b, "</p></div>\n");
}

static void tile_cert(struct buf *b, const struct view_domain *v)
{
	buf_add_str(b, "<div class=\"tile\"><h2>Certificate</h2>");
	if (v->domain->hosting != HOSTING_HERE) {
		buf_add_str(b, "<p class=\"big\">not ours</p><p>the policy is served "
		               "elsewhere</p></div>\n");
		return;
	}
	if (v->cert == NULL) {
		buf_add_str(
		        b,
		        "<p class=\"big\">none</p><p>no sender can fetch the policy</p></div>\n");
		return;
	}
	buf_add_str(b, "<p class=\"big\">");
	if (v->cert->not_after <= v->now)
		buf_add_str(b, "expired");
	else
		frame_count(b, (v->cert->not_after - v->now) / UTC_DAY, "day", "days");
	buf_add_str(b, "</p><p>until ");
	frame_day(b, v->cert->not_after);
	buf_add_str(b, "</p></div>\n");
}

static void tile_horizon(struct buf *b, const struct view_domain *v)
{
	buf_add_str(b, "<div class=\"tile\"><h2>Cache horizon</h2>");
	if (v->horizon == NULL) {
		buf_add_str(b, "<p class=\"big\">nothing held</p><p>no sender has a policy "
		               "yet</p></div>\n");
		return;
	}
	int64_t t = v->horizon->old_policy_until;
	if (v->horizon->count == 1) {
		buf_add_str(b, "<p class=\"big\">clear</p><p>there is no older policy</p></div>\n");
		return;
	}
	if (t == HORIZON_OPEN) {
		buf_add_str(b, "<p class=\"big\">open</p><p>an older policy may still be "
		               "fetched</p></div>\n");
		return;
	}
	if (t <= v->now) {
		buf_add_str(b, "<p class=\"big\">clear</p><p>no sender can hold an older "
		               "policy</p></div>\n");
		return;
	}
	buf_add_str(b, "<p class=\"big\">");
	frame_day(b, t);
	buf_add_str(b, "</p><p>until then senders may act on an older policy</p></div>\n");
}

static void put_state(struct buf *b, const struct publication *p)
{
	static const struct {
		enum status status;
		const char *words;
	} rows[] = {
		[PUBLICATION_STAGED] = { STATUS_WAITING, "saved, not served everywhere yet" },
		[PUBLICATION_SERVED] = { STATUS_WAITING,
		                         "served everywhere, its id not announced yet" },
		[PUBLICATION_ANNOUNCED] = { STATUS_PASSED, "served everywhere, its id announced" },
		[PUBLICATION_ENDED] = { STATUS_ADVICE, "no longer served" },
	};

	frame_status(b, rows[p->state].status);
	HTML(b, " {}", H(rows[p->state].words));
}

static void put_steps(struct buf *b, const struct view_domain *v)
{
	static const enum status marks[] = {
		[STEP_DONE] = STATUS_PASSED,
		[STEP_WAITING] = STATUS_WAITING,
		[STEP_LATER] = STATUS_UNTESTED,
	};
	struct publish_step steps[PUBLISH_STEPS_MAX];
	size_t n = publish_steps(v->newest, v->waits, v->now, steps);

	buf_add_str(b, "<ol class=\"plain\" aria-label=\"Steps of this publication\">\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_str(b, "<li>");
		frame_status(b, marks[steps[i].state]);
		HTML(b, " {} ", H(steps[i].words));
		if (steps[i].at != 0)
			frame_moment(b, steps[i].at);
		if (steps[i].why != NULL) {
			buf_add_str(b, ": ");
			html_marked(b, slice_str(steps[i].why));
		}
		buf_add_str(b, "</li>\n");
	}
	buf_add_str(b, "</ol>\n");
}

static void put_policy(struct buf *b, const struct view_domain *v)
{
	const struct publication *p = v->newest;

	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"policy\"><h2 "
	               "id=\"policy\">Policy</h2>\n");
	if (p == NULL) {
		buf_add_str(b, "<p class=\"none\">There is none.</p></section>\n");
		return;
	}
	buf_add_str(b, "<dl><dt>State</dt><dd>");
	put_state(b, p);
	HTML(b, "</dd><dt>Id</dt><dd>");
	frame_copy(b, slice_str(p->policy_id));
	HTML(b,
	     "</dd><dt>Address</dt><dd "
	     "class=\"wrap\"><code>https://mta-sts.{}/.well-known/mta-sts.txt"
	     "</code></dd></dl>\n<pre class=\"policy\" tabindex=\"0\" aria-label=\"Text of the "
	     "policy\">{}</pre>\n",
	     H(v->domain->name), HS(slice_trim(p->text)));
	put_steps(b, v);
	buf_add_str(b, "</section>\n");
}

static void put_cert(struct buf *b, const struct view_domain *v)
{
	const struct cert *c = v->cert;

	if (v->domain->hosting != HOSTING_HERE)
		return;
	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"cert\"><h2 "
	               "id=\"cert\">Certificate of the "
	               "policy host</h2>\n");
	if (c == NULL) {
		buf_add_str(b, "<p>");
		frame_status(b, STATUS_PROBLEM);
		HTML(b, " None is there for <code>{}</code>.</p></section>\n", H(v->cert_host));
		return;
	}
	buf_add_str(b, "<dl><dt>State</dt><dd>");
	frame_status(b, needs_of_cert(c, v->now));
	HTML(b,
	     "</dd><dt>For</dt><dd><code>{}</code></dd><dt>Issued by</dt><dd "
	     "class=\"wrap\">{}</dd>",
	     H(v->cert_host), H(c->issuer));
	buf_add_str(b, "<dt>Valid</dt><dd>");
	frame_moment(b, c->not_before);
	buf_add_str(b, " to ");
	frame_moment(b, c->not_after);
	HTML(b, "</dd><dt>Came by</dt><dd>{}</dd>", H(c->source));
	if (v->order != NULL && v->order->renew_at != 0) {
		buf_add_str(b, "<dt>Renewal</dt><dd>");
		frame_day(b, v->order->renew_at);
		if (v->order->explanation[0] != '\0')
			HTML(b, " (why the authority wants it then: <code>{}</code>)",
			     H(v->order->explanation));
		buf_add_str(b, "</dd>");
	}
	buf_add_str(b, "</dl>\n</section>\n");
}

static void put_held(struct buf *b, int64_t t, int64_t now)
{
	if (t == HORIZON_OPEN)
		buf_add_str(b, "while it is served");
	else if (t <= now)
		buf_add_str(b, "over");
	else
		frame_moment(b, t);
}

static void put_horizon_rows(struct buf *b, const struct view_domain *v)
{
	const struct horizon_answer *h = v->horizon;

	for (size_t i = h->count; i-- > 0;) {
		const struct horizon_policy *p = &h->policies[i];
		HTML(b,
		     "<tr><th scope=\"row\"><code>{}</code></th><td data-label=\"Mode\">{}</td><td "
		     "data-label=\"Remembered for\">",
		     HS(p->id), H(policy_mode_name(p->mode)));
		frame_span(b, p->max_age);
		buf_add_str(b, "</td><td data-label=\"Served from\">");
		frame_moment(b, p->served_from);
		buf_add_str(b, "</td><td data-label=\"May be held until\">");
		put_held(b, h->held_until[i], v->now);
		buf_add_str(b, "</td></tr>\n");
	}
}

static void put_horizon(struct buf *b, const struct view_domain *v)
{
	const struct horizon_answer *h = v->horizon;

	if (h == NULL)
		return;
	buf_add_str(b,
	            "<section class=\"card\" aria-labelledby=\"horizon\"><h2 id=\"horizon\">Cache "
	            "horizon</h2>\n<p>A sender keeps a policy until its time is over, whatever "
	            "you publish meanwhile. An MX host must stay until no sender can hold a "
	            "policy that needs it.</p>\n<div class=\"scroll\"><table class=\"cards\">"
	            "<thead><tr><th scope=\"col\">Id</th><th scope=\"col\">Mode</th><th "
	            "scope=\"col\">Remembered for</th><th scope=\"col\">Served from</th><th "
	            "scope=\"col\">May be held until</th></tr></thead>\n<tbody>\n");
	put_horizon_rows(b, v);
	buf_add_str(b, "</tbody></table></div>\n");
	for (unsigned w = 0; w < HORIZON_WARNING_COUNT; w++) {
		if (!h->warnings[w])
			continue;
		buf_add_str(b, "<p>");
		frame_status(b, STATUS_WARNING);
		HTML(b, " {}.</p>\n", H(horizon_warning_text((enum horizon_warning)w)));
	}
	buf_add_str(b, "</section>\n");
}

static void put_leaving(struct buf *b, const struct view_domain *v)
{
	const struct leaving *l = &v->leaving;

	if (!l->leaving)
		return;
	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"leaving\"><h2 id=\"leaving\">"
	               "Leaving</h2>\n<p>A record that goes too early leaves senders with a "
	               "policy they cannot correct.</p>\n<div class=\"scroll\"><table "
	               "class=\"cards\"><thead><tr><th scope=\"col\">Record</th><th "
	               "scope=\"col\">May go from</th><th scope=\"col\">Gone since</th></tr>"
	               "</thead>\n<tbody>\n");
	for (size_t i = 0; i < LEAVING_RECORDS; i++) {
		const struct leaving_record *r = &l->records[i];
		HTML(b, "<tr><th scope=\"row\"><code>{}</code></th><td data-label=\"May go from\">",
		     H(r->name));
		if (r->may_go == HORIZON_OPEN)
			buf_add_str(b, "cannot be said yet");
		else
			frame_moment(b, r->may_go);
		buf_add_str(b, "</td><td data-label=\"Gone since\">");
		frame_moment(b, r->gone);
		buf_add_str(b, "</td></tr>\n");
	}
	buf_add_str(b, "</tbody></table></div>\n</section>\n");
}

void page_domain(struct buf *b, const struct frame *f, const struct view_domain *v, struct arena *a)
{
	struct need needs[NEEDS_MAX];
	size_t count = needs_of_domain(v, a, needs);

	frame_begin(b, f);
	frame_crumb(b);
	HTML(b, "<h1>{}", H(v->domain->name));
	if (!v->domain->hosted)
		buf_add_str(b, " <small>observed</small>");
	buf_add_str(b, "</h1>\n");
	put_needs(b, needs, count);
	buf_add_str(b, "<div class=\"tiles\">\n");
	if (v->domain->hosted)
		tile_mode(b, v);
	tile_evidence(b, v);
	if (v->domain->hosted) {
		tile_cert(b, v);
		tile_horizon(b, v);
	}
	buf_add_str(b, "</div>\n");
	page_part_alerts(b, v->alerts, v->alert_count, false);
	page_part_sessions(b, v);
	page_part_failures(b, v);
	page_part_senders(b, v);
	page_part_arrivals(b, v);
	frame_quarantine_of(b, v->domain->name, v->quarantined, v->quarantined_all);
	if (v->domain->hosted) {
		buf_add_str(b, "<div class=\"pair\">\n");
		put_policy(b, v);
		put_cert(b, v);
		buf_add_str(b, "</div>\n");
		page_part_setup(b, v);
		page_part_fetches(b, v);
		put_leaving(b, v);
		put_horizon(b, v);
	}
	frame_end(b);
}

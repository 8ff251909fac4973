#include "base/utc.h"
#include "web/needs.h"
#include "web/pages_view.h"

static void put_policy(struct buf *b, const struct view_line *l)
{
	if (l->newest == NULL) {
		buf_add_str(b, "<td data-label=\"Mode\">none</td><td data-label=\"Remembered for\">"
		               "\u2013</td>");
		return;
	}
	HTML(b, "<td data-label=\"Mode\">{}</td><td data-label=\"Remembered for\">",
	     H(policy_mode_name(l->newest->policy->mode)));
	frame_span(b, l->newest->policy->max_age);
	buf_add_str(b, "</td>");
}

static void put_counts(struct buf *b, const struct view_line *l)
{
	if (l->last_day == 0) {
		buf_add_str(
		        b, "<td data-label=\"Sessions\" class=\"num\"><span class=\"none\">no "
		           "report</span></td><td data-label=\"Failed\" class=\"num\">\u2013</td>");
		return;
	}
	buf_add_str(b, "<td data-label=\"Sessions\" class=\"num\">");
	frame_number(b, l->counts.successful + l->counts.failed);
	buf_add_str(b, "</td><td data-label=\"Failed\" class=\"num\">");
	frame_number(b, l->counts.failed);
	buf_add_str(b, "</td>");
}

static void put_cert(struct buf *b, const struct view_line *l, int64_t now)
{
	buf_add_str(b, "<td data-label=\"Certificate\">");
	if (!l->domain->hosted) {
		buf_add_str(b, "\u2013");
	} else if (l->domain->hosting != HOSTING_HERE) {
		buf_add_str(b, "not ours");
	} else if (l->cert == NULL) {
		buf_add_str(b, "none");
	} else if (l->cert->not_after <= now) {
		buf_add_str(b, "expired");
	} else {
		frame_count(b, (l->cert->not_after - now) / UTC_DAY, "day", "days");
	}
	buf_add_str(b, "</td>");
}

static void put_line(struct buf *b, const struct view_line *l, int64_t now)
{
	const char *why;
	enum status s = needs_of_line(l, now, &why);

	HTML(b,
	     "<tr><th scope=\"row\"><a href=\"/domains/{}\">{}</a></th><td data-label=\"State\">",
	     H(l->domain->name), H(l->domain->name));
	frame_status(b, s);
	HTML(b, " <small>{}</small></td><td data-label=\"Stage\">{}</td>", H(why),
	     H(l->domain->hosted ? domain_stage_name(l->domain->stage) : "observed"));
	put_policy(b, l);
	put_counts(b, l);
	put_cert(b, l, now);
	buf_add_str(b, "</tr>\n");
}

static void put_counts_of_states(struct buf *b, const struct view_domains *v)
{
	size_t counts[STATUS_WAITING + 1] = { 0 };
	const char *why;

	for (size_t i = 0; i < v->count; i++)
		counts[needs_of_line(&v->lines[i], v->now, &why)]++;
	buf_add_str(b, "<ul class=\"summary\">");
	for (unsigned s = 0; s < ARRAY_LEN(counts); s++) {
		if (counts[s] == 0)
			continue;
		buf_add_str(b, "<li>");
		frame_status(b, (enum status)s);
		HTML(b, " {}</li>", HN(counts[s]));
	}
	buf_add_str(b, "</ul>\n");
}

static void put_empty(struct buf *b)
{
	buf_add_str(b,
	            "<section class=\"card\"><h2>No domain yet</h2><p>Add the first one; it begins "
	            "in testing, and nothing about your mail changes.</p><div class=\"copy cmd\">"
	            "<code>mxseal domain add example.com</code></div></section>\n");
}

void page_domains(struct buf *b, const struct frame *f, const struct view_domains *v)
{
	frame_begin(b, f);
	HTML(b, "<h1>Domains</h1>\n");
	if (v->count == 0) {
		put_empty(b);
		page_part_ways(b, v->ways, v->way_count);
		frame_end(b);
		return;
	}
	put_counts_of_states(b, v);
	page_part_alerts(b, v->alerts, v->alert_count, true);
	HTML(b,
	     "<div class=\"scroll card\"><table class=\"cards\"><caption>Sessions are those of the "
	     "last {} UTC days, without unsigned reports.</caption>\n<thead><tr><th "
	     "scope=\"col\">Domain</th><th scope=\"col\">State</th><th scope=\"col\">Stage</th><th "
	     "scope=\"col\">Mode</th><th scope=\"col\">Remembered for</th><th scope=\"col\" "
	     "class=\"num\">Sessions</th><th scope=\"col\" class=\"num\">Failed</th><th "
	     "scope=\"col\">Certificate</th></tr></thead>\n<tbody>\n",
	     HN(SUMMARY_DAYS));
	for (size_t i = 0; i < v->count; i++)
		put_line(b, &v->lines[i], v->now);
	buf_add_str(b, "</tbody></table></div>\n");
	if (v->next != NULL)
		HTML(b, "<p><a href=\"/?after={}\">More domains</a></p>\n", H(v->next));
	page_part_ways(b, v->ways, v->way_count);
	frame_quarantine(b, v->quarantined);
	frame_end(b);
}

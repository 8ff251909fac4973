/* The parts of a domain's page that come from reports: sessions per day, senders, unsigned. */
#include "base/utc.h"
#include "web/pages_view.h"

#define SENDERS_SHOWN 200u

static bool any_report(const struct summary *s)
{
	return s->day_count > 0;
}

/* "12 of 1,912 failed (0.6 %)"; a share of few sessions says nothing, so none is shown then. */
static void put_share(struct buf *b, const struct summary_counts *c)
{
	int64_t all = c->successful + c->failed;

	frame_number(b, c->failed);
	buf_add_str(b, " of ");
	frame_count(b, all, "session", "sessions");
	buf_add_str(b, " failed");
	if (all >= 20) {
		int64_t tenths = c->failed > INT64_MAX / 1000 ? 1000 : c->failed * 1000 / all;
		if (tenths == 0 && c->failed > 0)
			buf_add_str(b, " (below 0.1 %)");
		else
			HTML(b, " ({}.{} %)", HN(tenths / 10), HN(tenths % 10));
	}
}

static void put_day(struct buf *b, int64_t day, const struct summary_day *d, bool over)
{
	char text[UTC_TEXT_SIZE];
	const char *name = utc_format_day(day, text);

	if (d == NULL) {
		HTML(b,
		     "<tr class=\"gap\" data-day=\"{}\"><th scope=\"row\">{}</th><td "
		     "colspan=\"3\">{}"
		     "</td></tr>\n",
		     H(name), H(name), H(over ? "no report" : "not over yet"));
		return;
	}
	HTML(b,
	     "<tr data-day=\"{}\" data-ok=\"{}\" data-failed=\"{}\"><th scope=\"row\">{}</th><td "
	     "class=\"num\">",
	     H(name), HN(d->counts.successful), HN(d->counts.failed), H(name));
	frame_number(b, d->counts.successful);
	buf_add_str(b, "</td><td class=\"num\">");
	frame_number(b, d->counts.failed);
	buf_add_str(b, "</td><td class=\"num\">");
	frame_number(b, d->counts.reports);
	buf_add_str(b, "</td></tr>\n");
}

/*
 * Every day of the range has its row: one without a report is a gap, which is not zero.  The last
 * day is today, whose reports come when it is over.
 */
static void put_days(struct buf *b, const struct summary *s)
{
	size_t at = 0;

	buf_add_str(
	        b,
	        "<details open class=\"twin\"><summary>The same as a table</summary><div "
	        "class=\"scroll days\" tabindex=\"0\" role=\"region\" aria-label=\"Sessions per "
	        "UTC day\"><table id=\"days\"><thead><tr><th scope=\"col\">UTC day</th><th "
	        "scope=\"col\" class=\"num\">Succeeded</th><th scope=\"col\" class=\"num\">"
	        "Failed</th><th scope=\"col\" class=\"num\">Reports</th></tr></thead>\n<tbody>\n");
	for (int64_t day = s->from; day <= s->to; day += UTC_DAY) {
		while (at < s->day_count && s->days[at].day < day)
			at++;
		bool there = at < s->day_count && s->days[at].day == day;
		put_day(b, day, there ? &s->days[at] : NULL, day < s->to);
	}
	buf_add_str(b, "</tbody></table></div></details>\n");
}

static void put_sessions(struct buf *b, const struct summary *s)
{
	bool today =
	        s->days[s->day_count - 1].day == s->to; /* else its reports are still to come */
	int64_t days = (s->to - s->from) / UTC_DAY + (today ? 1 : 0);

	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"sessions\"><h2 "
	               "id=\"sessions\">Sessions per "
	               "UTC day</h2>\n<p>");
	put_share(b, &s->total);
	buf_add_str(b, ", as reported by ");
	frame_count(b, (int64_t)s->organization_count, "sender", "senders");
	HTML(b, ". {} of {} days have a report; the others are hatched, not zero.</p>\n",
	     HN(s->day_count), HN(days));
	buf_add_str(
	        b,
	        "<div class=\"chart\" hidden><canvas id=\"chart\" role=\"img\" aria-label=\"Chart "
	        "of "
	        "sessions per UTC day; the table below has the same numbers\"></canvas></div>\n");
	put_days(b, s);
	buf_add_str(b, "</section>\n");
}

static void put_trusts(struct buf *b, unsigned trusts)
{
	static const struct {
		enum report_trust trust;
		const char *word, *title;
	} rows[] = {
		{ TRUST_DKIM, "signed", "mail with a valid, aligned DKIM signature" },
		{ TRUST_IMPORTED, "imported", "an operator imported it" },
		{ TRUST_POSTED, "posted", "came by HTTPS, which proves no sender" },
		{ TRUST_UNSIGNED, "unsigned", "mail without a valid signature" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((trusts & TRUST_BIT(rows[i].trust)) != 0)
			HTML(b, "<span class=\"chip\" title=\"{}\">{}</span> ", H(rows[i].title),
			     H(rows[i].word));
	}
}

/* "daily", and when it has fallen silent for how long. */
static void put_rhythm(struct buf *b, const struct rhythm *r)
{
	char words[32];

	HTML(b, "</td><td data-label=\"Rhythm\"><div>{}", H(rhythm_words(r->every, words)));
	if (r->silent > 0) {
		buf_add_str(b, " ");
		frame_status(b, STATUS_WARNING);
		HTML(b, "<small>nothing for {} days</small>", HN(r->silent));
	}
	buf_add_str(b, "</div>");
}

static void put_organization(struct buf *b, const struct summary_organization *o)
{
	buf_add_str(b, "<tr><th scope=\"row\">");
	html_peer(b, o->name);
	buf_add_str(b, "</th><td data-label=\"Trust\">");
	put_trusts(b, o->trusts);
	if (o->signer.len > 0) {
		buf_add_str(b, "<small>by ");
		html_peer(b, o->signer);
		buf_add_str(b, "</small>");
	}
	buf_add_str(b, "</td><td class=\"num\" data-label=\"Sessions\">");
	frame_number(b, o->counts.successful + o->counts.failed);
	buf_add_str(b, "</td><td class=\"num\" data-label=\"Failed\">");
	frame_number(b, o->counts.failed);
	buf_add_str(b, "</td><td class=\"num\" data-label=\"Reports\">");
	frame_number(b, o->counts.reports);
	HTML(b, "</td><td class=\"num\" data-label=\"Share\">{}.{} %", HN(o->share / 10),
	     HN(o->share % 10));
	buf_add_str(b, "</td><td data-label=\"First\">");
	frame_day(b, o->since);
	buf_add_str(b, "</td><td data-label=\"Last\">");
	frame_day(b, o->until);
	put_rhythm(b, &o->rhythm);
	buf_add_str(b, "</td></tr>\n");
}

static void put_organizations(struct buf *b, const struct summary *s)
{
	buf_add_str(
	        b, "<div class=\"scroll\"><table class=\"cards\"><thead><tr><th "
	           "scope=\"col\">Sender</th>"
	           "<th scope=\"col\">Trust</th><th scope=\"col\" class=\"num\">Sessions</th><th "
	           "scope=\"col\" class=\"num\">Failed</th><th scope=\"col\" class=\"num\">Reports"
	           "</th><th scope=\"col\" class=\"num\">Share</th><th scope=\"col\">First</th><th "
	           "scope=\"col\">Last</th><th scope=\"col\">Rhythm</th></tr></thead>\n"
	           "<tbody>\n");
	size_t shown =
	        s->organization_count < SENDERS_SHOWN ? s->organization_count : SENDERS_SHOWN;
	for (size_t i = 0; i < shown; i++)
		put_organization(b, &s->organizations[i]);
	buf_add_str(b, "</tbody></table></div>\n");
	if (shown < s->organization_count)
		HTML(b, "<p>and {} more: <code>mxseal report summary</code></p>\n",
		     HN(s->organization_count - shown));
}

static void put_senders(struct buf *b, const struct view_domain *v)
{
	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"senders\"><h2 "
	               "id=\"senders\">Senders</h2>\n"
	               "<p>Names are what the reports claim. <em>Signed</em>: mail with a valid "
	               "signature of the sender's domain. <em>Imported</em>: an operator "
	               "vouches for it. <em>Posted</em>: came by HTTPS, where the standard asks "
	               "for no proof.</p>\n");
	put_organizations(b, v->figures);
	buf_add_str(b, "</section>\n");
}

static void put_unsigned(struct buf *b, const struct summary *s)
{
	if (!any_report(s))
		return;
	buf_add_str(
	        b, "<section class=\"card apart\" aria-labelledby=\"unsigned\"><h2 id=\"unsigned\">"
	           "Unsigned reports, shown apart</h2>\n<p>They came by mail without a valid "
	           "signature. RFC 8460 section 3 has them ignored, so they are in no number "
	           "above and move nothing. ");
	put_share(b, &s->total);
	buf_add_str(b, " by their account.</p>\n");
	put_organizations(b, s);
	buf_add_str(b, "</section>\n");
}

void page_part_sessions(struct buf *b, const struct view_domain *v)
{
	if (any_report(v->figures))
		put_sessions(b, v->figures);
}

void page_part_senders(struct buf *b, const struct view_domain *v)
{
	if (any_report(v->figures))
		put_senders(b, v);
	put_unsigned(b, v->unsigned_);
}

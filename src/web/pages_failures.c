/* Why sessions failed: each row with what it means and how it is repaired. */
#include "base/num.h"
#include "web/needs.h"
#include "web/pages_view.h"

/* What all explanations of a page share. */
struct about {
	const char *domain;
	enum policy_mode mode;
	enum platform platform;
};

#define ROWS_SHOWN 20u /* of one cause; the text is the senders' */

static void put_fix(struct buf *b, const struct explain_entry *e, enum platform p,
                    const char *domain)
{
	buf_add_str(b, "<div class=\"fix\">");
	frame_fix(b, e->fix[p], domain);
	buf_add_str(b, "</div>\n");
}

/* The fix for what runs the domain's mail; where that cannot be told, Postfix stands first. */
static void put_fixes(struct buf *b, const struct explain_entry *e, const struct about *about)
{
	enum platform first = about->platform;

	if (e->same_fix) {
		buf_add_str(b, "<h4>Fix</h4>");
		put_fix(b, e, first, about->domain);
		return;
	}
	HTML(b, "<h4>Fix for {}</h4>", H(platform_name(first)));
	put_fix(b, e, first, about->domain);
	buf_add_str(b, "<div class=\"others\"><span>Other platforms:</span>");
	for (enum platform p = PLATFORM_GW; p < PLATFORM_COUNT; p++) {
		if (p == first)
			continue;
		HTML(b, "<details><summary>{}</summary>", H(platform_name(p)));
		put_fix(b, e, p, about->domain);
		buf_add_str(b, "</details>");
	}
	buf_add_str(b, "</div>\n");
}

static void put_explanation(struct buf *b, const struct explain_entry *e, const struct about *about)
{
	buf_add_str(b, "<div class=\"means\"><p>");
	html_marked(b, slice_str(e->plain));
	buf_add_str(b, "</p>\n<details><summary>Causes, most likely first</summary><ol>");
	for (size_t i = 0; e->causes[i] != NULL; i++) {
		buf_add_str(b, "<li>");
		html_marked(b, slice_str(e->causes[i]));
		buf_add_str(b, "</li>");
	}
	buf_add_str(b, "</ol></details>\n");
	put_fixes(b, e, about);
	buf_add_str(b, "<p class=\"verify\"><strong>Verify.</strong> ");
	html_marked(b, slice_str(e->verify));
	HTML(b, " <small>{}</small></p></div>\n", H(e->see));
}

static const struct explain_entry *entry_of(const struct summary_failure *f)
{
	return explain_failure(f->result_type, f->reason_code);
}

static void put_row(struct buf *b, const struct summary_failure *f)
{
	buf_add_str(b, "<tr><td class=\"num\" data-label=\"Sessions\">");
	frame_number(b, f->sessions);
	buf_add_str(b, "</td><td data-label=\"As reported\"><div><code>");
	html_peer(b, f->result_type);
	buf_add_str(b, "</code><small>reason code <code>");
	html_peer(b, f->reason_code);
	buf_add_str(b, "</code></small></div></td><td data-label=\"Seen\"><div>");
	frame_day(b, f->first);
	if (f->last != f->first) {
		buf_add_str(b, " to ");
		frame_day(b, f->last);
	}
	buf_add_str(b, "</div></td></tr>\n");
}

/* The rows of the report that have e as their cause, as the senders wrote them. */
static void put_rows(struct buf *b, const struct summary *s, const struct explain_entry *e)
{
	size_t shown = 0, more = 0;

	buf_add_str(b,
	            "<table class=\"cards raw\"><thead><tr><th scope=\"col\" class=\"num\">Sessions"
	            "</th><th scope=\"col\">As reported</th><th "
	            "scope=\"col\">Seen</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < s->failure_count; i++) {
		if (entry_of(&s->failures[i]) != e)
			continue;
		if (shown++ < ROWS_SHOWN)
			put_row(b, &s->failures[i]);
		else
			more++;
	}
	buf_add_str(b, "</tbody></table>\n");
	if (more > 0)
		HTML(b, "<p>and {} more of the same kind: <code>mxseal report summary</code></p>\n",
		     HN(more));
}

static int64_t sessions_of(const struct summary *s, const struct explain_entry *e)
{
	int64_t n = 0;

	for (size_t i = 0; i < s->failure_count; i++) {
		if (entry_of(&s->failures[i]) == e)
			n = num_add_sat(n, s->failures[i].sessions);
	}
	return n;
}

static void put_cause(struct buf *b, const struct summary *s, const struct explain_entry *e,
                      const struct about *about)
{
	HTML(b, "<article class=\"failure\"><header><h3>{}</h3>",
	     H(e == NULL ? "Codes that mxseal has no text for" : e->title));
	if (e != NULL && needs_impact(e, about->mode) != IMPACT_NONE)
		frame_impact(b, needs_impact(e, about->mode));
	buf_add_str(b, "<span class=\"many\">");
	frame_count(b, sessions_of(s, e), "session", "sessions");
	buf_add_str(b, "</span></header><div class=\"beside\"><div class=\"facts\">");
	put_rows(b, s, e);
	buf_add_str(b, "</div>\n");
	if (e != NULL)
		put_explanation(b, e, about);
	else
		buf_add_str(
		        b,
		        "<div class=\"means\"><p>The sender used words of its own. It counts as a "
		        "failure until somebody has looked at it: ask the sender "
		        "(contact-info of the report) what they mean.</p></div>");
	buf_add_str(b, "</div></article>\n");
}

/* One cause once, in the order of its worst row. */
static void put_causes(struct buf *b, const struct summary *s, const struct about *about)
{
	for (size_t i = 0; i < s->failure_count; i++) {
		const struct explain_entry *e = entry_of(&s->failures[i]);
		size_t first = 0;
		while (entry_of(&s->failures[first]) != e)
			first++;
		if (first == i)
			put_cause(b, s, e, about);
	}
}

void page_part_failures(struct buf *b, const struct view_domain *v)
{
	const struct summary *s = v->figures;
	struct about about = {
		.domain = v->domain->name,
		.mode = needs_mode(v),
		.platform = PLATFORM_PF,
	};

	if (s->day_count == 0)
		return;
	(void)needs_platform(v, &about.platform); /* else the first guess stays */
	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"failures\"><h2 "
	               "id=\"failures\">Why sessions "
	               "failed</h2>\n");
	if (s->failure_count == 0) {
		buf_add_str(b, "<p>");
		frame_status(b, s->total.failed == 0 ? STATUS_PASSED : STATUS_UNTESTED);
		buf_add_str(b, s->total.failed == 0 ? " No failure was reported.</p>"
		                                    : " The reports count failures but do not say "
		                                      "what failed.</p>");
	}
	put_causes(b, s, &about);
	buf_add_str(b, "</section>\n");
}

/* What needs a person as somebody is told of it: since when, and whether it was said. */
#include "web/pages_view.h"

static void put_name(struct buf *b, const struct alert_row *row)
{
	if (row->domain != 0)
		HTML(b, "<a href=\"/domains/{}\">{}</a>", H(row->name), H(row->name));
	else
		HTML(b, "{}", H(row->name));
}

static void put_alert(struct buf *b, const struct alert_row *row, bool names)
{
	const struct explain_entry *e = explain_find(slice_str(alert_code(row->cause)));
	enum explain_impact impact = alert_impact(row->cause, row->state.level);

	buf_add_str(b, "<tr><th scope=\"row\">");
	if (names)
		put_name(b, row);
	else
		HTML(b, "{}", H(e == NULL ? alert_code(row->cause) : e->title));
	buf_add_str(b, "</th><td data-label=\"State\">");
	frame_status(b,
	             alert_is_fail(row->cause, row->state.level) ? STATUS_PROBLEM : STATUS_WARNING);
	if (impact != IMPACT_NONE) {
		buf_add_char(b, ' ');
		frame_impact(b, impact);
	}
	buf_add_str(b, "</td><td data-label=\"What\">");
	if (names)
		HTML(b, "{}<br>", H(e == NULL ? alert_code(row->cause) : e->title));
	buf_add_str(b, "<small>");
	html_peer(b, slice_str(row->detail));
	buf_add_str(b, "</small></td><td data-label=\"Since\">");
	frame_moment(b, row->state.opened);
	buf_add_str(b, "</td><td data-label=\"Said\">");
	frame_moment(b, row->state.said != 0 ? row->state.said_at : 0);
	buf_add_str(b, "</td></tr>\n");
}

void page_part_alerts(struct buf *b, const struct alert_row *alerts, size_t count, bool names)
{
	if (count == 0)
		return;
	HTML(b,
	     "<section aria-labelledby=\"alerts\"><h2 id=\"alerts\">Alerts</h2>\n<div "
	     "class=\"scroll card\"><table class=\"cards\"><caption>Each is said once, and closes "
	     "by "
	     "itself.</caption>\n<thead><tr><th scope=\"col\">{}</th><th "
	     "scope=\"col\">State</th><th "
	     "scope=\"col\">What</th><th scope=\"col\">Since</th><th scope=\"col\">Said</th></tr>"
	     "</thead>\n<tbody>\n",
	     H(names ? "Name" : "Alert"));
	for (size_t i = 0; i < count; i++)
		put_alert(b, &alerts[i], names);
	buf_add_str(b, "</tbody></table></div></section>\n");
}

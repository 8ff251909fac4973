/* Mailboxes and folders that are read for reports. */
#include "web/pages_view.h"

static void put_way(struct buf *b, const struct supply_row *s)
{
	bool trouble = s->why[0] != '\0', mailbox = strcmp(s->kind, "imap") == 0;

	HTML(b, "<tr><th scope=\"row\">{} ", H(mailbox ? "Mailbox" : "Folder"));
	html_peer(b, slice_str(s->name));
	buf_add_str(b, "</th><td data-label=\"State\">");
	frame_status(b, trouble ? STATUS_PROBLEM : s->good != 0 ? STATUS_PASSED : STATUS_WAITING);
	buf_add_str(b, "</td><td data-label=\"With reports\" class=\"num\">");
	frame_number(b, s->taken);
	buf_add_str(b, "</td><td data-label=\"Passed over\" class=\"num\">");
	frame_number(b, s->skipped);
	buf_add_str(b, "</td><td data-label=\"Last read\">");
	frame_moment(b, s->good);
	buf_add_str(b, "</td><td data-label=\"Why\">");
	if (trouble || s->note[0] != '\0')
		html_peer(b, slice_str(trouble ? s->why : s->note));
	buf_add_str(b, "</td></tr>\n");
}

void page_part_ways(struct buf *b, const struct view_domains *v)
{
	if (v->way_count == 0)
		return;
	buf_add_str(b, "<h2>Where reports are fetched</h2>\n<div class=\"scroll card\"><table "
	               "class=\"cards\"><thead><tr><th scope=\"col\">From</th><th "
	               "scope=\"col\">State</th><th scope=\"col\" class=\"num\">With "
	               "reports</th><th scope=\"col\" class=\"num\">Passed over</th><th "
	               "scope=\"col\">Last read</th><th scope=\"col\">Why</th></tr></thead>\n"
	               "<tbody>\n");
	for (size_t i = 0; i < v->way_count; i++)
		put_way(b, &v->ways[i]);
	buf_add_str(b, "</tbody></table></div>\n");
}

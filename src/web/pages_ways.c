/* How reports come in: by their trust, and the mailboxes and folders that are read for them. */
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

void page_part_ways(struct buf *b, const struct supply_row *ways, size_t count)
{
	if (count == 0)
		return;
	buf_add_str(b, "<h2>Where reports are fetched</h2>\n<div class=\"scroll card\"><table "
	               "class=\"cards\"><thead><tr><th scope=\"col\">From</th><th "
	               "scope=\"col\">State</th><th scope=\"col\" class=\"num\">With "
	               "reports</th><th scope=\"col\" class=\"num\">Passed over</th><th "
	               "scope=\"col\">Last read</th><th scope=\"col\">Why</th></tr></thead>\n"
	               "<tbody>\n");
	for (size_t i = 0; i < count; i++)
		put_way(b, &ways[i]);
	buf_add_str(b, "</tbody></table></div>\n");
}

void page_part_arrivals(struct buf *b, const struct view_domain *v)
{
	static const struct {
		enum report_trust trust;
		const char *words;
	} rows[] = {
		{ TRUST_DKIM, "Signed mail" },
		{ TRUST_IMPORTED, "Imported" },
		{ TRUST_POSTED, "Posted" },
		{ TRUST_UNSIGNED, "Unsigned mail" },
	};

	buf_add_str(b,
	            "<section class=\"card\" aria-labelledby=\"arrivals\"><h2 id=\"arrivals\">How "
	            "reports came in</h2>\n<dl>");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		HTML(b, "<dt>{}</dt><dd>", H(rows[i].words));
		frame_count(b, v->figures->trust[rows[i].trust].reports, "report", "reports");
		buf_add_str(b, "</dd>");
	}
	buf_add_str(b, "</dl></section>\n");
	page_part_ways(b, v->ways, v->way_count);
}

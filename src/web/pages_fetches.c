/* The part of a domain's page about who fetched its policies. */
#include "web/pages_view.h"

static void put_row(struct buf *b, const struct fetch_day *d)
{
	buf_add_str(b, "<tr><th scope=\"row\">");
	frame_day(b, d->day);
	HTML(b,
	     "</th><td data-label=\"Answer\"><code>{}</code></td><td class=\"num\" "
	     "data-label=\"Fetches\">",
	     HN((int64_t)d->status));
	frame_number(b, d->count);
	buf_add_str(b, "</td><td class=\"num\" data-label=\"Own looks\">");
	frame_number(b, d->own);
	buf_add_str(b, "</td><td class=\"num\" data-label=\"Networks\">");
	frame_number(b, d->networks);
	buf_add_str(b, "</td></tr>\n");
}

void page_part_fetches(struct buf *b, const struct view_domain *v)
{
	buf_add_str(b, "<section class=\"card\" aria-labelledby=\"fetches\"><h2 id=\"fetches\">"
	               "Policy fetches</h2>\n<p>Senders fetch the policy before any of them "
	               "reports. Own looks are those of this service, which fetches as they "
	               "do.</p>\n");
	if (v->fetch_count == 0) {
		buf_add_str(b, "<p class=\"none\">Nobody has fetched it in the last days.</p>\n");
	} else {
		buf_add_str(
		        b, "<div class=\"scroll\"><table class=\"cards\"><thead><tr>"
		           "<th scope=\"col\">Day</th><th scope=\"col\">Answer</th>"
		           "<th scope=\"col\" class=\"num\">Fetches</th>"
		           "<th scope=\"col\" class=\"num\">Own looks</th>"
		           "<th scope=\"col\" class=\"num\">Networks</th></tr></thead>\n<tbody>\n");
		for (size_t i = 0; i < v->fetch_count; i++)
			put_row(b, &v->fetches[i]);
		buf_add_str(b, "</tbody></table></div>\n");
	}
	if (v->fetches_lost > 0) {
		buf_add_str(b, "<p>");
		frame_status(b, STATUS_ADVICE);
		buf_add_str(b, " Not counted since the service started, of all domains: ");
		frame_number(b, v->fetches_lost);
		buf_add_str(b, ".</p>\n");
	}
	buf_add_str(b, "</section>\n");
}

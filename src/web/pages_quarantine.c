/* What could not be read as a report, with its bytes to take away. */
#include "store/quarantine.h"
#include "web/pages_view.h"

static void put_row(struct buf *b, const struct quarantine_row *q)
{
	buf_add_str(b, "<tr><th scope=\"row\">");
	frame_moment(b, q->arrived);
	HTML(b, "</th><td data-label=\"Way\">{}</td><td data-label=\"Domain\">", H(q->way));
	html_peer(b, q->domain);
	HTML(b, "</td><td data-label=\"Why\"><code>{}</code> ", H(q->reason));
	html_peer(b, q->message);
	buf_add_str(b, "</td><td data-label=\"File\">");
	html_peer(b, q->name);
	buf_add_str(b, "</td><td class=\"num\" data-label=\"Bytes\">");
	frame_number(b, q->place.length);
	HTML(b,
	     "</td><td data-label=\"Message\"><a href=\"/api/v1/quarantine/{}/raw\" "
	     "download>Download</a></td></tr>\n",
	     H(q->sha256));
}

static void put_table(struct buf *b, const struct quarantine_row *rows, size_t count)
{
	buf_add_str(b, "<table class=\"cards\"><thead><tr><th scope=\"col\">Arrived</th>"
	               "<th scope=\"col\">Way</th><th scope=\"col\">Domain</th>"
	               "<th scope=\"col\">Why</th><th scope=\"col\">File</th>"
	               "<th scope=\"col\" class=\"num\">Bytes</th>"
	               "<th scope=\"col\">Message</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < count; i++)
		put_row(b, &rows[i]);
	buf_add_str(b, "</tbody></table>\n");
}

void page_quarantine(struct buf *b, const struct frame *f, struct slice domain,
                     const struct quarantine_row *rows, size_t count, const char *next)
{
	frame_begin(b, f);
	frame_crumb(b);
	buf_add_str(b, "<h1>Quarantine</h1>\n<section class=\"card\">\n"
	               "<p>Messages that came and could not be read as a report, ");
	if (domain.len == 0) {
		buf_add_str(b, "of all domains. ");
	} else {
		buf_add_str(b, "to the address of ");
		html_peer(b, domain);
		buf_add_str(b, " (<a href=\"/quarantine\">of all domains</a>). ");
	}
	buf_add_str(b, "Each newer version of mxseal reads them again, and so does <code>mxseal "
	               "report retry</code>. They are the bytes of strangers: open them with "
	               "care.</p>\n");
	if (count == 0)
		buf_add_str(b, "<p>Everything that came could be read.</p>\n");
	else
		put_table(b, rows, count);
	if (next != NULL)
		HTML(b, "<p><a href=\"/quarantine?domain={}&amp;cursor={}\">Further ones</a></p>\n",
		     HS(domain), H(next));
	buf_add_str(b, "</section>\n");
	frame_end(b);
}

/*
 * Writing HTML: templates of ours with holes for text of anybody.
 *
 *   HTML(b, "<td title=\"{}\">{}</td>", HS(peer_text), HN(sessions));
 *
 * Every hole is escaped, so that text can leave neither its element nor its quoted
 * attribute.  Characters that could deceive the reader are shown by their number:
 * control characters, marks that turn the direction of writing, invisible characters
 * and bytes that are not UTF-8.  Templates are constants and never hold peer text.
 */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include "base/buf.h"
#include "base/log.h"

#define HTML_PEER_MAX 160u /* characters of hostile text shown; the rest is counted */

struct html_arg {
	struct slice text;
	bool end;
};

#define H(s) ((struct html_arg){ slice_str(s), false })
#define HS(s) ((struct html_arg){ (s), false })
#define HN(n) ((struct html_arg){ slice_str(log_number((int64_t)(n), (char[24]){ 0 })), false })
#define HTML_LAST ((struct html_arg){ { NULL, 0 }, true })
#define HTML(b, ...) HTML_FILL(b, __VA_ARGS__, HTML_LAST)
#define HTML_FILL(b, tmpl, ...) html_fill((b), (tmpl), (struct html_arg[]){ __VA_ARGS__ })

/* Use the macro.  Each "{}" of tmpl takes the next argument. */
void html_fill(struct buf *b, const char *tmpl, const struct html_arg *args);
/* Appends s escaped. */
void html_text(struct buf *b, struct slice s);
/* Hostile text as an element of its own, cut, its direction kept apart; empty: "not stated". */
void html_peer(struct buf *b, struct slice s);
/* Text of ours in which a pair of backticks marks code. */
void html_marked(struct buf *b, struct slice s);

#endif

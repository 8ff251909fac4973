#include "web/pages_view.h"

void page_login(struct buf *b, const struct frame *f, enum login_why why)
{
	static const struct {
		const char *title, *words;
	} rows[] = {
		[LOGIN_ASKED] = { "Sign in", "This page opens with a one-time link." },
		[LOGIN_EXPIRED] = { "This link is no longer good",
		                    "A link works once and for fifteen minutes. This one was used "
		                    "before, or is too old." },
		[LOGIN_OUT] = { "Signed out", "To come back, use a fresh one-time link." },
	};

	frame_begin(b, f);
	HTML(b,
	     "<section class=\"card login\"><h1>{}</h1>\n<p>{}</p>\n<p>On the machine that runs "
	     "mxseal, print a fresh link:</p>\n<div class=\"copy cmd\"><code>mxseal "
	     "login</code></div>\n",
	     H(rows[why].title), H(rows[why].words));
	buf_add_str(
	        b,
	        "<form method=\"get\" action=\"/login\"><label for=\"token\">Then open the link, "
	        "or paste it here</label><input id=\"token\" name=\"token\" required "
	        "maxlength=\"400\" autocomplete=\"off\" spellcheck=\"false\">"
	        "<button type=\"submit\" class=\"primary\">Sign in</button></form>\n</section>\n");
	frame_end(b);
}

void page_error(struct buf *b, const struct frame *f, const char *detail)
{
	frame_begin(b, f);
	HTML(b,
	     "<section class=\"card login\"><h1>{}</h1>\n<p>{}</p>\n<p><a href=\"/\">Go to the "
	     "list of "
	     "domains</a></p>\n</section>\n",
	     H(f->title), H(detail));
	frame_end(b);
}

#include "web/pages_frame.h"

#include "base/utc.h"
#include "web/assets.h"

#define FIX_LINE_MAX 8192u

/* Six shapes that differ without colour, drawn in a box of 16. */
static const struct {
	const char *word, *css, *shape;
} states[] = {
	[STATUS_PROBLEM] = { "Problem", "problem",
	                     "<circle class=\"f\" cx=\"8\" cy=\"8\" r=\"7\"/><path class=\"k\" "
	                     "d=\"M5 5l6 6M11 5l-6 6\"/>" },
	[STATUS_WARNING] = { "Warning", "warning",
	                     "<path class=\"f\" d=\"M8 1l7 13H1z\"/><path class=\"k\" d=\"M8 "
	                     "6v4M8 12v.1\"/>" },
	[STATUS_ADVICE] = { "Advice", "advice",
	                    "<rect class=\"f\" x=\"1\" y=\"1\" width=\"14\" height=\"14\" "
	                    "rx=\"3\"/><path class=\"k\" d=\"M8 7v5M8 4v.1\"/>" },
	[STATUS_PASSED] = { "Passed", "passed",
	                    "<circle class=\"f\" cx=\"8\" cy=\"8\" r=\"7\"/><path class=\"k\" "
	                    "d=\"M4.5 8.5l2.5 2.5 4.5-5\"/>" },
	[STATUS_UNTESTED] = { "Not tested", "untested",
	                      "<circle class=\"o\" cx=\"8\" cy=\"8\" r=\"6\" "
	                      "stroke-dasharray=\"3 2\"/>" },
	[STATUS_WAITING] = { "Waiting", "waiting",
	                     "<path class=\"o\" d=\"M3.5 1.5h9M3.5 14.5h9M4.5 1.5c0 4 7 9 7 "
	                     "13M11.5 1.5c0 4-7 9-7 13\"/>" },
};

const char *frame_status_word(enum status s)
{
	return states[s].word;
}

void frame_status(struct buf *b, enum status s)
{
	HTML(b, "<span class=\"status {}\"><svg viewBox=\"0 0 16 16\" aria-hidden=\"true\">",
	     H(states[s].css));
	buf_add_str(b, states[s].shape);
	HTML(b, "</svg>{}</span>", H(states[s].word));
}

static void head(struct buf *b, const struct frame *f)
{
	HTML(b,
	     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	     "<meta name=\"color-scheme\" content=\"light dark\">\n"
	     "<title>{} - mxseal</title>\n"
	     "<link rel=\"icon\" type=\"image/svg+xml\" href=\"{}\">\n"
	     "<link rel=\"stylesheet\" href=\"{}\">\n"
	     "<script src=\"{}\"></script>\n",
	     H(f->title), H(asset_url(ASSET_ICON)), H(asset_url(ASSET_STYLE)),
	     H(asset_url(ASSET_THEME)));
	if (f->csrf != NULL)
		HTML(b, "<script src=\"{}\" defer></script>\n<script src=\"{}\" defer></script>\n",
		     H(asset_url(ASSET_CHART)), H(asset_url(ASSET_APP)));
	buf_add_str(b, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n");
}

void frame_begin(struct buf *b, const struct frame *f)
{
	head(b, f);
	if (f->demo)
		buf_add_str(b, "<p class=\"demo\" role=\"note\"><strong>Demonstration.</strong> "
		               "Domains, senders and reports here are made up; nothing of it is on "
		               "the Internet.</p>\n");
	buf_add_str(
	        b, "<header class=\"top\"><a class=\"brand\" href=\"/\"><svg viewBox=\"0 0 24 24\" "
	           "aria-hidden=\"true\"><path d=\"M12 2l8 3v6c0 5-3.4 9-8 11-4.6-2-8-6-8-11V5z\""
	           "/><path class=\"k\" d=\"M7.5 9.5L12 13l4.5-3.5v5h-9z\"/></svg>mxseal</a>");
	buf_add_str(
	        b,
	        "<div class=\"tools\"><button type=\"button\" id=\"theme\" hidden>Dark</button>");
	if (f->csrf != NULL)
		HTML(b,
		     "<form method=\"post\" action=\"/logout\"><input type=\"hidden\" "
		     "name=\"csrf\" "
		     "value=\"{}\"><button type=\"submit\">Sign out</button></form>",
		     H(f->csrf));
	buf_add_str(b, "</div></header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

void frame_end(struct buf *b)
{
	buf_add_str(b, "</main>\n<footer><p>All days are UTC days, as TLS reports count them. "
	               "Numbers are as reported by senders: coverage, not all mail.</p>"
	               "</footer>\n</body>\n</html>\n");
}

void frame_number(struct buf *b, int64_t n)
{
	char digits[24];
	struct slice s = slice_str(log_number(n, digits));

	for (size_t i = 0; i < s.len; i++) {
		if (i > 0 && (s.len - i) % 3 == 0 && s.p[i - 1] != '-')
			buf_add_char(b, ',');
		buf_add_char(b, s.p[i]);
	}
}

void frame_count(struct buf *b, int64_t n, const char *one, const char *many)
{
	frame_number(b, n);
	HTML(b, " {}", H(n == 1 ? one : many));
}

void frame_crumb(struct buf *b)
{
	buf_add_str(b, "<nav aria-label=\"Breadcrumb\" class=\"crumb\"><a "
	               "href=\"/\">Domains</a></nav>\n");
}

void frame_day(struct buf *b, int64_t t)
{
	char day[UTC_TEXT_SIZE];

	if (t == 0)
		buf_add_str(b, "\u2013");
	else
		HTML(b, "<time>{}</time>", H(utc_format_day(t, day)));
}

void frame_moment(struct buf *b, int64_t t)
{
	char text[UTC_TEXT_SIZE];

	if (t == 0) {
		buf_add_str(b, "\u2013");
		return;
	}
	struct slice s = slice_str(utc_format(t, text));
	HTML(b, "<time datetime=\"{}\">{} {} UTC</time>", HS(s), HS(slice_head(s, 10)),
	     HS(slice_head(slice_skip(s, 11), 5)));
}

void frame_span(struct buf *b, int64_t seconds)
{
	static const struct {
		int64_t length;
		const char *one, *many;
	} units[] = {
		{ UTC_DAY, "day", "days" },
		{ 3600, "hour", "hours" },
		{ 60, "minute", "minutes" },
		{ 1, "second", "seconds" },
	};
	size_t u = 0;

	while (u + 1 < ARRAY_LEN(units) &&
	       (seconds < units[u].length || seconds % units[u].length != 0))
		u++;
	frame_count(b, seconds / units[u].length, units[u].one, units[u].many);
}

void frame_copy(struct buf *b, struct slice text)
{
	HTML(b, "<span class=\"copy\"><code>{}</code></span>", HS(text));
}

/* example.com in line becomes the domain, but mx1.example.com stays: nobody knows that name. */
static void with_domain(struct buf *out, struct slice line, const char *domain)
{
	size_t at;

	while ((at = slice_find_slice(line, S("example.com"))) != SIZE_MAX) {
		struct slice before = slice_head(line, at);
		bool other = slice_ends(before, S(".")) && !slice_ends(before, S("mta-sts."));
		buf_add(out, before);
		buf_add_str(out, other ? "example.com" : domain);
		line = slice_skip(line, at + strlen("example.com"));
	}
	buf_add(out, line);
}

static void put_line(struct buf *b, struct slice line)
{
	if (slice_starts(line, S("$ "))) {
		HTML(b, "<div class=\"copy cmd\"><code>{}</code></div>", HS(slice_skip(line, 2)));
		return;
	}
	buf_add_str(b, "<p>");
	html_marked(b, line);
	buf_add_str(b, "</p>");
}

void frame_fix(struct buf *b, const char *text, const char *domain)
{
	struct slice rest = slice_str(text), line;
	struct buf own;

	buf_init(&own, FIX_LINE_MAX);
	while (slice_next_line(&rest, &line)) {
		buf_reset(&own);
		with_domain(&own, line, domain);
		put_line(b, buf_status(&own) == OK ? buf_slice(&own) : line);
	}
	buf_fini(&own);
}

void frame_impact(struct buf *b, enum explain_impact i)
{
	static const char *const css[] = { "i0", "i1", "i2", "i3", "i4", "i5" };

	HTML(b, "<span class=\"impact {}\">{}</span>", H(css[i]), H(explain_impact_words(i)));
}

static void quarantine_begin(struct buf *b, int64_t n)
{
	buf_add_str(b, "<p class=\"card\">");
	frame_status(b, STATUS_ADVICE);
	buf_add_char(b, ' ');
	frame_count(b, n, "message", "messages");
}

static void quarantine_end(struct buf *b, int64_t n)
{
	HTML(b,
	     " could not be read as a report. Each newer version of mxseal reads {} again.</p>\n",
	     H(n == 1 ? "it" : "them"));
}

void frame_quarantine(struct buf *b, int64_t n)
{
	if (n == 0)
		return;
	quarantine_begin(b, n);
	buf_add_str(b, " in <a href=\"/quarantine\">quarantine</a>, of all domains,");
	quarantine_end(b, n);
}

void frame_quarantine_of(struct buf *b, const char *domain, int64_t n, int64_t all)
{
	if (all == 0)
		return;
	quarantine_begin(b, n);
	HTML(b,
	     " to this domain's address in <a href=\"/quarantine?domain={}\">quarantine</a>"
	     " (<a href=\"/quarantine\">{} of all domains</a>)",
	     H(domain), HN(all));
	quarantine_end(b, n);
}

#include "web/html.h"

#include <assert.h>

#include "base/utf8.h"

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Appends the first character of s and returns its length in bytes. */
static size_t put_char(struct buf *b, struct slice s)
{
	uint32_t code;
	size_t n = utf8_next(s, &code);
	const char *name = entity(s.p[0]);

	if (name != NULL)
		buf_add_str(b, name);
	else if (code == '\r' && s.len > 1 && s.p[1] == '\n')
		return 1; /* our own CRLF texts, shown line by line */
	else if (code == UTF8_BROKEN && n == 1)
		buf_printf(b, "\u2039%02X\u203a", (unsigned char)s.p[0]);
	else if (utf8_is_deceptive(code))
		buf_printf(b, "\u2039U+%04X\u203a", (unsigned)code);
	else
		buf_add(b, slice_head(s, n));
	return n;
}

void html_text(struct buf *b, struct slice s)
{
	while (s.len > 0)
		s = slice_skip(s, put_char(b, s));
}

void html_fill(struct buf *b, const char *tmpl, const struct html_arg *args)
{
	struct slice rest = slice_str(tmpl);

	for (;;) {
		size_t at = slice_find_slice(rest, S("{}"));
		buf_add(b, slice_head(rest, at));
		if (at == SIZE_MAX)
			break;
		assert(!args->end);
		html_text(b, args->text);
		args++;
		rest = slice_skip(rest, at + 2);
	}
	assert(args->end);
}

void html_peer(struct buf *b, struct slice s)
{
	s = slice_trim(s);
	if (s.len == 0) {
		buf_add_str(b, "<span class=\"none\">not stated</span>");
		return;
	}
	buf_add_str(b, "<bdi class=\"peer\">");
	for (size_t shown = 0; s.len > 0 && shown < HTML_PEER_MAX; shown++)
		s = slice_skip(s, put_char(b, s));
	if (s.len > 0)
		HTML(b, "</bdi> <span class=\"none\">and {} more bytes</span>", HN(s.len));
	else
		buf_add_str(b, "</bdi>");
}

void html_marked(struct buf *b, struct slice s)
{
	struct slice before, after;

	while (slice_cut(s, '`', &before, &after)) {
		html_text(b, before);
		s = after;
		if (!slice_cut(s, '`', &before, &after))
			break;
		HTML(b, "<code>{}</code>", HS(before));
		s = after;
	}
	html_text(b, s);
}

#include "web/html.h"

#include <assert.h>

/* One character of s, or a single byte that is no UTF-8 (*code_out is then 0xfffd). */
static size_t next_char(struct slice s, uint32_t *code_out)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	*code_out = 0xfffd;
	if (n == 1) {
		*code_out = first;
		return 1;
	}
	if (first < 0xc2 || first > 0xf4 || n > s.len || !slice_is_utf8(slice_head(s, n)))
		return 1;
	uint32_t code = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)s.p[i] & 0x3fu);
	*code_out = code;
	return n;
}

/* Characters that show nothing themselves, or change how their neighbours are shown. */
static bool is_deceptive(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x00, 0x08 },     { 0x0b, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },
		{ 0x34f, 0x34f },   { 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f }, { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	}
	return false;
}

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
	size_t n = next_char(s, &code);
	const char *name = entity(s.p[0]);

	if (name != NULL)
		buf_add_str(b, name);
	else if (code == '\r' && s.len > 1 && s.p[1] == '\n')
		return 1; /* our own CRLF texts, shown line by line */
	else if (code == 0xfffd && n == 1)
		buf_printf(b, "\u2039%02X\u203a", (unsigned char)s.p[0]);
	else if (is_deceptive(code))
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

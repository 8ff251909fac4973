#include "app/prose.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\n';
}

bool prose_word(struct slice *rest, struct slice *out)
{
	size_t n = 0;

	while (rest->len > 0 && is_space(rest->p[0]))
		*rest = slice_skip(*rest, 1);
	while (n < rest->len && !is_space(rest->p[n]))
		n++;
	*out = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return n > 0;
}

static struct slice line_of(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.p[n] != '\n')
		n++;
	return slice_head(text, n);
}

bool prose_next(struct slice *rest, struct prose_block *out)
{
	struct slice from, line;

	while (rest->len > 0 && rest->p[0] == '\n')
		*rest = slice_skip(*rest, 1);
	if (rest->len == 0)
		return false;
	from = *rest;
	out->literal = from.p[0] == ' ';
	for (line = line_of(*rest); line.len > 0 && (line.p[0] == ' ') == out->literal;
	     line = line_of(*rest))
		*rest = slice_skip(*rest, line.len + (line.len < rest->len ? 1 : 0));
	out->text = slice_head(from, from.len - rest->len);
	return true;
}

size_t prose_columns(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] != '`' && ((unsigned char)text.p[i] & 0xc0u) != 0x80u;
	return n;
}

/* The caller's stream is asked for errors once, at the end. */
static void put_word(FILE *out, struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] != '`')
			(void)fputc(word.p[i], out);
}

void prose_fill(FILE *out, const char *lead, struct slice text, unsigned indent)
{
	size_t wide = prose_columns(slice_str(lead));
	struct slice word;
	size_t at = 0;

	while (prose_word(&text, &word)) {
		size_t width = prose_columns(word);

		if (at > 0 && at + 1 + width > PROSE_WIDTH) {
			(void)fputc('\n', out);
			at = 0;
		}
		if (at > 0)
			(void)fputc(' ', out);
		else
			(void)fprintf(out, "%s%*s", lead, (int)(wide < indent ? indent - wide : 0),
			              "");
		at = (at == 0 ? (wide < indent ? indent : wide) : at + 1) + width;
		lead = "";
		wide = 0;
		put_word(out, word);
	}
	(void)fputc('\n', out);
}

void prose_put(FILE *out, const char *text, unsigned indent)
{
	struct slice rest = slice_str(text), line;
	struct prose_block block;
	bool first = true;

	for (; prose_next(&rest, &block); first = false) {
		if (!first)
			(void)fputc('\n', out);
		if (!block.literal)
			prose_fill(out, "", block.text, indent);
		while (block.literal && slice_next_line(&block.text, &line))
			(void)fprintf(out, "%*s%.*s\n", (int)indent, "", SLICE_ARGS(line));
	}
}

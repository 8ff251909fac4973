#include "app/mdoc.h"

#include "app/prose.h"
#include "base/utc.h"

#define LINE_WIDTH 80u /* of the source */

static void put(FILE *out, struct slice text, bool *bold)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '`') {
			*bold = !*bold;
			(void)fputs(*bold ? "\\fB" : "\\fR", out);
		} else if (text.p[i] == '\\') {
			(void)fputs("\\e", out);
		} else if (text.p[i] == '-') {
			(void)fputs("\\-", out); /* typed, not a hyphen */
		} else {
			(void)fputc(text.p[i], out);
		}
	}
}

void mdoc_inline(FILE *out, struct slice text)
{
	bool bold = false;

	put(out, text, &bold);
}

void mdoc_head(FILE *out, const char *name, unsigned section, const char *about, int64_t now)
{
	static const char *const months[] = { "January",   "February", "March",    "April",
		                              "May",       "June",     "July",     "August",
		                              "September", "October",  "November", "December" };
	struct utc_date d = utc_civil(now);

	(void)fprintf(out, ".Dd %s %u, %lld\n.Dt ", months[d.month - 1], d.day, (long long)d.year);
	for (const char *p = name; *p != '\0'; p++)
		(void)fputc(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p, out);
	(void)fprintf(out, " %u\n.Os mxseal " MXSEAL_VERSION "\n.Sh NAME\n.Nm %s\n.Nd %s\n",
	              section, name, about);
}

void mdoc_heading(FILE *out, unsigned level, const char *title)
{
	(void)fputs(level == 1 ? ".Sh " : ".Ss ", out);
	mdoc_inline(out, slice_str(title));
	/* A bracket at the end would be taken for punctuation behind the title. */
	(void)fputs(slice_ends(slice_str(title), S("]")) ? "\\&\n" : "\n", out);
}

/* Whether a sentence ends with this word, so that the next begins on its own line of source. */
static bool is_end(struct slice word)
{
	while (word.len > 0 && strchr(")\"'`", word.p[word.len - 1]) != NULL)
		word.len--;
	return word.len > 0 && strchr(".?!", word.p[word.len - 1]) != NULL;
}

/* Bytes that put writes. */
static size_t width(struct slice word)
{
	size_t n = word.len;

	for (size_t i = 0; i < word.len; i++)
		n += word.p[i] == '`' ? 2 : word.p[i] == '\\' || word.p[i] == '-';
	return n;
}

void mdoc_fill(FILE *out, struct slice text)
{
	struct slice word;
	bool begins = true, bold = false;
	size_t column = 0;

	while (prose_word(&text, &word)) {
		if (!begins && column + 1 + width(word) > LINE_WIDTH) {
			(void)fputc('\n', out);
			begins = true;
		}
		if (!begins)
			(void)fputc(' ', out);
		else if (word.p[0] == '.' || word.p[0] == '\'')
			(void)fputs("\\&", out); /* else a request */
		column = (begins ? 2 : column + 1) + width(word);
		put(out, word, &bold);
		begins = is_end(word);
		if (begins)
			(void)fputc('\n', out);
	}
	if (!begins)
		(void)fputc('\n', out);
}

void mdoc_literal(FILE *out, struct slice lines)
{
	struct slice line;

	(void)fputs(".Bd -literal -offset indent\n", out);
	while (slice_next_line(&lines, &line)) {
		if (line.len > 0 && (line.p[0] == '.' || line.p[0] == '\''))
			(void)fputs("\\&", out);
		mdoc_inline(out, line);
		(void)fputc('\n', out);
	}
	(void)fputs(".Ed\n", out);
}

void mdoc_prose(FILE *out, const char *text)
{
	struct slice rest = slice_str(text);
	struct prose_block block;
	bool first = true;

	for (; prose_next(&rest, &block); first = false) {
		if (block.literal) {
			mdoc_literal(out, block.text);
			continue;
		}
		if (!first)
			(void)fputs(".Pp\n", out);
		mdoc_fill(out, block.text);
	}
}

void mdoc_terms(FILE *out, const struct mdoc_term *terms)
{
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (; terms->term != NULL; terms++) {
		(void)fputs(".It ", out);
		mdoc_inline(out, slice_str(terms->term));
		(void)fputc('\n', out);
		mdoc_fill(out, slice_str(terms->meaning));
	}
	(void)fputs(".El\n", out);
}

void mdoc_see_also(FILE *out, const char *const *pages)
{
	mdoc_heading(out, 1, "SEE ALSO");
	for (; *pages != NULL; pages++)
		(void)fprintf(out, ".Xr %s%s\n", *pages, pages[1] == NULL ? "" : " ,");
}

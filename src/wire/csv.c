#include "wire/csv.h"

#define MARK "\xef\xbb\xbf"

void csv_init(struct csv *c, struct slice text)
{
	*c = (struct csv){ .rest = slice_starts(text, S(MARK)) ? slice_skip(text, 3) : text,
		           .line = 1 };
	buf_init(&c->text, CSV_RECORD_MAX);
}

void csv_fini(struct csv *c)
{
	buf_fini(&c->text);
}

/* Length of the line end at the start of s; 0: there is none. */
static size_t line_end(struct slice s)
{
	if (slice_starts(s, S("\r\n")))
		return 2;
	return slice_starts(s, S("\n")) ? 1 : 0;
}

static void skip_line(struct csv *c)
{
	size_t n = slice_find(c->rest, '\n');

	c->rest = n == SIZE_MAX ? slice_skip(c->rest, c->rest.len) : slice_skip(c->rest, n + 1);
	c->line++;
}

/* What stands in front of a comma, a line end or the end. */
static enum err read_plain(struct csv *c, struct diag *diag)
{
	size_t n = 0;

	while (n < c->rest.len && c->rest.p[n] != ',' && c->rest.p[n] != '"' &&
	       c->rest.p[n] != '\r' && c->rest.p[n] != '\n')
		n++;
	buf_add(&c->text, slice_head(c->rest, n));
	c->rest = slice_skip(c->rest, n);
	if (slice_starts(c->rest, S("\"")))
		return diag_set(diag, ERR_SYNTAX, 0, "a quote inside a field without quotes");
	return OK;
}

/* A quote stands at the start. */
static enum err read_quoted(struct csv *c, struct diag *diag)
{
	c->rest = slice_skip(c->rest, 1);
	for (;;) {
		size_t n = slice_find(c->rest, '"');

		if (n == SIZE_MAX)
			return diag_set(diag, ERR_SYNTAX, 0, "a quote is never closed");
		struct slice piece = slice_head(c->rest, n), lines = piece;
		buf_add(&c->text, piece);
		if (buf_status(&c->text) != OK)
			return diag_set(diag, ERR_LIMIT, 0, "a record is too long");
		while ((n = slice_find(lines, '\n')) != SIZE_MAX) {
			lines = slice_skip(lines, n + 1);
			c->line++;
		}
		c->rest = slice_skip(c->rest, piece.len + 1);
		if (!slice_starts(c->rest, S("\"")))
			return OK;
		buf_add_char(&c->text, '"');
		c->rest = slice_skip(c->rest, 1);
	}
}

/* *ends gets the length of the text behind each field. */
static enum err read_fields(struct csv *c, size_t ends[CSV_FIELDS_MAX], size_t *count,
                            struct diag *diag)
{
	for (*count = 0; *count < CSV_FIELDS_MAX; c->rest = slice_skip(c->rest, 1)) {
		enum err e =
		        slice_starts(c->rest, S("\"")) ? read_quoted(c, diag) : read_plain(c, diag);

		if (e != OK)
			return e;
		ends[(*count)++] = c->text.len;
		if (c->rest.len == 0 || line_end(c->rest) > 0)
			return OK;
		if (c->rest.p[0] == '\r')
			return diag_set(diag, ERR_SYNTAX, 0, "a CR that ends no line");
		if (c->rest.p[0] != ',')
			return diag_set(diag, ERR_SYNTAX, 0, "text behind a closing quote");
	}
	return diag_set(diag, ERR_LIMIT, 0, "a record has too many fields");
}

/* Each for itself: a character does not go on behind a comma. */
static bool are_utf8(struct slice text, const size_t ends[CSV_FIELDS_MAX], size_t count)
{
	size_t from = 0;

	for (size_t i = 0; i < count; i++) {
		if (!slice_is_utf8(slice_head(slice_skip(text, from), ends[i] - from)))
			return false;
		from = ends[i];
	}
	return true;
}

static enum err read_record(struct csv *c, size_t ends[CSV_FIELDS_MAX], size_t *count,
                            struct diag *diag)
{
	enum err e = read_fields(c, ends, count, diag);

	if (e != OK)
		return e;
	if (buf_status(&c->text) != OK)
		return diag_set(diag, ERR_LIMIT, 0, "a record is too long");
	if (!are_utf8(buf_slice(&c->text), ends, *count))
		return diag_set(diag, ERR_SYNTAX, 0, "bytes that are not UTF-8");
	if (slice_find(buf_slice(&c->text), '\0') != SIZE_MAX)
		return diag_set(diag, ERR_SYNTAX, 0, "a NUL");
	return OK;
}

static void fill(const struct csv *c, const size_t ends[CSV_FIELDS_MAX], struct csv_record *out)
{
	struct slice text = buf_slice(&c->text);
	size_t from = 0;

	for (size_t i = 0; i < out->count; i++) {
		out->fields[i] = slice_of(text.len == 0 ? "" : text.p + from, ends[i] - from);
		from = ends[i];
	}
}

enum err csv_next(struct csv *c, struct csv_record *out, struct diag *diag)
{
	size_t ends[CSV_FIELDS_MAX], count = 0;

	while (line_end(c->rest) > 0)
		skip_line(c);
	if (c->rest.len == 0)
		return ERR_NOTFOUND;
	struct slice start = c->rest;
	unsigned line = c->line;
	buf_reset(&c->text);
	enum err e = read_record(c, ends, &count, diag);
	if (e != OK) {
		c->rest = start;
		c->line = line;
		skip_line(c);
		if (diag != NULL)
			diag->line = line;
		return e;
	}
	if (c->rest.len > 0)
		skip_line(c);
	out->line = line;
	out->count = count;
	fill(c, ends, out);
	return OK;
}

static bool needs_quotes(struct slice field)
{
	static const char special[] = "\",\r\n";

	for (size_t i = 0; i + 1 < sizeof(special); i++)
		if (slice_find(field, special[i]) != SIZE_MAX)
			return true;
	return field.len == 0 || slice_starts(field, S(MARK));
}

void csv_add_field(struct buf *out, struct slice field)
{
	bool quotes = needs_quotes(field);

	if (quotes)
		buf_add_char(out, '"');
	for (size_t i = 0; i < field.len; i++) {
		if (field.p[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, field.p[i]);
	}
	if (quotes)
		buf_add_char(out, '"');
}

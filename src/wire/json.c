#include "wire/json_internal.h"

#define BOM "\xEF\xBB\xBF"

const struct json_limits json_limits_small = {
	.text_max = 1u << 20, .depth_max = 16, .values_max = 20000, .string_max = 64u << 10
};

/* What a scan over the text has seen; it knows strings and brackets, jansson the rest. */
struct scan {
	const struct json_limits *limits;
	size_t depth, values;
	unsigned line;
	struct slice rest;
};

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 0; /* jansson refuses it later */
}

/* Bytes of UTF-8 that the escape at the front of s becomes; halves of a pair are 2 each. */
static size_t escape_size(struct slice s, size_t *taken_out)
{
	unsigned code = 0;

	if (s.len < 6 || s.p[1] != 'u') {
		*taken_out = 2;
		return 1;
	}
	for (size_t i = 2; i < 6; i++)
		code = code << 4 | hex_digit(s.p[i]);
	*taken_out = 6;
	if (code < 0x80)
		return 1;
	return code < 0x800 || (code >= 0xD800 && code <= 0xDFFF) ? 2 : 3;
}

/* Behind the opening quote; moves past the closing one. */
static enum err scan_string(struct scan *s)
{
	size_t size = 0, taken;

	while (s->rest.len > 0 && s->rest.p[0] != '"') {
		taken = 1;
		size += s->rest.p[0] == '\\' ? escape_size(s->rest, &taken) : 1;
		if (size > s->limits->string_max)
			return ERR_LIMIT;
		s->rest = slice_skip(s->rest, taken);
	}
	s->rest = slice_skip(s->rest, 1);
	return OK;
}

static enum err scan_char(struct scan *s, char c)
{
	switch (c) {
	case '\n':
		s->line++;
		return OK;
	case '"':
		return scan_string(s);
	case '[':
	case '{':
		s->values++;
		return ++s->depth > s->limits->depth_max ? ERR_LIMIT : OK;
	case ']':
	case '}':
		s->depth -= s->depth > 0;
		return OK;
	case ',':
	case ':':
		s->values++;
		return OK;
	default:
		return OK;
	}
}

/* Each value or key but the first follows a bracket, comma or colon, so these bound the number. */
static enum err scan_text(struct slice text, const struct json_limits *limits, struct diag *diag)
{
	struct scan s = { .limits = limits, .line = 1, .rest = text };

	if (text.len > limits->text_max)
		return diag_set(diag, ERR_LIMIT, 0, "the JSON is too long");
	while (s.rest.len > 0) {
		char c = s.rest.p[0];

		s.rest = slice_skip(s.rest, 1);
		if (scan_char(&s, c) != OK)
			return diag_set(diag, ERR_LIMIT, s.line,
			                c == '"' ? "a string is too long" : "nested too deep");
		if (s.values > limits->values_max)
			return diag_set(diag, ERR_LIMIT, s.line, "too many values");
	}
	return OK;
}

static enum err failed(const json_error_t *error, struct diag *diag)
{
	unsigned line = error->line > 0 ? (unsigned)error->line : 0;

	switch ((int)json_error_code(error)) {
	case json_error_duplicate_key:
		return diag_set(diag, ERR_CONFLICT, line, "the same key twice in an object");
	case json_error_invalid_utf8:
		return diag_set(diag, ERR_SYNTAX, line, "not UTF-8");
	case json_error_premature_end_of_input:
		return diag_set(diag, ERR_SYNTAX, line, "the JSON is cut off");
	case json_error_end_of_input_expected:
		return diag_set(diag, ERR_SYNTAX, line, "something follows the JSON");
	case json_error_numeric_overflow:
		return diag_set(diag, ERR_SYNTAX, line, "a number is too large");
	default:
		return diag_set(diag, ERR_SYNTAX, line, "not JSON");
	}
}

enum err json_scan(struct slice *text, const struct json_limits *limits, bool *bom_out,
                   struct diag *diag)
{
	*bom_out = slice_starts(*text, S(BOM));
	*text = slice_skip(*text, *bom_out ? sizeof(BOM) - 1 : 0);
	return scan_text(*text, limits, diag);
}

enum err json_read(struct slice text, const struct json_limits *limits, json_t **root_out,
                   bool *bom_out, struct diag *diag)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
	json_error_t error;
	bool bom = false;
	json_t *root;

	enum err e = json_scan(&text, limits, &bom, diag);
	if (e != OK)
		return e;
	root = json_loadb(text.p == NULL ? "" : text.p, text.len,
	                  flags | (limits->reals ? JSON_DECODE_INT_AS_REAL : 0), &error);
	if (root == NULL)
		return failed(&error, diag);
	*root_out = root;
	if (bom_out != NULL)
		*bom_out = bom;
	return OK;
}

struct slice json_slice(const json_t *value)
{
	if (!json_is_string(value))
		return S("");
	return slice_of(json_string_value(value), json_string_length(value));
}

json_t *json_member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

/* Length of the well-formed UTF-8 sequence at the front of s, 0: none there. */
static size_t sequence(struct slice s, unsigned *code_out)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	unsigned code = n == 1 ? c : c & (0x7Fu >> n);

	if (n > s.len || !slice_is_utf8(slice_head(s, n)))
		return 0;
	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)s.p[i] & 0x3Fu);
	*code_out = code;
	return n;
}

/* Characters that move the cursor, end lines or reorder text where somebody prints the JSON. */
static bool wants_escape(unsigned code)
{
	return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C ||
	       (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

static void add_char(struct buf *out, struct slice bytes, unsigned code)
{
	switch (code) {
	case '"':
		buf_add_str(out, "\\\"");
		break;
	case '\\':
		buf_add_str(out, "\\\\");
		break;
	case '\n':
		buf_add_str(out, "\\n");
		break;
	default:
		if (wants_escape(code))
			buf_printf(out, "\\u%04x", code);
		else
			buf_add(out, bytes);
	}
}

/* Bytes at the front of s that stand for themselves: the common case, added at once. */
static size_t plain_run(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] >= ' ' && s.p[n] < 0x7F && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

void json_add_string(struct buf *out, struct slice s)
{
	buf_add_char(out, '"');
	while (s.len > 0) {
		unsigned code = 0xFFFD;
		size_t n = plain_run(s);

		if (n > 0) {
			buf_add(out, slice_head(s, n));
		} else if ((n = sequence(s, &code)) > 0) {
			add_char(out, slice_head(s, n), code);
		} else {
			n = 1;
			buf_add_str(out, "\xEF\xBF\xBD");
		}
		s = slice_skip(s, n);
	}
	buf_add_char(out, '"');
}

void json_add_string_or_null(struct buf *out, struct slice s)
{
	if (s.len == 0)
		buf_add_str(out, "null");
	else
		json_add_string(out, s);
}

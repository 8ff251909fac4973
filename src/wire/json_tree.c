#include "wire/json_tree.h"

#include <math.h>
#include <stdlib.h>

#include "wire/json_internal.h"

#define FEW_MEMBERS 16u  /* of an object, each of which is compared with the others at once */
#define DIGITS_EXACT 15u /* decimal digits that a double holds */

struct reading {
	struct slice text, rest;
	struct arena *arena;
	struct json_node *in; /* the array or object we are in; NULL: none */
	struct diag *diag;
};

static enum err refuse(struct reading *r, enum err e, const char *why)
{
	struct slice before = slice_head(r->text, r->text.len - r->rest.len), line;
	unsigned lines = 1;

	while (slice_cut(before, '\n', &line, &before))
		lines++;
	return diag_set(r->diag, e, lines, why);
}

/* What stands there is not what must. */
static enum err unexpected(struct reading *r)
{
	return refuse(r, ERR_SYNTAX, r->rest.len == 0 ? "the JSON is cut off" : "not JSON");
}

static void skip_blanks(struct reading *r)
{
	size_t n = 0;

	while (n < r->rest.len && (r->rest.p[n] == ' ' || r->rest.p[n] == '\n' ||
	                           r->rest.p[n] == '\r' || r->rest.p[n] == '\t'))
		n++;
	r->rest = slice_skip(r->rest, n);
}

static bool take_char(struct reading *r, char c)
{
	if (r->rest.len == 0 || r->rest.p[0] != c)
		return false;
	r->rest = slice_skip(r->rest, 1);
	return true;
}

/* Four hexadecimal digits behind a \u; false: they are none. */
static bool take_unit(struct reading *r, unsigned *out)
{
	unsigned code = 0;

	if (r->rest.len < 6 || r->rest.p[0] != '\\' || r->rest.p[1] != 'u')
		return false;
	for (size_t i = 2; i < 6; i++) {
		char c = r->rest.p[i];

		if (c >= '0' && c <= '9')
			code = code << 4 | (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			code = code << 4 | (unsigned)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	r->rest = slice_skip(r->rest, 6);
	*out = code;
	return true;
}

static size_t put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xC0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xE0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3F));
		to[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	to[0] = (char)(0xF0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3F));
	to[2] = (char)(0x80 | (code >> 6 & 0x3F));
	to[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

/* \uXXXX, or two of them for a character beyond the first plane; a half alone is none. */
static bool take_code(struct reading *r, unsigned *out)
{
	unsigned low = 0;

	if (!take_unit(r, out) || (*out >= 0xDC00 && *out <= 0xDFFF))
		return false;
	if (*out < 0xD800 || *out > 0xDBFF)
		return true;
	if (!take_unit(r, &low) || low < 0xDC00 || low > 0xDFFF)
		return false;
	*out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
	return true;
}

/* The escape at the front, as bytes; 0: it is none. */
static size_t take_escape(struct reading *r, char *to)
{
	static const struct slice names = SLICE_INIT("\"\\/bfnrt");
	static const char values[] = "\"\\/\b\f\n\r\t";
	unsigned code = 0;
	size_t i;

	if (r->rest.len > 1 && r->rest.p[1] == 'u')
		return take_code(r, &code) ? put_utf8(to, code) : 0;
	i = r->rest.len > 1 ? slice_find(names, r->rest.p[1]) : SIZE_MAX;
	if (i == SIZE_MAX)
		return 0;
	to[0] = values[i];
	r->rest = slice_skip(r->rest, 2);
	return 1;
}

/* Bytes of a string that stand for themselves. */
static size_t plain_length(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != '"' && s.p[n] != '\\' && (unsigned char)s.p[n] >= 0x20)
		n++;
	return n;
}

/* Bytes up to the quote that ends a string. */
static size_t whole_length(struct slice s)
{
	size_t n = plain_length(s);

	while (n + 1 < s.len && s.p[n] == '\\')
		n += 2 + plain_length(slice_skip(s, n + 2));
	return n;
}

/* From the first escape on; what it stands for is never longer. */
static enum err take_escaped(struct reading *r, struct slice begin, struct slice *out)
{
	char *to = arena_alloc(r->arena, begin.len + whole_length(r->rest));
	size_t len = begin.len, n;

	memcpy(to, begin.p, len);
	while (r->rest.len > 0 && r->rest.p[0] == '\\') {
		n = take_escape(r, to + len);
		if (n == 0)
			return unexpected(r);
		len += n;
		n = plain_length(r->rest);
		memcpy(to + len, r->rest.p, n);
		len += n;
		r->rest = slice_skip(r->rest, n);
	}
	*out = slice_of(to, len);
	return OK;
}

/* A string with its quotes. */
static enum err take_string(struct reading *r, struct slice *out)
{
	enum err e = OK;

	if (!take_char(r, '"'))
		return unexpected(r);
	*out = slice_head(r->rest, plain_length(r->rest));
	r->rest = slice_skip(r->rest, out->len);
	if (r->rest.len > 0 && r->rest.p[0] == '\\')
		e = take_escaped(r, *out, out);
	if (e == OK && !slice_is_utf8(*out))
		e = refuse(r, ERR_SYNTAX, "not UTF-8");
	if (e == OK && !take_char(r, '"'))
		e = unexpected(r);
	return e;
}

static size_t take_digits(struct reading *r)
{
	size_t n = 0;

	while (n < r->rest.len && r->rest.p[n] >= '0' && r->rest.p[n] <= '9')
		n++;
	r->rest = slice_skip(r->rest, n);
	return n;
}

/* Few digits alone are the whole number that they say; the C library reads the others. */
static double number_of(struct reading *r, struct slice s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len && s.len <= DIGITS_EXACT; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return strtod(arena_str(r->arena, s), NULL);
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	return s.len <= DIGITS_EXACT ? (double)n : strtod(arena_str(r->arena, s), NULL);
}

static enum err take_number(struct reading *r, struct json_node *n)
{
	struct slice begin = r->rest;
	bool good;

	(void)take_char(r, '-'); /* there may be one */
	good = take_char(r, '0') || take_digits(r) > 0;
	if (good && take_char(r, '.'))
		good = take_digits(r) > 0;
	if (good && (take_char(r, 'e') || take_char(r, 'E'))) {
		if (!take_char(r, '+'))
			(void)take_char(r, '-'); /* or neither */
		good = take_digits(r) > 0;
	}
	if (!good)
		return unexpected(r);
	n->kind = NODE_NUMBER;
	n->text = slice_head(begin, begin.len - r->rest.len);
	n->number = number_of(r, n->text);
	return isinf(n->number) ? refuse(r, ERR_SYNTAX, "a number is too large") : OK;
}

static enum err take_word(struct reading *r, struct json_node *n)
{
	static const struct {
		struct slice word;
		enum json_kind kind;
	} words[] = {
		{ SLICE_INIT("null"), NODE_NULL },
		{ SLICE_INIT("true"), NODE_TRUE },
		{ SLICE_INIT("false"), NODE_FALSE },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!slice_starts(r->rest, words[i].word))
			continue;
		n->kind = words[i].kind;
		n->text = slice_head(r->rest, words[i].word.len);
		r->rest = slice_skip(r->rest, words[i].word.len);
		return OK;
	}
	return refuse(r, ERR_SYNTAX, "not JSON");
}

static int by_key(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Of an object with many members, at its end: nobody's keys make this take long. */
static bool has_twins(const struct reading *r, const struct json_node *object)
{
	struct slice *keys = arena_calloc(r->arena, object->count, sizeof(*keys));
	size_t n = 0;

	for (const struct json_node *m = object->first; m != NULL; m = m->next)
		keys[n++] = m->key;
	qsort(keys, n, sizeof(*keys), by_key);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(keys[i - 1], keys[i]))
			return true;
	return false;
}

static enum err twice(struct reading *r)
{
	return refuse(r, ERR_CONFLICT, "the same key twice in an object");
}

static enum err take_key(struct reading *r, struct slice *out)
{
	enum err e;

	skip_blanks(r);
	e = take_string(r, out);
	if (e != OK)
		return e;
	if (slice_find(*out, '\0') != SIZE_MAX)
		return refuse(r, ERR_SYNTAX, "not JSON");
	for (const struct json_node *m = r->in->first; r->in->count < FEW_MEMBERS && m != NULL;
	     m = m->next)
		if (slice_eq(m->key, *out))
			return twice(r);
	skip_blanks(r);
	return take_char(r, ':') ? OK : unexpected(r);
}

static struct json_node *add_node(struct reading *r)
{
	struct json_node *n = arena_alloc(r->arena, sizeof(*n)), *in = r->in;

	n->parent = in;
	if (in != NULL && in->last != NULL)
		in->last->next = n;
	else if (in != NULL)
		in->first = n;
	if (in != NULL) {
		in->last = n;
		in->count++;
	}
	return n;
}

/* One value; an array or object is entered. */
static enum err take_value(struct reading *r, struct slice key, struct json_node **out)
{
	struct json_node *n = add_node(r);

	n->key = key;
	*out = n;
	skip_blanks(r);
	if (r->rest.len == 0)
		return unexpected(r);
	switch (r->rest.p[0]) {
	case '{':
	case '[':
		n->kind = r->rest.p[0] == '{' ? NODE_OBJECT : NODE_ARRAY;
		n->text = r->rest;
		r->rest = slice_skip(r->rest, 1);
		r->in = n;
		return OK;
	case '"':
		n->kind = NODE_STRING;
		return take_string(r, &n->text);
	case 'n':
	case 't':
	case 'f':
		return take_word(r, n);
	default:
		return take_number(r, n);
	}
}

static enum err leave(struct reading *r)
{
	struct json_node *in = r->in;

	in->text.len -= r->rest.len;
	if (in->kind == NODE_OBJECT && in->count > FEW_MEMBERS && has_twins(r, in))
		return twice(r);
	r->in = in->parent;
	return OK;
}

/* The next entry or member of what we are in, or its end. */
static enum err step(struct reading *r)
{
	struct slice key = S("");
	struct json_node *n;
	enum err e = OK;

	skip_blanks(r);
	if (take_char(r, r->in->kind == NODE_OBJECT ? '}' : ']'))
		return leave(r);
	if (r->in->count > 0 && !take_char(r, ','))
		return unexpected(r);
	if (r->in->kind == NODE_OBJECT)
		e = take_key(r, &key);
	return e == OK ? take_value(r, key, &n) : e;
}

enum err json_tree_read(struct slice text, const struct json_limits *limits, struct arena *arena,
                        const struct json_node **root_out, bool *bom_out, struct diag *diag)
{
	struct reading r = { .arena = arena, .diag = diag };
	struct json_node *root = NULL;
	bool bom = false;
	enum err e = json_scan(&text, limits, &bom, diag);

	if (e != OK)
		return e;
	r.text = r.rest = text;
	e = take_value(&r, S(""), &root);
	while (e == OK && r.in != NULL)
		e = step(&r);
	if (e != OK)
		return e;
	skip_blanks(&r);
	if (r.rest.len > 0)
		return refuse(&r, ERR_SYNTAX, "something follows the JSON");
	*root_out = root;
	if (bom_out != NULL)
		*bom_out = bom;
	return OK;
}

const struct json_node *json_node_member(const struct json_node *object, const char *key)
{
	struct slice name = slice_str(key);

	if (!json_node_is(object, NODE_OBJECT))
		return NULL;
	for (const struct json_node *m = object->first; m != NULL; m = m->next)
		if (slice_eq(m->key, name))
			return m;
	return NULL;
}

#include "mtasts/paste.h"

#include "base/buf.h"

#define STRING_MAX 255u /* octets of a character-string (RFC 1035, 3.3) */

/* One record being read; flags keep a remark from being made twice. */
struct pass {
	struct findings *f;
	struct finding_at at;
	struct buf text;
	size_t strings;
	bool escapes, quotes, comment;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice skip_blanks(struct slice s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	return s;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Adds what an escape stands for (RFC 1035, 5.1: \X and \DDD) and returns its length. */
static size_t add_escape(struct pass *p, struct slice s)
{
	unsigned value = 0;

	p->escapes = true;
	if (s.len >= 2 && !is_digit(s.p[1])) {
		buf_add_char(&p->text, s.p[1]);
		return 2;
	}
	for (size_t i = 1; i < 4 && i < s.len && is_digit(s.p[i]); i++)
		value = value * 10 + (unsigned)(s.p[i] - '0');
	if (s.len < 4 || !is_digit(s.p[2]) || !is_digit(s.p[3]) || value > 255) {
		findings_add(p->f, FINDING_PASTE_ESCAPE, p->at, slice_head(s, 4));
		return s.len;
	}
	buf_add_char(&p->text, (char)value);
	return 4;
}

/* Adds bytes up to the first that stop names; returns what is left from there. */
static struct slice add_until(struct pass *p, struct slice s, const char *stop)
{
	while (s.len > 0 && (s.p[0] == '\0' || strchr(stop, s.p[0]) == NULL)) {
		if (s.p[0] == '\\') {
			s = slice_skip(s, add_escape(p, s));
		} else {
			buf_add_char(&p->text, s.p[0]);
			s = slice_skip(s, 1);
		}
	}
	return s;
}

static struct slice add_string(struct pass *p, struct slice s)
{
	size_t before = p->text.len;

	if (s.p[0] == '"') {
		p->quotes = true;
		s = add_until(p, slice_skip(s, 1), "\"");
		if (s.len == 0)
			findings_add(p->f, FINDING_PASTE_QUOTE_OPEN, p->at, S(""));
		s = slice_skip(s, 1);
	} else {
		s = add_until(p, s, " \t\r\n\"()");
	}
	p->strings++;
	if (p->text.len - before > STRING_MAX)
		findings_add(p->f, FINDING_PASTE_STRING_LONG, p->at, S(""));
	return s;
}

/* The data of a TXT record as a zone file writes it. */
static void add_rdata(struct pass *p, struct slice s)
{
	for (s = skip_blanks(s); s.len > 0; s = skip_blanks(s)) {
		if (s.p[0] == ';') {
			p->comment = true;
			s = slice_skip(s, slice_find(s, '\n'));
		} else if (s.p[0] == '(' || s.p[0] == ')') {
			s = slice_skip(s, 1);
		} else {
			s = add_string(p, s);
		}
	}
}

static bool has_open_semicolon(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == ';')
			return true;
	}
	return false;
}

/* A person who leaves the quotation marks out means the whole rest of the line. */
static void add_zone_data(struct pass *p, struct slice rdata)
{
	rdata = slice_trim(rdata);
	if (slice_find(rdata, '"') == SIZE_MAX && has_open_semicolon(rdata)) {
		findings_add(p->f, FINDING_PASTE_UNQUOTED, p->at, S(""));
		(void)add_until(p, rdata, ""); /* nothing stops it */
	} else {
		add_rdata(p, rdata);
	}
}

static struct slice next_token(struct slice *rest)
{
	struct slice s = skip_blanks(*rest), token;
	size_t n = 0;

	while (n < s.len && !is_blank(s.p[n]) && s.p[n] != '"')
		n++;
	token = slice_head(s, n);
	*rest = slice_skip(s, n);
	return token;
}

static bool is_ttl(struct slice s)
{
	if (s.len == 0 || !is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.p[i]) && strchr("smhdwSMHDW", s.p[i]) == NULL)
			return false;
	return true;
}

static bool is_class(struct slice s)
{
	return slice_eq_i(s, S("IN")) || slice_eq_i(s, S("CH")) || slice_eq_i(s, S("HS"));
}

static bool is_type(struct slice s)
{
	return slice_eq_i(s, S("TXT"));
}

/* "NAME descriptive text DATA" of host and "NAME text = DATA" of nslookup. */
static bool tool_line(struct slice rest, struct slice *rdata)
{
	struct slice first = next_token(&rest), second = next_token(&rest);

	if (!(slice_eq(first, S("descriptive")) && slice_eq(second, S("text"))) &&
	    !(slice_eq(first, S("text")) && slice_eq(second, S("="))))
		return false;
	*rdata = rest;
	return true;
}

/* "[NAME] [TTL] [CLASS] TXT DATA", TTL and class in either order. */
static bool zone_line(struct slice line, struct slice *owner, struct slice *rdata)
{
	struct slice rest = line, token = next_token(&rest), name = S("");

	if (!is_type(token) && !is_ttl(token) && !is_class(token)) {
		if (slice_find(token, '=') != SIZE_MAX || slice_find(token, ';') != SIZE_MAX)
			return false;
		name = token;
		if (tool_line(rest, rdata)) {
			*owner = name;
			return true;
		}
		token = next_token(&rest);
	}
	while (is_ttl(token) || is_class(token))
		token = next_token(&rest);
	if (!is_type(token))
		return false;
	*owner = name;
	*rdata = rest;
	return true;
}

static void remark(struct pass *p)
{
	if (p->quotes)
		findings_add(p->f, FINDING_PASTE_QUOTES, p->at, S(""));
	if (p->strings > 1)
		findings_add(p->f, FINDING_PASTE_STRINGS, p->at, S(""));
	if (p->escapes)
		findings_add(p->f, FINDING_PASTE_ESCAPES, p->at, S(""));
	if (p->comment)
		findings_add(p->f, FINDING_PASTE_COMMENT, p->at, S(""));
}

static void add_bare(struct pass *p, struct slice line)
{
	struct slice text = line;

	while (text.len > 0 && is_blank(text.p[text.len - 1]))
		text.len--;
	if (text.len < line.len)
		findings_add(p->f, FINDING_PASTE_BLANKS, p->at, S(""));
	(void)add_until(p, text, ""); /* nothing stops it */
}

static struct paste read_record(struct slice line, struct findings *f, unsigned number)
{
	struct pass p = { .f = f, .at = { number, 0 } };
	struct paste out = { { NULL, 0 }, { NULL, 0 } };
	struct slice rdata;

	buf_init(&p.text, PASTE_TEXT_MAX);
	if (slice_starts(skip_blanks(line), S("\""))) {
		add_rdata(&p, line);
	} else if (zone_line(line, &out.owner, &rdata)) {
		findings_add(f, FINDING_PASTE_ZONE_LINE, p.at,
		             slice_trim(slice_head(line, (size_t)(rdata.p - line.p))));
		add_zone_data(&p, rdata);
	} else {
		add_bare(&p, line);
	}
	remark(&p);
	out.text = arena_copy(f->arena, buf_slice(&p.text));
	buf_fini(&p.text);
	return out;
}

static enum err add(struct slice line, struct findings *f, struct pastes *out)
{
	if (out->count == PASTE_RECORDS_MAX)
		return ERR_LIMIT;
	if (out->count == out->cap) {
		size_t cap = out->cap == 0 ? 4 : out->cap * 2;
		struct paste *list = arena_calloc(f->arena, cap, sizeof(*list));

		if (out->cap > 0)
			memcpy(list, out->list, out->cap * sizeof(*list));
		out->list = list;
		out->cap = cap;
	}
	out->list[out->count] = read_record(line, f, (unsigned)out->count + 1);
	out->count++;
	return OK;
}

/* Takes one line off *rest; line ends between quotation marks or parentheses do not count. */
static struct slice next_line(struct slice *rest)
{
	bool quoted = false;
	size_t depth = 0, i;
	struct slice line;

	for (i = 0; i < rest->len; i++) {
		char c = rest->p[i];

		if (c == '\n' && !quoted && depth == 0)
			break;
		if (c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && !quoted && depth > 0)
			depth--;
	}
	line = slice_head(*rest, i);
	*rest = slice_skip(*rest, i + 1);
	return line;
}

static bool says_nothing(struct slice line)
{
	line = slice_trim(line);
	return line.len == 0 || line.p[0] == ';';
}

enum err paste_read(struct slice text, struct findings *f, struct pastes *out)
{
	struct slice rest = text;
	size_t lines = 0;

	if (text.len > PASTE_TEXT_MAX)
		return ERR_LIMIT;
	while (rest.len > 0)
		lines += !says_nothing(next_line(&rest));
	if (lines < 2 && slice_find(slice_trim(text), '\n') == SIZE_MAX)
		return add(text, f, out);

	if (lines > 1)
		findings_add(f, FINDING_PASTE_LINES, (struct finding_at){ 0, 0 }, S(""));
	for (rest = text; rest.len > 0;) {
		struct slice line = next_line(&rest);
		enum err e = says_nothing(line) ? OK : add(line, f, out);

		if (e != OK)
			return e;
	}
	return OK;
}

bool paste_owner_fits(struct slice owner, struct slice prefix)
{
	return slice_starts_i(owner, prefix) &&
	       (owner.len == prefix.len || owner.p[prefix.len] == '.');
}

#include "wire/imap.h"

#include "base/num.h"

/* The N of a line that ends in {N} or {N+}; false: it does not. */
static bool literal_size(struct slice line, uint64_t *out)
{
	size_t open = line.len;

	if (!slice_ends(line, S("}")))
		return false;
	while (open > 0 && line.p[open - 1] != '{')
		open--;
	if (open == 0)
		return false;
	struct slice digits = slice_head(slice_skip(line, open), line.len - open - 1);
	if (slice_ends(digits, S("+")))
		digits.len--;
	return num_parse_u64(digits, UINT32_MAX, out) == OK;
}

static struct slice without_cr(struct slice line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

enum err imap_frame_step(struct imap_frame *f, struct slice in, size_t max, size_t *len_out)
{
	uint64_t literal;

	while (f->pos <= in.len) {
		struct slice rest = slice_skip(in, f->pos);
		size_t end = slice_find(slice_skip(rest, f->seen), '\n');

		if (end == SIZE_MAX) {
			f->seen = rest.len;
			return in.len >= max ? ERR_LIMIT : ERR_AGAIN;
		}
		end += f->seen;
		f->seen = 0;
		f->pos += end + 1;
		if (!literal_size(without_cr(slice_head(rest, end)), &literal)) {
			if (f->pos > max)
				return ERR_LIMIT;
			*len_out = f->pos;
			*f = (struct imap_frame){ 0 };
			return OK;
		}
		if (literal > max || f->pos + (size_t)literal > max)
			return ERR_LIMIT;
		f->pos += (size_t)literal;
	}
	return ERR_AGAIN;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

static struct slice skip_spaces(struct slice s)
{
	while (s.len > 0 && is_space(s.p[0]))
		s = slice_skip(s, 1);
	return s;
}

/* A word of letters and digits, taken off *rest. */
static struct slice next_word(struct slice *rest)
{
	struct slice s = skip_spaces(*rest);
	size_t n = 0;

	while (n < s.len && !is_space(s.p[n]))
		n++;
	*rest = slice_skip(s, n);
	return slice_head(s, n);
}

static const struct {
	const char *word;
	enum imap_kind kind;
} untagged[] = {
	{ "BYE", IMAP_BYE }, { "CAPABILITY", IMAP_CAPABILITY }, { "SEARCH", IMAP_SEARCH },
	{ "OK", IMAP_CODE }, { "EXISTS", IMAP_EXISTS },         { "FETCH", IMAP_FETCH },
};

static enum imap_kind untagged_kind(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(untagged); i++)
		if (slice_eq_i(word, slice_str(untagged[i].word)))
			return untagged[i].kind;
	return IMAP_OTHER;
}

static enum imap_kind tagged_kind(struct slice word)
{
	return slice_eq_i(word, S("OK")) ? IMAP_OK : slice_eq_i(word, S("NO")) ? IMAP_NO : IMAP_BAD;
}

static void parse_untagged(struct slice rest, struct imap_response *r)
{
	struct slice word = next_word(&rest);
	bool numbered = num_parse_u64(word, UINT32_MAX, &r->number) == OK;

	if (numbered)
		word = next_word(&rest);
	r->kind = untagged_kind(word);
	if (numbered != (r->kind == IMAP_EXISTS || r->kind == IMAP_FETCH))
		r->kind = IMAP_OTHER;
	r->text = skip_spaces(rest);
}

enum err imap_response_parse(struct slice response, struct slice tag, struct imap_response *out)
{
	struct imap_response r = { .kind = IMAP_OTHER };
	struct slice rest = response, first = next_word(&rest);

	if (first.len == 0)
		return ERR_SYNTAX;
	if (slice_eq(first, S("*"))) {
		parse_untagged(rest, &r);
	} else if (slice_eq(first, S("+"))) {
		r.kind = IMAP_GO_ON;
		r.text = skip_spaces(rest);
	} else if (slice_eq(first, tag)) {
		r.kind = tagged_kind(next_word(&rest));
		r.text = skip_spaces(rest);
	} else {
		return ERR_SYNTAX;
	}
	r.text = slice_trim(r.text);
	*out = r;
	return OK;
}

bool imap_code_number(struct slice text, struct slice name, uint64_t *out)
{
	struct slice inside, rest, word;

	if (!slice_starts(text, S("[")) || !slice_cut(slice_skip(text, 1), ']', &inside, &rest))
		return false;
	word = next_word(&inside);
	return slice_eq_i(word, name) && num_parse_u64(next_word(&inside), UINT32_MAX, out) == OK;
}

bool imap_has_word(struct slice text, struct slice word)
{
	struct slice w;

	while ((w = next_word(&text)).len > 0)
		if (slice_eq_i(w, word))
			return true;
	return false;
}

bool imap_next_number(struct slice *rest, uint64_t *out)
{
	return num_parse_u64(next_word(rest), UINT32_MAX, out) == OK;
}

/* Behind the opening quote; false: it never closes. */
static bool take_quoted(struct slice *rest, struct slice *out)
{
	struct slice s = slice_skip(*rest, 1);

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\') {
			i++;
		} else if (s.p[i] == '"') {
			*out = slice_head(s, i);
			*rest = slice_skip(s, i + 1);
			return true;
		}
	}
	return false;
}

static bool take_literal(struct slice *rest, struct slice *out)
{
	size_t end = slice_find(*rest, '\n');
	uint64_t n;

	if (end == SIZE_MAX || !literal_size(without_cr(slice_head(*rest, end)), &n))
		return false;
	struct slice bytes = slice_skip(*rest, end + 1);
	if (n > bytes.len)
		return false;
	*out = slice_head(bytes, (size_t)n);
	*rest = slice_skip(bytes, (size_t)n);
	return true;
}

static bool take_atom(struct slice *rest, struct slice *out)
{
	size_t n = 0;

	while (n < rest->len && !is_space(rest->p[n]) &&
	       slice_find(S("()\"{"), rest->p[n]) == SIZE_MAX)
		n++;
	*out = slice_eq_i(slice_head(*rest, n), S("NIL")) ? slice_of(rest->p, 0)
	                                                  : slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return n > 0;
}

bool imap_next_string(struct slice *rest, struct slice *out)
{
	struct slice s = skip_spaces(*rest);
	bool good = s.len > 0;

	if (good)
		good = s.p[0] == '"'   ? take_quoted(&s, out)
		       : s.p[0] == '{' ? take_literal(&s, out)
		                       : take_atom(&s, out);
	if (good)
		*rest = s;
	return good;
}

bool imap_skip_value(struct slice *rest)
{
	struct slice s = *rest, value;
	unsigned depth = 0;

	do {
		s = skip_spaces(s);
		if (slice_starts(s, S("("))) {
			if (++depth > IMAP_DEPTH_MAX)
				return false;
			s = slice_skip(s, 1);
		} else if (depth > 0 && slice_starts(s, S(")"))) {
			depth--;
			s = slice_skip(s, 1);
		} else if (!imap_next_string(&s, &value)) {
			return false;
		}
	} while (depth > 0);
	*rest = s;
	return true;
}

/* The name of an item: up to a blank, but "BODY[HEADER.FIELDS (A B)]" is one. */
static struct slice item_name(struct slice *rest)
{
	struct slice s = skip_spaces(*rest);
	size_t n = 0;
	bool inside = false;

	while (n < s.len && (inside || (!is_space(s.p[n]) && s.p[n] != ')'))) {
		inside = s.p[n] == '[' || (inside && s.p[n] != ']');
		n++;
	}
	*rest = slice_skip(s, n);
	return slice_head(s, n);
}

static bool take_number(struct slice *rest, uint64_t *out, bool *has)
{
	struct slice value;

	*has = imap_next_string(rest, &value) && num_parse_u64(value, INT64_MAX, out) == OK;
	return *has;
}

static bool take_item(struct slice *rest, struct imap_fetch *f)
{
	struct slice name = item_name(rest), before = skip_spaces(*rest);

	if (slice_eq_i(name, S("UID")))
		return take_number(rest, &f->uid, &f->has_uid);
	if (slice_eq_i(name, S("RFC822.SIZE")))
		return take_number(rest, &f->size, &f->has_size);
	if (slice_eq_i(name, S("BODY[]"))) {
		f->has_body = true;
		return imap_next_string(rest, &f->body);
	}
	if (slice_starts_i(name, S("BODY[HEADER")))
		return imap_next_string(rest, &f->header);
	if (name.len == 0 || !imap_skip_value(rest))
		return false;
	if (slice_eq_i(name, S("BODYSTRUCTURE")))
		f->structure = slice_head(before, (size_t)(rest->p - before.p));
	return true;
}

enum err imap_fetch_parse(struct slice text, struct imap_fetch *out)
{
	struct imap_fetch f = { .has_uid = false };
	struct slice rest = text;

	if (!slice_starts(rest, S("(")))
		return ERR_SYNTAX;
	rest = skip_spaces(slice_skip(rest, 1));
	while (rest.len > 0 && rest.p[0] != ')') {
		if (!take_item(&rest, &f))
			return ERR_SYNTAX;
		rest = skip_spaces(rest);
	}
	if (rest.len == 0)
		return ERR_SYNTAX;
	*out = f;
	return OK;
}

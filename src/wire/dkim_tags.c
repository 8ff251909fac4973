#include "wire/dkim_tags.h"

#include "base/enc.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(struct slice s)
{
	if (s.len == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!is_alpha(s.p[i]) && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
			return false;
	return true;
}

/* Blanks, folds and visible characters; what is not ASCII is for the tag's own rules to refuse. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
			return false;
	}
	return true;
}

static enum err add_tag(struct slice spec, struct dkim_tags *t)
{
	struct dkim_tag tag;

	if (t->count == DKIM_TAGS_MAX)
		return ERR_LIMIT;
	if (!slice_cut(spec, '=', &tag.name, &tag.whole))
		return ERR_SYNTAX;
	tag.name = slice_trim(tag.name);
	tag.value = slice_trim(tag.whole);
	if (!is_name(tag.name) || !is_value(tag.value))
		return ERR_SYNTAX;
	for (size_t i = 0; i < t->count; i++)
		if (slice_eq(t->tag[i].name, tag.name))
			return ERR_SYNTAX;
	t->tag[t->count++] = tag;
	return OK;
}

enum err dkim_tags_parse(struct slice text, struct dkim_tags *out)
{
	struct slice rest = text, spec;
	enum err e = OK;

	if (text.len > DKIM_LIST_MAX)
		return ERR_LIMIT;
	out->count = 0;
	while (e == OK && slice_next(&rest, ';', &spec)) {
		if (rest.len == 0 && slice_trim(spec).len == 0)
			break; /* only blanks follow the last semicolon */
		e = add_tag(spec, out);
	}
	if (e == OK && out->count == 0)
		e = ERR_SYNTAX;
	return e;
}

const struct dkim_tag *dkim_tags_find(const struct dkim_tags *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_eq(t->tag[i].name, slice_str(name)))
			return &t->tag[i];
	return NULL;
}

struct slice dkim_tags_value(const struct dkim_tags *t, const char *name, struct slice preset)
{
	const struct dkim_tag *tag = dkim_tags_find(t, name);

	return tag == NULL ? preset : tag->value;
}

bool dkim_item_next(struct slice *rest, struct slice *item_out)
{
	if (rest->p == NULL)
		return false;
	if (slice_cut(*rest, ':', item_out, rest)) {
		*item_out = slice_trim(*item_out);
		return true;
	}
	*item_out = slice_trim(*rest);
	*rest = (struct slice){ NULL, 0 };
	return true;
}

enum err dkim_base64(struct slice text, struct buf *out)
{
	char solid[DKIM_LIST_MAX];
	size_t n = 0;

	if (text.len > sizeof(solid))
		return ERR_LIMIT;
	for (size_t i = 0; i < text.len; i++)
		if (slice_find(S(" \t\r\n"), text.p[i]) == SIZE_MAX)
			solid[n++] = text.p[i];
	return enc_unbase64(slice_of(solid, n), out);
}

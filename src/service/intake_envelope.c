#include "service/intake_envelope.h"

static bool fits(const struct envelope *e)
{
	bool good = e->peer.len <= ENVELOPE_PEER_MAX && e->sender.len <= ENVELOPE_SENDER_MAX &&
	            e->tag_count <= ENVELOPE_TAGS_MAX;

	for (size_t i = 0; good && i < e->tag_count; i++)
		good = e->tags[i].len > 0 && e->tags[i].len <= ENVELOPE_TAG_MAX;
	return good;
}

/* Blanks and commas stand between the words. */
static bool is_word(struct slice s)
{
	return slice_find(s, ' ') == SIZE_MAX && slice_find(s, ',') == SIZE_MAX;
}

enum err envelope_format(const struct envelope *e, struct buf *out)
{
	if (!fits(e))
		return ERR_LIMIT;
	for (size_t i = 0; i < e->tag_count; i++) {
		if (!is_word(e->tags[i]))
			return ERR_SYNTAX;
	}
	if (!is_word(e->peer))
		return ERR_SYNTAX;
	buf_add(out, e->peer.len > 0 ? e->peer : S("-"));
	buf_add_char(out, ' ');
	for (size_t i = 0; i < e->tag_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		buf_add(out, e->tags[i]);
	}
	buf_add(out, e->tag_count == 0 ? S("- ") : S(" "));
	buf_add(out, e->sender);
	return buf_status(out);
}

static enum err read_tags(struct slice text, struct envelope *e)
{
	struct slice tag;

	if (slice_eq(text, S("-")))
		return OK;
	while (slice_next(&text, ',', &tag)) {
		if (e->tag_count == ENVELOPE_TAGS_MAX)
			return ERR_LIMIT;
		if (tag.len == 0)
			return ERR_SYNTAX;
		e->tags[e->tag_count++] = tag;
	}
	return e->tag_count > 0 ? OK : ERR_SYNTAX;
}

enum err envelope_parse(struct slice line, struct envelope *out)
{
	struct envelope e = { .tag_count = 0 };
	struct slice tags;
	enum err result;

	if (!slice_cut(line, ' ', &e.peer, &line) || !slice_cut(line, ' ', &tags, &e.sender))
		return ERR_SYNTAX;
	if (slice_eq(e.peer, S("-")))
		e.peer.len = 0;
	result = read_tags(tags, &e);
	if (result == OK && !fits(&e))
		result = ERR_LIMIT;
	if (result == OK)
		*out = e;
	return result;
}

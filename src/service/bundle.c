#include "service/bundle.h"

struct head {
	uint32_t kind, name_len;
	uint64_t bytes_len;
};

_Static_assert(sizeof(struct head) == BUNDLE_HEAD_SIZE, "the head has no holes");

void bundle_head(const struct bundle_item *item, unsigned char out[BUNDLE_HEAD_SIZE])
{
	struct head h = { item->kind, (uint32_t)item->name.len, item->bytes.len };

	memcpy(out, &h, sizeof(h));
}

void bundle_add(const struct bundle_item *item, struct buf *out)
{
	unsigned char head[BUNDLE_HEAD_SIZE];

	bundle_head(item, head);
	buf_add(out, slice_of(head, sizeof(head)));
	buf_add(out, item->name);
	buf_add(out, item->bytes);
}

enum err bundle_next(struct slice *rest, struct bundle_item *out)
{
	struct slice s = *rest;
	struct head h;

	if (s.len == 0)
		return ERR_NOTFOUND;
	if (s.len < sizeof(h))
		return ERR_SYNTAX;
	memcpy(&h, s.p, sizeof(h));
	s = slice_skip(s, sizeof(h));
	if (h.name_len > s.len || h.bytes_len > s.len - h.name_len)
		return ERR_SYNTAX;
	*out = (struct bundle_item){ h.kind, slice_head(s, h.name_len),
		                     slice_head(slice_skip(s, h.name_len), (size_t)h.bytes_len) };
	*rest = slice_skip(s, h.name_len + (size_t)h.bytes_len);
	return OK;
}

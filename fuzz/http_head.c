/* HTTP heads: pieces change nothing, a prefix is never a head, and what is taken obeys the rules.
 */
#include <assert.h>

#include "wire/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct slice part, const uint8_t *data, size_t size)
{
	const char *start = (const char *)data;

	return part.len == 0 || (part.p >= start && part.p + part.len <= start + size);
}

static void check_head(const struct http_head *h, const uint8_t *data, size_t size)
{
	assert(h->size <= size && h->size <= HTTP_HEAD_MAX);
	assert(h->field_count > 0 && h->field_count <= HTTP_FIELDS_MAX);
	assert(h->host.len > 0 && h->host.len <= HTTP_HOST_MAX && inside(h->host, data, size));
	assert(h->path.len > 0 && (h->path.p[0] == '/' || h->path.p[0] == '*'));
	assert(inside(h->path, data, size) && inside(h->query, data, size));
	assert(!(h->chunked && h->has_length) && h->length <= HTTP_LENGTH_MAX);
	assert(http_head_get(h, S("Host"), NULL) == 1);
	assert(memcmp(data + h->size - 4, "\r\n\r\n", 4) == 0);
	for (size_t i = 0; i < h->field_count; i++) {
		assert(inside(h->fields[i].name, data, size) && h->fields[i].name.len > 0);
		assert(inside(h->fields[i].value, data, size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_reader whole = { 0 }, pieces = { 0 };
	struct http_head a = { 0 }, b = { 0 };
	enum err all = http_head_read(&whole, slice_of(data, size), &a, NULL), some = ERR_AGAIN;
	size_t step = size == 0 ? 1 : 1 + data[0] % 7u;

	for (size_t n = 0; some == ERR_AGAIN; n = n + step < size ? n + step : size) {
		some = http_head_read(&pieces, slice_of(data, n), &b, NULL);
		if (n == size)
			break;
	}
	assert(all == some && whole.status == pieces.status && a.size == b.size);
	assert((all == OK || all == ERR_AGAIN) == (whole.status == 0));
	if (all == OK)
		check_head(&a, data, size);
	return 0;
}

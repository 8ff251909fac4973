/* What was added to the archive a moment ago goes to a reader from memory. */
#include "net/clock.h"
#include "service/intake_internal.h"

#define FRESH_MAX (8u << 20) /* bytes of all; the others are read back from the archive */
#define FRESH_ONE_MAX (256u << 10)
#define GATHER_MS 40 /* how long the first one waits for others to be read together */

void fresh_add(struct intake *in, const struct archive_record *r)
{
	size_t size = r->hint.len + r->bytes.len;
	struct item *it;

	if (size > FRESH_ONE_MAX || in->fresh_bytes + size > FRESH_MAX)
		return;
	it = item_new(ITEM_ARCHIVED);
	buf_add(&it->store, r->hint);
	buf_add(&it->store, r->bytes);
	it->record = *r;
	it->record.hint = slice_head(buf_slice(&it->store), r->hint.len);
	it->record.bytes = slice_skip(buf_slice(&it->store), r->hint.len);
	in->fresh_bytes += size;
	queue_add(&in->fresh, it);
}

static struct item *take_first(struct intake *in)
{
	struct item *it = queue_take(&in->fresh);

	in->fresh_bytes -= it->store.len;
	if (in->fresh.count == 0)
		in->fresh_ms = 0;
	return it;
}

struct item *fresh_take(struct intake *in, struct archive_pos at)
{
	while (in->fresh.count > 0 && archive_pos_cmp(in->fresh.first->record.at, at) < 0)
		item_free(take_first(in));
	if (in->fresh.count > 0 && archive_pos_cmp(in->fresh.first->record.at, at) == 0)
		return take_first(in);
	return NULL;
}

void fresh_forget(struct intake *in, struct archive_pos end)
{
	struct queue kept;
	struct item *it;

	queue_init(&kept);
	while (in->fresh.count > 0) {
		it = take_first(in);
		if (archive_pos_cmp(it->record.at, end) < 0) {
			in->fresh_bytes += it->store.len;
			queue_add(&kept, it);
		} else {
			item_free(it);
		}
	}
	while ((it = queue_take(&kept)) != NULL)
		queue_add(&in->fresh, it);
}

int64_t fresh_wait_ms(struct intake *in)
{
	int64_t now = clock_mono_ms();

	if (in->fresh.count == 0 || in->fresh.count >= READER_BATCH_MAX || in->draining)
		return 0;
	if (in->fresh_ms == 0)
		in->fresh_ms = now;
	return in->fresh_ms + GATHER_MS > now ? in->fresh_ms + GATHER_MS - now : 0;
}

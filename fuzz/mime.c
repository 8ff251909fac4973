/* A mail taken apart: bounds hold, and the short way gives what GMime gives. */
#include <assert.h>

#include "wire/mime_plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_messages(const struct mime_message *fast, const struct mime_message *slow)
{
	assert(slice_eq(fast->type, slow->type));
	assert(slice_eq(fast->report_type, slow->report_type));
	assert(slice_eq(fast->subject, slow->subject));
	assert(slice_eq(fast->from, slow->from));
	assert(slice_eq(fast->date, slow->date));
	assert(slice_eq(fast->message_id, slow->message_id));
	assert(slice_eq(fast->report_domain, slow->report_domain));
	assert(slice_eq(fast->report_submitter, slow->report_submitter));
	assert(fast->report_domains == slow->report_domains);
	assert(fast->has_time == slow->has_time && fast->time == slow->time);
	assert(fast->unclosed == slow->unclosed && fast->damaged == slow->damaged);
}

static void compare(const struct mime *fast, const struct mime *slow)
{
	assert(fast->message_count == 1 && slow->message_count == 1);
	compare_messages(fast->messages, slow->messages);
	assert(fast->part_count == slow->part_count);
	for (size_t i = 0; i < fast->part_count; i++) {
		assert(slice_eq(fast->parts[i].type, slow->parts[i].type));
		assert(slice_eq(fast->parts[i].file_name, slow->parts[i].file_name));
		assert(slice_eq(fast->parts[i].content, slow->parts[i].content));
		assert(slice_eq(fast->parts[i].raw, slow->parts[i].raw));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_of(data, size);
	struct arena *arena = arena_new();
	struct mime fast = { 0 }, slow = { 0 };
	enum err e = mime_read_slow(message, arena, &slow, NULL);

	if (e == OK)
		assert(slow.message_count <= MIME_PARTS_MAX && slow.part_count <= MIME_PARTS_MAX);
	if (e != ERR_LIMIT && mime_plain(message, arena, &fast) == OK) {
		assert(e == OK);
		compare(&fast, &slow);
	}
	arena_free(arena);
	return 0;
}

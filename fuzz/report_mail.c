/*
 * Reports in mail of every form: there is always a report or a refusal, and every refusal says why.
 */
#include <assert.h>

#include "tlsrpt/report_mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct report_item *item)
{
	if (item->fault.code != FAULT_NONE)
		assert(item->fault.why != NULL);
	assert(slice_find(item->hint, '\0') == SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct arena *a = arena_new();
	struct reports reports = { 0 };

	reports_read(bytes, FORM_MAIL, (struct slice){ NULL, 0 }, a, &reports);
	assert(reports.count > 0);
	for (size_t i = 0; i < reports.count; i++)
		check_item(&reports.items[i]);
	arena_free(a);
	return 0;
}

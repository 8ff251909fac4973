/* What a CA says: problem documents become printable words, URLs are taken apart or refused. */
#include <assert.h>

#include "net/acme_internal.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problem(struct slice text)
{
	struct arena *a = arena_new();
	struct acme_problem p;
	json_t *body = NULL;

	if (json_read(text, &json_limits_small, &body, NULL, NULL) != OK)
		body = NULL;
	acme_problem_read(body, 400, a, &p);
	assert(p.words[0] != '\0' && slice_is_printable(slice_str(p.words)));
	assert(slice_is_printable(slice_str(p.type)));
	json_decref(body);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fetch_url url;
	struct slice text = slice_of(data, size);

	check_problem(text);
	if (fetch_url_parse(text, &url) == OK)
		assert(url.host[0] != '\0' && url.path[0] == '/' && url.port > 0);
	int64_t wait = acme_retry_after(text, 1800000000);
	assert(wait >= 0 && wait <= ACME_RETRY_MAX);
	return 0;
}

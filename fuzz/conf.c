/* Configuration files: never a crash, and what is good reads back as printed. */
#include <assert.h>

#include "app/conf.h"

static void reads_back(const struct conf *c, struct arena *a)
{
	struct conf_errors errors = { .arena = a };
	struct conf_setting was, is;
	struct conf *again = NULL;
	struct buf text;
	enum err e;

	buf_init(&text, 4 * CONF_FILE_MAX);
	conf_print(c, &text);
	e = conf_parse(buf_slice(&text), "printed", &again, &errors);
	assert(e == OK);
	for (size_t i = 0; conf_nth(c, i, &was) && conf_nth(again, i, &is); i++)
		assert(strcmp(was.value, is.value) == 0);
	conf_free(again);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = NULL;
	enum err e = conf_parse(slice_of(data, size), "f", &c, &errors);

	assert((e == OK) == (c != NULL) && (e == OK) == (errors.count == 0));
	if (c != NULL)
		reads_back(c, errors.arena);
	conf_free(c);
	arena_free(errors.arena);
	return 0;
}

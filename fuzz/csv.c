/*
 * Tables of text: ceilings hold, lines only go forward, reading ends, and what was read comes out
 * the same when it is written and read again.
 */
#include <assert.h>

#include "wire/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct csv_record *r)
{
	struct csv_record again;
	struct buf text;
	struct csv c;

	buf_init(&text, 4 * CSV_RECORD_MAX);
	for (size_t i = 0; i < r->count; i++) {
		if (i > 0)
			buf_add_char(&text, ',');
		csv_add_field(&text, r->fields[i]);
	}
	csv_init(&c, buf_slice(&text));
	assert(csv_next(&c, &again, NULL) == OK && again.count == r->count);
	for (size_t i = 0; i < r->count; i++)
		assert(slice_eq(again.fields[i], r->fields[i]));
	assert(csv_next(&c, &again, NULL) == ERR_NOTFOUND);
	csv_fini(&c);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_record r;
	struct diag d = { .why = NULL };
	unsigned line = 0;
	size_t turns = 0;
	struct csv c;
	enum err e;

	csv_init(&c, slice_of(data, size));
	while ((e = csv_next(&c, &r, &d)) != ERR_NOTFOUND) {
		size_t bytes = 0;

		assert(turns++ <= size);
		if (e != OK) {
			assert(d.why != NULL && d.line > line);
			line = d.line;
			continue;
		}
		assert(r.line > line && r.count >= 1 && r.count <= CSV_FIELDS_MAX);
		line = r.line;
		for (size_t i = 0; i < r.count; i++) {
			bytes += r.fields[i].len;
			assert(slice_is_utf8(r.fields[i]));
		}
		assert(bytes <= CSV_RECORD_MAX);
		read_again(&r);
	}
	csv_fini(&c);
	return 0;
}

/*
 * TXT records, as resolvers return them and as people paste them; a byte 0xff separates several
 * of one name.  What is read can be written, and is then read as the same.
 */
#include <assert.h>

#include "mtasts/record.h"
#include "tlsrpt/txt_lint.h"

#define TEXTS_MAX 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_id(struct arena *a, struct slice id)
{
	struct findings f = findings_in(a);
	struct record again;
	struct buf b;

	buf_init(&b, RECORD_TEXT_MAX);
	assert(record_format(&(struct record){ id }, &b) == OK);
	assert(record_read(buf_slice(&b), 1, &f, &again) == OK && f.len == 0);
	assert(slice_eq(again.id, id));
	buf_fini(&b);
}

static void check_rua(struct arena *a, const struct tlsrpt_record *r)
{
	struct slice *uris = arena_calloc(a, r->rua_count, sizeof(*uris));
	struct findings f = findings_in(a);
	struct tlsrpt_record again;
	struct buf b;

	for (size_t i = 0; i < r->rua_count; i++)
		uris[i] = r->rua[i].uri;
	buf_init(&b, RECORD_TEXT_MAX);
	if (tlsrpt_record_format(uris, r->rua_count, &b) == OK) {
		assert(tlsrpt_record_read(buf_slice(&b), 1, &f, &again) == OK);
		assert(again.rua_count == r->rua_count);
		for (size_t i = 0; i < r->rua_count; i++)
			assert(slice_eq(again.rua[i].uri, uris[i]));
	} else {
		assert(b.full); /* the one blank more than was read */
	}
	buf_fini(&b);
}

static void check_set(struct arena *a, const struct slice *texts, size_t count)
{
	struct findings sts = findings_in(a), rpt = findings_in(a);
	struct record record;
	struct tlsrpt_record tlsrpt;

	if (record_set_read(texts, count, &sts, &record) == OK) {
		assert(!findings_fail(&sts));
		check_id(a, record.id);
	} else {
		assert(findings_fail(&sts));
	}
	if (tlsrpt_record_set_read(texts, count, &rpt, &tlsrpt) == OK) {
		assert(!findings_fail(&rpt) && tlsrpt.rua_count > 0);
		for (size_t i = 0; i < tlsrpt.rua_count; i++)
			assert(slice_find(tlsrpt.rua[i].address, '\0') == SIZE_MAX &&
			       slice_find(tlsrpt.rua[i].address, '\r') == SIZE_MAX &&
			       slice_find(tlsrpt.rua[i].address, '\n') == SIZE_MAX);
		check_rua(a, &tlsrpt);
	} else {
		assert(findings_fail(&rpt));
	}
}

static void check_pasted(struct arena *a, const struct slice *texts, size_t count)
{
	struct findings f = findings_in(a);
	struct txt_lint lint;

	if (txt_lint_read(texts, count, &f, &lint) != OK)
		return; /* too many records */
	assert(lint.valid == !findings_fail(&f));
	for (size_t i = 0; i < f.len; i++)
		assert(slice_is_printable(slice_str(f.list[i].message)));
	if (lint.id.len > 0)
		check_id(a, lint.id);
	if (lint.valid && lint.kind == TXT_TLSRPT)
		check_rua(a, &lint.tlsrpt);
	if (lint.valid)
		assert((lint.kind == TXT_STS) == (lint.id.len > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), texts[TEXTS_MAX] = { { NULL, 0 } };
	struct arena *a = arena_new();
	size_t count = 0;

	while (count < TEXTS_MAX && slice_next(&rest, '\xff', &texts[count]))
		count++;
	check_set(a, texts, count);
	check_pasted(a, texts, count);
	arena_free(a);
	return 0;
}

/*
 * What an IMAP server sends: where each response ends does not depend on how the bytes come in
 * pieces, nothing is read beyond it, and slices lie within it.
 */
#include <assert.h>

#include "tlsrpt/sift.h"
#include "wire/imap.h"

#define MAX 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct slice part, struct slice all)
{
	assert(part.len == 0 || (part.p >= all.p && part.p + part.len <= all.p + all.len));
}

static void read_fetch(struct slice text)
{
	struct imap_fetch f;

	if (imap_fetch_parse(text, &f) != OK)
		return;
	within(f.structure, text);
	within(f.header, text);
	within(f.body, text);
	(void)sift_may_hold_report(f.structure, f.header); /* any answer */
	(void)sift_claims_report(f.body);
}

static void read_response(struct slice response)
{
	struct imap_response r;
	struct slice rest;
	uint64_t n;

	if (imap_response_parse(response, S("m1"), &r) != OK)
		return;
	within(r.text, response);
	(void)imap_code_number(r.text, S("UIDVALIDITY"), &n); /* any answer */
	(void)imap_has_word(r.text, S("MOVE"));
	for (rest = r.text; imap_next_number(&rest, &n);)
		assert(n <= UINT32_MAX);
	if (r.kind == IMAP_FETCH)
		read_fetch(r.text);
}

/* The same end when one byte comes after the other. */
static void check_pieces(struct slice in, enum err want, size_t want_len)
{
	struct imap_frame f = { 0 };
	size_t len = 0;
	enum err e = ERR_AGAIN;

	for (size_t n = 0; e == ERR_AGAIN && n <= in.len; n++)
		e = imap_frame_step(&f, slice_head(in, n), MAX, &len);
	assert(e == want && len == want_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	while (in.len > 0) {
		struct imap_frame f = { 0 };
		size_t len = 0;
		enum err e = imap_frame_step(&f, in, MAX, &len);

		if (size <= 2 * MAX)
			check_pieces(in, e, len);
		if (e != OK)
			break;
		assert(len > 0 && len <= in.len && len <= MAX);
		read_response(slice_head(in, len));
		in = slice_skip(in, len);
	}
	(void)sift_may_hold_report(slice_of(data, size), S("")); /* any answer */
	return 0;
}

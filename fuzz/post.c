/* A report by POST: pieces change nothing, and everything held is released. */
#include <assert.h>

#include "../tests/unit/script.h"
#include "service/intake_post.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HELD_MAX 4096u
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"

struct place {
	struct buf stored;
	size_t held;
};

static struct post_verdict admit(void *arg, struct slice tag)
{
	(void)arg;
	assert(tag.len > 0 && tag.len <= POST_TAG_MAX);
	return (struct post_verdict){ .status = tag.p[0] == 'x' ? 429 : 0, .retry_after = 60 };
}

static bool hold(void *arg, size_t size)
{
	struct place *p = arg;

	if (size > HELD_MAX - p->held)
		return false;
	p->held += size;
	return true;
}

static void release(void *arg, size_t size)
{
	struct place *p = arg;

	assert(size <= p->held);
	p->held -= size;
}

static void store(void *arg, struct post *post, struct slice tag, struct slice body)
{
	struct place *p = arg;

	buf_add(&p->stored, tag);
	buf_add(&p->stored, body);
	post_stored(post, body.len % 2 == 0 ? 200 : 201);
}

static enum err play(struct slice in, size_t step, struct buf *out, struct buf *stored)
{
	struct script script = { .in = in, .step = step };
	struct stream stream = script_stream(&script);
	struct place place = { .held = 0 };
	struct post_owner owner = { admit, hold, release, store, &place };
	struct post p;
	enum err e;

	buf_init(&script.out, 1u << 16);
	buf_init(&place.stored, 1u << 16);
	post_init(&p, &stream, &owner, "r.example");
	e = post_step(&p);
	assert(e == OK || e == ERR_CLOSED);
	post_fini(&p);
	assert(place.held == 0);
	*out = script.out;
	*stored = place.stored;
	return e;
}

/* Whether a client is told to go on depends on whether it has gone on already. */
static struct slice final_answer(const struct buf *out)
{
	struct slice s = buf_slice(out);

	return slice_starts(s, S(INTERIM)) ? slice_skip(s, sizeof(INTERIM) - 1) : s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out[2], stored[2];
	struct slice in = slice_of(data, size);
	enum err all, some;

	if (size < 1)
		return 0;
	in = slice_skip(in, 1);
	all = play(in, size, &out[0], &stored[0]);
	some = play(in, 1u + data[0] % 7u, &out[1], &stored[1]);
	assert(all == some && slice_eq(buf_slice(&stored[0]), buf_slice(&stored[1])));
	assert(slice_eq(final_answer(&out[0]), final_answer(&out[1])));
	assert(out[0].len == 0 || slice_starts(buf_slice(&out[0]), S("HTTP/1.1 ")));
	for (size_t i = 0; i < 2; i++) {
		buf_fini(&out[i]);
		buf_fini(&stored[i]);
	}
	return 0;
}

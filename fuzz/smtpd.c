/* An SMTP or LMTP connection: pieces change nothing, and everything held is released. */
#include <assert.h>

#include "../tests/unit/script.h"
#include "service/smtpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HELD_MAX 4096u

struct place {
	struct buf stored;
	size_t held;
};

static enum smtpd_known recipient(void *arg, struct slice local, struct slice domain,
                                  char tag_out[ENVELOPE_TAG_MAX + 1])
{
	(void)arg;
	if (slice_eq_i(local, S("postmaster")))
		return SMTPD_KNOWN;
	if (!slice_eq_i(domain, S("r.example")))
		return SMTPD_ELSEWHERE;
	if (!slice_starts(local, S("r-")) || local.len > ENVELOPE_TAG_MAX || local.len < 3)
		return local.len % 2 == 0 ? SMTPD_UNKNOWN : SMTPD_LATER;
	if (slice_find(local, ',') != SIZE_MAX || slice_find(local, ' ') != SIZE_MAX)
		return SMTPD_UNKNOWN; /* tags are letters and digits */
	memcpy(tag_out, local.p + 2, local.len - 2);
	tag_out[local.len - 2] = '\0';
	return SMTPD_KNOWN;
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

static void store(void *arg, struct smtpd *s, const struct envelope *e, struct slice bytes)
{
	struct place *p = arg;
	struct envelope back;
	struct buf line;

	buf_init(&line, ENVELOPE_TEXT_MAX);
	assert(envelope_format(e, &line) == OK);
	assert(envelope_parse(buf_slice(&line), &back) == OK && back.tag_count == e->tag_count);
	buf_add(&p->stored, buf_slice(&line));
	buf_add(&p->stored, bytes);
	buf_fini(&line);
	smtpd_stored(s, bytes.len % 5 == 0 ? SMTPD_USED_UP : SMTPD_STORED);
}

static bool has_tls(void *arg)
{
	(void)arg;
	return false;
}

/* Never called: TLS is not offered. */
static void start_tls(void *arg, struct stream *io)
{
	(void)arg;
	(void)io;
	assert(false);
}

static enum err handshake(void *arg, struct stream *io)
{
	(void)arg;
	(void)io;
	return ERR_IO;
}

static enum err play(struct slice in, size_t step, bool lmtp, struct buf *out, struct buf *stored)
{
	struct script script = { .in = in, .step = step };
	struct stream stream = script_stream(&script);
	struct place place = { .held = 0 };
	struct smtpd_owner owner = { recipient, hold,      release,   store,
		                     has_tls,   start_tls, handshake, &place };
	struct smtpd s;
	enum err e;

	buf_init(&script.out, 1u << 20);
	buf_init(&place.stored, 1u << 20);
	smtpd_init(&s, &stream, &owner, "r.example", S(""), lmtp);
	e = smtpd_step(&s);
	assert(e == OK || e == ERR_CLOSED);
	smtpd_fini(&s);
	assert(place.held == 0);
	*out = script.out;
	*stored = place.stored;
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct buf out[2], stored[2];
	enum err all, some;

	if (size < 2)
		return 0;
	in = slice_skip(in, 2);
	all = play(in, size, data[1] % 2 == 1, &out[0], &stored[0]);
	some = play(in, 1u + data[0] % 7u, data[1] % 2 == 1, &out[1], &stored[1]);
	assert(all == some && slice_eq(buf_slice(&stored[0]), buf_slice(&stored[1])));
	/* Replies that wait for more input are written with what comes next, or not at all. */
	assert(slice_eq(buf_slice(&out[0]), buf_slice(&out[1])));
	for (size_t i = 0; i < 2; i++) {
		buf_fini(&out[i]);
		buf_fini(&stored[i]);
	}
	return 0;
}

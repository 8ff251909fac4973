/* A stream that plays a script in pieces of step bytes and keeps what is written. */
#ifndef TESTS_UNIT_SCRIPT_H
#define TESTS_UNIT_SCRIPT_H

#include "base/buf.h"
#include "net/loop.h"
#include "net/stream.h"

struct script {
	struct slice in;
	size_t step;
	struct buf out;
	bool open; /* no end of input behind the script */
	bool finished;
};

static inline enum err script_read(struct stream *s, void *buf, size_t size, size_t *got_out)
{
	struct script *script = s->state;
	size_t n = script->in.len < script->step ? script->in.len : script->step;

	if (n == 0) {
		s->want = LOOP_READ;
		return script->open && !script->finished ? ERR_AGAIN : ERR_CLOSED;
	}
	if (n > size)
		n = size;
	memcpy(buf, script->in.p, n);
	script->in = slice_skip(script->in, n);
	*got_out = n;
	return OK;
}

static inline enum err script_write(struct stream *s, struct slice data, size_t *put_out)
{
	struct script *script = s->state;

	*put_out = data.len < script->step ? data.len : script->step;
	buf_add(&script->out, slice_head(data, *put_out));
	return OK;
}

static inline enum err script_finish(struct stream *s)
{
	((struct script *)s->state)->finished = true;
	return OK;
}

static inline void script_close(struct stream *s)
{
	(void)s;
}

static inline struct stream script_stream(struct script *script)
{
	static const struct stream_ops ops = { script_read, script_write, script_finish,
		                               script_close };

	return (struct stream){ .ops = &ops, .fd = -1, .state = script };
}

#endif

/* SMTP: pieces change nothing, and what is taken obeys the rules. */
#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "wire/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Content without its end in pieces of step bytes; the result and where it stopped. */
static enum err take_content(struct slice in, size_t step, struct buf *out, size_t *used_out)
{
	struct smtp_content c = { .state = SMTP_CONTENT_START };
	struct slice piece;
	enum err e = ERR_AGAIN;
	size_t at = 0;

	while (e == ERR_AGAIN && at < in.len) {
		struct slice part = slice_head(slice_skip(in, at), step), before = part;

		while ((e = smtp_content(&c, &part, &piece)) == OK) {
			assert(piece.len > 0);
			buf_add(out, piece);
		}
		at += before.len - part.len;
	}
	*used_out = at;
	return e;
}

/* Only CRLF ends a line. */
static void check_endings(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		assert(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
		assert(s.p[i] != '\r' || i + 1 == s.len || s.p[i + 1] == '\n');
	}
}

static void check_content(struct slice in, size_t step)
{
	struct buf a, b;
	size_t used_a = 0, used_b = 0;
	enum err all, some;

	buf_init(&a, in.len + 1);
	buf_init(&b, in.len + 1);
	all = take_content(in, in.len + 1, &a, &used_a);
	some = take_content(in, step, &b, &used_b);
	assert(all == some);
	if (all != ERR_SYNTAX) {
		assert(slice_eq(buf_slice(&a), buf_slice(&b)) && used_a == used_b);
		check_endings(buf_slice(&a));
	}
	if (all == ERR_CLOSED)
		assert(used_a >= 3 && memcmp(in.p + used_a - 3, ".\r\n", 3) == 0);
	buf_fini(&a);
	buf_fini(&b);
}

static void check_command(struct slice line)
{
	struct smtp_command c = { .verb = SMTP_OTHER };
	struct slice local, domain;

	if (smtp_command(line, &c) != OK)
		return;
	assert(c.path.len <= SMTP_PATH_MAX && c.name.len <= SMTP_NAME_MAX);
	assert(c.path.len == 0 ||
	       (c.path.p >= line.p && c.path.p + c.path.len <= line.p + line.len));
	assert(c.path.len == 0 || slice_is_printable(c.path));
	assert(c.verb == SMTP_MAIL || !c.has_size);
	smtp_path_split(c.path, &local, &domain);
	assert(local.len + domain.len <= c.path.len);
}

/* All lines at the start, whole and one byte after the other. */
static void check_lines(struct slice in)
{
	struct slice line, again;
	size_t size = 0, same = 0;

	while (smtp_line(in, &line, &size) == OK) {
		assert(size == line.len + 2 && size <= SMTP_LINE_MAX);
		for (size_t n = size - 1; n + 4 > size && n > 0; n--)
			assert(smtp_line(slice_head(in, n), &again, &same) == ERR_AGAIN);
		check_command(line);
		in = slice_skip(in, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check_lines(in);
	check_content(in, size == 0 ? 1 : 1 + data[0] % 7u);
	check_content(in, 1);
	return 0;
}

#include "wire/mbox.h"

#define LINE_MAX_KEPT 1024u /* the start of a line that decides what it is */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "From ADDRESS ... HH:MM ...": what mail programs write, and a sentence hardly ever is. */
static bool is_from_line(struct slice line)
{
	struct slice word, rest;

	if (!slice_starts(line, S("From ")) || !slice_cut(slice_skip(line, 5), ' ', &word, &rest))
		return false;
	for (size_t i = 0; i + 5 <= rest.len; i++) {
		const char *p = rest.p + i;

		if (is_digit(p[0]) && is_digit(p[1]) && p[2] == ':' && is_digit(p[3]) &&
		    is_digit(p[4]))
			return true;
	}
	return false;
}

bool mbox_sniff(struct slice in)
{
	struct slice line = { 0 };

	return slice_next_line(&in, &line) && is_from_line(line);
}

void mbox_init(struct mbox *m, size_t message_max)
{
	*m = (struct mbox){ .message_max = message_max, .blank = true };
	/* A message that reaches this is too large: one byte more than allowed. */
	buf_init(&m->message, message_max + 1);
	buf_init(&m->line, LINE_MAX_KEPT);
}

void mbox_fini(struct mbox *m)
{
	buf_fini(&m->message);
	buf_fini(&m->line);
}

static void add(struct mbox *m, struct slice s)
{
	buf_add(&m->message, slice_head(s, m->message.max - m->message.len));
	if (m->message.len > m->message_max)
		m->oversize = true;
}

/* ">From ", ">>From ": one ">" was put there by whoever wrote the mbox. */
static bool is_quoted(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.p[n] == '>')
		n++;
	return n > 0 && slice_starts(slice_skip(line, n), S("From "));
}

/*
 * The kept start of the line is all that decides; what is longer passes through.  True: the line
 * starts a new message, and m->message holds the one before.
 */
static bool line_begins(struct mbox *m, struct slice start)
{
	if (!m->inside && m->blank && is_from_line(slice_trim(start)))
		return true;
	add(m, !m->inside && is_quoted(start) ? slice_skip(start, 1) : start);
	return false;
}

static enum err take_message(struct mbox *m, struct slice *message_out)
{
	enum err e = m->oversize ? ERR_LIMIT : OK;

	if (e == OK)
		*message_out = buf_slice(&m->message);
	m->done = true;
	m->oversize = false;
	return e;
}

/* m->line has a whole line or, when not ended, a piece of a long one.  OK: a message is there. */
static enum err line_done(struct mbox *m, bool ended, struct slice *message_out)
{
	struct slice line = buf_slice(&m->line);
	bool first = !m->started, begins = line_begins(m, line);

	m->started = true;
	m->blank = ended && !m->inside && slice_trim(line).len == 0;
	m->inside = !ended;
	buf_reset(&m->line);
	if (begins && !first)
		return take_message(m, message_out);
	return ERR_AGAIN;
}

enum err mbox_step(struct mbox *m, struct slice *in, struct slice *message_out)
{
	if (m->done) {
		buf_reset(&m->message);
		m->done = false;
	}
	while (in->len > 0) {
		size_t eol = slice_find(*in, '\n');
		size_t n = eol == SIZE_MAX ? in->len : eol + 1;
		size_t room = m->line.max - m->line.len;
		struct slice piece = slice_head(*in, n < room ? n : room);

		buf_add(&m->line, piece);
		*in = slice_skip(*in, piece.len);
		bool ended = slice_ends(piece, S("\n"));
		if (!ended && m->line.len < m->line.max)
			break;
		enum err e = line_done(m, ended, message_out);
		if (e != ERR_AGAIN)
			return e;
	}
	return ERR_AGAIN;
}

enum err mbox_end(struct mbox *m, struct slice *message_out)
{
	if (m->done) {
		buf_reset(&m->message);
		m->done = false;
	}
	if (m->line.len > 0) {
		enum err e = line_done(m, true, message_out);

		if (e != ERR_AGAIN)
			return e;
	}
	if (m->message.len == 0)
		return ERR_NOTFOUND;
	return take_message(m, message_out);
}

#include "wire/dkim_canon.h"

/* Small pieces are joined, so that a digest is not called for every word. */
struct feeder {
	dkim_feed_fn feed;
	void *arg;
	size_t len;
	char bytes[1024];
};

static void flush(struct feeder *f)
{
	if (f->len > 0)
		f->feed(f->arg, slice_of(f->bytes, f->len));
	f->len = 0;
}

static void put(struct feeder *f, struct slice s)
{
	if (s.len == 0)
		return;
	if (s.len > sizeof(f->bytes) - f->len)
		flush(f);
	if (s.len > sizeof(f->bytes)) {
		f->feed(f->arg, s);
		return;
	}
	memcpy(f->bytes + f->len, s.p, s.len);
	f->len += s.len;
}

/* As slice_next_line, but a CR at the very end, without LF, stays. */
static bool next_line(struct slice *rest, struct slice *line_out)
{
	if (slice_find(*rest, '\n') != SIZE_MAX)
		return slice_next_line(rest, line_out);
	*line_out = *rest;
	*rest = slice_skip(*rest, rest->len);
	return line_out->len > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Runs of blanks become one; those at the end vanish.  *owed: a blank stands before what comes
 * next; the caller carries it from piece to piece.
 */
static void put_relaxed(struct feeder *f, struct slice s, bool *owed)
{
	size_t i = 0;

	while (i < s.len) {
		size_t from = i;

		while (i < s.len && !is_blank(s.p[i]))
			i++;
		if (i > from) {
			if (*owed)
				put(f, S(" "));
			*owed = false;
			put(f, slice_of(s.p + from, i - from));
		}
		while (i < s.len && is_blank(s.p[i])) {
			*owed = true;
			i++;
		}
	}
}

static struct slice trim_end(struct slice s)
{
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

void dkim_canon_body(struct slice body, enum dkim_canon c, dkim_feed_fn feed, void *arg)
{
	struct feeder f = { .feed = feed, .arg = arg };
	struct slice line = { 0 };
	size_t empty = 0; /* empty lines that count only when something follows */
	bool any = false;

	while (next_line(&body, &line)) {
		bool owed = false;

		if (c == DKIM_RELAXED)
			line = trim_end(line);
		if (line.len == 0) {
			empty++;
			continue;
		}
		for (; empty > 0; empty--)
			put(&f, S("\r\n"));
		if (c == DKIM_RELAXED)
			put_relaxed(&f, line, &owed);
		else
			put(&f, line);
		put(&f, S("\r\n"));
		any = true;
	}
	/* An empty body is one line end when it is simple, and nothing when relaxed. */
	if (!any && c == DKIM_SIMPLE)
		put(&f, S("\r\n"));
	flush(&f);
}

static void field_simple(struct feeder *f, struct slice field)
{
	struct slice line = { 0 };

	while (next_line(&field, &line)) {
		put(f, line);
		if (field.len > 0)
			put(f, S("\r\n"));
	}
}

static void field_relaxed(struct feeder *f, struct slice field)
{
	struct slice name = field, value = S(""), line = { 0 };
	bool owed = false;

	(void)slice_cut(field, ':', &name, &value); /* a field without colon has no value */
	name = trim_end(name);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		c = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		put(f, slice_of(&c, 1));
	}
	put(f, S(":"));
	value = slice_trim(value);
	while (next_line(&value, &line))
		put_relaxed(f, line, &owed);
}

void dkim_canon_field(struct slice field, enum dkim_canon c, bool ended, dkim_feed_fn feed,
                      void *arg)
{
	struct feeder f = { .feed = feed, .arg = arg };

	if (c == DKIM_RELAXED)
		field_relaxed(&f, field);
	else
		field_simple(&f, field);
	if (ended)
		put(&f, S("\r\n"));
	flush(&f);
}

/*
 * An INI file, by inih, line by line.
 *
 * inih cuts long lines into several, takes an indented line for a further value of
 * the setting above and calls back without a line number.  So the lines are
 * fed from here: the number is counted, a line that would be cut is refused, and
 * only a list goes on in indented lines.
 */
#include <ini.h>
#include <stdio.h>

#include "app/conf_internal.h"

#define LINE_MAX_BYTES 196u /* inih's own buffer is 200 with line end and NUL */

#define FOUND_MAX (CONF_SETTINGS_MAX + CONF_MAILBOXES_MAX * CONF_MAILBOX_KEYS_MAX)

/* What the file says for one setting, gathered before it is judged. */
struct found {
	struct conf_spot spot;
	const char *text;
	unsigned line;
};

struct reading {
	struct conf *c;
	struct conf_errors *errors;
	const char *name;
	struct slice rest;
	unsigned line;      /* of the line that inih has now */
	bool indented;      /* it begins with a blank */
	bool named;         /* its section had a setting before */
	struct found *last; /* what an indented line would go on with */
	size_t count;
	struct found found[FOUND_MAX];
};

static const char *where(const struct reading *r, unsigned line)
{
	return arena_printf(r->c->arena, "%s:%u", r->name, line);
}

static bool has_nul(struct slice s)
{
	return slice_find(s, '\0') != SIZE_MAX;
}

/* inih tells of a section only with its first setting. */
static void on_section(struct reading *r, struct slice rest)
{
	struct slice name, after;

	r->last = NULL;
	r->named = false;
	if (slice_cut(rest, ']', &name, &after) &&
	    conf_section_help(arena_str(r->c->arena, name)) == NULL)
		conf_unknown(r->errors, where(r, r->line), arena_str(r->c->arena, name), "");
}

/* inih's fgets: the next line, always whole and always ending in a line end. */
static char *next_line(char *to, int size, void *arg)
{
	struct reading *r = arg;
	struct slice line;
	const char *why = NULL;

	if (!slice_next_line(&r->rest, &line))
		return NULL;
	r->line++;
	r->indented = line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
	if (line.len > LINE_MAX_BYTES || line.len + 2 > (size_t)size)
		why = "the line is too long; a list may go on in an indented line";
	else if (has_nul(line))
		why = "the line holds a NUL byte";
	if (why != NULL) {
		conf_error_add(r->errors, where(r, r->line), why, NULL);
		line = S("");
	}
	/* To inih an indented line goes on with the setting above, also with "[" at its start. */
	if (slice_starts(slice_trim(line), S("[")) && !(r->indented && r->named))
		on_section(r, slice_skip(slice_trim(line), 1));
	memcpy(to, line.p, line.len);
	to[line.len] = '\n';
	to[line.len + 1] = '\0';
	return to;
}

static struct found *found_of(struct reading *r, const struct conf_spot *spot)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->found[i].spot.origin == spot->origin)
			return &r->found[i];
	return NULL;
}

static void go_on(struct reading *r, struct found *f, const char *value)
{
	if (!f->spot.row->type->list)
		conf_error_add(r->errors, where(r, r->line),
		               arena_printf(r->c->arena,
		                            "an indented line goes on with %s, which is no list",
		                            f->spot.row->key),
		               "begin the line at its start");
	else
		f->text = arena_printf(r->c->arena, "%s %s", f->text, value);
}

static int on_value(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;
	struct conf_spot spot;
	enum err e = conf_find(r->c, section, name, &spot);
	struct found *f;

	r->named = true;
	if (e != OK) {
		if (section[0] == '\0' || conf_section_help(section) != NULL) /* else said before */
			conf_not_found(r->errors, where(r, r->line), section, name, e);
		r->last = NULL;
		return 1;
	}
	f = found_of(r, &spot);
	if (r->indented && f != NULL && r->last == f) {
		go_on(r, f, value);
		return 1;
	}
	if (f != NULL)
		conf_error_add(r->errors, where(r, r->line),
		               arena_printf(r->c->arena, "[%s] %s is there twice", section, name),
		               arena_printf(r->c->arena, "see line %u", f->line));
	else
		f = &r->found[r->count++];
	*f = (struct found){ spot, arena_str(r->c->arena, slice_str(value)), r->line };
	r->last = f;
	return 1;
}

void conf_apply_file(struct conf *c, struct slice text, const char *name,
                     struct conf_errors *errors)
{
	struct reading r = { .c = c, .errors = errors, .name = name, .rest = text };
	int bad;

	if (text.len > CONF_FILE_MAX) {
		conf_error_add(errors, name, "the file is larger than 256 KiB", NULL);
		return;
	}
	if (slice_starts(r.rest, S("\xef\xbb\xbf")))
		r.rest = slice_skip(r.rest, 3);
	bad = ini_parse_stream(next_line, &r, on_value, &r);
	if (bad > 0)
		conf_error_add(errors, where(&r, (unsigned)bad),
		               "the line is neither [section] nor key = value", NULL);
	for (size_t i = 0; i < r.count; i++)
		conf_apply(c, &r.found[i].spot, r.found[i].text, where(&r, r.found[i].line),
		           errors); /* counted there */
}

#include "wire/smtp.h"

#include "base/num.h"

enum err smtp_line(struct slice in, struct slice *line_out, size_t *size_out)
{
	size_t max = in.len < SMTP_LINE_MAX ? in.len : SMTP_LINE_MAX;

	for (size_t i = 0; i < max; i++) {
		if (in.p[i] == '\0' || in.p[i] == '\n')
			return ERR_SYNTAX;
		if (in.p[i] != '\r')
			continue;
		if (i + 1 == max)
			break; /* what follows decides */
		if (in.p[i + 1] != '\n')
			return ERR_SYNTAX;
		*line_out = slice_head(in, i);
		*size_out = i + 2;
		return OK;
	}
	return in.len < SMTP_LINE_MAX ? ERR_AGAIN : ERR_LIMIT;
}

static const struct verb {
	struct slice word;
	enum smtp_verb verb;
} verbs[] = {
	{ SLICE_INIT("EHLO"), SMTP_EHLO },       { SLICE_INIT("HELO"), SMTP_HELO },
	{ SLICE_INIT("LHLO"), SMTP_LHLO },       { SLICE_INIT("MAIL"), SMTP_MAIL },
	{ SLICE_INIT("RCPT"), SMTP_RCPT },       { SLICE_INIT("DATA"), SMTP_DATA },
	{ SLICE_INIT("RSET"), SMTP_RSET },       { SLICE_INIT("NOOP"), SMTP_NOOP },
	{ SLICE_INIT("QUIT"), SMTP_QUIT },       { SLICE_INIT("VRFY"), SMTP_VRFY },
	{ SLICE_INIT("HELP"), SMTP_HELP },       { SLICE_INIT("STARTTLS"), SMTP_STARTTLS },
	{ SLICE_INIT("GET"), SMTP_FOREIGN },     { SLICE_INIT("POST"), SMTP_FOREIGN },
	{ SLICE_INIT("PUT"), SMTP_FOREIGN },     { SLICE_INIT("HEAD"), SMTP_FOREIGN },
	{ SLICE_INIT("CONNECT"), SMTP_FOREIGN }, { SLICE_INIT("OPTIONS"), SMTP_FOREIGN },
};

static enum smtp_verb verb_of(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (slice_eq_i(word, verbs[i].word))
			return verbs[i].verb;
	}
	return SMTP_OTHER;
}

/* Takes one word up to a blank off *rest, and the blanks behind it. */
static struct slice take_word(struct slice *rest)
{
	struct slice word = slice_head(*rest, slice_find(*rest, ' '));

	*rest = slice_trim_wsp(slice_skip(*rest, word.len));
	return word;
}

/* The length of a quoted string at the start of s with its quotes; 0: it has no end. */
static size_t quoted_length(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/*
 * The inside of "<...>" at the start of s.  A ">" in a quoted local part does not end it.  What
 * stands inside is taken as it comes, if it is printable: only known recipients are accepted, and
 * senders are kept as words.
 */
static bool take_path(struct slice *s, struct slice *path_out)
{
	struct slice in = slice_skip(*s, 1);
	size_t i = 0;

	if (s->len == 0 || s->p[0] != '<')
		return false;
	while (i < in.len && in.p[i] != '>') {
		size_t n = in.p[i] == '"' ? quoted_length(slice_skip(in, i)) : 1;

		if (n == 0 || in.p[i] == '<' || in.p[i] <= ' ' || in.p[i] == 127)
			return false;
		i += n;
	}
	if (i >= in.len || i > SMTP_PATH_MAX || !slice_is_printable(slice_head(in, i)))
		return false;
	*path_out = slice_head(in, i);
	*s = slice_skip(in, i + 1);
	return true;
}

/* RFC 5321, 4.1.1.3: a source route is accepted and has no effect. */
static struct slice without_route(struct slice path)
{
	struct slice route, rest;

	if (path.len > 0 && path.p[0] == '@' && slice_cut(path, ':', &route, &rest))
		return rest;
	return path;
}

static bool read_size(struct slice value, struct smtp_command *c)
{
	c->has_size = num_parse_u64(value, UINT64_MAX, &c->size) == OK;
	return c->has_size;
}

/* RFC 1870 and RFC 6152; anything else belongs to an extension that EHLO does not name. */
static enum smtp_parameters read_parameter(struct slice word, struct smtp_command *c)
{
	struct slice key = word, value = { NULL, 0 };

	(void)slice_cut(word, '=', &key, &value); /* none: a key alone */
	if (c->verb == SMTP_MAIL && slice_eq_i(key, S("SIZE")))
		return read_size(value, c) ? SMTP_PARAMETERS_GOOD : SMTP_PARAMETERS_BAD;
	if (c->verb == SMTP_MAIL && slice_eq_i(key, S("BODY")))
		return slice_eq_i(value, S("7BIT")) || slice_eq_i(value, S("8BITMIME"))
		               ? SMTP_PARAMETERS_GOOD
		               : SMTP_PARAMETERS_BAD;
	return SMTP_PARAMETERS_UNKNOWN;
}

/* "FROM:<path> parameters" or "TO:...".  Blanks behind the colon are wrong and common. */
static enum err read_path(struct slice rest, struct slice word, struct smtp_command *c)
{
	if (!slice_starts_i(rest, word))
		return ERR_SYNTAX;
	rest = slice_trim_wsp(slice_skip(rest, word.len));
	if (!take_path(&rest, &c->path))
		return ERR_SYNTAX;
	c->path = without_route(c->path);
	if (rest.len > 0 && rest.p[0] != ' ')
		return ERR_SYNTAX;
	rest = slice_trim_wsp(rest);
	while (rest.len > 0 && c->parameters == SMTP_PARAMETERS_GOOD)
		c->parameters = read_parameter(take_word(&rest), c);
	return OK;
}

static enum err read_name(struct slice rest, struct smtp_command *c)
{
	c->name = take_word(&rest);
	return c->name.len > 0 && c->name.len <= SMTP_NAME_MAX && rest.len == 0 ? OK : ERR_SYNTAX;
}

static enum err read_rest(struct slice rest, struct smtp_command *c)
{
	switch (c->verb) {
	case SMTP_EHLO:
	case SMTP_HELO:
	case SMTP_LHLO:
		return read_name(rest, c);
	case SMTP_MAIL:
		return read_path(rest, S("FROM:"), c);
	case SMTP_RCPT:
		if (read_path(rest, S("TO:"), c) != OK)
			return ERR_SYNTAX;
		return c->path.len > 0 ? OK : ERR_SYNTAX;
	case SMTP_DATA:
	case SMTP_RSET:
	case SMTP_QUIT:
	case SMTP_STARTTLS:
		return rest.len == 0 ? OK : ERR_SYNTAX;
	case SMTP_NOOP:
	case SMTP_VRFY:
	case SMTP_HELP:
	case SMTP_FOREIGN:
	case SMTP_OTHER:
		break;
	}
	return OK;
}

enum err smtp_command(struct slice line, struct smtp_command *out)
{
	struct slice rest = slice_trim_wsp(line);
	struct smtp_command c = { .verb = verb_of(take_word(&rest)) };
	enum err e = c.verb != SMTP_FOREIGN && !slice_is_printable(line) ? ERR_SYNTAX
	                                                                 : read_rest(rest, &c);

	/* A word that is no verb says more than what is wrong behind it. */
	if (c.verb == SMTP_OTHER)
		e = OK;
	if (e == OK)
		*out = c;
	return e;
}

void smtp_path_split(struct slice path, struct slice *local_out, struct slice *domain_out)
{
	size_t quoted = path.len > 0 && path.p[0] == '"' ? quoted_length(path) : 0, at = path.len;

	for (size_t i = quoted; i < path.len; i++) {
		if (path.p[i] == '@')
			at = i;
	}
	*local_out = slice_head(path, at);
	*domain_out = slice_skip(path, at + 1);
}

/* What one byte does to the state; false: it may not stand here. */
static bool content_byte(struct smtp_content *c, char b)
{
	switch (c->state) {
	case SMTP_CONTENT_CR:
		c->state = SMTP_CONTENT_START;
		return b == '\n';
	case SMTP_CONTENT_END:
		return b == '\n';
	case SMTP_CONTENT_DOT:
		c->state = b == '\r' ? SMTP_CONTENT_END : SMTP_CONTENT_TEXT;
		return b != '\n';
	case SMTP_CONTENT_START:
		if (b == '.') {
			c->state = SMTP_CONTENT_DOT;
			return true;
		}
		break;
	case SMTP_CONTENT_TEXT:
		break;
	}
	c->state = b == '\r' ? SMTP_CONTENT_CR : SMTP_CONTENT_TEXT;
	return b != '\n';
}

/* How many bytes of s are plain text of a line. */
static size_t plain_length(struct slice s)
{
	size_t cr = slice_find(s, '\r'), lf = slice_find(slice_head(s, cr), '\n');
	size_t end = lf < cr ? lf : cr;

	return end < s.len ? end : s.len;
}

/* Whether the state holds bytes back until it is clear what they are. */
static bool holds_back(const struct smtp_content *c)
{
	return c->state == SMTP_CONTENT_DOT || c->state == SMTP_CONTENT_END;
}

enum err smtp_content(struct smtp_content *c, struct slice *in, struct slice *piece_out)
{
	struct slice s = *in;
	size_t i = 0;

	while (i < s.len) {
		enum smtp_content_state before = c->state;

		if (before == SMTP_CONTENT_TEXT)
			i += plain_length(slice_skip(s, i));
		if (i == s.len)
			break;
		if (!content_byte(c, s.p[i]))
			return ERR_SYNTAX;
		if (before == SMTP_CONTENT_END) {
			*in = slice_skip(s, i + 1);
			*c = (struct smtp_content){ .state = SMTP_CONTENT_START };
			return ERR_CLOSED;
		}
		if (holds_back(c)) {
			*in = slice_skip(s, i + 1);
			if (i == 0) {
				s = *in;
				continue;
			}
			*piece_out = slice_head(s, i);
			return OK;
		}
		i++;
	}
	*in = slice_skip(s, s.len);
	if (s.len == 0)
		return ERR_AGAIN;
	*piece_out = s;
	return OK;
}

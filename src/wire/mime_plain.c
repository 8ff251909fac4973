#include "wire/mime_plain.h"

#include "base/utc.h"

#define FIELDS_MAX 100u
#define STARTS_MAX 1000u /* lines that start with "--" */
#define BOUNDARY_MAX 70u

struct field {
	struct slice name, value; /* value: between the colon and the last line's end, with folds */
};

struct header {
	struct field list[FIELDS_MAX];
	size_t count;
};

/* A media type or disposition with its parameters. */
struct typed {
	struct slice word; /* "multipart/report", "attachment"; case as written */
	struct slice boundary, report_type, name, file_name;
};

static bool is_token_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=*'%", c) == NULL;
}

/* All lines of a message end in the same way. */
struct lines {
	struct slice rest;
	bool crlf;
};

/* One line with its end taken off; false: none, one without its end, or with another one. */
static bool next_line(struct lines *l, struct slice *line_out)
{
	const char *end = l->rest.len == 0 ? NULL : memchr(l->rest.p, '\n', l->rest.len);

	if (end == NULL)
		return false;
	size_t len = (size_t)(end - l->rest.p);
	bool crlf = len > 0 && end[-1] == '\r';
	if (crlf != l->crlf)
		return false;
	*line_out = slice_head(l->rest, len - crlf);
	l->rest = slice_skip(l->rest, len + 1);
	return true;
}

static bool is_plain_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < ' ' || s.p[i] >= 0x7f) && s.p[i] != '\t')
			return false;
	return true;
}

static bool is_blank(struct slice s)
{
	return slice_trim_wsp(s).len == 0;
}

/* Of those that a field's name may have, the ones that names do have. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

static bool start_field(struct header *h, struct slice line)
{
	size_t n = 0;

	while (n < line.len && is_name_char(line.p[n]))
		n++;
	if (n == 0 || n == line.len || line.p[n] != ':' || h->count == FIELDS_MAX)
		return false;
	h->list[h->count++] = (struct field){ slice_head(line, n), slice_skip(line, n + 1) };
	return true;
}

/* From the first field to the empty line; false: in doubt. */
static bool read_header(struct lines *l, struct header *h)
{
	struct slice line = { 0 };
	size_t size = l->rest.len;

	h->count = 0;
	while (next_line(l, &line)) {
		if (line.len == 0)
			return h->count > 0 && size - l->rest.len < MIME_HEADER_MAX / 2;
		if (!is_plain_text(line) || is_blank(line))
			return false;
		if (line.p[0] != ' ' && line.p[0] != '\t') {
			if (!start_field(h, line))
				return false;
		} else if (h->count == 0) {
			return false;
		} else {
			struct slice *value = &h->list[h->count - 1].value;

			value->len = (size_t)(line.p + line.len - value->p);
		}
	}
	return false;
}

/* The field's value without its folds; blanks at both ends removed. */
static struct slice unfolded(struct arena *arena, struct slice value)
{
	struct slice s = slice_trim(value);
	char *to;
	size_t n = 0;

	if (s.len == 0 || memchr(s.p, '\n', s.len) == NULL)
		return s;
	to = arena_alloc(arena, s.len);
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n')
			to[n++] = s.p[i];
	return slice_of(to, n);
}

/* The only field of that name; an empty name_out: there is none.  False: there are several. */
static bool only_field(const struct header *h, struct slice name, struct field *out)
{
	*out = (struct field){ .name = S("") };
	for (size_t i = 0; i < h->count; i++) {
		if (!slice_eq_i(h->list[i].name, name))
			continue;
		if (out->name.len > 0)
			return false;
		*out = h->list[i];
	}
	return true;
}

static struct slice take_token(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && is_token_char(rest->p[n]))
		n++;
	struct slice token = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return token;
}

static bool take_char(struct slice *rest, char c)
{
	if (rest->len == 0 || rest->p[0] != c)
		return false;
	*rest = slice_skip(*rest, 1);
	return true;
}

/* A token or a quoted string without escapes. */
static bool take_value(struct slice *rest, struct slice *out)
{
	if (!take_char(rest, '"')) {
		*out = take_token(rest);
		return out->len > 0;
	}
	size_t end = slice_find(*rest, '"');
	if (end == SIZE_MAX)
		return false;
	*out = slice_head(*rest, end);
	*rest = slice_skip(*rest, end + 1);
	return slice_find(*out, '\\') == SIZE_MAX && slice_find(*out, '\t') == SIZE_MAX &&
	       slice_find_slice(*out, S("=?")) == SIZE_MAX;
}

static bool set_parameter(struct typed *t, struct slice name, struct slice value)
{
	const struct {
		struct slice name;
		struct slice *at;
	} known[] = {
		{ S("boundary"), &t->boundary },
		{ S("report-type"), &t->report_type },
		{ S("name"), &t->name },
		{ S("filename"), &t->file_name },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!slice_eq_i(known[i].name, name))
			continue;
		if (known[i].at->len > 0 || value.len == 0)
			return false;
		*known[i].at = value;
	}
	return true;
}

/* word *( ; name = value ); slash: the word is two tokens.  False: in doubt. */
static bool read_typed(struct arena *arena, const struct field *f, bool slash, struct typed *t)
{
	struct slice rest = unfolded(arena, f->value), begin = rest, value = { 0 };

	*t = (struct typed){ .word = S("") };
	if (take_token(&rest).len == 0 ||
	    (slash && (!take_char(&rest, '/') || take_token(&rest).len == 0)))
		return false;
	t->word = slice_head(begin, begin.len - rest.len);
	while (rest.len > 0) {
		rest = slice_trim_wsp(rest);
		if (!take_char(&rest, ';'))
			return false;
		rest = slice_trim_wsp(rest);
		struct slice name = take_token(&rest);
		if (name.len == 0 || !take_char(&rest, '=') || !take_value(&rest, &value) ||
		    !set_parameter(t, name, value))
			return false;
	}
	return true;
}

static bool take_number(struct slice *rest, size_t digits, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (rest->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (rest->p[i] < '0' || rest->p[i] > '9')
			return false;
		n = n * 10 + (unsigned)(rest->p[i] - '0');
	}
	*rest = slice_skip(*rest, digits);
	*out = n;
	return n <= max;
}

static bool take_name(struct slice *rest, const char *names, unsigned *out)
{
	for (unsigned i = 0; names[(size_t)3 * i] != '\0'; i++) {
		if (!slice_starts(*rest, slice_of(names + (size_t)3 * i, 3)))
			continue;
		*rest = slice_skip(*rest, 3);
		*out = i + 1;
		return true;
	}
	return false;
}

/* "Tue, 12 May 2026 10:00:00 +0200" and nothing else. */
static bool read_date(struct slice s, int64_t *out)
{
	struct utc_date d = { 0 };
	unsigned weekday, year = 0, zone_hour = 0, zone_min = 0;
	bool two = s.len > 6 && s.p[6] != ' ';

	if (!take_name(&s, "SunMonTueWedThuFriSat", &weekday) || !take_char(&s, ',') ||
	    !take_char(&s, ' ') || !take_number(&s, two ? 2 : 1, 31, &d.day) ||
	    !take_char(&s, ' ') ||
	    !take_name(&s, "JanFebMarAprMayJunJulAugSepOctNovDec", &d.month) ||
	    !take_char(&s, ' ') || !take_number(&s, 4, 2999, &year) || !take_char(&s, ' ') ||
	    !take_number(&s, 2, 23, &d.hour) || !take_char(&s, ':') ||
	    !take_number(&s, 2, 59, &d.min) || !take_char(&s, ':') ||
	    !take_number(&s, 2, 59, &d.sec) || !take_char(&s, ' '))
		return false;
	bool west = s.len > 0 && s.p[0] == '-';
	if ((!west && !take_char(&s, '+')) || (west && !take_char(&s, '-')) ||
	    !take_number(&s, 2, 12, &zone_hour) || !take_number(&s, 2, 59, &zone_min) || s.len > 0)
		return false;
	d.year = year;
	if (year < 1970 || utc_from_civil(&d, out) != OK)
		return false;
	int64_t offset = (int64_t)zone_hour * 3600 + (int64_t)zone_min * 60;
	*out += west ? offset : -offset;
	return true;
}

static void take_fields(struct arena *arena, const struct header *h, struct mime_message *m)
{
	const struct {
		struct slice name;
		struct slice *at;
	} known[] = {
		{ S("From"), &m->from },
		{ S("Subject"), &m->subject },
		{ S("Date"), &m->date },
		{ S("Message-ID"), &m->message_id },
		{ S("TLS-Report-Domain"), &m->report_domain },
		{ S("TLS-Report-Submitter"), &m->report_submitter },
	};

	for (size_t i = 0; i < h->count; i++)
		for (size_t k = 0; k < ARRAY_LEN(known); k++) {
			if (!slice_eq_i(h->list[i].name, known[k].name))
				continue;
			m->report_domains += known[k].at == &m->report_domain;
			if (known[k].at->len == 0) /* the first one counts */
				*known[k].at = unfolded(arena, h->list[i].value);
		}
}

/* The digit's value and one, so that 0 stands for everything else. */
static unsigned base64_digit(unsigned char c)
{
	static const unsigned char values[256] = {
		['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
		['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
		['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
		['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
		['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
		['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
		['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
		['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
		['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
		['/'] = 64,
	};

	return values[c];
}

/* Strict but for line ends; false: anything else. */
static bool decode_base64(struct slice s, struct arena *arena, struct slice *out)
{
	unsigned char *to = arena_alloc(arena, s.len / 4 * 3 + 3);
	size_t n = 0, chars = 0, pads = 0;
	uint32_t group = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned digit = base64_digit(c);

		if (digit == 0 && (c == '\r' || c == '\n'))
			continue;
		pads += c == '=';
		if ((pads > 0 && c != '=') || pads > 2 || (c != '=' && digit == 0))
			return false;
		group = group << 6 | (c == '=' ? 0u : digit - 1);
		if (++chars % 4 == 0) {
			to[n++] = (unsigned char)(group >> 16);
			to[n++] = (unsigned char)(group >> 8);
			to[n++] = (unsigned char)group;
		}
	}
	*out = slice_of(to, n - pads);
	return chars % 4 == 0;
}

static bool take_content(struct arena *arena, const struct header *h, struct mime_part *part)
{
	static const struct slice plain[] = { SLICE_INIT("7bit"), SLICE_INIT("8bit"),
		                              SLICE_INIT("binary") };
	struct field f;

	if (!only_field(h, S("Content-Transfer-Encoding"), &f))
		return false;
	struct slice encoding = slice_trim(f.name.len == 0 ? S("7bit") : f.value);
	if (slice_eq_i(encoding, S("base64")))
		return decode_base64(part->raw, arena, &part->content);
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (slice_eq_i(encoding, plain[i])) {
			part->content = part->raw;
			return true;
		}
	return false;
}

/* One part: its header and body between two boundaries. */
static bool read_part(struct arena *arena, struct lines l, struct mime_part *part)
{
	struct header h;
	struct field f;
	struct typed type, disposition = { .word = S("") };

	if (!read_header(&l, &h) || !only_field(&h, S("Content-Type"), &f) || f.name.len == 0 ||
	    !read_typed(arena, &f, true, &type) || !only_field(&h, S("Content-Disposition"), &f) ||
	    (f.name.len > 0 && !read_typed(arena, &f, false, &disposition)))
		return false;
	part->type = arena_lower(arena, type.word);
	part->file_name =
	        slice_trim(disposition.file_name.len > 0 ? disposition.file_name : type.name);
	if (slice_starts(part->type, S("multipart/")) || slice_starts(part->type, S("message/")) ||
	    slice_ends_i(part->file_name, S(".eml")))
		return false;
	part->raw = l.rest;
	return take_content(arena, &h, part);
}

enum mark { MARK_NONE, MARK_NEXT, MARK_LAST, MARK_DOUBT };

static enum mark mark_of(struct slice line, struct slice boundary)
{
	if (!slice_starts(line, S("--")) || !slice_starts(slice_skip(line, 2), boundary))
		return MARK_NONE;
	struct slice behind = slice_skip(line, 2 + boundary.len);
	return behind.len == 0 ? MARK_NEXT : slice_eq(behind, S("--")) ? MARK_LAST : MARK_DOUBT;
}

/* The bytes before a boundary, without the line end that belongs to it. */
static struct slice before(const char *begin, const char *line, bool crlf)
{
	size_t len = (size_t)(line - begin), end = crlf ? 2 : 1;

	return slice_of(begin, len < end ? 0 : len - end);
}

static bool read_parts(struct arena *arena, struct lines l, struct slice boundary, struct mime *out)
{
	struct slice line = { 0 };
	const char *begin = NULL; /* of the part we are in */
	size_t starts = 0;
	bool ended = false;

	while (next_line(&l, &line)) {
		if (line.len < 2 || line.p[0] != '-' || line.p[1] != '-')
			continue;
		enum mark mark = mark_of(line, boundary);
		starts++;
		if (starts > STARTS_MAX || mark == MARK_DOUBT || (mark != MARK_NONE && ended))
			return false;
		if (mark == MARK_NONE)
			continue;
		if (begin != NULL) {
			struct lines part = { before(begin, line.p, l.crlf), l.crlf };

			if (out->part_count == MIME_PLAIN_PARTS ||
			    !read_part(arena, part, &out->parts[out->part_count]))
				return false;
			out->part_count++;
		}
		begin = l.rest.p;
		ended = mark == MARK_LAST;
	}
	return ended && out->part_count > 0 && slice_find_slice(l.rest, S("--")) == SIZE_MAX;
}

static bool is_plain_multipart(struct slice type)
{
	static const struct slice types[] = {
		SLICE_INIT("multipart/report"),
		SLICE_INIT("multipart/mixed"),
		SLICE_INIT("multipart/alternative"),
		SLICE_INIT("multipart/related"),
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq(type, types[i]))
			return true;
	return false;
}

enum err mime_plain(struct slice message, struct arena *arena, struct mime *out)
{
	struct mime m = { .message_count = 1 };
	size_t lf = slice_find(message, '\n');
	struct lines l = { message, lf != SIZE_MAX && lf > 0 && message.p[lf - 1] == '\r' };
	struct header h;
	struct field f;
	struct typed type;

	if (message.len > MIME_PLAIN_MAX || !read_header(&l, &h) ||
	    !only_field(&h, S("Content-Type"), &f) || f.name.len == 0 ||
	    !read_typed(arena, &f, true, &type) || type.boundary.len == 0 ||
	    type.boundary.len > BOUNDARY_MAX)
		return ERR_AGAIN;
	m.messages = arena_calloc(arena, 1, sizeof(*m.messages));
	m.parts = arena_calloc(arena, MIME_PLAIN_PARTS, sizeof(*m.parts));
	m.messages->type = arena_lower(arena, type.word);
	m.messages->report_type = arena_lower(arena, slice_trim(type.report_type));
	take_fields(arena, &h, m.messages);
	m.messages->has_time = m.messages->date.len > 0;
	if (!is_plain_multipart(m.messages->type) ||
	    (m.messages->has_time && !read_date(m.messages->date, &m.messages->time)) ||
	    !read_parts(arena, l, type.boundary, &m))
		return ERR_AGAIN;
	*out = m;
	return OK;
}

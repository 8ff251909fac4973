#include "wire/mime.h"

#include <gmime/gmime.h>

#include "base/buf.h"
#include "wire/mime_plain.h"

#define BOUNDARY_MAX 70u   /* RFC 2046, 5.1.1 */
#define PARSE_DEPTH_MAX 3u /* messages that had to be decoded before they could be parsed */

struct walk {
	struct arena *arena;
	struct slice bytes; /* of the message that GMime parsed */
	struct mime *out;
	size_t containers;
	size_t current;  /* the message we are in */
	unsigned parses; /* how often GMime was started for this place */
	struct diag *diag;
};

static enum err parse_bytes(struct walk *w, struct slice bytes, unsigned depth);
static enum err walk_object(struct walk *w, GMimeObject *object, unsigned depth, bool alone);

void mime_setup(void)
{
	g_mime_init();
}

static bool may_continue_header(struct slice line)
{
	return line.len > 0 &&
	       (line.p[0] == ' ' || line.p[0] == '\t' || slice_find(line, ':') != SIZE_MAX);
}

/*
 * What GMime's memory grows with, counted in a way that can only be too high: lines that can
 * start a part, and lines that can be header lines.
 */
static enum err count_lines(struct slice message, struct diag *diag)
{
	size_t starts = 0, headers = 0;
	struct slice line = { 0 };

	while (slice_next_line(&message, &line)) {
		starts += slice_starts(line, S("--")) || slice_starts_i(line, S("Content-Type"));
		headers += may_continue_header(line);
		if (starts > MIME_STARTS_MAX)
			return diag_set(diag, ERR_LIMIT, 0, "too many lines that can start a part");
		if (headers > MIME_LINES_MAX)
			return diag_set(diag, ERR_LIMIT, 0, "too many header lines");
	}
	return OK;
}

/* The outermost header, line by line, before GMime sees it. */
static enum err count_header(struct slice message, struct diag *diag)
{
	struct slice rest = message, line = { 0 };
	size_t lines = 0;

	if (!slice_next_line(&rest, &line) || slice_find(line, ':') == SIZE_MAX ||
	    slice_find(line, ':') == 0)
		return diag_set(diag, ERR_SYNTAX, 1, "no header field at the beginning");
	for (;;) {
		size_t size = message.len - rest.len;

		if (++lines > MIME_HEADER_LINES_MAX || size > MIME_HEADER_MAX)
			return diag_set(diag, ERR_LIMIT, 0, "the mail header is too long");
		if (!slice_next_line(&rest, &line) || line.len == 0)
			return OK;
	}
}

/* Folds undone, blanks around removed. */
static struct slice unfolded(struct walk *w, const char *raw)
{
	struct slice s = slice_trim(slice_str(raw));
	struct slice copy = arena_copy(w->arena, s);
	char *to = arena_str(w->arena, copy);
	size_t n = 0;

	for (size_t i = 0; i < copy.len; i++)
		if (copy.p[i] != '\r' && copy.p[i] != '\n')
			to[n++] = copy.p[i];
	return slice_of(to, n);
}

static struct slice lower(struct walk *w, const char *text)
{
	char *to = arena_str(w->arena, slice_trim(slice_str(text)));

	for (char *p = to; *p != '\0'; p++)
		*p = g_ascii_tolower(*p);
	return slice_str(to);
}

static struct slice media_type(struct walk *w, GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);

	if (type == NULL || g_mime_object_get_header(object, "Content-Type") == NULL)
		return S("");
	const char *main = g_mime_content_type_get_media_type(type);
	const char *sub = g_mime_content_type_get_media_subtype(type);
	return lower(w, arena_printf(w->arena, "%s/%s", main == NULL ? "" : main,
	                             sub == NULL ? "" : sub));
}

static void take_field(struct walk *w, struct mime_message *m, const char *name, const char *raw)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {
		{ "From", offsetof(struct mime_message, from) },
		{ "Subject", offsetof(struct mime_message, subject) },
		{ "Date", offsetof(struct mime_message, date) },
		{ "Message-ID", offsetof(struct mime_message, message_id) },
		{ "TLS-Report-Domain", offsetof(struct mime_message, report_domain) },
		{ "TLS-Report-Submitter", offsetof(struct mime_message, report_submitter) },
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (g_ascii_strcasecmp(fields[i].name, name) != 0)
			continue;
		void *at = (char *)m + fields[i].offset;
		struct slice *value = at;

		m->report_domains += value == &m->report_domain;
		if (value->len == 0) /* the first one counts */
			*value = unfolded(w, raw);
	}
}

static void take_header(struct walk *w, GMimeObject *object, struct mime_message *m)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
		const char *name = g_mime_header_get_name(header);
		const char *raw = g_mime_header_get_raw_value(header);

		if (name != NULL && raw != NULL)
			take_field(w, m, name, raw);
	}
}

static void take_date(struct walk *w, struct mime_message *m)
{
	GDateTime *date = m->date.len == 0
	                          ? NULL
	                          : g_mime_utils_header_decode_date(arena_str(w->arena, m->date));

	if (date == NULL)
		return;
	m->has_time = true;
	m->time = g_date_time_to_unix(date);
	g_date_time_unref(date);
}

static enum err check_header(struct walk *w, GMimeObject *object)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	size_t size = 0;

	if (g_mime_header_list_get_count(list) > (int)MIME_HEADER_LINES_MAX)
		return diag_set(w->diag, ERR_LIMIT, 0, "a part's header is too long");
	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		const char *raw =
		        g_mime_header_get_raw_value(g_mime_header_list_get_header_at(list, i));

		size += raw == NULL ? 0 : strlen(raw);
	}
	return size <= MIME_HEADER_MAX
	               ? OK
	               : diag_set(w->diag, ERR_LIMIT, 0, "a part's header is too long");
}

/* A new message in the result; w->current becomes it. */
static enum err add_message(struct walk *w, unsigned depth)
{
	if (w->out->message_count == MIME_PARTS_MAX)
		return diag_set(w->diag, ERR_LIMIT, 0, "too many messages inside");
	w->current = w->out->message_count++;
	w->out->messages[w->current] = (struct mime_message){ .depth = depth };
	return OK;
}

static struct slice copy_stream(struct walk *w, GMimeStream *mem)
{
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));

	return arena_copy(w->arena, slice_of(bytes->data, bytes->len));
}

/* Bytes of the line at the front of s: all but its end, and of those all but the blanks there. */
static size_t line_length(struct slice s, size_t *text_out)
{
	size_t end = slice_find(s, '\n'), len = end == SIZE_MAX ? s.len : end, text;

	len -= len > 0 && end != SIZE_MAX && s.p[len - 1] == '\r';
	for (text = len; text > 0 && (s.p[text - 1] == ' ' || s.p[text - 1] == '\t');)
		text--;
	*text_out = text;
	return len;
}

/*
 * RFC 2045, 6.7 (3): blanks at the end of a line were added on the way, also those behind the
 * equals sign of a soft break, where GMime leaves them.
 */
static struct slice decode_quoted(struct walk *w, struct slice raw)
{
	GMimeEncoding state;
	size_t n = 0, text;

	g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	char *to = arena_alloc(w->arena, g_mime_encoding_outlen(&state, raw.len) + 1);
	while (raw.len > 0) {
		size_t len = line_length(raw, &text), end = slice_find(raw, '\n');
		size_t whole = end == SIZE_MAX ? raw.len : end + 1;

		n += g_mime_encoding_step(&state, raw.p, text, to + n);
		n += g_mime_encoding_step(&state, raw.p + len, whole - len, to + n);
		raw = slice_skip(raw, whole);
	}
	n += g_mime_encoding_flush(&state, "", 0, to + n);
	return slice_of(to, n);
}

/* The part's bytes, decoded and as they stood there. */
static void take_content(struct walk *w, GMimePart *from, struct mime_part *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(from);

	if (content == NULL)
		return;
	GMimeStream *raw = g_mime_data_wrapper_get_stream(content);
	GMimeStream *mem = g_mime_stream_mem_new();
	(void)g_mime_stream_reset(raw); /* memory: cannot fail */
	(void)g_mime_stream_write_to_stream(raw, mem);
	part->raw = copy_stream(w, mem);
	g_object_unref(mem);
	if (g_mime_part_get_content_encoding(from) == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
		part->content = decode_quoted(w, part->raw);
		return;
	}
	mem = g_mime_stream_mem_new();
	(void)g_mime_data_wrapper_write_to_stream(content, mem); /* what could be decoded counts */
	part->content = copy_stream(w, mem);
	g_object_unref(mem);
}

static bool is_message_leaf(const struct mime_part *part)
{
	return slice_eq(part->type, S("message/rfc822")) ||
	       slice_eq(part->type, S("message/global")) ||
	       slice_ends_i(part->file_name, S(".eml"));
}

/* A message that was encoded or attached as a file, so that GMime left it closed. */
static enum err walk_closed_message(struct walk *w, struct slice bytes, unsigned depth)
{
	size_t before = w->current;
	enum err e;

	if (w->parses >= PARSE_DEPTH_MAX)
		return diag_set(w->diag, ERR_LIMIT, 0, "messages nested too deep");
	e = add_message(w, w->out->messages[before].depth + 1);
	if (e == OK)
		e = parse_bytes(w, bytes, depth + 1);
	w->current = before;
	return e == ERR_SYNTAX ? OK : e; /* a file of that name that is no message */
}

static enum err walk_leaf(struct walk *w, GMimePart *from, unsigned depth, bool alone)
{
	struct mime_part part = { .message = w->current, .alone = alone };
	const char *name = g_mime_part_get_filename(from);

	if (w->out->part_count == MIME_PARTS_MAX)
		return diag_set(w->diag, ERR_LIMIT, 0, "too many parts");
	part.type = media_type(w, GMIME_OBJECT(from));
	part.file_name = arena_copy(w->arena, slice_trim(slice_str(name)));
	take_content(w, from, &part);
	if (is_message_leaf(&part) && !alone)
		return walk_closed_message(w, part.content, depth);
	w->out->parts[w->out->part_count++] = part;
	return OK;
}

static enum err enter_container(struct walk *w, unsigned depth)
{
	if (depth > MIME_DEPTH_MAX)
		return diag_set(w->diag, ERR_LIMIT, 0, "parts nested too deep");
	if (++w->containers > MIME_PARTS_MAX)
		return diag_set(w->diag, ERR_LIMIT, 0, "too many parts");
	return OK;
}

static enum err walk_multipart(struct walk *w, GMimeMultipart *multipart, unsigned depth)
{
	/* Not g_mime_multipart_get_boundary, which makes one up and writes the header anew. */
	const char *boundary =
	        g_mime_object_get_content_type_parameter(GMIME_OBJECT(multipart), "boundary");
	enum err e = enter_container(w, depth + 1);

	if (boundary != NULL) {
		const char *end = arena_printf(w->arena, "--%s--", boundary);

		if (slice_find_slice(w->bytes, slice_str(end)) == SIZE_MAX)
			w->out->messages[w->current].unclosed = true;
	}
	for (int i = 0; e == OK && i < g_mime_multipart_get_count(multipart); i++)
		e = walk_object(w, g_mime_multipart_get_part(multipart, i), depth + 1, false);
	return e;
}

/* The message's own header and whatever its body is. */
static enum err walk_message(struct walk *w, GMimeMessage *message, unsigned depth)
{
	struct mime_message *m = &w->out->messages[w->current];
	GMimeObject *body = g_mime_message_get_mime_part(message);
	enum err e = check_header(w, GMIME_OBJECT(message));

	if (e != OK)
		return e;
	take_header(w, GMIME_OBJECT(message), m);
	take_date(w, m);
	if (body == NULL)
		return OK;
	m->type = media_type(w, body);
	m->report_type = lower(w, g_mime_content_type_get_parameter(
	                                  g_mime_object_get_content_type(body), "report-type"));
	return walk_object(w, body, depth, true);
}

static enum err walk_inner_message(struct walk *w, GMimeMessagePart *part, unsigned depth)
{
	GMimeMessage *message = g_mime_message_part_get_message(part);
	size_t before = w->current;
	enum err e = enter_container(w, depth + 1);

	if (e != OK || message == NULL)
		return e;
	e = add_message(w, w->out->messages[before].depth + 1);
	if (e == OK)
		e = walk_message(w, message, depth + 1);
	w->current = before;
	return e;
}

static enum err walk_object(struct walk *w, GMimeObject *object, unsigned depth, bool alone)
{
	enum err e = check_header(w, object);

	if (e != OK)
		return e;
	if (GMIME_IS_MULTIPART(object))
		return walk_multipart(w, GMIME_MULTIPART(object), depth);
	if (GMIME_IS_MESSAGE_PART(object))
		return walk_inner_message(w, GMIME_MESSAGE_PART(object), depth);
	if (GMIME_IS_PART(object))
		return walk_leaf(w, GMIME_PART(object), depth, alone);
	return OK;
}

static enum err parse_bytes(struct walk *w, struct slice bytes, unsigned depth)
{
	struct slice outer = w->bytes;
	GMimeMessage *message = NULL;
	enum err e = count_header(bytes, w->diag);

	if (e != OK)
		return e;
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes.p, bytes.len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	w->bytes = bytes;
	w->parses++;
	if (message != NULL)
		e = walk_message(w, message, depth);
	w->parses--;
	w->bytes = outer;
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	return e;
}

static bool is_boundary_line(struct slice line)
{
	return line.len > 2 && line.len - 2 <= BOUNDARY_MAX && slice_starts(line, S("--")) &&
	       slice_is_printable(line) && slice_find(line, '"') == SIZE_MAX &&
	       slice_find(line, '\\') == SIZE_MAX;
}

/* The body's first line that is followed by a part's header; SIZE_MAX: none. */
static size_t find_boundary(struct slice message, struct slice *boundary_out)
{
	struct slice rest = message, line = { 0 };

	while (slice_next_line(&rest, &line)) {
		struct slice trimmed = slice_trim(line);

		if (!is_boundary_line(trimmed) || !slice_starts_i(rest, S("Content-")))
			continue;
		*boundary_out = slice_skip(trimmed, 2);
		return (size_t)(line.p - message.p);
	}
	return SIZE_MAX;
}

/* Only the outermost message, and only when its header gave no part at all. */
static bool looks_damaged(const struct mime *m)
{
	return m->message_count == 1 &&
	       (m->part_count == 0 || (m->part_count == 1 && m->parts[0].alone));
}

/* Parses the body again under a header of ours that names the boundary seen in it. */
static enum err salvage(struct walk *w, struct slice message)
{
	struct mime_message kept = w->out->messages[0];
	struct slice boundary;
	size_t at = find_boundary(message, &boundary);
	struct buf again;
	enum err e;

	if (at == SIZE_MAX)
		return OK;
	buf_init(&again, MIME_MESSAGE_MAX + 2 * MIME_HEADER_MAX);
	buf_printf(&again, "Content-Type: multipart/mixed; boundary=\"%.*s\"\n\n",
	           SLICE_ARGS(boundary));
	buf_add(&again, slice_skip(message, at));
	w->out->part_count = 0;
	w->out->message_count = 1;
	w->containers = 0;
	w->current = 0;
	e = parse_bytes(w, buf_slice(&again), 0);
	kept.unclosed = w->out->messages[0].unclosed;
	kept.damaged = true;
	w->out->messages[0] = kept;
	buf_fini(&again);
	return e;
}

/* The ceilings that need no parser. */
static enum err measure(struct slice message, struct diag *diag)
{
	enum err e = message.len <= MIME_MESSAGE_MAX
	                     ? count_lines(message, diag)
	                     : diag_set(diag, ERR_LIMIT, 0, "the message is too large");

	return e == OK ? count_header(message, diag) : e;
}

/* A message that was measured, by GMime. */
static enum err read_measured(struct slice message, struct arena *arena, struct mime *out,
                              struct diag *diag)
{
	struct mime m = {
		.messages = arena_calloc(arena, MIME_PARTS_MAX, sizeof(struct mime_message)),
		.parts = arena_calloc(arena, MIME_PARTS_MAX, sizeof(struct mime_part)),
	};
	struct walk w = { .arena = arena, .out = &m, .diag = diag };
	enum err e = add_message(&w, 0);

	mime_setup();
	if (e == OK)
		e = parse_bytes(&w, message, 0);
	if (e == OK && looks_damaged(&m))
		e = salvage(&w, message);
	if (e == OK)
		*out = m;
	return e;
}

enum err mime_read_slow(struct slice message, struct arena *arena, struct mime *out,
                        struct diag *diag)
{
	enum err e = measure(message, diag);

	return e == OK ? read_measured(message, arena, out, diag) : e;
}

enum err mime_read(struct slice message, struct arena *arena, struct mime *out, struct diag *diag)
{
	enum err e = measure(message, diag);

	if (e == OK && mime_plain(message, arena, out) != OK)
		e = read_measured(message, arena, out, diag);
	return e;
}

#include "wire/http_head.h"

#include <stdio.h>

#include "base/num.h"
#include "base/utc.h"

/* The separators that no token may hold; RFC 9110, 5.6.2. */
static bool is_token_char(unsigned char c)
{
	return c > ' ' && c < 127 && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_token_char((unsigned char)s.p[i]))
			return false;
	}
	return s.len > 0;
}

static enum err refuse(struct http_reader *r, struct diag *diag, unsigned status, unsigned line,
                       const char *why)
{
	r->status = status;
	return diag_set(diag, status == 400 ? ERR_SYNTAX : ERR_LIMIT, line, why);
}

/*
 * Framing: finds the end of the head byte by byte, so that a head that can never
 * become good is refused at its first bad byte.  The lines are judged afterwards.
 */

enum byte_kind { BYTE_PLAIN, BYTE_CR, BYTE_LF, BYTE_BAD };

static enum byte_kind byte_kind(char c)
{
	unsigned char u = (unsigned char)c;

	if (u == '\r')
		return BYTE_CR;
	if (u == '\n')
		return BYTE_LF;
	return (u < ' ' && u != '\t') || u == 127 ? BYTE_BAD : BYTE_PLAIN;
}

/* A line ended at r->seen - 1; true when it was the empty one that ends the head. */
static bool line_ended(struct http_reader *r)
{
	bool empty = r->seen - r->line == 2;

	if (empty && r->lines == 0 && !r->skipped) {
		/* RFC 9112, 2.2: one empty line before the request line is ignored. */
		r->skipped = true;
		r->line = r->seen;
		return false;
	}
	r->line = r->seen;
	r->lines++;
	return empty;
}

static enum err too_long(struct http_reader *r, struct diag *diag)
{
	if (r->lines == 0)
		return refuse(r, diag, 414, 1, "request line too long");
	return refuse(r, diag, 431, r->lines + 1, "head too long");
}

/* OK: in[0, r->seen) is a head with all its lines ended by CRLF. */
static enum err frame(struct http_reader *r, struct slice in, struct diag *diag)
{
	while (r->seen < in.len) {
		bool after_cr = r->seen > r->line && in.p[r->seen - 1] == '\r';
		enum byte_kind kind = byte_kind(in.p[r->seen]);

		if (r->seen >= HTTP_HEAD_MAX)
			return too_long(r, diag);
		if (kind == BYTE_BAD)
			return refuse(r, diag, 400, r->lines + 1, "control character");
		if (kind == BYTE_LF && !after_cr)
			return refuse(r, diag, 400, r->lines + 1,
			              "line feed without carriage return");
		if (kind != BYTE_LF && after_cr)
			return refuse(r, diag, 400, r->lines + 1,
			              "carriage return without line feed");
		r->seen++;
		if (kind == BYTE_LF && line_ended(r))
			return OK;
	}
	return ERR_AGAIN;
}

/* The request line. */

static enum http_method method_of(struct slice name)
{
	static const struct {
		struct slice name;
		enum http_method method;
	} rows[] = {
		{ SLICE_INIT("GET"), HTTP_GET },
		{ SLICE_INIT("HEAD"), HTTP_HEAD },
		{ SLICE_INIT("POST"), HTTP_POST },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (slice_eq(rows[i].name, name))
			return rows[i].method;
	}
	return HTTP_OTHER;
}

static bool is_version(struct slice s)
{
	return s.len == 8 && slice_starts(s, S("HTTP/")) && s.p[5] >= '0' && s.p[5] <= '9' &&
	       s.p[6] == '.' && s.p[7] >= '0' && s.p[7] <= '9';
}

/* Visible ASCII without the fragment mark; blanks were excluded by the cuts. */
static bool is_target(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '#')
			return false;
	}
	return s.len > 0;
}

static enum err read_target(struct http_reader *r, struct http_head *h, struct diag *diag)
{
	struct slice path = h->target, query = { h->target.p + h->target.len, 0 };

	if (h->target.len > HTTP_TARGET_MAX)
		return refuse(r, diag, 414, 1, "request target too long");
	if (!is_target(h->target))
		return refuse(r, diag, 400, 1, "request target malformed");
	/*
	 * RFC 9112, 3.2.2 would have absolute-form taken; no client sends it to an origin,
	 * and a second host name in one head is what this reader exists to exclude.
	 */
	if (h->target.p[0] != '/' &&
	    !(slice_eq(h->target, S("*")) && slice_eq(h->method_text, S("OPTIONS"))))
		return refuse(r, diag, 400, 1, "request target is no path");
	(void)slice_cut(h->target, '?', &path, &query); /* no '?': all of it is path */
	h->path = path;
	h->query = query;
	return OK;
}

static enum err read_request_line(struct http_reader *r, struct slice line, struct http_head *h,
                                  struct diag *diag)
{
	struct slice rest, version;

	if (!slice_cut(line, ' ', &h->method_text, &rest) ||
	    !slice_cut(rest, ' ', &h->target, &version))
		return refuse(r, diag, 400, 1, "request line malformed");
	if (!is_token(h->method_text))
		return refuse(r, diag, 400, 1, "method malformed");
	if (!is_version(version))
		return refuse(r, diag, 400, 1, "protocol version malformed");
	if (version.p[5] != '1' || version.p[7] > '1')
		return refuse(r, diag, 505, 1, "protocol version not served");
	if (h->method_text.len > HTTP_METHOD_MAX)
		return refuse(r, diag, 501, 1, "method too long");
	h->minor = (unsigned)(version.p[7] - '0');
	h->keep_alive = h->minor == 1;
	h->method = method_of(h->method_text);
	return read_target(r, h, diag);
}

/* Fields with a meaning for framing or routing: one function each. */

/* What has been met so far; all that must be judged together at the end. */
struct field_seen {
	bool host, length, coding;
};

struct field_job {
	struct http_reader *r;
	struct http_head *h;
	struct field_seen seen;
	unsigned line;
	struct slice value;
	struct diag *diag;
};

static enum err field_refuse(struct field_job *j, unsigned status, const char *why)
{
	return refuse(j->r, j->diag, status, j->line, why);
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

/* A name, or an address in brackets; how far it reaches, 0 when it is neither. */
static size_t host_length(struct slice s)
{
	size_t n = 0;

	if (s.len > 0 && s.p[0] == '[') {
		size_t end = slice_find(s, ']');

		for (n = 1; n < s.len && n < end; n++) {
			if (!is_host_char(s.p[n]) && s.p[n] != ':')
				return 0;
		}
		return end == SIZE_MAX || end == 1 ? 0 : end + 1;
	}
	while (n < s.len && is_host_char(s.p[n]))
		n++;
	return n;
}

static enum err on_host(struct field_job *j)
{
	size_t n = host_length(j->value);
	struct slice port = slice_skip(j->value, n);
	uint64_t number = 0;

	if (j->seen.host)
		return field_refuse(j, 400, "second Host");
	if (n == 0 || n > HTTP_HOST_MAX)
		return field_refuse(j, 400, "Host malformed");
	if (port.len > 0 && port.p[0] != ':')
		return field_refuse(j, 400, "Host malformed");
	port = slice_skip(port, 1);
	if (port.len > 0 && num_parse_u64(port, 65535, &number) != OK)
		return field_refuse(j, 400, "port in Host malformed");
	j->seen.host = true;
	j->h->host = slice_head(j->value, n);
	return OK;
}

static enum err on_length(struct field_job *j)
{
	enum err e;

	/* Equal repeats could be taken (RFC 9110, 8.6); nothing honest sends them. */
	if (j->seen.length)
		return field_refuse(j, 400, "second Content-Length");
	e = num_parse_u64(j->value, HTTP_LENGTH_MAX, &j->h->length);
	if (e == ERR_LIMIT)
		return field_refuse(j, 413, "Content-Length too large");
	if (e != OK)
		return field_refuse(j, 400, "Content-Length malformed");
	j->seen.length = j->h->has_length = true;
	return OK;
}

static enum err on_coding(struct field_job *j)
{
	if (j->seen.coding)
		return field_refuse(j, 400, "second Transfer-Encoding");
	if (j->h->minor == 0)
		return field_refuse(j, 400, "Transfer-Encoding in HTTP/1.0");
	if (!slice_eq_i(j->value, S("chunked")))
		return field_refuse(j, 501, "transfer coding not served");
	j->seen.coding = j->h->chunked = true;
	return OK;
}

static enum err on_connection(struct field_job *j)
{
	if (http_list_has(j->value, S("close")))
		j->h->keep_alive = false;
	return OK;
}

static enum err on_expect(struct field_job *j)
{
	if (!slice_eq_i(j->value, S("100-continue")))
		return field_refuse(j, 417, "expectation not met");
	j->h->expect_continue = j->h->minor == 1;
	return OK;
}

static enum err on_field(struct field_job *j, struct slice name)
{
	static const struct {
		struct slice name;
		enum err (*run)(struct field_job *j);
	} rows[] = {
		{ SLICE_INIT("Host"), on_host },
		{ SLICE_INIT("Content-Length"), on_length },
		{ SLICE_INIT("Transfer-Encoding"), on_coding },
		{ SLICE_INIT("Connection"), on_connection },
		{ SLICE_INIT("Expect"), on_expect },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (slice_eq_i(rows[i].name, name))
			return rows[i].run(j);
	}
	return OK;
}

static enum err read_field(struct field_job *j, struct slice line)
{
	struct slice name;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return field_refuse(j, 400, "folded header line");
	if (!slice_cut(line, ':', &name, &j->value))
		return field_refuse(j, 400, "header line without colon");
	if (!is_token(name))
		return field_refuse(j, 400, "header name malformed");
	if (j->h->field_count == HTTP_FIELDS_MAX)
		return field_refuse(j, 431, "too many header lines");
	j->value = slice_trim_wsp(j->value);
	j->h->fields[j->h->field_count++] = (struct http_field){ name, j->value };
	return on_field(j, name);
}

static enum err read_fields(struct field_job *j, struct slice lines)
{
	struct slice line;

	while (slice_next_line(&lines, &line) && line.len > 0) {
		enum err e = read_field(j, line);

		if (e != OK)
			return e;
		j->line++;
	}
	if (j->seen.length && j->seen.coding)
		return field_refuse(j, 400, "Content-Length beside Transfer-Encoding");
	if (!j->seen.host)
		return field_refuse(j, 400, "Host missing");
	return OK;
}

enum err http_head_read(struct http_reader *r, struct slice in, struct http_head *out,
                        struct diag *diag)
{
	struct http_head h = { .size = 0 };
	struct field_job job = { .r = r, .h = &h, .line = 2, .diag = diag };
	struct slice lines, line = { 0 };
	enum err e = frame(r, in, diag);

	if (e != OK)
		return e;
	h.size = r->seen;
	lines = slice_skip(slice_head(in, r->seen), r->skipped ? 2 : 0);
	(void)slice_next_line(&lines, &line); /* framing found at least one line */
	e = read_request_line(r, line, &h, diag);
	if (e == OK)
		e = read_fields(&job, lines);
	if (e == OK)
		*out = h;
	return e;
}

/* What users ask of a head. */

size_t http_head_get(const struct http_head *h, struct slice name, struct slice *value_out)
{
	size_t count = 0;

	for (size_t i = 0; i < h->field_count; i++) {
		if (!slice_eq_i(h->fields[i].name, name))
			continue;
		if (count++ == 0 && value_out != NULL)
			*value_out = h->fields[i].value;
	}
	return count;
}

bool http_same_host(struct slice a, struct slice b)
{
	if (a.len > 1 && a.p[a.len - 1] == '.')
		a.len--;
	if (b.len > 1 && b.p[b.len - 1] == '.')
		b.len--;
	return slice_eq_i(a, b);
}

bool http_head_has_body(const struct http_head *h)
{
	return h->chunked || h->length > 0;
}

bool http_list_has(struct slice list, struct slice token)
{
	struct slice item;

	while (slice_next(&list, ',', &item)) {
		if (slice_eq_i(slice_trim_wsp(item), token))
			return true;
	}
	return false;
}

const char *http_date(int64_t t, char out[HTTP_DATE_SIZE])
{
	static const char days[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct utc_date d = utc_civil(t);
	int64_t day = utc_day_start(t) / UTC_DAY % 7; /* the epoch was a Thursday */

	(void)snprintf(out, HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
	               days[day < 0 ? day + 7 : day], d.day % 100, months[(d.month - 1) % 12],
	               (unsigned)d.year % 10000, d.hour % 100, d.min % 100,
	               d.sec % 100); /* always fits */
	return out;
}

const char *http_status_text(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == status)
			return rows[i].text;
	}
	return "Unknown";
}

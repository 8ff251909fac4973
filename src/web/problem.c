#include "web/problem.h"

#include "base/log.h"

struct row {
	unsigned status;
	int exit;
	const char *title;
};

/* In the order of enum err. */
static const struct row rows[] = {
	[OK] = { 500, 3, "No reason" },
	[ERR_AGAIN] = { 503, 75, "Try again later" },
	[ERR_SYNTAX] = { 400, 1, "Not accepted" },
	[ERR_LIMIT] = { 413, 1, "Too large" },
	[ERR_NOTFOUND] = { 404, 1, "Not found" },
	[ERR_CONFLICT] = { 409, 5, "Conflict" },
	[ERR_DENIED] = { 403, 4, "Not allowed" },
	[ERR_GUARD] = { 422, 6, "A guard is not met" },
	[ERR_UNAVAILABLE] = { 503, 3, "Could not find out" },
	[ERR_CRYPTO] = { 400, 1, "Not accepted" },
	[ERR_IO] = { 500, 3, "The service failed" },
	[ERR_CLOSED] = { 503, 3, "Could not find out" },
};

/* Refusals for which HTTP has a status of its own (RFC 9110, 15.5). */
static const struct {
	const char *slug;
	unsigned status;
} own_statuses[] = {
	{ "sign-in", 401 },
	{ "method", 405 },
	{ "etag", 412 },
	{ "host", 421 },
};

unsigned problem_status(enum err code, const char *slug)
{
	for (size_t i = 0; i < ARRAY_LEN(own_statuses); i++)
		if (strcmp(slug, own_statuses[i].slug) == 0)
			return own_statuses[i].status;
	return rows[code].status;
}

int problem_exit(enum err code)
{
	return rows[code].exit;
}

json_t *json_text(struct slice s)
{
	json_t *text = json_stringn(s.p == NULL ? "" : s.p, s.len);
	struct buf b;

	if (text != NULL)
		return text;
	buf_init(&b, s.len * 3 + 1);
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] < 0x80)
			buf_add_char(&b, s.p[i]);
		else
			buf_add(&b, S("\xef\xbf\xbd"));
	}
	text = json_stringn(b.p, b.len);
	buf_fini(&b);
	return text;
}

static int add_piece(const char *bytes, size_t size, void *arg)
{
	struct buf *b = arg;

	buf_add(b, slice_of(bytes, size));
	return buf_status(b) == OK ? 0 : -1;
}

void response_json(struct response *r, json_t *body)
{
	buf_reset(&r->body);
	if (json_dump_callback(body, add_piece, &r->body, JSON_COMPACT) != 0) {
		log_error("an answer could not be written", F("why", "too large"));
		buf_reset(&r->body);
		r->status = 500;
	}
	buf_add_char(&r->body, '\n');
	json_decref(body);
}

void problem_say(struct response *r, enum err code, const char *slug, const char *detail,
                 const char *fix)
{
	unsigned status = problem_status(code, slug);
	char type[128];
	struct buf b;

	buf_init(&b, sizeof(type));
	buf_printf(&b, "urn:mxseal:problem:%s", slug);
	json_t *p =
	        json_pack("{s:s%, s:s, s:i, s:o, s:s, s:o, s:i}", "type", b.p, b.len, "title",
	                  rows[code].title, "status", (int)status, "detail",
	                  json_text(slice_str(detail)), "code", slug, "fix",
	                  fix == NULL || fix[0] == '\0' ? json_null() : json_text(slice_str(fix)),
	                  "exit", rows[code].exit);
	buf_fini(&b);
	response_json(r, p);
	r->status = status;
	r->content_type = "application/problem+json";
}

void problem_put(struct response *r, const struct refusal *why)
{
	problem_say(r, why->code, why->slug, why->detail, why->fix);
}

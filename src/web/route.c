#include "web/route.h"

#include <assert.h>

#include "web/api.h"
#include "web/pages.h"

void route_tables(struct route_table out[ROUTE_TABLES])
{
	out[0] = (struct route_table){ api_routes, api_route_count };
	out[1] = (struct route_table){ pages_routes, pages_route_count };
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum err route_decode(struct arena *a, struct slice in, bool plus, struct slice *out)
{
	char *to = arena_alloc(a, in.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.p[i];
		if (c == '%') {
			int high = i + 2 < in.len ? hex_digit(in.p[i + 1]) : -1;
			int low = i + 2 < in.len ? hex_digit(in.p[i + 2]) : -1;
			if (high < 0 || low < 0 || high * 16 + low == 0)
				return ERR_SYNTAX;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		to[n++] = c;
	}
	*out = slice_of(to, n);
	return OK;
}

/* Segment by segment; {…} takes one that is not empty. */
static bool path_fits(struct arena *a, struct slice pattern, struct slice path,
                      struct slice params[ROUTE_PARAMS_MAX])
{
	struct slice want, have;
	size_t n = 0;

	while (slice_next(&pattern, '/', &want)) {
		if (!slice_next(&path, '/', &have))
			have = S("");
		if (want.len == 0 || want.p[0] != '{') {
			if (!slice_eq(want, have))
				return false;
			continue;
		}
		assert(n < ROUTE_PARAMS_MAX);
		if (have.len == 0 || route_decode(a, have, false, &params[n++]) != OK)
			return false;
	}
	return path.len == 0;
}

static bool method_fits(const char *want, const char *have)
{
	return strcmp(want, have) == 0 || (strcmp(want, "GET") == 0 && strcmp(have, "HEAD") == 0);
}

enum route_found route_find(struct arena *a, const char *method, const char *path,
                            const struct route **out, struct slice params[ROUTE_PARAMS_MAX],
                            const char **allow_out)
{
	struct route_table tables[ROUTE_TABLES];
	const char *allow = NULL;

	route_tables(tables);
	for (size_t t = 0; t < ROUTE_TABLES; t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct route *row = &tables[t].rows[i];
			struct slice found[ROUTE_PARAMS_MAX] = { { NULL, 0 } };
			if (!path_fits(a, slice_str(row->pattern), slice_str(path), found))
				continue;
			if (method_fits(row->method, method)) {
				memcpy(params, found, sizeof(found));
				*out = row;
				return ROUTE_FOUND;
			}
			allow = allow == NULL ? row->method
			                      : arena_printf(a, "%s, %s", allow, row->method);
		}
	}
	if (allow == NULL)
		return ROUTE_NO_PATH;
	*allow_out = allow;
	return ROUTE_NO_METHOD;
}

struct slice request_query(const struct request *q, const char *name, size_t nth)
{
	for (size_t i = 0; i < q->query_count; i++)
		if (slice_eq(q->query[i].name, slice_str(name)) && nth-- == 0)
			return q->query[i].value;
	return (struct slice){ NULL, 0 };
}

struct slice request_field(const struct request *q, const char *name)
{
	struct slice rest = q->form ? q->body : S(""), pair, key, value, plain;

	while (slice_next(&rest, '&', &pair)) {
		if (!slice_cut(pair, '=', &key, &value))
			continue;
		if (route_decode(q->arena, key, true, &plain) == OK &&
		    slice_eq(plain, slice_str(name)) &&
		    route_decode(q->arena, value, true, &plain) == OK)
			return plain;
	}
	return (struct slice){ NULL, 0 };
}

void response_header(struct response *r, const char *name, const char *value)
{
	assert(r->header_count < ROUTE_HEADERS_MAX);
	if (r->header_count == ROUTE_HEADERS_MAX)
		return;
	r->headers[r->header_count].name = name;
	r->headers[r->header_count].value = value;
	r->header_count++;
}

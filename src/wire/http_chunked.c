#include "wire/http_chunked.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A size line: hexadecimal digits, maybe blanks and an extension, CRLF. */
static enum err in_size(struct http_chunked *c, char b)
{
	int value = hex_value(b);

	if (value >= 0) {
		if (++c->digits > HTTP_CHUNK_DIGITS_MAX)
			return ERR_LIMIT;
		c->left = c->left << 4 | (unsigned)value;
		return OK;
	}
	if (c->digits == 0)
		return ERR_SYNTAX;
	if (b == '\r')
		c->state = CHUNK_SIZE_LF;
	else if (b == ';' || b == ' ' || b == '\t')
		c->state = CHUNK_EXTENSION;
	else
		return ERR_SYNTAX;
	return OK;
}

/* The rest of a line that is dropped, up to its CR. */
static enum err in_dropped(struct http_chunked *c, char b, enum http_chunked_state next)
{
	if (b == '\r')
		c->state = next;
	return b == '\n' || b == '\0' ? ERR_SYNTAX : OK;
}

static enum err expect(struct http_chunked *c, char b, char want, enum http_chunked_state next)
{
	if (b != want)
		return ERR_SYNTAX;
	c->state = next;
	c->digits = 0;
	return OK;
}

static enum err bounded(struct http_chunked *c, size_t max)
{
	return ++c->line > max ? ERR_LIMIT : OK;
}

/* One byte that is not content. */
static enum err framing(struct http_chunked *c, char b)
{
	switch (c->state) {
	case CHUNK_SIZE:
		return bounded(c, HTTP_CHUNK_LINE_MAX) == OK ? in_size(c, b) : ERR_LIMIT;
	case CHUNK_EXTENSION:
		return bounded(c, HTTP_CHUNK_LINE_MAX) == OK ? in_dropped(c, b, CHUNK_SIZE_LF)
		                                             : ERR_LIMIT;
	case CHUNK_SIZE_LF:
		c->line = 0;
		return expect(c, b, '\n', c->left > 0 ? CHUNK_DATA : CHUNK_TRAILER_START);
	case CHUNK_DATA_CR:
		return expect(c, b, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return expect(c, b, '\n', CHUNK_SIZE);
	case CHUNK_TRAILER_START:
		if (b == '\r')
			return expect(c, b, '\r', CHUNK_LAST_LF);
		c->state = CHUNK_TRAILER;
		return bounded(c, HTTP_TRAILER_MAX) == OK ? in_dropped(c, b, CHUNK_TRAILER_LF)
		                                          : ERR_LIMIT;
	case CHUNK_TRAILER:
		return bounded(c, HTTP_TRAILER_MAX) == OK ? in_dropped(c, b, CHUNK_TRAILER_LF)
		                                          : ERR_LIMIT;
	case CHUNK_TRAILER_LF:
		return expect(c, b, '\n', CHUNK_TRAILER_START);
	case CHUNK_LAST_LF:
		return expect(c, b, '\n', CHUNK_END);
	case CHUNK_DATA:
	case CHUNK_END:
		break; /* the caller's */
	}
	return ERR_SYNTAX;
}

enum err http_chunked_step(struct http_chunked *c, struct slice *in, struct slice *data_out)
{
	while (in->len > 0 && c->state != CHUNK_DATA && c->state != CHUNK_END) {
		enum err e = framing(c, in->p[0]);

		if (e != OK)
			return e;
		*in = slice_skip(*in, 1);
	}
	if (c->state == CHUNK_END)
		return ERR_CLOSED;
	if (in->len == 0)
		return ERR_AGAIN;
	size_t n = c->left < in->len ? (size_t)c->left : in->len;
	*data_out = slice_head(*in, n);
	*in = slice_skip(*in, n);
	c->left -= n;
	if (c->left == 0)
		c->state = CHUNK_DATA_CR;
	return OK;
}

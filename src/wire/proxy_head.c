#include "wire/proxy_head.h"

#include <arpa/inet.h>

#include "base/num.h"

#define LINE_MIN 15u   /* "PROXY UNKNOWN" with its CRLF */
#define FIXED_SIZE 16u /* of version 2: signature, command, family, length */

static const struct slice line_start = SLICE_INIT("PROXY ");
static const struct slice signature = SLICE_INIT("\r\n\r\n\0\r\nQUIT\n");

static void set_v4(struct sockaddr_storage *out, const void *bytes, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&a.sin_addr, bytes, sizeof(a.sin_addr));
	memcpy(out, &a, sizeof(a));
}

static void set_v6(struct sockaddr_storage *out, const void *bytes, uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memcpy(&a.sin6_addr, bytes, sizeof(a.sin6_addr));
	memcpy(out, &a, sizeof(a));
}

/* Whether in begins with start as far as it reaches. */
static bool begins(struct slice in, struct slice start)
{
	size_t n = in.len < start.len ? in.len : start.len;

	return slice_eq(slice_head(in, n), slice_head(start, n));
}

/* Version 1: one line of text. */

static bool read_port(struct slice text, uint16_t *out)
{
	uint64_t n;

	if ((text.len > 1 && text.p[0] == '0') || num_parse_u64(text, 65535, &n) != OK)
		return false;
	*out = (uint16_t)n;
	return true;
}

static bool read_end(int family, struct slice host, struct slice port, struct sockaddr_storage *out)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	uint16_t number;

	if (host.len >= sizeof(text) || !read_port(port, &number))
		return false;
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	if (memchr(text, '\0', host.len) != NULL || inet_pton(family, text, bytes) != 1)
		return false;
	if (family == AF_INET)
		set_v4(out, bytes, number);
	else
		set_v6(out, bytes, number);
	return true;
}

/* "TCP4 192.0.2.1 198.51.100.1 56324 443" */
static enum err read_line(struct slice line, struct proxy_head *h, struct diag *diag)
{
	struct slice protocol = line, rest = { NULL, 0 }, field[4];
	size_t n = 0;
	int family;

	(void)slice_cut(line, ' ', &protocol, &rest); /* without a blank it may be UNKNOWN alone */
	if (slice_eq(protocol, S("UNKNOWN")))
		return OK; /* what follows is to be ignored */
	if (!slice_eq(protocol, S("TCP4")) && !slice_eq(protocol, S("TCP6")))
		return diag_set(diag, ERR_SYNTAX, 1, "neither TCP4, TCP6 nor UNKNOWN");
	family = protocol.p[3] == '4' ? AF_INET : AF_INET6;
	while (n < ARRAY_LEN(field) && slice_next(&rest, ' ', &field[n]))
		n++;
	if (n != ARRAY_LEN(field) || rest.len > 0)
		return diag_set(diag, ERR_SYNTAX, 1, "not two addresses and two ports");
	if (!read_end(family, field[0], field[2], &h->from) ||
	    !read_end(family, field[1], field[3], &h->to))
		return diag_set(diag, ERR_SYNTAX, 1, "malformed address or port");
	h->has_client = true;
	return OK;
}

static enum err read_v1(struct slice in, struct proxy_head *h, size_t *need_out, struct diag *diag)
{
	size_t end = slice_find(in, '\n');

	if (!begins(in, line_start))
		return diag_set(diag, ERR_SYNTAX, 1, "no PROXY preamble");
	if (end == SIZE_MAX && in.len >= PROXY_LINE_MAX)
		return diag_set(diag, ERR_LIMIT, 1, "line too long");
	if (end == SIZE_MAX) {
		bool ending = in.len > 0 && in.p[in.len - 1] == '\r';

		*need_out = in.len < LINE_MIN ? LINE_MIN - in.len : ending ? 1 : 2;
		return ERR_AGAIN;
	}
	h->size = end + 1;
	if (h->size > PROXY_LINE_MAX)
		return diag_set(diag, ERR_LIMIT, 1, "line too long");
	if (end <= line_start.len || in.p[end - 1] != '\r')
		return diag_set(diag, ERR_SYNTAX, 1, "line malformed");
	return read_line(slice_skip(slice_head(in, end - 1), line_start.len), h, diag);
}

/* Version 2: binary. */

static unsigned u16(const char *p)
{
	return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

/* Type, length, value; what they say is not needed here. */
static bool additions_add_up(struct slice s)
{
	while (s.len > 0) {
		if (s.len < 3 || s.len - 3 < u16(s.p + 1))
			return false;
		s = slice_skip(s, 3 + u16(s.p + 1));
	}
	return true;
}

enum family { UNSPEC = 0x00, TCP4 = 0x11, TCP6 = 0x21, UNIX = 0x31 };

static void take_addresses(enum family family, const char *p, struct proxy_head *h)
{
	if (family == TCP4) {
		set_v4(&h->from, p, (uint16_t)u16(p + 8));
		set_v4(&h->to, p + 4, (uint16_t)u16(p + 10));
	} else if (family == TCP6) {
		set_v6(&h->from, p, (uint16_t)u16(p + 32));
		set_v6(&h->to, p + 16, (uint16_t)u16(p + 34));
	}
	h->has_client = family == TCP4 || family == TCP6;
}

static enum err read_body(unsigned char byte, struct slice body, bool local, struct proxy_head *h,
                          struct diag *diag)
{
	static const struct {
		enum family family;
		size_t size;
	} rows[] = { { UNSPEC, 0 }, { TCP4, 12 }, { TCP6, 36 }, { UNIX, 216 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].family != byte)
			continue;
		if (body.len < rows[i].size)
			return diag_set(diag, ERR_SYNTAX, 0, "addresses cut short");
		if (byte != UNSPEC && !additions_add_up(slice_skip(body, rows[i].size)))
			return diag_set(diag, ERR_SYNTAX, 0, "additions do not add up");
		if (!local)
			take_addresses(rows[i].family, body.p, h);
		return OK;
	}
	return diag_set(diag, ERR_SYNTAX, 0, "not the family of a TCP connection");
}

static enum err read_v2(struct slice in, struct proxy_head *h, size_t *need_out, struct diag *diag)
{
	if (!begins(in, signature))
		return diag_set(diag, ERR_SYNTAX, 0, "no PROXY preamble");
	if (in.len < FIXED_SIZE) {
		*need_out = FIXED_SIZE - in.len;
		return ERR_AGAIN;
	}
	if (in.p[12] != 0x20 && in.p[12] != 0x21)
		return diag_set(diag, ERR_SYNTAX, 0, "neither LOCAL nor PROXY of version 2");
	h->size = FIXED_SIZE + u16(in.p + 14);
	if (h->size > PROXY_HEAD_MAX)
		return diag_set(diag, ERR_LIMIT, 0, "preamble too long");
	if (in.len < h->size) {
		*need_out = h->size - in.len;
		return ERR_AGAIN;
	}
	return read_body((unsigned char)in.p[13], slice_skip(slice_head(in, h->size), FIXED_SIZE),
	                 in.p[12] == 0x20, h, diag);
}

enum err proxy_head_read(struct slice in, struct proxy_head *out, size_t *need_out,
                         struct diag *diag)
{
	struct proxy_head h = { .size = 0 };
	bool v2 = in.len > 0 && in.p[0] == '\r';
	enum err e = v2 ? read_v2(in, &h, need_out, diag) : read_v1(in, &h, need_out, diag);

	if (e == OK)
		*out = h;
	return e;
}

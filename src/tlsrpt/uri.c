#include "tlsrpt/uri.h"

#include <arpa/inet.h>

#include "base/enc.h"
#include "base/num.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool scheme_is_formed(struct slice s)
{
	if (s.len == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' &&
		    s.p[i] != '.')
			return false;
	return true;
}

/* The byte at i may stand in a URI; brackets only where an authority has them. */
static bool byte_is_formed(struct slice s, size_t i)
{
	unsigned char byte;
	size_t n;
	char c = s.p[i];

	if (c == '%')
		return s.len - i > 2 && enc_unhex(slice_of(s.p + i + 1, 2), &byte, 1, &n) == OK;
	return c != '\0' &&
	       (is_alpha(c) || is_digit(c) || strchr("-._~:/?#@!$&'()*+,;=", c) != NULL);
}

static bool bytes_are_formed(struct slice s, const char *more)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_formed(s, i) && (s.p[i] == '\0' || strchr(more, s.p[i]) == NULL))
			return false;
	return true;
}

enum err uri_split(struct slice text, struct uri *out)
{
	struct uri u = { .has_authority = false };
	struct slice fragment;

	if (!slice_cut(text, ':', &u.scheme, &u.rest) || !scheme_is_formed(u.scheme))
		return ERR_SYNTAX;
	u.tail = u.rest;
	if (slice_starts(u.rest, S("//"))) {
		size_t end = 0;

		u.tail = slice_skip(u.rest, 2);
		while (end < u.tail.len && strchr("/?#", u.tail.p[end]) == NULL)
			end++;
		u.authority = slice_head(u.tail, end);
		u.tail = slice_skip(u.tail, end);
		u.has_authority = true;
	}
	if (!bytes_are_formed(u.authority, "[]") || !bytes_are_formed(u.tail, ""))
		return ERR_SYNTAX;
	if (slice_cut(u.tail, '#', &(struct slice){ NULL, 0 }, &fragment) &&
	    slice_find(fragment, '#') != SIZE_MAX)
		return ERR_SYNTAX;
	*out = u;
	return OK;
}

static enum err read_port(struct slice s, uint16_t *out)
{
	uint64_t port;

	if (s.len == 0)
		return OK;
	if (num_parse_u64(s, 65535, &port) != OK || port == 0)
		return ERR_SYNTAX;
	*out = (uint16_t)port;
	return OK;
}

enum err uri_host(struct slice authority, struct uri_host *out)
{
	struct uri_host h = { .port = 0 };
	struct slice rest = authority, port = S("");
	size_t end;

	if (slice_cut(authority, '@', &(struct slice){ NULL, 0 }, &rest))
		h.has_userinfo = true;
	h.literal = slice_starts(rest, S("["));
	end = slice_find(rest, h.literal ? ']' : ':');
	h.name = slice_skip(slice_head(rest, end), h.literal ? 1 : 0);
	if (h.literal) {
		if (end == SIZE_MAX)
			return ERR_SYNTAX;
		port = slice_skip(rest, end + 1);
		if (port.len > 0 && port.p[0] != ':')
			return ERR_SYNTAX;
		port = slice_skip(port, 1);
	} else if (end != SIZE_MAX) {
		port = slice_skip(rest, end + 1);
	}
	if (h.name.len == 0 || read_port(port, &h.port) != OK)
		return ERR_SYNTAX;
	*out = h;
	return OK;
}

struct slice uri_unescape(struct arena *a, struct slice s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0, got;

	for (size_t i = 0; i < s.len; i++, n++) {
		out[n] = s.p[i];
		if (s.p[i] == '%' && s.len - i > 2 &&
		    enc_unhex(slice_of(s.p + i + 1, 2), out + n, 1, &got) == OK)
			i += 2;
	}
	return slice_of(out, n);
}

static bool private_v4(const unsigned char ip[4])
{
	static const struct {
		unsigned char net[2], mask[2];
	} nets[] = {
		{ { 0, 0 }, { 255, 0 } },       { { 10, 0 }, { 255, 0 } },
		{ { 100, 64 }, { 255, 192 } },  { { 127, 0 }, { 255, 0 } },
		{ { 169, 254 }, { 255, 255 } }, { { 172, 16 }, { 255, 240 } },
		{ { 192, 168 }, { 255, 255 } }, { { 224, 0 }, { 224, 0 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		if ((ip[0] & nets[i].mask[0]) == nets[i].net[0] &&
		    (ip[1] & nets[i].mask[1]) == nets[i].net[1])
			return true;
	return false;
}

static bool private_v6(const unsigned char ip[16])
{
	static const unsigned char zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff },
	                                     nat64[12] = { 0, 0x64, 0xff, 0x9b };

	if (memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0)
		return private_v4(ip + 12);
	if (memcmp(ip, zero, 15) == 0 && ip[15] <= 1)
		return true;
	return (ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) || ip[0] == 0xff;
}

bool uri_host_is_private(const struct uri_host *host)
{
	char text[INET6_ADDRSTRLEN] = { 0 };
	unsigned char ip[16];

	if (slice_eq_i(host->name, S("localhost")) || slice_ends_i(host->name, S(".localhost")))
		return true;
	if (host->name.len >= sizeof(text))
		return false;
	memcpy(text, host->name.p, host->name.len);
	if (host->literal)
		return inet_pton(AF_INET6, text, ip) == 1 && private_v6(ip);
	return inet_pton(AF_INET, text, ip) == 1 && private_v4(ip);
}

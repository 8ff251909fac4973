#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/num.h"

static struct sockaddr_in *as_v4(struct sockaddr_storage *a)
{
	return (struct sockaddr_in *)(void *)a;
}

static struct sockaddr_in6 *as_v6(struct sockaddr_storage *a)
{
	return (struct sockaddr_in6 *)(void *)a;
}

static struct sockaddr_in to_v4(const struct sockaddr_storage *a)
{
	struct sockaddr_in v4;

	memcpy(&v4, a, sizeof(v4));
	return v4;
}

static struct sockaddr_in6 to_v6(const struct sockaddr_storage *a)
{
	struct sockaddr_in6 v6;

	memcpy(&v6, a, sizeof(v6));
	return v6;
}

static struct sockaddr_un to_unix(const struct sockaddr_storage *a)
{
	struct sockaddr_un un;

	memcpy(&un, a, sizeof(un));
	return un;
}

static enum err parse_unix(struct slice path, struct address *out)
{
	struct address a = { .len = sizeof(struct sockaddr_un) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (path.len == 0 || memchr(path.p, '\0', path.len) != NULL)
		return ERR_SYNTAX;
	if (path.len >= sizeof(un.sun_path))
		return ERR_LIMIT;
	memcpy(un.sun_path, path.p, path.len);
	memcpy(&a.any, &un, sizeof(un));
	*out = a;
	return OK;
}

/* The host part, without brackets; v6 when it was in brackets or is the wildcard. */
static enum err parse_host(struct slice host, bool v6, struct address *out)
{
	char text[INET6_ADDRSTRLEN];
	struct address a = { .len = 0 };

	if (host.len >= sizeof(text))
		return ERR_SYNTAX;
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	a.any.ss_family = v6 ? AF_INET6 : AF_INET;
	a.len = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (inet_pton(a.any.ss_family, text,
	              v6 ? (void *)&as_v6(&a.any)->sin6_addr : (void *)&as_v4(&a.any)->sin_addr) !=
	    1)
		return ERR_SYNTAX;
	*out = a;
	return OK;
}

/* Splits at the last colon: an IPv6 address must stand in brackets. */
static bool split_port(struct slice text, struct slice *host, struct slice *port)
{
	size_t colon = text.len;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0) {
		*host = S("*");
		*port = text;
		return true;
	}
	*host = slice_head(text, colon - 1);
	*port = slice_skip(text, colon);
	return host->len > 0;
}

enum err address_parse(struct slice text, struct address *out)
{
	struct address a;
	struct slice host, port;
	uint64_t number = 0;
	enum err e;

	if (slice_starts(text, S("unix:")))
		return parse_unix(slice_skip(text, 5), out);
	if (!split_port(text, &host, &port))
		return ERR_SYNTAX;
	e = num_parse_u64(port, 65535, &number);
	if (e != OK)
		return e;
	if (slice_eq(host, S("*")))
		e = parse_host(S("::"), true, &a);
	else if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		e = parse_host(slice_head(slice_skip(host, 1), host.len - 2), true, &a);
	else
		e = parse_host(host, false, &a);
	if (e != OK)
		return e;
	address_set_port(&a, (uint16_t)number);
	*out = a;
	return OK;
}

const char *address_format_host(const struct sockaddr_storage *a, char out[ADDRESS_TEXT_SIZE])
{
	struct sockaddr_in v4 = to_v4(a);
	struct sockaddr_in6 v6 = to_v6(a);
	const char *text = NULL;

	if (a->ss_family == AF_INET)
		text = inet_ntop(AF_INET, &v4.sin_addr, out, ADDRESS_TEXT_SIZE);
	else if (a->ss_family == AF_INET6)
		text = inet_ntop(AF_INET6, &v6.sin6_addr, out, ADDRESS_TEXT_SIZE);
	if (text == NULL)
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "%s",
		               a->ss_family == AF_UNIX ? "unix" : "unknown"); /* always fits */
	return out;
}

const char *address_format(const struct sockaddr_storage *a, char out[ADDRESS_TEXT_SIZE])
{
	char host[ADDRESS_TEXT_SIZE];
	struct sockaddr_un un = to_unix(a);
	bool v6 = a->ss_family == AF_INET6;

	if (a->ss_family == AF_UNIX)
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "unix:%.*s", (int)sizeof(un.sun_path) - 1,
		               un.sun_path); /* fits: the path has 108 bytes at most */
	else if (a->ss_family == AF_INET || v6)
		(void)snprintf(out, ADDRESS_TEXT_SIZE, v6 ? "[%.60s]:%u" : "%.60s:%u",
		               address_format_host(a, host), address_port(a)); /* as above */
	else
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "unknown"); /* as above */
	return out;
}

uint16_t address_port(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohs(to_v4(a).sin_port);
	return a->ss_family == AF_INET6 ? ntohs(to_v6(a).sin6_port) : 0;
}

void address_set_port(struct address *a, uint16_t port)
{
	if (a->any.ss_family == AF_INET)
		as_v4(&a->any)->sin_port = htons(port);
	else if (a->any.ss_family == AF_INET6)
		as_v6(&a->any)->sin6_port = htons(port);
}

/* The IPv4 address in host order, also out of a v4-mapped one. */
static bool v4_of(const struct sockaddr_storage *a, uint32_t *out)
{
	struct sockaddr_in6 v6 = to_v6(a);
	uint32_t bits;

	if (a->ss_family == AF_INET) {
		*out = ntohl(to_v4(a).sin_addr.s_addr);
		return true;
	}
	if (a->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		return false;
	memcpy(&bits, v6.sin6_addr.s6_addr + 12, sizeof(bits));
	*out = ntohl(bits);
	return true;
}

bool address_is_loopback(const struct sockaddr_storage *a)
{
	struct sockaddr_in6 v6 = to_v6(a);
	uint32_t v4 = 0;

	if (a->ss_family == AF_UNIX)
		return true;
	if (v4_of(a, &v4))
		return v4 >> 24 == 127;
	return a->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

uint64_t address_peer_key(const struct sockaddr_storage *a)
{
	struct sockaddr_in6 v6 = to_v6(a);
	uint64_t net = 0;
	uint32_t v4 = 0;

	/* No IPv6 network in use starts with 0xffff: multicast, and never a peer. */
	if (v4_of(a, &v4))
		return ((uint64_t)0xffff << 48) | v4;
	if (a->ss_family == AF_INET6)
		memcpy(&net, v6.sin6_addr.s6_addr, sizeof(net));
	return net;
}

#include "net/dial_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"

#define V4(a, b, c, d, n, why)                                                                    \
	{                                                                                         \
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }, DIAL_V4_BITS + (n), why \
	}

/* IANA's special-purpose registries, less what is globally reachable. */
const struct dial_range dial_ranges[] = {
	V4(0, 0, 0, 0, 8, "this network"),
	V4(10, 0, 0, 0, 8, "private network"),
	V4(100, 64, 0, 0, 10, "shared address space of carriers"),
	V4(127, 0, 0, 0, 8, "loopback"),
	V4(169, 254, 0, 0, 16, "link-local"),
	V4(172, 16, 0, 0, 12, "private network"),
	V4(192, 0, 0, 0, 24, "protocol assignments"),
	V4(192, 0, 2, 0, 24, "documentation"),
	V4(192, 88, 99, 0, 24, "6to4 relay anycast"),
	V4(192, 168, 0, 0, 16, "private network"),
	V4(198, 18, 0, 0, 15, "benchmarking"),
	V4(198, 51, 100, 0, 24, "documentation"),
	V4(203, 0, 113, 0, 24, "documentation"),
	V4(224, 0, 0, 0, 4, "multicast"),
	V4(240, 0, 0, 0, 4, "reserved"),
	/* Everything outside 2000::/3 is refused below; these lie inside. */
	{ { 0x20, 0x01, 0, 0 }, 23, "protocol assignments" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, "documentation" },
	{ { 0x3f, 0xff, 0, 0 }, 20, "documentation" },
};

const size_t dial_range_count = ARRAY_LEN(dial_ranges);

const unsigned char dial_mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
const unsigned char dial_nat64[16] = { 0, 0x64, 0xff, 0x9b };
static const unsigned char zero[16];

bool dial_in_net(const unsigned char a[16], const unsigned char net[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, net, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static void v4_bytes(const void *v4, unsigned char out[16])
{
	memcpy(out, dial_mapped, DIAL_V4_BITS / 8);
	memcpy(out + 12, v4, 4);
}

static void addr_bytes(const struct dial_addr *a, unsigned char out[16])
{
	if (a->u.sa.sa_family == AF_INET)
		v4_bytes(&a->u.v4.sin_addr, out);
	else
		memcpy(out, &a->u.v6.sin6_addr, 16);
}

static const char *v4_why_not(const void *v4)
{
	unsigned char b[16];

	v4_bytes(v4, b);
	for (size_t i = 0; i < ARRAY_LEN(dial_ranges); i++)
		if (dial_in_net(b, dial_ranges[i].bytes, dial_ranges[i].bits))
			return dial_ranges[i].why;
	return NULL;
}

/* IPv6 that carries an IPv4 address is as good as what it carries. */
static const char *v6_why_not(const unsigned char b[16])
{
	if (memcmp(b, dial_mapped, 12) == 0 || memcmp(b, dial_nat64, 12) == 0)
		return v4_why_not(b + 12);
	if (b[0] == 0x20 && b[1] == 0x02) /* RFC 3056: 2002:V4::/16 */
		return v4_why_not(b + 2);
	if ((b[0] & 0xe0) != 0x20) {
		if (memcmp(b, zero, 15) == 0)
			return b[15] == 1 ? "loopback" : "unspecified";
		if ((b[0] & 0xfe) == 0xfc)
			return "unique local network";
		if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
			return "link-local";
		return b[0] == 0xff ? "multicast" : "not global unicast";
	}
	for (size_t i = 0; i < ARRAY_LEN(dial_ranges); i++)
		if (dial_in_net(b, dial_ranges[i].bytes, dial_ranges[i].bits))
			return dial_ranges[i].why;
	return NULL;
}

const char *dial_why_not(const struct dial_addr *a)
{
	if (a->u.sa.sa_family == AF_INET)
		return v4_why_not(&a->u.v4.sin_addr);
	if (a->u.sa.sa_family == AF_INET6)
		return v6_why_not((const unsigned char *)&a->u.v6.sin6_addr);
	return "not an Internet address";
}

bool dial_is_global(const struct dial_addr *a)
{
	return dial_why_not(a) == NULL;
}

static uint16_t addr_port(const struct dial_addr *a)
{
	return ntohs(a->u.sa.sa_family == AF_INET ? a->u.v4.sin_port : a->u.v6.sin6_port);
}

/* A wildcard listener fits no address: which ones are ours a connect cannot know. */
static bool is_own(const struct dial_rules *rules, const struct dial_addr *to)
{
	unsigned char want[16], have[16];

	addr_bytes(to, want);
	for (size_t i = 0; i < rules->own_count; i++) {
		addr_bytes(&rules->own[i], have);
		if (addr_port(&rules->own[i]) == addr_port(to) && memcmp(want, have, 16) == 0)
			return true;
	}
	return false;
}

bool dial_rules_name(const struct dial_rules *rules, const struct dial_addr *to)
{
	unsigned char b[16];

	addr_bytes(to, b);
	for (size_t i = 0; i < rules->net_count; i++)
		if (dial_in_net(b, rules->nets[i].bytes, rules->nets[i].bits))
			return true;
	return false;
}

enum err dial_check(const struct dial_rules *rules, const struct dial_addr *to, struct diag *diag)
{
	const char *why = dial_why_not(to);

	if (to->u.sa.sa_family != AF_INET && to->u.sa.sa_family != AF_INET6)
		return diag_set(diag, ERR_DENIED, 0, why);
	if (rules != NULL && dial_rules_name(rules, to))
		return OK;
	if (why != NULL)
		return diag_set(diag, ERR_DENIED, 0, why);
	if (rules != NULL && is_own(rules, to))
		return diag_set(diag, ERR_DENIED, 0, "a listener of this service");
	return OK;
}

static enum err start(const struct dial_rules *rules, const struct dial_addr *to, int type,
                      int *fd_out, struct diag *diag)
{
	enum err e = dial_check(rules, to, diag);
	int fd;

	if (e != OK)
		return e;
	fd = socket(to->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return diag_set(diag, ERR_UNAVAILABLE, 0, "no socket");
	if (connect(fd, &to->u.sa, to->len) != 0 && errno != EINPROGRESS) {
		(void)close(fd); /* nothing was written */
		return diag_set(diag, ERR_UNAVAILABLE, 0, "the network refused at once");
	}
	*fd_out = fd;
	return OK;
}

enum err dial_start(const struct dial_rules *rules, const struct dial_addr *to, int *fd_out,
                    struct diag *diag)
{
	return start(rules, to, SOCK_STREAM, fd_out, diag);
}

enum err dial_start_udp(const struct dial_rules *rules, const struct dial_addr *to, int *fd_out,
                        struct diag *diag)
{
	return start(rules, to, SOCK_DGRAM, fd_out, diag);
}

static bool host_parse(const char *host, uint16_t port, struct dial_addr *out)
{
	struct dial_addr a = { 0 };

	if (inet_pton(AF_INET, host, &a.u.v4.sin_addr) == 1) {
		a.u.v4.sin_family = AF_INET;
		a.u.v4.sin_port = htons(port);
		a.len = sizeof(a.u.v4);
	} else {
		memset(&a, 0, sizeof(a));
		if (inet_pton(AF_INET6, host, &a.u.v6.sin6_addr) != 1)
			return false;
		a.u.v6.sin6_family = AF_INET6;
		a.u.v6.sin6_port = htons(port);
		a.len = sizeof(a.u.v6);
	}
	*out = a;
	return true;
}

/* Splits "host", "host:port", "host@port", "[host]:port"; a bare IPv6 has no port. */
static bool split_port(struct slice text, struct slice *host, struct slice *port)
{
	struct slice rest;

	*port = (struct slice){ NULL, 0 };
	if (slice_cut(text, '@', host, port))
		return true;
	if (text.len > 0 && text.p[0] == '[') {
		if (!slice_cut(slice_skip(text, 1), ']', host, &rest))
			return false;
		if (rest.len == 0)
			return true;
		*port = slice_skip(rest, 1);
		return rest.p[0] == ':';
	}
	*host = text;
	if (slice_cut(text, ':', host, &rest)) {
		if (slice_find(rest, ':') != SIZE_MAX)
			*host = text;
		else
			*port = rest;
	}
	return true;
}

enum err dial_addr_parse(struct slice text, uint16_t port, struct dial_addr *out)
{
	char host[INET6_ADDRSTRLEN];
	struct slice h, p;
	uint64_t n = port;

	if (!split_port(text, &h, &p) || h.len >= sizeof(host))
		return ERR_SYNTAX;
	if (p.p != NULL && (num_parse_u64(p, 65535, &n) != OK || n == 0))
		return ERR_SYNTAX;
	memcpy(host, h.p, h.len);
	host[h.len] = '\0';
	return host_parse(host, (uint16_t)n, out) ? OK : ERR_SYNTAX;
}

enum err dial_addr_of(struct slice rdata, uint16_t port, struct dial_addr *out)
{
	struct dial_addr a = { 0 };

	if (rdata.len == sizeof(a.u.v4.sin_addr)) {
		a.u.v4.sin_family = AF_INET;
		a.u.v4.sin_port = htons(port);
		memcpy(&a.u.v4.sin_addr, rdata.p, rdata.len);
		a.len = sizeof(a.u.v4);
	} else if (rdata.len == sizeof(a.u.v6.sin6_addr)) {
		a.u.v6.sin6_family = AF_INET6;
		a.u.v6.sin6_port = htons(port);
		memcpy(&a.u.v6.sin6_addr, rdata.p, rdata.len);
		a.len = sizeof(a.u.v6);
	} else {
		return ERR_SYNTAX;
	}
	*out = a;
	return OK;
}

const char *dial_addr_format(const struct dial_addr *a, bool without_port, char out[DIAL_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN] = "";
	bool v6 = a->u.sa.sa_family == AF_INET6;
	const void *p = v6 ? (const void *)&a->u.v6.sin6_addr : (const void *)&a->u.v4.sin_addr;

	if (inet_ntop(v6 ? AF_INET6 : AF_INET, p, host, sizeof(host)) == NULL)
		host[0] = '\0';
	/* The room is enough for every address and port. */
	if (without_port)
		(void)snprintf(out, DIAL_TEXT_SIZE, "%s", host);
	else
		(void)snprintf(out, DIAL_TEXT_SIZE, v6 ? "[%s]:%u" : "%s:%u", host, addr_port(a));
	return out;
}

static enum err net_parse(struct slice text, struct dial_net *out)
{
	struct slice host, len = { NULL, 0 };
	struct dial_addr a;
	struct dial_net net;
	uint64_t bits;

	if (!slice_cut(text, '/', &host, &len))
		host = text;
	if (slice_find(host, '@') != SIZE_MAX || slice_find(host, '[') != SIZE_MAX ||
	    dial_addr_parse(host, 1, &a) != OK || addr_port(&a) != 1)
		return ERR_SYNTAX;
	bool v4 = a.u.sa.sa_family == AF_INET;
	bits = v4 ? 32 : 128;
	if (len.p != NULL && num_parse_u64(len, bits, &bits) != OK)
		return ERR_SYNTAX;
	addr_bytes(&a, net.bytes);
	net.bits = (unsigned)bits + (v4 ? DIAL_V4_BITS : 0);
	for (unsigned i = net.bits; i < 128; i++)
		if ((net.bytes[i / 8] >> (7 - i % 8) & 1) != 0)
			return ERR_SYNTAX;
	*out = net;
	return OK;
}

enum err dial_rules_allow(struct dial_rules *r, struct slice nets, struct diag *diag)
{
	struct dial_rules next = *r;

	while (nets.len > 0) {
		size_t n = 0;
		while (n < nets.len && strchr(" ,\t", nets.p[n]) == NULL)
			n++;
		struct slice one = slice_head(nets, n);
		nets = slice_skip(nets, n + 1);
		if (one.len == 0)
			continue;
		if (next.net_count == DIAL_NETS_MAX)
			return diag_set(diag, ERR_LIMIT, 0, "too many networks");
		if (net_parse(one, &next.nets[next.net_count]) != OK)
			return diag_set(diag, ERR_SYNTAX, 0, "not a network such as 10.0.0.0/8");
		next.net_count++;
	}
	*r = next;
	return OK;
}

bool dial_is_in(const struct dial_addr *a, struct slice nets)
{
	struct dial_rules r = { 0 };

	return dial_rules_allow(&r, nets, NULL) == OK && dial_rules_name(&r, a);
}

enum err dial_rules_own(struct dial_rules *r, const struct dial_addr *own)
{
	if (r->own_count == DIAL_OWN_MAX)
		return ERR_LIMIT;
	r->own[r->own_count++] = *own;
	return OK;
}

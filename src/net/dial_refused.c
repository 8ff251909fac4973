/* The rule of dial_check as a list of networks. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net/dial_internal.h"

#define NET_TEXT_SIZE (INET6_ADDRSTRLEN + 8)
#define NAT64_BITS 96u
#define SIXTOFOUR_BITS 16u

struct cutting {
	const struct dial_rules *rules;
	dial_net_fn fn;
	void *arg;
};

static bool is_v4(const struct dial_net *n)
{
	return n->bits >= DIAL_V4_BITS && dial_in_net(n->bytes, dial_mapped, DIAL_V4_BITS);
}

static void emit(const struct cutting *c, const struct dial_net *n, bool v4)
{
	char host[INET6_ADDRSTRLEN] = "", text[NET_TEXT_SIZE];

	/* The room is enough for every address and length. */
	if (v4)
		(void)inet_ntop(AF_INET, n->bytes + 12, host, sizeof(host));
	else
		(void)inet_ntop(AF_INET6, n->bytes, host, sizeof(host));
	(void)snprintf(text, sizeof(text), "%s/%u", host, v4 ? n->bits - DIAL_V4_BITS : n->bits);
	c->fn(c->arg, text);
}

/* What is left of n when the holes from the i-th on are cut out. */
static void cut(const struct cutting *c, const struct dial_net *n, bool v4, size_t i)
{
	const struct dial_net *hole;
	size_t count = c->rules == NULL ? 0 : c->rules->net_count;

	if (i == count) {
		emit(c, n, v4);
		return;
	}
	hole = &c->rules->nets[i];
	if (is_v4(hole) == v4 && hole->bits <= n->bits &&
	    dial_in_net(n->bytes, hole->bytes, hole->bits))
		return;
	if (is_v4(hole) != v4 || hole->bits <= n->bits ||
	    !dial_in_net(hole->bytes, n->bytes, n->bits)) {
		cut(c, n, v4, i + 1);
		return;
	}
	/* On the way down to the hole the other half of each step stays. */
	for (unsigned b = n->bits; b < hole->bits; b++) {
		struct dial_net half = { .bits = b + 1 };
		for (unsigned k = 0; k <= b; k++)
			half.bytes[k / 8] |= (unsigned char)(hole->bytes[k / 8] & (0x80u >> k % 8));
		half.bytes[b / 8] ^= (unsigned char)(0x80u >> b % 8);
		cut(c, &half, v4, i + 1);
	}
}

/* An IPv4 range, and the same inside NAT64 and 6to4 addresses. */
static void cut_v4(const struct cutting *c, const struct dial_range *r)
{
	struct dial_net plain = { .bits = r->bits }, nat64 = { .bits = r->bits },
	                to4 = { .bits = r->bits - NAT64_BITS + SIXTOFOUR_BITS };

	memcpy(plain.bytes, r->bytes, 16);
	memcpy(nat64.bytes, dial_nat64, 12);
	memcpy(nat64.bytes + 12, r->bytes + 12, 4);
	to4.bytes[0] = 0x20;
	to4.bytes[1] = 0x02;
	memcpy(to4.bytes + 2, r->bytes + 12, 4);
	cut(c, &plain, true, 0);
	cut(c, &nat64, false, 0);
	cut(c, &to4, false, 0);
}

/* Everything but global unicast, and NAT64, which is as good as what it carries. */
static void cut_not_unicast(const struct cutting *c)
{
	struct dial_rules with = { 0 };
	struct cutting inner = { &with, c->fn, c->arg };
	static const struct dial_net outside[] = { { { 0 }, 3 }, { { 0x40 }, 2 }, { { 0x80 }, 1 } };

	if (c->rules != NULL)
		with = *c->rules;
	if (with.net_count < DIAL_NETS_MAX) {
		with.nets[with.net_count].bits = NAT64_BITS;
		memcpy(with.nets[with.net_count++].bytes, dial_nat64, 12);
	}
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		cut(&inner, &outside[i], false, 0);
}

void dial_refused(const struct dial_rules *rules, dial_net_fn fn, void *arg)
{
	struct cutting c = { rules, fn, arg };

	for (size_t i = 0; i < dial_range_count; i++) {
		const struct dial_range *r = &dial_ranges[i];
		struct dial_net n = { .bits = r->bits };
		memcpy(n.bytes, r->bytes, 16);
		if (is_v4(&n))
			cut_v4(&c, r);
		else
			cut(&c, &n, false, 0);
	}
	cut_not_unicast(&c);
}

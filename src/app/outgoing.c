#include "app/outgoing.h"

#include <ifaddrs.h>
#include <string.h>

#include "base/log.h"

static bool take_address(const struct sockaddr *any, uint16_t port, struct dial_addr *out)
{
	struct dial_addr a = { 0 };

	if (any == NULL || (any->sa_family != AF_INET && any->sa_family != AF_INET6))
		return false;
	a.len = any->sa_family == AF_INET ? sizeof(a.u.v4) : sizeof(a.u.v6);
	memcpy(&a.u, any, a.len);
	if (any->sa_family == AF_INET)
		a.u.v4.sin_port = htons(port);
	else
		a.u.v6.sin6_port = htons(port);
	*out = a;
	return true;
}

static bool is_wildcard(const struct dial_addr *a)
{
	static const struct in6_addr none;

	if (a->u.sa.sa_family == AF_INET)
		return a->u.v4.sin_addr.s_addr == 0;
	return memcmp(&a->u.v6.sin6_addr, &none, sizeof(none)) == 0;
}

/* A list that is full loses listeners of addresses that the machine has beyond it. */
static void add_own(struct dial_rules *r, const struct dial_addr *a)
{
	if (dial_rules_own(r, a) != OK)
		log_warn("not every own listener is kept from outgoing connections");
}

static void add_all(struct dial_rules *r, const struct ifaddrs *machine, uint16_t port)
{
	struct dial_addr a;

	for (const struct ifaddrs *i = machine; i != NULL; i = i->ifa_next)
		if (take_address(i->ifa_addr, port, &a))
			add_own(r, &a);
}

static void add_listeners(struct dial_rules *r, const struct conf_addresses *list,
                          const struct ifaddrs *machine)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct sockaddr_storage *any = &list->at[i].any;
		struct dial_addr a;
		if (!take_address((const struct sockaddr *)any, address_port(any), &a))
			continue; /* a Unix socket */
		if (is_wildcard(&a))
			add_all(r, machine, address_port(any));
		else
			add_own(r, &a);
	}
}

enum err outgoing_rules(const struct conf *c, struct dial_rules *out, struct diag *diag)
{
	struct ifaddrs *machine = NULL;
	enum err e = dial_rules_allow(out, slice_str(c->outgoing.allow), diag);

	if (e != OK)
		return e;
	if (getifaddrs(&machine) != 0)
		machine = NULL; /* then listeners on every address are not known apart */
	add_listeners(out, &c->listen.tls, machine);
	add_listeners(out, &c->listen.http, machine);
	add_listeners(out, &c->listen.behind, machine);
	add_listeners(out, &c->listen.smtp, machine);
	add_listeners(out, &c->listen.lmtp, machine);
	add_listeners(out, &c->listen.admin, machine);
	freeifaddrs(machine);
	return OK;
}

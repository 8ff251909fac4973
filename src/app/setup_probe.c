#include "app/setup_probe.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "app/port_owner.h"
#include "app/sockets.h"
#include "mtasts/name.h"
#include "net/clock.h"
#include "net/dial.h"
#include "net/listen.h"

static struct setup_port probe_port(const char *text, unsigned flags, struct arena *a)
{
	struct setup_port out = { .state = SETUP_UNKNOWN, .owner = "", .name = "" };
	struct socket_fault fault = { .owner = NULL };
	struct port_owner o;
	struct address at;
	enum err e = address_parse(slice_str(text), &at);

	if (e == OK)
		e = sockets_probe(&at, flags, a, &fault);
	if (e == OK)
		out.state = SETUP_FREE;
	if (e != ERR_CONFLICT)
		return out;
	o = port_owner_find(&at, flags, a);
	return (struct setup_port){ .state = o.ours      ? SETUP_OURS
		                             : o.manager ? SETUP_UNIT
		                                         : SETUP_TAKEN,
		                    .owner = port_owner_text(&o, a),
		                    .name = o.name };
}

/* By TCP and UDP; what is taken or unknown for one is it for both. */
static struct setup_port probe_dns(const char *text, struct arena *a)
{
	struct setup_port tcp = probe_port(text, 0, a);

	return tcp.state == SETUP_FREE || tcp.state == SETUP_OURS
	               ? probe_port(text, LISTEN_DATAGRAM, a)
	               : tcp;
}

static bool take_address(const struct sockaddr *sa, struct dial_addr *out)
{
	struct dial_addr a = { .len = 0 };

	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET) {
		a.len = sizeof(a.u.v4);
		memcpy(&a.u.v4, sa, sizeof(a.u.v4));
	} else if (sa->sa_family == AF_INET6) {
		a.len = sizeof(a.u.v6);
		memcpy(&a.u.v6, sa, sizeof(a.u.v6));
	}
	*out = a;
	return a.len != 0;
}

static bool is_worth_naming(const struct dial_addr *a)
{
	const char *why = dial_why_not(a);

	/* A private IPv4 address is where DNS listens behind NAT. */
	return why == NULL || (a->u.sa.sa_family == AF_INET && strcmp(why, "loopback") != 0 &&
	                       strcmp(why, "link-local") != 0);
}

static void add_address(const struct ifaddrs *i, struct arena *a, struct setup_facts *out)
{
	char text[DIAL_TEXT_SIZE];
	struct dial_addr addr;

	if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0 ||
	    out->address_count == SETUP_ADDRESSES_MAX || !take_address(i->ifa_addr, &addr) ||
	    !is_worth_naming(&addr))
		return;
	bool v6 = addr.u.sa.sa_family == AF_INET6;
	const char *host = arena_str(a, slice_str(dial_addr_format(&addr, true, text)));
	out->addresses[out->address_count++] = (struct setup_address){
		.text = host,
		.v6 = v6,
		.global = dial_is_global(&addr),
		.dns = probe_dns(arena_printf(a, v6 ? "[%s]:53" : "%s:53", host), a),
	};
}

/* Root name servers: they answer everybody, and their addresses do not change. */
static const char *const roots[] = {
	"[2001:503:ba3e::2:30]:53",
	"[2001:500:2f::f]:53",
	"[2001:7fd::1]:53",
};

/* The address of this end of a connection that was accepted; "": it was not. */
static const char *own_end(int fd, struct arena *a)
{
	char text[DIAL_TEXT_SIZE];
	struct dial_addr own = { .len = sizeof(own.u) };
	int error = -1;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0 ||
	    getsockname(fd, &own.u.sa, &own.len) != 0)
		return "";
	return arena_str(a, slice_str(dial_addr_format(&own, true, text)));
}

static void note_answer(struct setup_facts *f, const char *own)
{
	for (size_t i = 0; i < f->address_count; i++)
		if (strcmp(f->addresses[i].text, own) == 0)
			f->addresses[i].answered = true;
}

static void await_answers(struct pollfd *p, size_t count, struct arena *a, struct setup_facts *f)
{
	int64_t end = clock_mono_ms() + SETUP_ANSWER_MS, left;
	bool known = false;

	while (!known && (left = end - clock_mono_ms()) > 0 &&
	       poll(p, (nfds_t)count, (int)left) > 0) {
		for (size_t i = 0; i < count; i++) {
			const char *own = p[i].revents == 0 ? "" : own_end(p[i].fd, a);

			known = known || own[0] != '\0';
			note_answer(f, own);
			if (p[i].revents != 0) /* poll passes negative ones over */
				p[i].fd = -1 - p[i].fd;
		}
	}
}

static void ask_roots(struct arena *a, struct setup_facts *f)
{
	struct pollfd p[ARRAY_LEN(roots)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		struct dial_addr to;

		if (dial_addr_parse(slice_str(roots[i]), 53, &to) == OK &&
		    dial_start(NULL, &to, &p[count].fd, NULL) == OK)
			p[count++].events = POLLOUT;
	}
	await_answers(p, count, a, f);
	for (size_t i = 0; i < count; i++)
		(void)close(p[i].fd < 0 ? -1 - p[i].fd : p[i].fd); /* nothing was sent */
}

void setup_probe(struct arena *a, struct setup_facts *out)
{
	struct ifaddrs *all = NULL;

	*out = (struct setup_facts){ .tls = probe_port("*:443", 0, a),
		                     .http = probe_port("*:80", 0, a),
		                     .smtp = probe_port("*:25", 0, a) };
	if (getifaddrs(&all) != 0)
		all = NULL; /* then no address is known */
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		add_address(i, a, out);
	freeifaddrs(all);
	for (size_t i = 0; i < out->address_count; i++) {
		if (!out->addresses[i].v6)
			continue;
		ask_roots(a, out);
		break;
	}
}

const char *setup_probe_host(struct arena *a)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	char host[NAME_SIZE] = "", name[NAME_SIZE];
	struct addrinfo *found = NULL;

	if (gethostname(host, sizeof(host) - 1) != 0)
		return "";
	if (strchr(host, '.') == NULL && getaddrinfo(host, NULL, &hints, &found) == 0 &&
	    found->ai_canonname != NULL)
		(void)snprintf(host, sizeof(host), "%s", found->ai_canonname); /* cut: no name */
	if (found != NULL)
		freeaddrinfo(found);
	if (strchr(host, '.') == NULL || name_normal(slice_str(host), name, NULL) != OK)
		return "";
	return arena_str(a, slice_str(name));
}

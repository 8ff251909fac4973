/*
 * The one door to the outside: every outgoing connection asks here first.
 *
 * The check is on the numeric address at connect time, so that a name which
 * answers differently a second time gains nothing.  Refused is whatever is not
 * globally routable, also when it is wrapped as v4-mapped, NAT64 or 6to4, and
 * our own listeners; networks named by the configuration are let through.
 * Names are never resolved here.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/slice.h"

#define DIAL_NETS_MAX 64u
#define DIAL_OWN_MAX 256u
#define DIAL_TEXT_SIZE 64u /* room for "[address]:port" and a NUL */

struct dial_addr {
	socklen_t len; /* 0: none */
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u;
};

struct dial_net {
	unsigned char bytes[16]; /* IPv4 as v4-mapped */
	unsigned bits;           /* of 128 */
};

struct dial_rules {
	size_t net_count, own_count;
	struct dial_net nets[DIAL_NETS_MAX]; /* let through although not global */
	struct dial_addr own[DIAL_OWN_MAX];  /* refused although global */
};

/*
 * "192.0.2.1", "192.0.2.1:853", "192.0.2.1@853", "2001:db8::1", "[2001:db8::1]:853".
 * port is used when none is written.  ERR_SYNTAX: none of these.
 */
enum err dial_addr_parse(struct slice text, uint16_t port, struct dial_addr *out) MUST_USE;
/* The data of an A or AAAA record.  ERR_SYNTAX: neither 4 nor 16 bytes. */
enum err dial_addr_of(struct slice rdata, uint16_t port, struct dial_addr *out) MUST_USE;
/* "192.0.2.1:853" or "[2001:db8::1]:853"; without_port: the address alone. */
const char *dial_addr_format(const struct dial_addr *a, bool without_port,
                             char out[DIAL_TEXT_SIZE]);

/*
 * Adds networks to the exceptions: "10.0.0.0/8, fd00::/8 192.0.2.7", blanks or commas between.
 * ERR_SYNTAX: not a network, or bits behind its length; ERR_LIMIT: more than DIAL_NETS_MAX.
 */
enum err dial_rules_allow(struct dial_rules *r, struct slice nets, struct diag *diag) MUST_USE;
/* Adds one of our own listeners.  ERR_LIMIT: more than DIAL_OWN_MAX. */
enum err dial_rules_own(struct dial_rules *r, const struct dial_addr *own) MUST_USE;

/* True when one of the networks of rules has the address. */
bool dial_rules_name(const struct dial_rules *rules, const struct dial_addr *to);
/* True when the address lies in one of the networks, written as above. */
bool dial_is_in(const struct dial_addr *a, struct slice nets);

/* True when the Internet routes to the address and to whatever is wrapped in it. */
bool dial_is_global(const struct dial_addr *a);
/* Why an address is not global, as a constant ("private network", ...); NULL when it is. */
const char *dial_why_not(const struct dial_addr *a);

/*
 * The same rule as a list, for a library that opens its sockets itself: calls fn with every
 * network that is not global, as "10.0.0.0/8", less the networks that rules let through.  IPv4
 * addresses inside IPv6 ones are in the list as such; those that are mapped all are.
 */
typedef void (*dial_net_fn)(void *arg, const char *net);
void dial_refused(const struct dial_rules *rules, dial_net_fn fn, void *arg);

/* OK, or ERR_DENIED with the reason in *diag.  rules NULL: no exceptions and no own listeners. */
enum err dial_check(const struct dial_rules *rules, const struct dial_addr *to,
                    struct diag *diag) MUST_USE;

/*
 * A non-blocking, close-on-exec TCP socket on its way to the address (or there already).
 * ERR_DENIED: dial_check refused; ERR_UNAVAILABLE: no socket or an immediate failure.
 */
enum err dial_start(const struct dial_rules *rules, const struct dial_addr *to, int *fd_out,
                    struct diag *diag) MUST_USE;
/* The same for datagrams: the socket exchanges them with that address only. */
enum err dial_start_udp(const struct dial_rules *rules, const struct dial_addr *to, int *fd_out,
                        struct diag *diag) MUST_USE;

#endif

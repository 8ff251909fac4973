/*
 * The DNS server inside edge: answers for the service zone by UDP and TCP (RFC 1035, 7766).
 *
 * Sockets are bound to named addresses, so an answer leaves from the address that was asked.
 * Answers by UDP never exceed DNS_UDP_MAX and are rate-limited; by TCP queries may be sent ahead
 * and are answered in their order.  Secondaries get transfers (service/dns_transfer.h), and what
 * is signed with one of their keys is answered signed.  Nothing blocks and nothing is written.
 */
#ifndef SERVICE_DNS_SERVER_H
#define SERVICE_DNS_SERVER_H

#include "net/loop.h"
#include "service/dns_transfer.h"

struct dns_limits {
	size_t connections;  /* open at once; memory for them is taken at the start */
	size_t per_address;  /* of these, for one peer (IPv6: one /64) */
	size_t transfers;    /* under way at once */
	int64_t query_ms;    /* from the start, or the answer before, to the end of a query */
	int64_t total_ms;    /* from the start to the end of a connection */
	int64_t stall_ms;    /* a transfer of which nothing is taken */
	int64_t transfer_ms; /* from its start to the end of the connection */
};

/* What is served unless somebody knows better; design values. */
extern const struct dns_limits dns_limits_default;

struct dns_options {
	const int *udp; /* sockets and listeners; they stay the caller's */
	size_t udp_count;
	const int *tcp;
	size_t tcp_count;
	uint64_t rate; /* answers a second by UDP, see service/dns_rate.h; 0: not limited */
	const struct dns_peers *peers; /* who may have transfers; NULL: nobody */
	struct dns_limits limits;
	int64_t (*now_s)(void); /* wall clock, for signatures */
};

struct dns_server;

/* zone is looked at with each query and may point to NULL: nothing is served then. */
struct dns_server *dns_server_new(struct loop *loop, const struct dns_options *o,
                                  struct zone *const *zone);
void dns_server_free(struct dns_server *s); /* closes all connections; NULL does nothing */

/* Closes what has passed a deadline. */
void dns_server_expire(struct dns_server *s, int64_t now_ms);
/* Accepts no more and closes what waits for a query. */
void dns_server_drain(struct dns_server *s);
/* TCP connections that are open. */
size_t dns_server_open(const struct dns_server *s);

#endif

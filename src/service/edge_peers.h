/*
 * Connections open at once, counted by peer address (net/address.h: IPv6 by /64).
 *
 * Each peer keeps the connections that have no complete head yet, oldest first, since
 * those are what a cap closes.
 */
#ifndef SERVICE_EDGE_PEERS_H
#define SERVICE_EDGE_PEERS_H

#include <stdint.h>

#include "service/edge_list.h"

struct edge_peer {
	struct edge_peer *next;
	uint64_t key;
	unsigned open;
	struct link headless;
};

struct edge_peers;

/* Room for `most` peers at once, made now; more are never asked for by the caller. */
struct edge_peers *edge_peers_new(size_t most);
void edge_peers_free(struct edge_peers *p); /* NULL does nothing */
size_t edge_peers_count(const struct edge_peers *p);

/* The peer, with what it has open; NULL: it has nothing open. */
struct edge_peer *edge_peers_find(const struct edge_peers *p, uint64_t key);
/* Counts one more connection of it; the pointer is valid until edge_peers_leave says 0. */
struct edge_peer *edge_peers_enter(struct edge_peers *p, uint64_t key);
/* Counts one less; the connection is in no list any more. */
void edge_peers_leave(struct edge_peers *p, struct edge_peer *peer);

#endif

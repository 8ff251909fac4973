/*
 * Counting fetches of policies: what an edge says of each, and how desk keeps it.
 *
 * Each answer of a policy host is one record through one pipe that all edges write and desk reads.
 * Nobody waits for it: a record that finds the pipe full is added to `lost` on the board.  So is
 * what desk had read and not stored when it died.  The client's address does not leave the edge:
 * a record carries its network, the /24 of an IPv4 address and the /48 of an IPv6 one.
 *
 * desk adds records up and stores them once a second (store/fetches.h).
 */
#ifndef SERVICE_FETCHES_H
#define SERVICE_FETCHES_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "service/desk.h"
#include "store/fetches.h"

#define FETCH_V4_BITS 24u
#define FETCH_V6_BITS 48u

/* Smaller than PIPE_BUF: it is written whole or not at all. */
struct fetch_record {
	int64_t publication;
	int64_t at; /* epoch seconds */
	uint32_t status;
	uint32_t bits; /* of network; 0: the peer has no network */
	unsigned char network[16];
};

/* A record of an answer to peer; v4-mapped addresses are IPv4. */
void fetch_record_make(int64_t publication, unsigned status, const struct sockaddr_storage *peer,
                       int64_t at, struct fetch_record *out);
/* "192.0.2.0/24"; "" without a network. */
const char *fetch_network_text(const struct fetch_record *r, char out[FETCH_NETWORK_SIZE]);

/* Edge: says one; never waits.  False: it is lost. */
bool fetch_say(int pipe, const struct fetch_record *r);

struct fetch_tally;

/*
 * Desk's side of the pipe; slot is desk's own on the board.  What a desk before this one had read
 * and not stored is noted as lost.  Adds to the database of d, whose lock it takes for each batch.
 */
struct fetch_tally *fetch_tally_new(struct desk *d, int pipe, unsigned slot);
void fetch_tally_free(struct fetch_tally *t); /* stores what it has; NULL does nothing */
/* Takes what is in the pipe; false: nothing was. */
bool fetch_tally_read(struct fetch_tally *t);
/* Once a second: stores, takes networks off what is old enough, and makes older days months. */
void fetch_tally_tick(struct fetch_tally *t, int64_t now);

#endif

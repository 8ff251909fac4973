/* Between the dns_*.c files only. */
#ifndef SERVICE_DNS_INTERNAL_H
#define SERVICE_DNS_INTERNAL_H

#include "base/buf.h"
#include "net/listen.h"
#include "service/dns_rate.h"
#include "service/dns_server.h"
#include "service/edge_list.h"
#include "service/edge_peers.h"

#define DNS_BATCH 16u         /* datagrams taken and sent with one system call */
#define DNS_QUERY_MAX 4096u   /* a longer query is dropped, and a connection that sends it ended */
#define DNS_OUT_ENOUGH 16384u /* while so much waits to be sent no further query is taken up */
#define DNS_OUT_MAX (DNS_OUT_ENOUGH + 2u * (2u + DNS_MESSAGE_MAX))

struct dns_listener {
	struct dns_server *server;
	struct loop_watch watch;
};

struct dns_conn {
	struct dns_server *server;
	struct link age;     /* in server->unused or server->open */
	struct link quiet;   /* in server->quiet while nothing is being answered */
	struct link of_peer; /* in peer->headless at the same times */
	struct edge_peer *peer;
	struct loop_watch watch;
	int fd;
	int64_t due_ms, end_ms;
	size_t in_len;
	struct buf out;
	bool ended; /* the peer sends no more */
	bool transferring;
	struct dns_transfer transfer;
	struct sockaddr_storage address;
	unsigned char in[2 + DNS_QUERY_MAX];
};

struct dns_server {
	struct loop *loop;
	struct dns_options o;
	struct zone *const *zone;
	struct dns_rate *rate;
	struct dns_peers peers_allowed;
	struct dns_listener *listeners;
	size_t listener_count;
	struct dns_conn *pool;
	struct edge_peers *peers;
	struct link unused, open, quiet;
	size_t open_count, transfer_count;
	bool draining;
	unsigned char answer[DNS_MESSAGE_MAX];
	unsigned char batch_in[DNS_BATCH][DNS_QUERY_MAX];
	unsigned char batch_out[DNS_BATCH][DNS_UDP_MAX];
};

/* A query as it came. */
struct dns_asked {
	struct slice message;
	const struct sockaddr_storage *peer;
	bool udp;
	struct zone_ask ask;
	bool is_signed; /* with a key of ours, or with a fault that the answer has to name */
	struct dns_tsig tsig;
};

/* What becomes of a query. */
enum dns_deed { DNS_SILENCE, DNS_ANSWERED, DNS_TRANSFER };

/*
 * Answers one query into size bytes at out.  DNS_TRANSFER: nothing was written, the peer may have
 * a transfer.  *answer_out and *outcome_out are set when it was answered.
 */
enum dns_deed dns_answer_one(struct dns_server *s, struct dns_asked *q, void *out, size_t size,
                             struct slice *answer_out, enum zone_outcome *outcome_out);

/* dns_tcp.c */
void dns_conn_pool(struct dns_server *s);
void dns_conn_open(struct dns_server *s, int fd, const struct sockaddr_storage *peer);
void dns_conn_close(struct dns_conn *c);
/* Closes the oldest connection that waits for a query; false: there is none. */
bool dns_conn_shed(struct dns_server *s);

#endif

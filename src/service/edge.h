/*
 * Edge: answers policies over HTTPS, and hands the decrypted streams of the report and
 * admin hosts to intake and desk.
 *
 * It also answers DNS questions for the service zone (service/dns_server.h).
 *
 * One loop, no threads, nothing that blocks.  What is served comes from edge.db through
 * an index in memory (service/edge_index.h) that follows the board; it goes on being
 * served when the database cannot be read.  Edge writes nothing but its slot of the
 * board, opens no connection and runs no program.
 */
#ifndef SERVICE_EDGE_H
#define SERVICE_EDGE_H

#include "net/trusted.h"
#include "service/board.h"
#include "service/dns_server.h"

struct edge_limits {
	size_t connections;        /* open at once; memory for them is taken at the start */
	size_t per_address;        /* of these, for one peer (IPv6: one /64) */
	size_t relays;             /* handed-over connections open at once */
	size_t relays_per_address; /* of these, for one peer */
	size_t certificates;       /* decoded ones kept */
	int64_t head_ms;           /* from the start, or the answer before, to the end of a head */
	int64_t total_ms;          /* from the start to the end of a connection */
	int64_t relay_idle_ms;     /* a handed-over connection on which nothing moves */
};

/* What is served unless somebody knows better; design values. */
extern const struct edge_limits edge_limits_default;

struct edge_options {
	const int *tls; /* listeners; they stay the caller's */
	size_t tls_count;
	const int *http; /* plain listeners */
	size_t http_count;
	const int *behind; /* plain listeners for proxies that end TLS (service/edge_behind.c) */
	size_t behind_count;
	const struct trusted *proxies; /* whose word counts; NULL: nobody's */
	bool preamble;                 /* they begin with a PROXY preamble, on every listener */
	int hand_desk, hand_intake;    /* hand-over channels; -1: none */
	int bell;                      /* eventfd rung when the board changed; -1: none */
	int fetches;                   /* pipe that takes a record of each answer; -1: none */
	struct board *board;           /* NULL: edge.db itself is asked for changes */
	unsigned slot;
	const char *edgedb_path;
	const unsigned char *edge_key, *report_key; /* of KEY_SIZE bytes; NULL: not held */
	struct edge_limits limits;
	struct slice zone; /* the service zone; empty: none */
	struct dns_options dns;
	int64_t (*now_s)(void); /* wall clock */
};

struct edge;

/* Everything *o points to must live as long as the edge.  Reads edge.db if it can. */
struct edge *edge_new(const struct edge_options *o);
void edge_free(struct edge *e); /* closes all connections; NULL does nothing */

/* Serves until edge_drain has been called and the last connection is gone. */
void edge_serve(struct edge *e);
/* One turn of the loop, for tests: waits for at least one event. */
void edge_turn(struct edge *e);
/* Accepts no more, closes what is idle, and lets the rest end within their deadlines. */
void edge_drain(struct edge *e);

/* For tests and figures. */
struct edge_figures {
	size_t names, connections, relays, peers, certificates, dns_sets, dns_connections;
	int64_t applied; /* the change sequence that is served */
};
struct edge_figures edge_figures(const struct edge *e);

/*
 * The role: serves until SIGTERM or SIGINT, which it takes from a descriptor; returns
 * after draining.
 */
void edge_run(const struct edge_options *o);

#endif

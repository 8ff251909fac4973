/* Between the edge_*.c files only. */
#ifndef SERVICE_EDGE_INTERNAL_H
#define SERVICE_EDGE_INTERNAL_H

#include "base/buf.h"
#include "net/handover.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/tls.h"
#include "service/edge.h"
#include "service/edge_answer.h"
#include "service/edge_certs.h"
#include "service/edge_challenge.h"
#include "service/edge_index.h"
#include "service/edge_list.h"
#include "service/edge_peers.h"
#include "service/edge_rest.h"
#include "service/edge_warm.h"
#include "service/fetches.h"
#include "wire/http_head.h"

#define EDGE_TICK_MS 250 /* deadlines are kept to this grain; the board is looked at */
#define EDGE_BEAT_MS 1000
#define EDGE_CROWDED 16           /* connections of one address at once */
#define EDGE_CROWD_TURN 8u        /* handshakes of such addresses between two looks at all others */
#define EDGE_EXPIRE_TURN 128      /* connections closed before others get their turn */
#define EDGE_WARM_MS 20           /* between two turns: a tenth of a core, and nobody waits long */
#define EDGE_DRAIN_MS 4500        /* longest life after edge_drain; the parent waits five seconds */
#define EDGE_DRAIN_FIRST_MS 1000  /* of a connection on which nothing was said yet */
#define EDGE_SCRATCH 16384u       /* one TLS record */
#define EDGE_REQUESTS_MAX 100     /* on one connection */
#define EDGE_LINGER_MAX 262144u   /* bytes read and dropped behind an answer */
#define EDGE_RELAY_BUFFER 65536u  /* a direction */
#define EDGE_RELAY_LINGER_MS 5000 /* for the peer to end once the service has */
#define EDGE_SAY_MS 60000         /* a proxy that is set up wrongly is logged so often */

enum edge_listens { EDGE_TLS, EDGE_HTTP, EDGE_BEHIND };

struct edge_listener {
	struct edge *edge;
	struct loop_watch watch;
	enum edge_listens how;
};

enum conn_state {
	CONN_PROXY,  /* a trusted proxy says whom it speaks for */
	CONN_FIRST,  /* no whole ClientHello came yet, and no TLS object exists */
	CONN_CROWD,  /* a whole ClientHello is there; crowded addresses wait for their turn */
	CONN_HELLO,  /* TLS handshake */
	CONN_HAND,   /* report or admin host: the first decrypted byte is awaited */
	CONN_HEAD,   /* a request head */
	CONN_ANSWER, /* the rest of an answer */
	CONN_FINISH, /* our side is being ended */
	CONN_LINGER, /* what the peer still sends is read and dropped, lest it lose the answer */
};

struct edge_conn {
	struct edge *edge;
	struct link age;        /* in edge->unused or edge->open, oldest first */
	struct link headless;   /* in edge->headless, by head_due_ms */
	struct link of_peer;    /* in peer->headless */
	struct link crowd;      /* in edge->crowd */
	struct edge_peer *peer; /* NULL: a proxy, which does not count */
	struct stream stream;
	struct loop_watch watch;
	enum conn_state state;
	bool tls, behind;
	bool awaited; /* the state has asked to be called when something comes */
	bool starved; /* all of `in` was looked at and is no whole head */
	bool close, linger;
	bool validation; /* a CA looks at the certificate, and that was all */
	unsigned requests;
	size_t lingered;
	int64_t due_ms, head_due_ms;
	enum edge_kind kind;
	struct http_reader reader;
	struct buf in;  /* of a head that came in pieces, or of requests sent ahead */
	struct buf out; /* the rest of an answer the socket did not take at once */
	struct sockaddr_storage address; /* of the client, also behind a proxy that names it */
	char name[TLS_NAME_SIZE];
	const char *unavailable; /* why the hand-over failed; answered with 503 */
};

struct edge {
	struct edge_options o;
	struct loop *loop;
	struct tls_server *tls;
	struct edge_index *index;
	struct edge_certs *certs;
	struct edge_warm *warm;
	struct edge_challenges *challenges;
	struct zone *zone; /* NULL: none is served */
	struct dns_server *dns;

	struct edgedb *db; /* NULL: not open */
	int64_t applied, asked_ms;
	bool failing; /* the last look at edge.db failed, and that was said */

	struct edge_listener *listeners;
	size_t listener_count;
	struct edge_conn *pool;
	struct edge_peers *peers;
	struct link unused, open, headless;
	struct link crowd;   /* in CONN_CROWD, newest last */
	unsigned crowd_left; /* handshakes that crowded addresses may begin in this turn */
	size_t pool_used;    /* slots of the pool that were ever taken */
	size_t open_count;
	struct edge_rest rest;

	struct edge_peers *relay_peers;
	struct link relays;
	size_t relay_count;

	struct loop_watch bell, signals;
	struct loop_timer tick, warming, crowd_turn;
	int64_t beat_ms;
	bool draining;
	int64_t drain_due_ms, drain_first_due_ms;
	int64_t said_ms; /* when a proxy was last complained of */
	struct buf answer;
	char scratch[EDGE_SCRATCH];
};

/* edge_conn.c */
void edge_conn_pool(struct edge *e);
void edge_conn_open(struct edge *e, int fd, const struct sockaddr_storage *peer,
                    enum edge_listens how);
void edge_conn_close(struct edge_conn *c);
/* The only writer of c->state; gives OK. */
enum err edge_conn_enter(struct edge_conn *c, enum conn_state next);
/* From now on the connection counts as one of c->address; false: it has too many. */
bool edge_conn_join(struct edge_conn *c) MUST_USE;
/* Counts an answer of a policy host (service/fetches.h); site NULL or another one: not counted. */
void edge_conn_note(const struct edge_conn *c, const struct edge_site *site, unsigned status);
/* Answers from edge->answer, sending what it can at once. */
enum err edge_conn_send(struct edge_conn *c, bool close) MUST_USE;
enum err edge_conn_refuse(struct edge_conn *c, unsigned status, const char *why) MUST_USE;
/* Closes what has passed a deadline, up to EDGE_EXPIRE_TURN of them; true: there are more. */
bool edge_conn_expire(struct edge *e, int64_t now_ms);
/* Closes connections that wait for a further request, and with silent those without any byte. */
void edge_conn_drain(struct edge *e, bool silent);
/* Closes the oldest connection without a complete head; false: there is none. */
bool edge_conn_shed(struct edge *e);
/* A timer's function, e its argument: the next turn of those in CONN_CROWD. */
void edge_conn_crowd_turn(void *e);

/* edge_behind.c */
/* Whether this connection is of a proxy whose word counts. */
bool edge_behind_trusts(const struct edge *e, const struct sockaddr_storage *peer);
/* Says so, at most once a minute. */
void edge_behind_complain(struct edge *e, const struct sockaddr_storage *proxy, const char *why);
/* The handler of CONN_PROXY. */
enum err edge_behind_preamble(struct edge_conn *c) MUST_USE;
/* Answers a request of a proxy; rest is what came behind its head. */
enum err edge_behind_answer(struct edge_conn *c, struct http_head *head,
                            struct slice rest) MUST_USE;

/*
 * edge_relay.c: OK: the stream was taken; first goes to the service before anything that is read
 * from it.  ERR_LIMIT, ERR_UNAVAILABLE: it was not taken.
 */
enum err edge_relay_open(struct edge *e, const struct edge_conn *c, struct stream *client,
                         struct slice first) MUST_USE;
void edge_relay_expire(struct edge *e, int64_t now_ms);
void edge_relay_close_all(struct edge *e);

/* edge_feed.c */
void edge_feed_open(struct edge *e);
/* Looks at the board, or at edge.db where there is none, and applies what is new. */
void edge_feed_look(struct edge *e);

#endif

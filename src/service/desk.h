/*
 * What desk's services share: the databases, the board, the resolver, the settings.
 *
 * One store connection serves all threads of desk behind one mutex.  A service
 * takes the lock for its short sections and never holds it while it waits for
 * DNS or for edges.  Functions below say so when they want the lock held.
 */
#ifndef SERVICE_DESK_H
#define SERVICE_DESK_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

struct db;
struct edgedb;
struct board;
struct resolver;
struct dial_rules;
struct push_conf;
struct backup;

#define DESK_HOSTS_MAX 8u

/* A mailbox whose access token a command prints. */
struct desk_token {
	const char *name, *command;
};

/* Settings as desk needs them; strings live as long as the process, empty: not set. */
struct desk_settings {
	bool demo;
	const char *state_dir;
	const char *zone;         /* service zone, no final dot */
	const char *nameservers;  /* of it, as service/zone_rows.h reads them */
	const char *service_host; /* public name of this machine: the admin host */
	const char *report_host;
	const char *addresses; /* what an `address` record points to, blanks between */
	uint32_t ttl;
	const char *profile;
	bool dns_open;             /* a listener of edge takes DNS here */
	bool https_open;           /* a listener of edge takes HTTPS here */
	bool behind_open;          /* a listener of edge takes plain HTTP of proxies here */
	bool smtp_open;            /* a listener of intake takes mail here */
	unsigned https_port;       /* of the first one on loopback; demonstrations fetch there */
	const char *admin_url;     /* "http://127.0.0.1:8000", where a login link leads */
	const char *ca_file;       /* demonstration CA; empty: none */
	const char *outside_roots; /* what certificates are verified with; empty: the system's */
	const char *alert_command; /* gets a mail on its input; empty: nobody is told */
	const char *alert_to;
	const char *alert_doubt; /* why the command may not work; empty: no reason is known */
	const char *alert_fix;   /* what to do about that */
	size_t token_count;
	const struct desk_token *tokens;
};

struct desk_waiter;

/*
 * The lock of desk, which is handed on in the order of asking: with a mutex alone a thread that
 * takes it again and again would keep the one that shows that desk is alive from ever getting it.
 */
struct desk_lock {
	pthread_mutex_t guard; /* of the rest, for moments only */
	bool held;
	struct desk_waiter *first, *last;
};

/* Changes of both databases that become one (service/edge_write.h). */
struct desk_batch {
	bool active;
	int64_t seq;     /* of the transaction that is open in edge.db; 0: none is */
	enum err failed; /* the first failure since it began */
};

struct desk {
	const char *fault; /* why there are no databases, in words; NULL: there are */
	const char *fault_fix;
	struct db *db;
	struct edgedb *edge;
	struct board *board;
	struct resolver *resolver;      /* NULL in a demonstration */
	const struct dial_rules *rules; /* of every outgoing connection; never NULL in desk */
	const struct push_conf *push;   /* how customers' zones are written; service/push.h */
	struct backup *backup;          /* service/backup.h */
	struct desk_settings set;
	const unsigned char *key_edge_tls;   /* 32 bytes, seals policy hosts' keys */
	const unsigned char *key_report_tls; /* 32 bytes, seals the report host's key */
	const unsigned char *key_check;      /* 32 bytes, by which the state knows its master key */
	const int *bells;                    /* eventfd of each edge */
	size_t bell_count;
	struct desk_batch batch;   /* of whoever holds the lock */
	int hand_intake;           /* hand-over to intake */
	atomic_bool key_is_other;  /* the state was sealed under another master key */
	atomic_bool hosts_changed; /* which hosts are served may have changed */
	atomic_bool behind;        /* edges may have any domain as it was before */
	atomic_bool alerts_hurry;  /* what is to be said is said now, not together with more */
	atomic_bool stopping;      /* what takes long is given up */
	struct desk_lock lock;
};

void desk_lock_init(struct desk *d);
void desk_lock_fini(struct desk *d);
/* Whoever asked first gets it first. */
void desk_lock(struct desk *d);
void desk_unlock(struct desk *d);

#endif

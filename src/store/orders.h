/*
 * The queue of certificate orders: one row a host, from wanting a certificate to renewing it,
 * with everything an order under way needs to go on after a restart.
 *
 * A row is claimed under a lease, changed by one step, and put back.  Private keys lie sealed.
 */
#ifndef STORE_ORDERS_H
#define STORE_ORDERS_H

#include "store/db.h"

enum order_state {
	ORDER_IDLE,    /* has a certificate; due when that is to be looked at again */
	ORDER_WANTED,  /* needs one; nothing was asked yet, or it failed */
	ORDER_PLACED,  /* the CA knows the order */
	ORDER_OFFERED, /* the proof was given to the edges */
	ORDER_ASKED,   /* the CA was asked to look */
	ORDER_PROVED,  /* the CA saw the proof */
	ORDER_SIGNING, /* the key is kept; the CA is asked for the certificate */
	ORDER_STATES,
};

/* "wanted"; never NULL. */
const char *order_state_name(enum order_state s);

struct order {
	int64_t tenant, domain; /* domain 0: a host of the service itself */
	const char *host;
	enum order_state state;
	int64_t due;           /* not before; 0: somebody said now, and it was not taken up yet */
	int64_t rank;          /* lower goes first */
	int64_t tries, faults; /* refusals, and failures to ask, in a row */
	const char *why;       /* the last failure in words; "" for none */
	const char *problem;   /* the CA's type of it; "" for none */
	const char *order_url, *authorization_url, *challenge_url;
	const char *method; /* "http-01", "tls-alpn-01" */
	int64_t seq;        /* of edge.db: the proof */
	struct slice sealed_key;
	const char *replaces; /* fingerprint of the certificate to be followed; "" for none */
	int64_t renew_at;
	const char *explanation; /* https URL of the CA about its window; "" for none */
	int64_t started;         /* of the order under way */
};

/*
 * Makes the queue follow the domains: a row for each host that is served here and for each of
 * service_hosts ("" is none), none for others.  Only what changed since the last time is touched.
 */
enum err orders_follow(struct db *db, const char *const service_hosts[2], int64_t now) MUST_USE;
/* The next one due, claimed for lease_s seconds.  ERR_NOTFOUND. */
enum err orders_claim(struct db *db, int64_t now, int64_t lease_s, struct arena *a,
                      struct order *out) MUST_USE;
/* Nothing is ordered any more; accounts and what was spent stay. */
enum err orders_clear(struct db *db) MUST_USE;
/* After a restart nobody holds a claim. */
enum err orders_unclaim_all(struct db *db) MUST_USE;
/* Writes everything but tenant, host and domain, and ends the claim.  One that was hurried in
 * between stays due, and wanted when it would be idle.  ERR_NOTFOUND: the host is no longer wanted.
 */
enum err orders_put(struct db *db, const struct order *o) MUST_USE;
enum err orders_get(struct db *db, int64_t tenant, struct slice host, struct arena *a,
                    struct order *out) MUST_USE;
/* As domains_list: in the order of hosts, those behind after. */
enum err orders_list(struct db *db, int64_t tenant, struct slice after, size_t limit,
                     struct arena *a, struct order **out, size_t *count_out) MUST_USE;
/* How many hosts are in each state, and how many of all have a reason to wait. */
enum err orders_count(struct db *db, int64_t tenant, int64_t counts_out[ORDER_STATES],
                      int64_t *waiting_out) MUST_USE;
/* Now, whatever it waits for; idle ones become wanted.  ERR_NOTFOUND. */
enum err orders_hurry(struct db *db, int64_t tenant, struct slice host, int64_t now) MUST_USE;

/* What was spent of the CA's allowance, and when. */
enum err orders_spend(struct db *db, const char *directory, const struct order *o, int64_t now,
                      int64_t *id_out) MUST_USE;
/* The CA was not reached after all. */
enum err orders_refund(struct db *db, int64_t id) MUST_USE;
struct orders_spent {
	int64_t all, of_tenant, tenants; /* tenants: how many there are */
	int64_t oldest;                  /* moment of the first one counted; 0: none */
};
enum err orders_spent(struct db *db, const char *directory, int64_t tenant, int64_t since,
                      struct orders_spent *out) MUST_USE;

/* The account at a CA; its key is sealed by the caller.  url "" while the CA was not asked. */
struct order_account {
	const char *url;
	struct slice sealed_key;
};
enum err order_account_get(struct db *db, const char *directory, struct arena *a,
                           struct order_account *out) MUST_USE; /* ERR_NOTFOUND */
enum err order_account_put(struct db *db, const char *directory,
                           const struct order_account *account, int64_t now) MUST_USE;

#endif

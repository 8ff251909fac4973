/*
 * Certificates by ACME: a few threads of desk that take the queue of store/orders.h one step at a
 * time.
 *
 * A step is short (a look at the database, one exchange with the CA, or a wait for the edges) and
 * its outcome is stored before the next begins, so that a process that is killed between any two
 * goes on with the next one.  No step holds the desk's lock while it waits.  A host's failure is
 * its own: it waits, with the reason kept, while the others go on.
 */
#ifndef SERVICE_ACME_H
#define SERVICE_ACME_H

#include "service/acme_check.h"
#include "store/orders.h"

struct acme_queue_conf {
	const char *directory, *email;
	const char *ca_file; /* NULL: the system's roots */
	const char *binding_kid;
	struct slice binding_key; /* empty: none */
	const unsigned char *key; /* 32 bytes; seals the account's and the orders' keys */
	const struct dial_rules *rules;
	bool http, tls;              /* which listeners are open for proofs */
	int64_t budget;              /* orders in three hours */
	acme_may_order_fn may_order; /* NULL: acme_check_records */
};

struct acme_queue;

/* Starts the threads.  *conf and the desk live as long as the queue.  ERR_IO: no thread. */
enum err acme_queue_new(struct desk *d, const struct acme_queue_conf *conf,
                        struct acme_queue **out) MUST_USE;
/* Ends them behind their step; NULL does nothing. */
void acme_queue_free(struct acme_queue *q);

/*
 * What a person is told about a host's order: "renews on 2026-05-12", or why not and when again.
 * Lives in a.
 */
const char *acme_order_words(const struct order *o, int64_t now, struct arena *a);

#endif

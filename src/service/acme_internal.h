/* Between the acme*.c files of service only. */
#ifndef SERVICE_ACME_INTERNAL_H
#define SERVICE_ACME_INTERNAL_H

#include "service/acme.h"
#include "service/acme_plan.h"
#include "service/crew.h"

#define ACME_THREADS 4u

struct acme_queue {
	struct desk *d;
	const struct acme_queue_conf *conf;
	struct acme *ca;
	struct crew crew;
	_Atomic int64_t follow_ms; /* when the domains were last looked at */

	pthread_mutex_t account_lock; /* what follows; also held while registering */
	EVP_PKEY *account_key;        /* NULL: not read yet */
	char *account_url;            /* "" or NULL: not registered */
};

/* One step of one order. */
struct acme_step {
	struct acme_queue *q;
	struct order *o;
	struct arena *a;
	int64_t now;
	struct acme_account who;     /* filled by acme_account */
	struct acme_problem problem; /* of a failure */
};

/* acme_account.c: our account, made at first use.  ERR_…: as net/acme.h; ERR_IO. */
enum err acme_account(struct acme_step *s) MUST_USE;
/* The CA does not know it any more. */
void acme_account_forget(struct acme_queue *q);
/* Keys of orders, sealed and open. */
enum err acme_key_seal(struct acme_step *s, const EVP_PKEY *key) MUST_USE;
enum err acme_key_open(struct acme_step *s, EVP_PKEY **out) MUST_USE;

/* acme_steps.c: takes o one step further and stores it. */
void acme_step_run(struct acme_queue *q, struct order *o, struct arena *a, int64_t now);

/* acme_idle.c: looks when the certificate in use is to be renewed (RFC 9773). */
enum err acme_on_idle(struct acme_step *s) MUST_USE;
/* Notes which one a new certificate replaces: it may be wanted by hand, right behind another one.
 * ERR_IO. */
enum err acme_note_replaced(struct acme_step *s) MUST_USE;
/* Its identifier for the CA; NULL: none, or not of this CA. */
const char *acme_replaced(struct acme_step *s);

/* acme_issue.c: the last steps of an order. */
enum err acme_on_proved(struct acme_step *s) MUST_USE;
enum err acme_on_signing(struct acme_step *s) MUST_USE;

/* Moves on: the next step at due. */
enum err acme_enter(struct acme_step *s, enum order_state next, int64_t due);
/* Says why; for return. */
enum err acme_say(struct acme_step *s, enum err e, const char *words);

#endif

/*
 * The state directory: made, checked and locked before anything is opened in it.
 *
 *   mxseal.db  edge/edge.db  archive/  control.sock  ingest.sock  master.key  lock
 *   demo (the mark of a demonstration)  demo-ca.pem  demo-ca.key
 */
#ifndef APP_STATE_H
#define APP_STATE_H

#include "app/privilege.h"
#include "base/mem.h"

struct state_fault {
	int code; /* an enum exit_code */
	const char *what, *why, *fix;
};

/*
 * Makes dir (its parents must exist) with its folders, refuses a demonstration's state for
 * the product and any other state for a demonstration, and takes the lock that only one
 * service holds; *lock_out stays open for life.  With p->change new folders become that user's.
 * False: *fault says why (strings in a).
 */
bool state_prepare(const char *dir, bool demo, const struct privilege *p, struct arena *a,
                   int *lock_out, struct state_fault *fault);

/* Whether dir carries the mark of a demonstration. */
bool state_is_demo(const char *dir, struct arena *a);
/* Whether dir holds a main database already. */
bool state_has_data(const char *dir, struct arena *a);

#endif

/* Fills the views of the pages from the store and the services. */
#ifndef WEB_PAGES_DATA_H
#define WEB_PAGES_DATA_H

#include "service/desk.h"
#include "web/view.h"

#define PAGES_DOMAINS 200u /* lines of one page of the list */

/* The lock is held.  Those behind after.  ERR_IO, ERR_UNAVAILABLE: the store. */
enum err pages_read_domains(struct desk *d, struct slice after, int64_t now, struct arena *a,
                            struct view_domains *out) MUST_USE;
/*
 * The lock is not held: it is taken to read the store, and left while DNS is asked for the MX
 * hosts.  ERR_NOTFOUND, ERR_SYNTAX: no such domain.  ERR_IO, ERR_UNAVAILABLE: the store.
 */
enum err pages_read_domain(struct desk *d, struct slice name, int64_t now, struct arena *a,
                           struct view_domain *out) MUST_USE;

#endif

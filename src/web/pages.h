/*
 * The pages for browsers, as rows of the route table.
 *
 * Rows carry ROUTE_PAGE, and ROUTE_LOCKED where they only read the store.  The
 * server checks sessions, Host, Origin and the CSRF token before it calls a
 * handler and adds the security fields that every page has; a handler sets its
 * own Content-Security-Policy only when it needs another than the strict one.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "web/route.h"

extern const struct route pages_routes[];
extern const size_t pages_route_count;

/* The page for an error before or instead of a handler (404, 403, 500, ...). */
void pages_error(const struct request *q, unsigned status, const char *title, const char *detail,
                 struct response *r);

#endif

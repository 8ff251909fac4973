/*
 * From a whole request to an answer: who is asking, may they, which handler.  Knows no library.
 */
#ifndef WEB_DISPATCH_H
#define WEB_DISPATCH_H

#include "web/server.h"

/* What the library read of a request; strings may be NULL when the field was not sent. */
struct dispatch_head {
	const char *method, *target; /* target: path and query, as sent */
	const char *host, *origin, *cookie, *authorization, *csrf, *content_type, *if_none_match,
	        *if_match;
};

/*
 * Answers.  Strings of the answer live in the arena or are constant; the caller initialises r
 * (body ceiling) and sends it.  too_long: the body passed its ceiling and is not there.
 */
void dispatch(struct desk *desk, const struct server_peer *peer, const struct dispatch_head *head,
              struct slice body, bool too_long, int64_t now, struct arena *a, struct response *r);

#endif

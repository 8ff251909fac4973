/*
 * Signing in by a one-time link, and what proves it afterwards.
 *
 * A link carries a random token that is stored hashed, works once and for
 * fifteen minutes.  Using it opens a session: a cookie (HttpOnly, SameSite=Lax;
 * Secure with the __Host- prefix when the request came over the admin host) that
 * lasts 7 days.  Each session has a CSRF token that forms
 * carry in the field "csrf" and scripts in the header X-CSRF-Token.
 */
#ifndef WEB_SESSION_H
#define WEB_SESSION_H

#include "web/route.h"

#define SESSION_TOKEN_SIZE 48u /* room for any token made here, NUL included */
#define SESSION_LINK_SECONDS 900
#define SESSION_TOTAL_SECONDS INT64_C(604800)

struct web_session {
	char id[SESSION_TOKEN_SIZE];   /* the secret of the cookie */
	char csrf[SESSION_TOKEN_SIZE]; /* derived from it; to put into forms */
	int64_t created;
};

/* Makes a login token.  Takes the lock itself.  ERR_IO: the store. */
enum err session_link(struct desk *d, int64_t now, char token_out[SESSION_TOKEN_SIZE]) MUST_USE;
/*
 * Uses a login token up and adds the Set-Cookie field.  The lock is held by the caller.
 * ERR_DENIED: unknown, used or too old.
 */
enum err session_open(const struct request *q, struct slice token, struct response *r) MUST_USE;
/* The session of a cookie field.  The lock is held.  ERR_DENIED: none that is valid. */
enum err session_find(struct desk *d, const char *cookie, bool secure, int64_t now,
                      struct web_session *out) MUST_USE;
/* A bearer token ("Bearer mxs_...").  The lock is held.  ERR_DENIED. */
enum err session_bearer(struct desk *d, const char *authorization, int64_t now) MUST_USE;
/* Ends the request's session and clears the cookie.  The lock is held. */
void session_close(const struct request *q, struct response *r);
/* Removes what has expired.  Takes the lock itself. */
void session_purge(struct desk *d, int64_t now);

/*
 * Pure.  Does an Origin belong to the host of the request?  NULL: it was not sent; false.
 */
bool session_origin_fits(const char *origin, const char *host);
/* Pure.  Is given the CSRF token of the session? */
bool session_csrf_fits(const struct web_session *s, struct slice given);
/* Pure.  Is the Host field that name, whatever its port, case or final dot? */
bool session_host_fits(const char *host, const char *want);
/* Pure.  Is it a name under which the loopback listener is addressed: 127.0.0.1, [::1], localhost?
 */
bool session_host_is_loopback(const char *host);

#endif

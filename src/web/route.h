/*
 * One request, its answer, and the table of routes.
 *
 * A handler runs in a thread of its connection.  It gets a request that was
 * read whole, with its access checked, and fills a response.  Handlers marked
 * ROUTE_LOCKED run with the desk's lock held (they only read the store and do
 * not wait); others take the lock themselves for short sections.
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "base/buf.h"
#include "base/mem.h"
#include "service/desk.h"

#define ROUTE_PARAMS_MAX 2u
#define ROUTE_QUERY_MAX 32u
#define ROUTE_BODY_MAX ((size_t)8 << 20) /* request; certificates of many hosts */
#define ROUTE_ANSWER_MAX ((size_t)64 << 20)
#define ROUTE_HEADERS_MAX 8u

enum who {
	WHO_NOBODY,
	WHO_OPERATOR, /* group of the service on the control socket */
	WHO_OWNER,    /* root or the service's user there; a signed-in session */
};

/* Who may call a route. */
enum route_access {
	ROUTE_OPEN,  /* anybody who reaches the listener */
	ROUTE_READ,  /* operator and owner */
	ROUTE_WRITE, /* operator and owner; a session must send its CSRF token and a fitting Origin
	              */
	ROUTE_OWNER, /* as ROUTE_WRITE, owner only */
};

enum route_flags {
	ROUTE_LOCKED = 1, /* call with the desk's lock held */
	ROUTE_PAGE =
	        2, /* for browsers: without a session it redirects to /login, errors are pages */
};

struct web_session; /* web/session.h */

struct request_pair {
	struct slice name, value; /* decoded */
};

struct request {
	struct desk *desk;
	struct arena *arena; /* of this request */
	const char *method, *path;
	struct slice params[ROUTE_PARAMS_MAX]; /* the {…} of the pattern, decoded, in order */
	size_t query_count;
	struct request_pair query[ROUTE_QUERY_MAX];
	struct slice body;
	struct slice if_match;            /* trimmed; empty: not sent */
	bool form;                        /* body is application/x-www-form-urlencoded */
	const char *host, *if_none_match; /* NULL: not sent */
	const char *cookie;               /* the whole Cookie field; NULL: none */
	enum who who;
	const char *actor;                 /* for the audit log: "uid 0", "session" */
	const struct web_session *session; /* NULL: none */
	bool control;                      /* came by the control socket */
	bool secure;                       /* came by HTTPS of the admin host */
	int64_t now;
};

struct response {
	unsigned status;          /* 200 at first */
	const char *content_type; /* constant; "application/json" at first */
	struct buf body;
	size_t header_count;
	struct {
		const char *name, *value; /* constant or of the request's arena */
	} headers[ROUTE_HEADERS_MAX];
};

struct route {
	const char *method;  /* GET also answers HEAD */
	const char *pattern; /* "/api/v1/domains/{d}/policy": {…} stands for one segment */
	enum route_access access;
	unsigned flags;
	void (*handler)(const struct request *, struct response *);
	const char *summary; /* for openapi.json; NULL for pages */
};

/* The query value of that name, its first or its nth (0 first); NULL slice (p NULL): none. */
struct slice request_query(const struct request *q, const char *name, size_t nth);
/* A field of a form body, decoded into the arena; p NULL: none. */
struct slice request_field(const struct request *q, const char *name);
/* Adds a header field; the ninth is dropped with an assertion. */
void response_header(struct response *r, const char *name, const char *value);

/* All tables; the first row that fits wins. */
struct route_table {
	const struct route *rows;
	size_t count;
};
#define ROUTE_TABLES 2u
void route_tables(struct route_table out[ROUTE_TABLES]);

enum route_found { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };
/* Fills params; allow_out (a list for the Allow field, in the arena) when the method is wrong. */
enum route_found route_find(struct arena *a, const char *method, const char *path,
                            const struct route **out, struct slice params[ROUTE_PARAMS_MAX],
                            const char **allow_out);
/* Percent-decoding; ERR_SYNTAX: bad escape or an encoded NUL.  plus: + is a blank. */
enum err route_decode(struct arena *a, struct slice in, bool plus, struct slice *out) MUST_USE;

#endif

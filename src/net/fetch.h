/*
 * One HTTPS request as a careful client makes it (RFC 8461, 3.3): certificate and name verified,
 * no redirect followed, no proxy, a ceiling on time and size.  Connections go to numeric
 * addresses only, through the check of net/dial.h; no name is looked up.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdatomic.h>

#include "base/buf.h"
#include "net/dial.h"

#define FETCH_BODY_MAX 65536u
#define FETCH_HEAD_MAX 16384u
#define FETCH_ADDRESSES_MAX 8u
#define FETCH_ISSUER_SIZE 160u

struct fetch_request {
	const char *host; /* in the URL, in SNI and in the certificate */
	const char *path; /* begins with a slash */
	struct dial_addr to;
	size_t more_count; /* further addresses of host; their ports are those of to */
	struct dial_addr more[FETCH_ADDRESSES_MAX - 1];
	const struct dial_rules *rules;
	const char *ca_file; /* NULL: the system's roots */
	bool system_roots;   /* ca_file adds to the system's roots and does not replace them */
	unsigned timeout_ms;
	bool head;                  /* HEAD instead of GET */
	struct slice post;          /* body; p NULL: no POST */
	const char *const *headers; /* "Name: value", the last one NULL; NULL: none */
	bool want_cert;             /* the answer then says whose certificate was shown */
	const atomic_bool *stop;    /* true gives up within a second; NULL: never */
};

struct fetch_answer {
	long status;
	char type[128];                 /* media type, as sent */
	struct buf body;                /* the caller's to release, also when the fetch failed */
	struct buf head;                /* header lines as they came; so is this */
	int64_t not_after;              /* of the server's certificate; 0: unknown or not wanted */
	char issuer[FETCH_ISSUER_SIZE]; /* as one line, cut where it is long */
};

/* Sets to and more from at least one and at most FETCH_ADDRESSES_MAX addresses. */
void fetch_to(struct fetch_request *q, const struct dial_addr *addresses, size_t count);

/* Once, before threads. */
void fetch_setup(void);

/*
 * Asks and waits for the answer.  *out is filled in any case.
 * ERR_DENIED: no address may be dialled.  ERR_CRYPTO: certificate or name.  ERR_LIMIT: too
 * long.  ERR_UNAVAILABLE: everything else; *diag has libcurl's words, which are constant.
 */
enum err fetch_get(const struct fetch_request *q, struct fetch_answer *out,
                   struct diag *diag) MUST_USE;
/* Releases what an answer holds. */
void fetch_answer_fini(struct fetch_answer *answer);
/* The value of the first header field of that name, blanks removed; p NULL: none. */
struct slice fetch_header(const struct fetch_answer *answer, const char *name);

/* "https://host:port/path" apart; port 443 unless written.  ERR_SYNTAX: another scheme, or user
 * information; ERR_LIMIT: longer than FETCH_URL_MAX. */
#define FETCH_URL_MAX 2048u
struct fetch_url {
	char host[256]; /* without the brackets of an IPv6 address */
	unsigned port;
	char path[FETCH_URL_MAX]; /* with the query */
};
enum err fetch_url_parse(struct slice url, struct fetch_url *out) MUST_USE;

#endif

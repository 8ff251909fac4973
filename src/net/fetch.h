/*
 * One HTTPS GET as a careful sender does it (RFC 8461, 3.3): certificate and name verified, no
 * redirect followed, no proxy, a ceiling on time and size.  The connection goes to one numeric
 * address, through the check of net/dial.h; no name is looked up.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include "base/buf.h"
#include "net/dial.h"

#define FETCH_BODY_MAX 65536u

struct fetch_request {
	const char *host; /* in the URL, in SNI and in the certificate */
	const char *path; /* begins with a slash */
	struct dial_addr to;
	const struct dial_rules *rules;
	const char *ca_file; /* NULL: the system's roots */
	unsigned timeout_ms;
};

struct fetch_answer {
	long status;
	char type[128];  /* media type, as sent */
	struct buf body; /* the caller's to release, also when the fetch failed */
};

/* Once, before threads. */
void fetch_setup(void);

/*
 * Waits for the answer.  *out is filled in any case.
 * ERR_DENIED: the address may not be dialled.  ERR_CRYPTO: certificate or name.  ERR_LIMIT: too
 * long.  ERR_UNAVAILABLE: everything else; *diag has libcurl's words, which are constant.
 */
enum err fetch_get(const struct fetch_request *q, struct fetch_answer *out,
                   struct diag *diag) MUST_USE;

#endif

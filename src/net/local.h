/*
 * One request to the service's own control socket, for a process of the service.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include <stdatomic.h>

#include "base/buf.h"

struct local_request {
	const char *socket_path;
	const char *path; /* begins with a slash */
	unsigned timeout_ms;
	const atomic_bool *stop; /* true gives up within a second; NULL: never */
};

/* POSTs nothing and appends the answer's body to out.  ERR_UNAVAILABLE: there is no answer. */
enum err local_post(const struct local_request *q, long *status_out, struct buf *out) MUST_USE;

#endif

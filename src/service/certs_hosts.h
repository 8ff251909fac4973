/*
 * Which hosts of the service certificates are for.  Between the certs_*.c files.
 *
 * A host is looked for by the names of a certificate, so that an import costs the same with few
 * domains and with many; only a star makes all hosts be looked through, once.
 */
#ifndef SERVICE_CERTS_HOSTS_H
#define SERVICE_CERTS_HOSTS_H

#include "service/certs.h"
#include "store/domains.h"

/* A host with the certificate it gets: of several that cover it the one that lasts longest. */
struct certs_host {
	const char *name;
	const struct domain *domain; /* NULL: report or admin host */
	size_t cert;                 /* the place in the reading */
};

/* A host further below a star than it reaches. */
struct certs_beyond {
	const char *host;
	struct certs_beyond *next;
};

struct table;

struct certs_hosts {
	size_t count;
	struct certs_host *list; /* by certificate; of one, the service's own first, then by name */
	struct table *stars;     /* what stands behind "*." to a place in beyond */
	struct certs_beyond **beyond;
};

/* The lock is held; everything lives in a until certs_hosts_fini.  ERR_IO, ERR_UNAVAILABLE. */
enum err certs_hosts_find(struct desk *d, const struct certs_reading *r, struct arena *a,
                          struct certs_hosts *out) MUST_USE;
void certs_hosts_fini(struct certs_hosts *h);

/* The hosts that end in what name has behind "*."; NULL: none, or name has no star. */
const struct certs_beyond *certs_hosts_beyond(const struct certs_hosts *h, struct slice name);

/* Whether a name of c covers host. */
bool certs_cover(const struct cert *c, struct slice host);

#endif

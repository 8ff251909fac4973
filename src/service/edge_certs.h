/* Decoded certificates with their keys, by fingerprint: a cache in front of edge.db. */
#ifndef SERVICE_EDGE_CERTS_H
#define SERVICE_EDGE_CERTS_H

#include "net/tls.h"
#include "store/edgedb.h"

struct edge_certs;

/* Keys of 32 bytes, NULL where this process does not hold one; they must outlive the cache. */
struct edge_certs *edge_certs_new(size_t capacity, const unsigned char *edge_key,
                                  const unsigned char *report_key);
void edge_certs_free(struct edge_certs *c); /* NULL does nothing */
size_t edge_certs_count(const struct edge_certs *c);
/*
 * How many names there are: what they take is not there for certificates, so that an edge stays
 * below a hundred megabytes.  Ten thousand names have theirs all at hand, a hundred thousand some
 * four thousand of them, with which most senders are answered.
 */
void edge_certs_names(struct edge_certs *c, size_t names);
/* How many more fit. */
size_t edge_certs_room(const struct edge_certs *c);

/*
 * From the cache, else from db (NULL: cache only), unsealed and decoded.  The identity
 * stays the cache's and lives until the next call.
 * ERR_NOTFOUND, ERR_CRYPTO, ERR_SYNTAX, ERR_LIMIT: what lies there is of no use.
 * ERR_UNAVAILABLE, ERR_IO: the database does not answer now.
 */
enum err edge_certs_get(struct edge_certs *c, struct edgedb *db,
                        const unsigned char fingerprint[32], struct tls_identity **out) MUST_USE;

/* Forgets one that is no longer to be used. */
void edge_certs_drop(struct edge_certs *c, const unsigned char fingerprint[32]);

#endif

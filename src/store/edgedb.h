/*
 * edge.db: only what is served.  Written by desk, read by every edge.
 *
 * The file is always in WAL mode with a persistent WAL, never replaced, never with a rollback
 * journal, so that a reader without write permission starts cold beside it, also after the writer
 * was killed.  edgedb_prepare opens it once for writing before any edge starts.
 *
 * Each commit has a sequence number; every row carries that of its last change, and a row that
 * goes stays as "gone", so that a reader follows by asking for what is newer than what it knows.
 */
#ifndef STORE_EDGEDB_H
#define STORE_EDGEDB_H

#include "base/mem.h"
#include "base/slice.h"

#define EDGE_TEXT_MAX 65536u /* a policy text */
#define EDGE_CHAIN_MAX 8u

enum edge_kind { EDGE_POLICY, EDGE_REPORT, EDGE_ADMIN };

/* A host name that is answered. */
struct edge_host {
	struct slice name; /* lower case, no final dot: "mta-sts.example.com" */
	enum edge_kind kind;
	int64_t tenant;
	struct slice domain; /* the policy domain; empty for report and admin hosts */
	struct slice text;   /* the policy; empty for report and admin hosts */
	struct slice etag;   /* hex, without quotes */
	struct slice
	        fingerprint; /* of its certificate; empty: none, it is not served over TLS here */
	int64_t publication; /* the text's key in the main database, for counting; 0: none */
	bool gone;           /* only name and seq are meaningful */
	int64_t seq;
};

/* A certificate; key sealed under {tenant, seal_domain, fingerprint} with the purpose key. */
struct edge_cert {
	struct slice fingerprint;
	int64_t tenant;
	struct slice seal_domain;
	struct slice purpose;  /* "edge-tls" or "report-tls" */
	struct slice key_type; /* "ec" or "rsa" */
	struct slice der, sealed_key;
	size_t chain_count;
	struct slice chain[EDGE_CHAIN_MAX]; /* DER */
	bool gone;
	int64_t seq;
};

/* All records of one name and type in the service zone. */
struct edge_record {
	struct slice name; /* lower case, no final dot */
	int64_t type;      /* as in DNS messages */
	int64_t ttl;
	struct slice domain; /* whose they are; empty: the zone's own */
	struct slice set;    /* the data, as wire/dns_rdata.h writes it */
	bool gone;           /* only name, type and seq are meaningful */
	int64_t seq;
};

/* What a CA is shown to prove that a host is ours (RFC 8555, 8.3; RFC 8737). */
struct edge_challenge {
	struct slice host;   /* lower case, no final dot; one challenge a host */
	struct slice token;  /* base64url characters only */
	struct slice answer; /* the key authorization */
	bool gone;           /* only host and seq are meaningful */
	int64_t seq;
};

struct edgedb;

/*
 * Makes or migrates the file and leaves its WAL in place.  For the one-shot role, before edges.
 * ERR_IO; ERR_CONFLICT: made by a newer program; ERR_UNAVAILABLE: busy.
 */
enum err edgedb_prepare(const char *path, struct diag *diag) MUST_USE;

/* The writer.  ERR_NOTFOUND: not prepared.  Else as above. */
enum err edgedb_open_writer(const char *path, struct edgedb **out, struct diag *diag) MUST_USE;
/*
 * A reader; needs no write permission.  ERR_NOTFOUND, ERR_UNAVAILABLE, ERR_IO, ERR_CONFLICT.
 * Its calls never wait: ERR_UNAVAILABLE is said for BUSY and ERR_IO for everything else; in both
 * cases the caller goes on from memory and asks again later (the connection reopens by itself).
 * It reads also where -shm is missing and cannot be made.
 */
enum err edgedb_open_reader(const char *path, struct edgedb **out, struct diag *diag) MUST_USE;
void edgedb_close(struct edgedb *e); /* NULL does nothing */
const char *edgedb_why(struct edgedb *e);

/* The newest committed sequence number; 0 in an empty file. */
enum err edgedb_seq(struct edgedb *e, int64_t *out) MUST_USE;
/* Goes on from seq when it stands before it: secondaries must not see a serial go back. */
enum err edgedb_raise(struct edgedb *e, int64_t seq) MUST_USE;

/*
 * Writing: begin, any number of changes, end.  *seq_out is what the changes will be known as.
 * edgedb_end commits when so_far is OK, else rolls back; it returns so_far or the commit's result.
 */
enum err edgedb_begin(struct edgedb *e, int64_t *seq_out) MUST_USE;
enum err edgedb_put_host(struct edgedb *e, const struct edge_host *h) MUST_USE;
enum err edgedb_drop_host(struct edgedb *e, struct slice name) MUST_USE; /* unknown: OK */
enum err edgedb_put_cert(struct edgedb *e, const struct edge_cert *c) MUST_USE;
enum err edgedb_drop_cert(struct edgedb *e, struct slice fingerprint) MUST_USE; /* unknown: OK */
enum err edgedb_put_record(struct edgedb *e, const struct edge_record *r) MUST_USE;
enum err edgedb_drop_record(struct edgedb *e, struct slice name, int64_t type) MUST_USE; /* same */
enum err edgedb_put_challenge(struct edgedb *e, const struct edge_challenge *c) MUST_USE;
enum err edgedb_drop_challenge(struct edgedb *e, struct slice host) MUST_USE; /* unknown: OK */
enum err edgedb_end(struct edgedb *e, enum err so_far) MUST_USE;

/* Called for each row newer than asked for; what a slice points to lives until it returns. */
struct edgedb_visit {
	void (*host)(void *ctx, const struct edge_host *h);
	/* Without der, sealed_key and chain; load those with edgedb_cert.  May be NULL. */
	void (*cert)(void *ctx, const struct edge_cert *c);
	/* May be NULL. */
	void (*challenge)(void *ctx, const struct edge_challenge *c);
	/* Both may be NULL.  zone: what its newest change is known as, after its records. */
	void (*record)(void *ctx, const struct edge_record *r);
	void (*zone)(void *ctx, int64_t seq);
	void *ctx;
};

/*
 * Visits certificates, hosts, challenges and records changed after since, in the order of seq, all
 * from one state of the file; *seq_out is that state's number.  With since 0 rows that are gone are
 * left out, and hosts come in any order.  On failure some rows may have been visited: ask again
 * with the same since.
 */
enum err edgedb_changes(struct edgedb *e, int64_t since, const struct edgedb_visit *visit,
                        int64_t *seq_out) MUST_USE;

/* One row with everything; strings live in a.  ERR_NOTFOUND: unknown or gone. */
enum err edgedb_host(struct edgedb *e, struct slice name, struct arena *a,
                     struct edge_host *out) MUST_USE;
enum err edgedb_cert(struct edgedb *e, struct slice fingerprint, struct arena *a,
                     struct edge_cert *out) MUST_USE;
/* The challenge of a host that is there.  ERR_NOTFOUND. */
enum err edgedb_challenge(struct edgedb *e, struct slice host, struct arena *a,
                          struct edge_challenge *out) MUST_USE;
/* The records of one domain that are there, in the order of name and type; strings live in a. */
enum err edgedb_records(struct edgedb *e, struct slice domain, struct arena *a,
                        struct edge_record **out, size_t *count_out) MUST_USE;
/* The newest change of any record; 0: there was none. */
enum err edgedb_zone_seq(struct edgedb *e, int64_t *out) MUST_USE;

#endif

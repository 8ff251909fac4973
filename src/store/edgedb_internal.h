/* Between the edgedb*.c files only. */
#ifndef STORE_EDGEDB_INTERNAL_H
#define STORE_EDGEDB_INTERNAL_H

#include "store/conn.h"
#include "store/edgedb.h"

enum edge_sql {
	EDGE_SEQ,
	EDGE_SEQ_RAISE,
	EDGE_SEQ_NEXT,
	EDGE_HOST_PUT,
	EDGE_HOST_DROP,
	EDGE_HOST_CHANGES,
	EDGE_HOST_ALL,
	EDGE_HOST_GET,
	EDGE_CERT_PUT,
	EDGE_CERT_DROP,
	EDGE_CERT_CHANGES,
	EDGE_CERT_GET,
	EDGE_CHAIN_PUT,
	EDGE_CHAIN_GET,
	EDGE_CHALLENGE_PUT,
	EDGE_CHALLENGE_DROP,
	EDGE_CHALLENGE_CHANGES,
	EDGE_CHALLENGE_GET,
	EDGE_RECORD_PUT,
	EDGE_RECORD_DROP,
	EDGE_RECORD_CHANGES,
	EDGE_RECORD_LIST,
	EDGE_ZONE_SEQ,
	EDGE_ZONE_CHANGED,
	EDGE_SQL_COUNT
};

struct edgedb {
	struct conn conn;
	char *path;
	bool reader;
	bool broken; /* reopen before the next use */
	bool alone;  /* as in conn.h: the usual way is tried again at each use */
	int64_t seq; /* of the open transaction */
};

/* A reader whose connection failed gets a new one; a writer keeps its own. */
enum err edgedb_ready(struct edgedb *d) MUST_USE;
/* Ends a use with its result: a reader opens anew after ERR_IO. */
enum err edgedb_done(struct edgedb *d, enum err e) MUST_USE;
enum err edgedb_read_seq(struct edgedb *d, int64_t *out) MUST_USE;

#endif

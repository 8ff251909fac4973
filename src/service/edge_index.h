/*
 * What edge serves, in memory: every hosted name with its policy text.
 *
 * About 100 bytes a name, and 200 a text, which hosts with the same policy share, so that names and
 * texts are there whatever the database says.
 */
#ifndef SERVICE_EDGE_INDEX_H
#define SERVICE_EDGE_INDEX_H

#include "store/edgedb.h"

#define EDGE_FINGERPRINT_SIZE 32u
#define EDGE_NAME_MAX 255u

struct edge_site {
	enum edge_kind kind;
	bool has_cert; /* false: not served over TLS here */
	unsigned char fingerprint[EDGE_FINGERPRINT_SIZE];
	struct slice name;   /* lower case, no final dot */
	struct slice domain; /* the policy domain; empty for report and admin hosts */
	struct slice text;   /* the policy; empty for report and admin hosts */
	struct slice etag;   /* without quotes */
	int64_t publication; /* of the text; 0: not known */
};

struct edge_index;

struct edge_index *edge_index_new(void);
void edge_index_free(struct edge_index *x); /* NULL does nothing */
size_t edge_index_count(const struct edge_index *x);

/*
 * Adds, replaces, or, when the row is gone, removes.  Copies everything.
 * ERR_SYNTAX: a name that is none or a fingerprint that is none; the name is then no longer served.
 */
enum err edge_index_apply(struct edge_index *x, const struct edge_host *row) MUST_USE;

/*
 * By its lower-case name without a final dot; valid until the next call on x, its strings until the
 * next change.  NULL: unknown.
 */
const struct edge_site *edge_index_find(struct edge_index *x, struct slice name);

#endif

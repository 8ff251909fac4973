/*
 * Many domains at once, from a table: each row is added as hosting_add would, is there already, or
 * is refused with a reason and a fix.  What is added is one transaction and one change of edge.db.
 *
 * Patterns that a row gives are stored as they are: the live MX hosts are looked at later, by the
 * jobs that look at every domain, at their pace.  A row without patterns is looked up here.
 */
#ifndef SERVICE_HOSTING_IMPORT_H
#define SERVICE_HOSTING_IMPORT_H

#include "service/hosting.h"

#define IMPORT_ROWS_MAX 1000u /* a hundred are better: others wait for the databases meanwhile */

/* A text that is empty was not given. */
struct import_row {
	int64_t line; /* for the caller */
	struct slice domain, mode, profile, tenant;
	bool has_max_age;
	uint64_t max_age;
	size_t mx_count; /* 0: not given */
	const struct slice *mx;
};

enum import_outcome {
	IMPORT_ADDED,     /* in a dry run: would be */
	IMPORT_UNCHANGED, /* it is hosted with what the row says */
	IMPORT_REFUSED,
};

struct import_result {
	enum import_outcome outcome;
	bool unchecked;            /* added, and nobody looked at its MX hosts */
	const struct refusal *why; /* of one that was refused */
};

struct import_request {
	const struct import_row *rows;
	size_t count;        /* at most IMPORT_ROWS_MAX */
	struct slice anyway; /* the reason to put guards aside; empty: none */
	bool dry_run;
};

struct import_done {
	size_t added, unchanged, refused, unchecked;
	int64_t seq;                   /* of edge.db; 0: nothing changed there */
	struct import_result *results; /* of each row */
};

/*
 * Takes the lock itself, and not while DNS is asked.  Results live in a.  *why is filled when it
 * gives anything but OK, and then nothing was added.  ERR_LIMIT: too many rows.  ERR_IO,
 * ERR_UNAVAILABLE: the databases.
 */
enum err hosting_import(struct desk *d, const char *actor, const struct import_request *q,
                        int64_t now, struct arena *a, struct import_done *out,
                        struct refusal *why) MUST_USE;

#endif

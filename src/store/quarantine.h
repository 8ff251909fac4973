/*
 * What could not be read, kept with its reason until a fix can read it.
 *
 * An entry is known by the SHA-256 of its bytes, so that a second arrival adds nothing.
 */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "store/reports.h"

struct quarantine_row {
	char sha256[SHA256_HEX_SIZE];
	const char *reason;   /* a code such as "bad-json", "no-report", "reader-died" */
	struct slice message; /* one sentence more; may quote hostile text */
	const char *way;      /* "import", "post", "ingest" */
	const char *kind;     /* "json", "gz", "zip", "mail", or "" when unknown */
	enum report_trust trust;
	struct slice name;   /* of the file, for people; may be empty */
	struct slice domain; /* of the tag; may be empty */
	struct archive_place place;
	int64_t arrived, tried; /* first arrival; last reading */
	int64_t tries;
	const char *program; /* the version that read it last */
};

/* *new_out (may be NULL): false when it lies there already; then only a better trust is noted. */
enum err quarantine_put(struct db *db, const struct quarantine_row *row, bool *new_out) MUST_USE;
enum err quarantine_get(struct db *db, struct slice sha256, struct arena *a,
                        struct quarantine_row *out) MUST_USE; /* ERR_NOTFOUND */
/*
 * What came to the address of domain, empty: everything.  In the order of the digests, those behind
 * after; the last digest is the cursor.
 */
enum err quarantine_list(struct db *db, struct slice domain, struct slice after, size_t limit,
                         struct arena *a, struct quarantine_row **out, size_t *count_out) MUST_USE;
enum err quarantine_count(struct db *db, struct slice domain, int64_t *out) MUST_USE;
/* The same of those that this program has not read. */
enum err quarantine_others(struct db *db, const char *program, struct slice after, size_t limit,
                           struct arena *a, struct quarantine_row **out,
                           size_t *count_out) MUST_USE;
/* Read again in vain: row's reason, message, tried and program.  ERR_NOTFOUND. */
enum err quarantine_retried(struct db *db, const struct quarantine_row *row) MUST_USE;
/* Entries that arrived before go; the archive keeps their bytes for its own time. */
enum err quarantine_purge(struct db *db, int64_t before) MUST_USE;
/* Read at last: the entry goes.  ERR_NOTFOUND. */
enum err quarantine_resolve(struct db *db, struct slice sha256) MUST_USE;

#endif

/*
 * What arrived and was archived, by the SHA-256 of its bytes, and how far the archive was read.
 *
 * The archive acknowledges first; its records become rows here in the same transaction as the
 * reports, figures and quarantine entries found in them.  What lies behind the position was
 * acknowledged and not yet stored: intake reads it again when it starts.
 */
#ifndef STORE_ARRIVALS_H
#define STORE_ARRIVALS_H

#include "store/reports.h"

struct arrival {
	char sha256[SHA256_HEX_SIZE];
	struct archive_place place;
	const char *way; /* "import", "post", "ingest" */
	enum report_trust trust;
	int64_t arrived;
	int64_t reports; /* found in it; 0: none, or quarantined */
	int64_t domain;  /* whose report address it came to; 0: none */
};

/* Notes one; *new_out (may be NULL) is false when those bytes were noted before; the best trust
 * stays. */
enum err arrivals_put(struct db *db, const struct arrival *in, bool *new_out) MUST_USE;
enum err arrivals_get(struct db *db, struct slice sha256, struct arena *a,
                      struct arrival *out) MUST_USE; /* ERR_NOTFOUND */

/*
 * What arrived for the domain on the UTC day that begins at day, in messages, a large one for as
 * many as it has mebibytes; for allowances, so that trust is TRUST_POSTED or TRUST_UNSIGNED.
 */
enum err arrivals_units(struct db *db, int64_t domain, enum report_trust trust, int64_t day,
                        int64_t *out) MUST_USE;
/* How many domains are there for mail that names no report address to be about. */
enum err arrivals_domains(struct db *db, int64_t *out) MUST_USE;

/*
 * Some arrivals, in the order in which they were noted: nearly that of their segments, but for
 * mails that were held.
 */
struct arrivals_page {
	int64_t last;     /* what the next page comes after */
	int64_t count;    /* fewer than asked for: there are no more */
	int64_t earliest; /* segment of any of them */
	int64_t old;      /* how many lie in segments before the one asked about */
};
/* after 0: the first page; segment: YYYYMMDD. */
enum err arrivals_page(struct db *db, int64_t after, int64_t segment, int64_t limit,
                       struct arrivals_page *out) MUST_USE;
/*
 * Forgets those between after and last (of a page) that lie in segments before that day, with
 * their signatures: the same bytes would be kept again, while the reports in them are still known.
 */
enum err arrivals_purge(struct db *db, int64_t after, int64_t last, int64_t segment) MUST_USE;

/* The first byte not yet stored.  Without one stored so far: segment 0, offset 0. */
struct archive_position {
	int64_t segment, offset;
};
enum err archive_get_position(struct db *db, struct archive_position *out) MUST_USE;
enum err archive_set_position(struct db *db, const struct archive_position *in) MUST_USE;

#endif

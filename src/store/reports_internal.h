/* What reports, figures, quarantine and arrivals share.  Internal to store. */
#ifndef STORE_REPORTS_INTERNAL_H
#define STORE_REPORTS_INTERNAL_H

#include "base/buf.h"
#include "store/db_internal.h"
#include "store/reports.h"

/* segment, offset and length as parameters n, n + 1, n + 2, or from three columns. */
void db_bind_place(struct query *q, int n, const struct archive_place *p);
struct archive_place db_read_place(struct query *q, int column);
void db_read_digest(struct query *q, int column, char out[SHA256_HEX_SIZE]);
enum report_trust db_read_trust(struct query *q, int column);
/* Four parameters from n on: the trusts of the set, -1 for the others. */
void db_bind_trusts(struct query *q, int n, unsigned trusts);

/* What figures are kept by, and what one report adds to them. */
struct figure_key {
	int64_t domain, day;
	struct slice organization;
	enum report_trust trust;
};
struct figure_share {
	int64_t successful, failed; /* headline */
	size_t policy_count;
	const struct report_policy_row *policies;
};

/*
 * Adds a report's share to the daily figures (sign 1), or takes away what it once added (sign -1).
 * The share is a function of what is stored of the report, so that both are the same.
 */
enum err figures_apply(struct db *db, const struct figure_key *key,
                       const struct figure_share *share, int sign, struct arena *a) MUST_USE;

/* Policies and failures as the text of a report's row, and back; what text points to must live. */
void policies_format(const struct report_policy_row *rows, size_t count, struct buf *out);
void policies_parse(struct slice text, struct arena *a, struct report_policy_row **out,
                    size_t *count_out);
/* The policies and failures of a stored report. */
enum err reports_read_policies(struct db *db, int64_t report, struct arena *a,
                               struct report_policy_row **out, size_t *count_out) MUST_USE;

#endif

/*
 * Daily figures: what pages and summaries read instead of raw reports.
 *
 *   figure         (domain, day, organisation, trust, policy type, mx host, result type) ->
 * sessions figure_total   (domain, day, organisation, trust) -> reports, successful, failed;
 * nothing twice figure_failure (domain, day, organisation, trust, result type, reason code) ->
 * sessions; same
 *
 * Where the failure details of a report and its summary disagree the summary counts.  Details may
 * add up to more, since kinds of failure do not exclude each other; what they leave out has the
 * result type "not-detailed".
 *
 * reports_store keeps them; here they are read.  The result type "successful" stands for sessions
 * that went well.  days are midnights in UTC.
 */
#ifndef STORE_FIGURES_H
#define STORE_FIGURES_H

#include "store/reports.h"

struct figure_row {
	int64_t day;
	enum report_trust trust;
	struct slice organization, policy_type, mx_host, result_type; /* hostile text */
	int64_t sessions;
};

/* Rows of one domain and the days from..to (both included), in the order of the key. */
enum err figures_list(struct db *db, int64_t domain, int64_t from, int64_t to, unsigned trusts,
                      struct arena *a, struct figure_row **out, size_t *count_out) MUST_USE;

#endif

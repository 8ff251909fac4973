/*
 * What `report summary`, the list of domains and a domain's page show, from daily figures alone.
 *
 * Headline numbers, organisations, MX hosts, failures and days speak of the trusts asked for;
 * trust[] shows each trust apart whatever was asked.  Sessions of one report listed under both
 * tlsa and sts count once in all of them but mx_hosts, which sum what the reports say.
 */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include "advice/rhythm.h"
#include "store/reports.h"

#define SUMMARY_DAYS 60u       /* the default range */
#define SUMMARY_DAYS_MAX 3660u /* a longer range is ERR_LIMIT */
/* Organisations, MX hosts and failures each; those in which a trusted report has a part stay first,
 * then the largest. */
#define SUMMARY_ROWS_MAX 1000u

struct summary_counts {
	int64_t reports, successful, failed;
};
/* What verified signers sent and what only claims an organisation's name are two rows. */
struct summary_organization {
	struct slice name, signer; /* hostile text; signer empty: none was verified */
	unsigned trusts;           /* TRUST_BITs seen from it in the range, among those asked for */
	struct summary_counts counts;
	int64_t first, last;  /* days, in the range */
	struct rhythm rhythm; /* as of the last day of the range */
	unsigned share;       /* of the domain's sessions in the range, in thousandths */
	struct slice key;     /* of its figures, with whether a signer was verified: internal */
	bool is_signed;
	int64_t since, until; /* days of its first and its last report about the domain at all */
};
struct summary_mx {
	struct slice host;
	int64_t successful, failed; /* successful only where a report names exactly one host */
	int64_t first, last;
};
struct summary_failure {
	struct slice result_type, reason_code;
	int64_t sessions, first, last;
};
struct summary_day {
	int64_t day;
	struct summary_counts counts; /* days without a report are not listed: a gap, not zero */
};

struct summary {
	int64_t from, to; /* midnights, both included */
	struct summary_counts total;
	struct summary_counts trust[TRUST_COUNT];
	size_t organization_count, mx_count, failure_count, day_count;
	/* Each list begins with what trusted reports have a part in. */
	struct summary_organization *organizations; /* most sessions first */
	struct summary_mx *mx_hosts;                /* by name */
	struct summary_failure *failures;           /* most sessions first */
	struct summary_day *days;                   /* oldest first */
};

/* from and to are any moments in the first and the last day.  ERR_LIMIT: to < from, or too long. */
enum err summary_read(struct db *db, int64_t domain, int64_t from, int64_t to, unsigned trusts,
                      struct arena *a, struct summary *out) MUST_USE;

/* One line of the list of domains. */
struct summary_line {
	struct summary_counts counts;
	int64_t last_day;    /* of a report in the range; 0: none */
	int64_t last_failed; /* the last day with failed sessions; 0: none */
};

/* The line of one domain: what it costs grows with the days alone.  ERR_LIMIT as above. */
enum err summary_line_read(struct db *db, int64_t domain, int64_t from, int64_t to, unsigned trusts,
                           struct summary_line *out) MUST_USE;

#endif

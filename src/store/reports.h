/*
 * Reports, their identity, and the daily figures that follow them.
 *
 * A report is kept once for each known policy domain it speaks of, under (tenant, policy domain,
 * organisation, report-id).  The organisation of a signed report is its verified signer's, else
 * what organization-name says.  A signed and an unsigned copy with equal organization-names are
 * one report when their content is equal, or when the name is known to be the signer's; reports of
 * different signers never meet.  Equal arrivals are one report with the best trust among them.
 * With other content a better-trusted arrival replaces a worse one, an equally trusted one only
 * when the same verified signer sent both; a worse one never replaces, completes or hides a better
 * one.  Figures are corrected in the same transaction.
 *
 * Without a report-id the SHA-256 of the JSON stands in its place.  The day is the UTC day in
 * which the middle of the report's range lies; without a range the day of the mail's date, else of
 * the arrival.
 */
#ifndef STORE_REPORTS_H
#define STORE_REPORTS_H

#include "base/enc.h"
#include "store/db.h"

struct report; /* tlsrpt/report.h */

#define REPORTS_TEXT_MAX 512u /* longer text of a report is cut here before it is stored */

/* Best first: a smaller value is the better trust. */
enum report_trust { TRUST_DKIM, TRUST_IMPORTED, TRUST_POSTED, TRUST_UNSIGNED, TRUST_COUNT };

#define TRUST_BIT(t) (1u << (unsigned)(t))
/* What may move a decision: a verified signer, or an operator's act. */
#define TRUST_TRUSTED (TRUST_BIT(TRUST_DKIM) | TRUST_BIT(TRUST_IMPORTED))
/* What makes the headline figures. */
#define TRUST_HEADLINE (TRUST_BIT(TRUST_DKIM) | TRUST_BIT(TRUST_IMPORTED) | TRUST_BIT(TRUST_POSTED))

const char *report_trust_name(enum report_trust t); /* "dkim", "imported", "posted", "unsigned" */
enum err report_trust_parse(struct slice s, enum report_trust *out) MUST_USE;

/* What a verified signer has to do with the organization-name that its report states. */
enum report_claim {
	REPORT_CLAIM_OPEN,    /* nobody is known to go by that name */
	REPORT_CLAIM_PROVED,  /* it is one of the signer's own */
	REPORT_CLAIM_REFUSED, /* it is that of another known reporter */
};

/* Where raw bytes lie in the archive. */
struct archive_place {
	int64_t segment; /* the day of the segment as YYYYMMDD */
	int64_t offset, length;
};

/* One report as it came. */
struct report_arrival {
	const struct report *report;
	enum report_trust trust;
	struct slice signer; /* verified d= of the mail, lower case; empty without one */
	/* Who the signer is known as; empty: the signer, without one the report's
	 * organization-name. */
	struct slice organization;
	enum report_claim claim; /* with TRUST_DKIM */
	/* New reports that one verified signer may bring for a domain on a UTC day; 0: no limit. */
	int64_t signer_room;
	struct slice domain; /* of the tag or the mail, for policies that name none; may be empty */
	const unsigned char
	        *json_sha256; /* 32 bytes; used without a report-id; NULL: of the model */
	const unsigned char *raw_sha256; /* 32 bytes of what lies in the archive */
	struct archive_place place;
	int64_t mail_date; /* 0: unknown */
	int64_t arrived;
};

enum report_result {
	REPORT_NEW,       /* something was stored that was not there */
	REPORT_DUPLICATE, /* all of it was there; trust may have grown, content may have been
	                     replaced */
	REPORT_FOREIGN,   /* none of its policies is for a known domain; nothing was stored */
};

struct report_outcome {
	enum report_result result;
	bool replaced;        /* a stored report got other content or better trust */
	const char *domain;   /* one of those for which it is new or replaced; in the arena */
	bool over;            /* it is new, and there was no room for it; it was not stored */
	bool refused;         /* other content stands there and this arrival may not replace it */
	size_t foreign_count; /* policy domains that are not known, without repeats */
	const char **foreign; /* lower case, at most REPORTS_FOREIGN_MAX; in the arena */
};

#define REPORTS_FOREIGN_MAX 64u

/*
 * Stores one report for tenant's domains.  To store many, wrap them with db_begin and db_end
 * together with arrivals_put, quarantine_put and archive_set_position.
 */
enum err reports_store(struct db *db, int64_t tenant, const struct report_arrival *in,
                       struct arena *a, struct report_outcome *out) MUST_USE;

/*
 * Forgets some of the reports that arrived before that moment, the oldest first, at most limit;
 * *count_out is how many.  Their figures stay.  Once some of a day were forgotten, no report of
 * that domain and day is new any more: nothing tells it from what the figures have already.
 */
enum err reports_purge(struct db *db, int64_t before, int64_t limit, int64_t *count_out) MUST_USE;
/* Days between a report's day and its arrival from which on that is asked; none goes sooner. */
#define REPORTS_KEEP_MIN 30

struct report_failure_row {
	struct slice result_type, reason_code, sending_mta_ip, receiving_mx, receiving_helo,
	        receiving_ip, additional;
	int64_t sessions;
};
struct report_policy_row {
	struct slice type, domain;      /* as written in the report, cut and lower case */
	struct slice strings, mx_hosts; /* one per line */
	int64_t successful, failed;
	size_t failure_count;
	struct report_failure_row *failures;
};

/* A stored report; all text in it is hostile. */
struct report_row {
	int64_t id, domain;
	const char *domain_name; /* from reports_since only; else NULL */
	struct slice organization, report_id, contact, signer, notes; /* notes: codes by blanks */
	enum report_trust trust;
	int64_t start, end; /* of the range; 0: not given */
	int64_t day;        /* midnight of the day it counts for */
	int64_t arrived;
	int64_t successful, failed; /* headline: nothing twice */
	struct archive_place place;
	char raw_sha256[SHA256_HEX_SIZE];
	size_t policy_count; /* 0 and NULL from reports_list */
	struct report_policy_row *policies;
};

/* Where a listing goes on; all zero: from the start. */
struct report_cursor {
	int64_t day, id;
};

/*
 * Reports of a domain, newest day first, behind *after (which may be NULL), of the trusts in the
 * set of TRUST_BITs, at most limit (and DB_LIST_MAX).  {day, id} of the last row is the cursor.
 */
enum err reports_list(struct db *db, int64_t domain, unsigned trusts,
                      const struct report_cursor *after, size_t limit, struct arena *a,
                      struct report_row **out, size_t *count_out) MUST_USE;
/*
 * Reports of a tenant that arrived at since or later, the oldest arrival first, behind *after
 * (whose day is an arrival; all zero: from the start), with policies and failures, at most limit.
 * After rows with many failures the answer is shorter than limit: only an empty one is the end.
 */
enum err reports_since(struct db *db, int64_t tenant, int64_t since,
                       const struct report_cursor *after, size_t limit, struct arena *a,
                       struct report_row **out, size_t *count_out) MUST_USE;
/* One report with policies and failures.  ERR_NOTFOUND. */
enum err reports_get(struct db *db, int64_t id, struct arena *a, struct report_row *out) MUST_USE;

#endif

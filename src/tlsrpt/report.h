/*
 * A TLS report (RFC 8460, section 4): the model that every reader gives and every writer takes.
 *
 * All storage lies in the arena of whoever made the report.  An empty slice means that the
 * member was absent, null or empty.  Text is hostile: it is UTF-8 and may hold any character,
 * U+0000 included.
 */
#ifndef TLSRPT_REPORT_H
#define TLSRPT_REPORT_H

#include "base/mem.h"
#include "tlsrpt/notes.h"

#define REPORT_TEXT_MAX (64u << 20)   /* bytes of JSON, inflated */
#define REPORT_DEPTH_MAX 16u          /* of JSON */
#define REPORT_VALUES_MAX 2000000u    /* of JSON, keys counted */
#define REPORT_STRING_MAX (64u << 10) /* bytes of one string */
#define REPORT_POLICIES_MAX 10000u    /* policies of one report */
#define REPORT_FAILURES_MAX 100000u   /* failure rows of one report, all policies together */
#define REPORT_COUNT_MAX ((UINT64_C(1) << 53) - 1) /* each count, and each sum over the report */
#define REPORT_ID_MAX 512u                         /* a longer report-id is noted */

enum report_type {
	REPORT_TYPE_NONE, /* not said */
	REPORT_TYPE_TLSA,
	REPORT_TYPE_STS,
	REPORT_TYPE_NO_POLICY_FOUND,
	REPORT_TYPE_OTHER, /* type_text has it */
};

struct report_failure {
	struct slice result_type; /* never empty; lower case when it is one of RFC 8460's */
	struct slice sending_mta_ip;
	struct slice receiving_mx_hostname;
	struct slice receiving_mx_helo;
	struct slice receiving_ip;
	uint64_t failed_sessions;
	struct slice additional_information; /* never make it a link unchecked */
	struct slice reason_code;
};

struct report_policy {
	enum report_type type;
	struct slice type_text; /* as reported, for REPORT_TYPE_OTHER; else empty */
	struct slice domain;    /* lower case, A-labels, no final dot, unless noted as odd */
	struct slice *strings;
	size_t string_count;
	struct slice *mx_hosts;
	size_t mx_host_count;
	uint64_t successful, failed;
	struct report_failure *failures;
	size_t failure_count;
};

struct report {
	struct slice organization, report_id, contact;
	bool has_start, has_end;
	int64_t start, end; /* epoch seconds; end is as written: 23:59:59 or the next midnight */
	struct report_policy *policies;
	size_t policy_count;
	uint64_t notes; /* NOTE_BIT(...) */
};

/* Plain sums over the policies; sessions that are listed under two policies count twice. */
struct report_totals {
	size_t policies;
	uint64_t successful, failed;
	size_t failure_rows;
};

struct report_totals report_totals(const struct report *r);

/*
 * The sessions of one domain for headline figures: those reported under tlsa as well as under sts
 * are the same sessions and count once (the larger of the two sums), others are added.
 */
struct report_sessions {
	uint64_t successful, failed;
};
struct report_sessions report_headline(const struct report *r, struct slice domain);

/* "tlsa", "sts", "no-policy-found"; type_text for REPORT_TYPE_OTHER; empty for none. */
struct slice report_type_text(const struct report_policy *p);
/* Exact spelling; REPORT_TYPE_OTHER for anything else, REPORT_TYPE_NONE for empty. */
enum report_type report_type_of(struct slice text);

/* The result-types that are registered: RFC 8460, section 4.3.  NULL-terminated. */
extern const char *const report_result_types[];
bool report_result_type_known(struct slice text);

/*
 * The UTC day that the report is about: that of its middle, so that both ways to write the end
 * (23:59:59 and the next midnight) give the same day.  False: the report has no date-range.
 */
bool report_day(const struct report *r, int64_t *day_start_out);

/* The range is one UTC day, its end written as 23:59:59 or as the next midnight. */
bool report_is_utc_day(const struct report *r);

/* The domain behind the @ of contact-info, a mailto: before it skipped; empty: none. */
struct slice report_contact_domain(const struct report *r);

/*
 * The domain for policies that do not name one: the domain within a report-id such as
 * "2025-09-20T00:00:00Z_idx1_example.com" or "133+example.com", and within a file name
 * "sender!domain!start!end.json.gz".  Empty: none.
 */
struct slice report_id_domain(struct slice report_id);
struct slice report_file_name_domain(struct slice file_name);

#endif

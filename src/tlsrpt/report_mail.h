/*
 * All reports in some bytes: a report as JSON, its gzip or zip, or a mail message in every form
 * that senders and forwarding programs give it.  Labels are only hints; content decides.
 *
 * Pure.  The result always has at least one item: a report or a refusal.
 */
#ifndef TLSRPT_REPORT_MAIL_H
#define TLSRPT_REPORT_MAIL_H

#include "tlsrpt/report_json.h"

enum report_form { FORM_UNKNOWN, FORM_JSON, FORM_GZIP, FORM_ZIP, FORM_MAIL, FORM_MBOX };

/* By content; FORM_UNKNOWN: none of these.  A few hundred bytes of the beginning suffice. */
enum report_form report_sniff(struct slice head);

struct report_item {
	struct report_fault fault; /* code FAULT_NONE: report is valid */
	struct report report;
	struct slice file_name; /* of the attachment; empty: none.  For display only */
	/*
	 * The domain of policies that do not name theirs, by the report's surroundings: its mail's
	 * TLS-Report-Domain, the file name, the report-id.  Lower case; empty: nothing tells, or
	 * all policies have a domain.
	 */
	struct slice hint;
	/*
	 * The domain that file name or report-id tell, also for tlsa policies: unlike the mail's
	 * header these lie in what every signature covers.  Lower case; empty: none.
	 */
	struct slice inner_hint;
	unsigned forwarded; /* how many mails its mail lies in */
};

/* What the outermost mail says about itself; nothing of it is proved. */
struct mail_facts {
	struct slice from, subject, date, message_id;
	struct slice report_domain, report_submitter; /* TLS-Report-Domain, TLS-Report-Submitter */
	bool has_time;
	int64_t time; /* of Date, when it could be read */
};

struct reports {
	struct report_item *items;
	size_t count;
	bool is_mail; /* mail has facts */
	struct mail_facts mail;
};

/*
 * Reads bytes of the given form (FORM_UNKNOWN: sniffs; FORM_MBOX is read as its first message:
 * split it by wire/mbox.h).  file_name may be empty; it only matters for notes and the hint.
 * A message without a report gives one item with FAULT_NO_REPORT.
 */
void reports_read(struct slice bytes, enum report_form form, struct slice file_name,
                  struct arena *arena, struct reports *out);

#endif

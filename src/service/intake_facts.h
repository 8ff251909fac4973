/*
 * What a reader said about one message, read back without trusting it.  Pure.
 */
#ifndef SERVICE_INTAKE_FACTS_H
#define SERVICE_INTAKE_FACTS_H

#include "tlsrpt/report_mail.h"
#include "wire/dkim_scan.h"

#define FACTS_ITEMS_MAX 10000u /* lines of one message */

struct facts {
	struct report_item *items;
	size_t count;
	bool is_mail; /* mail has facts */
	struct mail_facts mail;
	struct dkim_scan *signatures; /* of the mail; NULL: none were looked for */
	bool no_report;               /* a message that holds no report at all */
	const char *reason;           /* a code, when something could not be read; NULL: all was */
	struct slice detail;          /* words about it */
};

/*
 * Reads the lines of tlsrpt/report_show.h into arena.
 * ERR_SYNTAX: not such lines.  ERR_LIMIT: too many, or a ceiling of report.h.
 */
enum err facts_parse(struct slice lines, struct arena *arena, struct facts *out) MUST_USE;

/* A message about which nothing is known but why. */
struct facts facts_failed(const char *reason, const char *detail);

/*
 * The domain for policies of item that name none: by the mail, the report-id or the file name
 * (what the reader found), or fallback (the domain of the tag), which comes first when first.
 */
struct slice facts_domain(const struct report_item *item, struct slice fallback, bool first);

#endif

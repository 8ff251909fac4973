/*
 * Facts of one message, as the caged reader hands them to intake: a compact record of numbers and
 * texts with their lengths in front, written by the reader and read back without trusting it.
 *
 * Both sides are one program on one machine, and nothing keeps the record: its form is nobody
 * else's business.  Numbers are base 128, lowest first, in their shortest form; a moment is 0 for
 * none; a text is its length and its bytes, UTF-8.  Pure.
 */
#ifndef TLSRPT_FACTS_H
#define TLSRPT_FACTS_H

#include "tlsrpt/report_mail.h"
#include "wire/dkim_scan.h"
#include "wire/mime.h"

#define FACTS_MAX (96u << 20)              /* bytes of a record */
#define FACTS_ITEMS_MAX MIME_PARTS_MAX     /* reports and faults of a message */
#define FACTS_VALUES_MAX REPORT_VALUES_MAX /* policies, failures and list entries of a message */

struct facts {
	struct report_item *items; /* the reports; of each fault is FAULT_NONE */
	size_t count;
	bool is_mail; /* mail has facts */
	struct mail_facts mail;
	struct dkim_scan *signatures; /* of the mail; NULL: none were looked for */
	bool no_report;               /* a message that holds no report at all */
	const char *reason;           /* a code, when something could not be read; NULL: all was */
	struct slice detail;          /* words about it */
};

/*
 * Appends the record; signatures may be NULL.  A report that passes a ceiling above, or that of out
 * (keep a few hundred bytes of room), stands in it as too large.  ERR_LIMIT: not even those fitted.
 */
enum err facts_format(const struct reports *all, const struct dkim_scan *signatures,
                      struct buf *out) MUST_USE;

/*
 * Reads a record; lists lie in arena, texts in bytes.  It holds the ceilings of report.h and
 * dkim_scan.h, and lets nobody allocate more than its length is good for.
 * ERR_SYNTAX: nothing that is written.  ERR_LIMIT: above a ceiling.
 */
enum err facts_parse(struct slice bytes, struct arena *arena, struct facts *out) MUST_USE;

/* A message about which nothing is known but why. */
struct facts facts_failed(const char *reason, const char *detail);

/*
 * The domain for policies of item that name none: by the mail, the report-id or the file name
 * (what the reader found), or fallback (the domain of the tag), which comes first when first.
 */
struct slice facts_domain(const struct report_item *item, struct slice fallback, bool first);

#endif

/*
 * The lines mxseal.report/1, mxseal.error/1, mxseal.mail/1 and mxseal.signatures/1: what
 * `report show --jsonl` prints (the first two) and how the caged reader hands facts to intake.
 *
 * Formatter and parser are inverse to each other.  The parser trusts nothing: it holds the same
 * ceilings as the reader of reports and refuses what the formatter never writes.
 */
#ifndef TLSRPT_REPORT_SHOW_H
#define TLSRPT_REPORT_SHOW_H

#include "tlsrpt/report_mail.h"

#define SHOW_TEXT_MAX (96u << 20) /* bytes of all lines of one input */

enum show_kind { SHOW_REPORT, SHOW_ERROR, SHOW_MAIL, SHOW_SIGNATURES };

struct show_line {
	enum show_kind kind;
	struct slice file;
	size_t index;                 /* SHOW_REPORT, SHOW_ERROR */
	struct report_item item;      /* the same; of an error: fault, with why in message */
	struct slice message;         /* SHOW_ERROR: words for people */
	struct mail_facts mail;       /* SHOW_MAIL */
	struct dkim_scan *signatures; /* SHOW_SIGNATURES: in the arena; wire/dkim_scan.h */
};

struct dkim_scan;

/* Each appends one object without line end; check buf_status. */
void report_show_report(const struct report_item *item, struct slice file, size_t index,
                        struct buf *out);
void report_show_error(const struct report_fault *fault, struct slice file, size_t index,
                       struct buf *out);
void report_show_mail(const struct mail_facts *mail, struct slice file, struct buf *out);
void report_show_signatures(const struct dkim_scan *scan, struct slice file, struct buf *out);

/*
 * Appends all items as lines, then the mail's facts if there is a mail, each with a LF.
 * An item that does not fit into out's ceiling becomes a too-large error line; keep a few
 * hundred bytes of room.  ERR_LIMIT: not even those fitted.
 */
enum err report_show_all(const struct reports *all, struct slice file, struct buf *out) MUST_USE;

/* Words for people about a refusal: its sentence, the more exact reason and the line. */
void report_show_words(const struct report_fault *fault, struct buf *out);

/*
 * Reads one line of any of the three kinds into arena.
 * ERR_SYNTAX: not such a line.  ERR_LIMIT: above a ceiling of report.h.
 */
enum err report_show_parse(struct slice line, struct arena *arena, struct show_line *out,
                           struct diag *diag) MUST_USE;

#endif

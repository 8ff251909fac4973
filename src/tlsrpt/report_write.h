/*
 * Report files and report mails as RFC 8460, sections 5.1 to 5.3, has them: for the
 * demonstration and for tests, and the part that a sending program would use.
 */
#ifndef TLSRPT_REPORT_WRITE_H
#define TLSRPT_REPORT_WRITE_H

#include "base/buf.h"
#include "tlsrpt/report.h"

/* How a known sender's mail looks where it differs from the plain form. */
enum report_style {
	STYLE_PLAIN,     /* as in RFC 8460 */
	STYLE_GOOGLE,    /* id in dots in the subject, name in both fields, report-type unquoted */
	STYLE_MICROSOFT, /* HTML first part, subject's id without brackets, folded description */
	STYLE_POSTFIX,   /* submitter is the organisation's name, TLS-Required: No */
	STYLE_COUNT
};

struct report_mail {
	struct slice from, to; /* addresses */
	struct slice domain;   /* the policy domain, for Subject, TLS-Report-Domain and file name */
	struct slice message_id; /* without angle brackets */
	int64_t date;
	enum report_style style;
	bool plain; /* application/tlsrpt+json instead of +gzip */
};

/* "sender!domain!start!end!001.json.gz"; the times are 0 where the report has none. */
void report_file_name(const struct report *r, struct slice domain, bool plain, struct buf *out);

/* The report's JSON, gzipped unless plain.  ERR_LIMIT: out is full. */
enum err report_write_file(const struct report *r, bool plain, struct buf *out) MUST_USE;

/*
 * The whole message with CRLF, unsigned.  ERR_LIMIT: out is full.  ERR_SYNTAX: an address, the
 * domain, report-id or organisation has a control character, which would forge header fields.
 */
enum err report_write_mail(const struct report *r, const struct report_mail *mail,
                           struct buf *out) MUST_USE;

#endif

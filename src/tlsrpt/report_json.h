/*
 * The JSON of RFC 8460, section 4.4, to the model and back.
 *
 * The reader takes what real senders are known to write differently and notes each departure;
 * it refuses whatever could make it miscount: counts that are no whole numbers, failures without
 * a count, policies that are no objects, duplicate keys, an end before the start.
 */
#ifndef TLSRPT_REPORT_JSON_H
#define TLSRPT_REPORT_JSON_H

#include "base/buf.h"
#include "tlsrpt/faults.h"
#include "tlsrpt/report.h"

/* Why a report was refused: the code and, when it is not JSON, the line. */
struct report_fault {
	enum fault_code code;
	unsigned line;   /* 0: not about a line */
	const char *why; /* constant, more exact than the code's sentence */
};

/*
 * Reads one report into arena.  On failure *out is untouched and *fault says why; the value is
 * ERR_LIMIT for ceilings, else ERR_SYNTAX.
 */
enum err report_json_parse(struct slice text, struct arena *arena, struct report *out,
                           struct report_fault *fault) MUST_USE;

/*
 * Appends the report as RFC 8460 has it, in one line without line end; absent members are left
 * out, failure-details is always there.  Notes are not written.  Check buf_status.
 */
void report_json_format(const struct report *r, struct buf *out);

#endif

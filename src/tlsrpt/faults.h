/*
 * Faults: why something could not be read as a report; the codes of mxseal.error/1 lines and
 * the reasons in quarantine.  Codes are only ever added.
 */
#ifndef TLSRPT_FAULTS_H
#define TLSRPT_FAULTS_H

#include "base/slice.h"

/* FAULT(name, code, sentence); the first is no fault. */
#define REPORT_FAULTS(FAULT)                                                                    \
	FAULT(NONE, "none", "the report was read")                                              \
	FAULT(NO_REPORT, "no-report", "there is no TLS report in this message")                 \
	FAULT(NOT_JSON, "not-json", "the report is not JSON")                                   \
	FAULT(DUPLICATE_KEY, "duplicate-key", "an object of the report has the same key twice") \
	FAULT(NOT_A_REPORT, "not-a-report", "the JSON is not a TLS report")                     \
	FAULT(WRONG_TYPE, "wrong-type", "a member of the report has the wrong JSON type")       \
	FAULT(BAD_COUNT, "bad-count",                                                           \
	      "a count of sessions is missing or not a whole number from 0 to 2^53-1")          \
	FAULT(NO_RESULT_TYPE, "no-result-type", "a failure has no result-type")                 \
	FAULT(BAD_DATE, "bad-date", "the report's date-range is not made of RFC 3339 times")    \
	FAULT(END_BEFORE_START, "end-before-start", "the report ends before it starts")         \
	FAULT(TOO_LARGE, "too-large", "larger than the ceiling")                                \
	FAULT(TOO_COMPLEX, "too-complex",                                                       \
	      "more parts, header lines, levels or values than the ceiling")                    \
	FAULT(TOO_MANY, "too-many", "more policies or failures than the ceiling")               \
	FAULT(BAD_GZIP, "bad-gzip", "the compressed report is damaged or cut off")              \
	FAULT(BAD_ZIP, "bad-zip", "the zip file is damaged or does not hold exactly one file")  \
	FAULT(BAD_MAIL, "bad-mail", "this is neither a report nor a mail message")              \
	FAULT(UNREADABLE, "unreadable", "the file cannot be opened or read")

enum fault_code {
#define FAULT_ENUM(name, code, sentence) FAULT_##name,
	REPORT_FAULTS(FAULT_ENUM)
#undef FAULT_ENUM
	        FAULT_COUNT
};

const char *fault_name(enum fault_code code);
const char *fault_sentence(enum fault_code code);
/* ERR_NOTFOUND: no such code. */
enum err fault_by_name(struct slice name, enum fault_code *out) MUST_USE;

#endif

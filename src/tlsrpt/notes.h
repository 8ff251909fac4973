/*
 * Notes: one code for each departure from RFC 8460 that a reader of reports tolerated.
 *
 * Scripts see the codes in the "notes" of a mxseal.report/1 line; `explain` shows the sentence
 * and what it means for the figures.  Codes are only ever added.
 */
#ifndef TLSRPT_NOTES_H
#define TLSRPT_NOTES_H

#include "base/slice.h"

/* NOTE(name, code, sentence) */
#define REPORT_NOTES(NOTE)                                                                         \
	NOTE(BOM, "bom", "A byte order mark stands before the JSON.")                              \
	NOTE(NO_ORGANIZATION, "no-organization",                                                   \
	     "The report does not say which organization made it.")                                \
	NOTE(NO_CONTACT, "no-contact", "The report has no contact-info.")                          \
	NOTE(CONTACT_MAILTO, "contact-mailto", "contact-info is a mailto: URI, not an address.")   \
	NOTE(NO_REPORT_ID, "no-report-id",                                                         \
	     "The report has no report-id; its content identifies it.")                            \
	NOTE(ODD_REPORT_ID, "odd-report-id",                                                       \
	     "The report-id is very long or has control characters.")                              \
	NOTE(NO_DATE_RANGE, "no-date-range",                                                       \
	     "The report does not say which time it covers; the day it arrived is used.")          \
	NOTE(NO_TIME_ZONE, "no-time-zone", "A time has no zone and is read as UTC.")               \
	NOTE(DATE_ONLY, "date-only", "A time is a date alone and is read as its midnight, UTC.")   \
	NOTE(LONG_RANGE, "long-range", "The report covers more than eight days.")                  \
	NOTE(ODD_RANGE, "odd-range",                                                               \
	     "The report does not cover one UTC day; it counts for the day of its middle.")        \
	NOTE(POLICIES_NOT_ARRAY, "policies-not-array", "policies is one object, not a list.")      \
	NOTE(NO_POLICIES, "no-policies", "The list of policies is empty.")                         \
	NOTE(FLAT_POLICY, "flat-policy",                                                           \
	     "The policy's members stand beside summary, not in policy.")                          \
	NOTE(NO_POLICY_TYPE, "no-policy-type", "A policy has no policy-type.")                     \
	NOTE(POLICY_TYPE_FORM, "policy-type-form", "A policy-type has capitals or blanks.")        \
	NOTE(UNKNOWN_POLICY_TYPE, "unknown-policy-type", "A policy-type is none of RFC 8460's.")   \
	NOTE(NO_POLICY_DOMAIN, "no-policy-domain",                                                 \
	     "A policy has no policy-domain; mail header, file name or report-id must tell it.")   \
	NOTE(POLICY_DOMAIN_FORM, "policy-domain-form",                                             \
	     "A policy-domain has capitals, blanks or a final dot.")                               \
	NOTE(POLICY_DOMAIN_UNICODE, "policy-domain-unicode",                                       \
	     "A policy-domain is not written in A-labels and was converted.")                      \
	NOTE(ODD_POLICY_DOMAIN, "odd-policy-domain", "A policy-domain is not a domain name.")      \
	NOTE(POLICY_STRING_FORM, "policy-string-form", "policy-string is one string, not a list.") \
	NOTE(POLICY_STRING_JSON, "policy-string-json",                                             \
	     "A policy-string holds a JSON list inside a string.")                                 \
	NOTE(MX_HOST_FORM, "mx-host-form", "mx-host is one string, not a list.")                   \
	NOTE(MX_HOST_PREFIX, "mx-host-prefix", "An mx-host starts with \"mx:\".")                  \
	NOTE(MX_HOST_PATTERN, "mx-host-pattern", "mx-host is named mx-host-pattern.")              \
	NOTE(NULL_LIST, "null-list", "A list is null.")                                            \
	NOTE(NO_SUMMARY, "no-summary", "A policy has no summary; its sessions count as none.")     \
	NOTE(NO_SUCCESS_COUNT, "no-success-count",                                                 \
	     "A summary has no total-successful-session-count; it counts as 0.")                   \
	NOTE(NO_FAILURE_COUNT, "no-failure-count",                                                 \
	     "A summary has no total-failure-session-count; it counts as 0.")                      \
	NOTE(FAILURES_NAME, "failures-name", "failure-details is named failures.")                 \
	NOTE(NO_FAILURE_DETAILS, "no-failure-details",                                             \
	     "Failed sessions are counted but not detailed.")                                      \
	NOTE(COUNTS_DIFFER, "counts-differ",                                                       \
	     "The failure details add up to another number than the summary, which counts.")       \
	NOTE(FAILURE_MEMBER_NAME, "failure-member-name",                                           \
	     "A member of failure-details has another name than in RFC 8460.")                     \
	NOTE(ADDITIONAL_OBJECT, "additional-object", "additional-information is not a string.")    \
	NOTE(RESULT_TYPE_FORM, "result-type-form", "A result-type has capitals or blanks.")        \
	NOTE(UNKNOWN_RESULT_TYPE, "unknown-result-type", "A result-type is none of RFC 8460's.")   \
	NOTE(ODD_ADDRESS, "odd-address", "An IP address in failure-details is not one.")           \
	NOTE(ZERO_COUNT, "zero-count", "A failure is listed with no session.")                     \
	NOTE(GZIP_TRAILING, "gzip-trailing",                                                       \
	     "Something that is no gzip follows the compressed report.")                           \
	NOTE(ZIP, "zip", "The report is packed as zip; RFC 8460 knows gzip only.")                 \
	NOTE(PACKED_TWICE, "packed-twice", "The report is compressed more than once.")             \
	NOTE(LABEL, "label", "Media type or file name say another packing than the report has.")   \
	NOTE(GENERIC_TYPE, "generic-type",                                                         \
	     "The report's part has a media type that RFC 8460 does not know.")                    \
	NOTE(BARE_TYPE, "bare-type", "The report's part is labelled application/tlsrpt alone.")    \
	NOTE(NOT_MULTIPART, "not-multipart",                                                       \
	     "The whole message is the report, without other parts.")                              \
	NOTE(OUTER_TYPE, "outer-type",                                                             \
	     "The message is not multipart/report with report-type tlsrpt.")                       \
	NOTE(UNCLOSED, "unclosed", "The closing boundary of the message is missing or damaged.")   \
	NOTE(DAMAGED_HEADER, "damaged-header", "The mail header does not tell the boundary.")      \
	NOTE(ENCODING_LABEL, "encoding-label",                                                     \
	     "Content-Transfer-Encoding does not say how the part is encoded.")                    \
	NOTE(FORWARDED, "forwarded", "The report's mail lies inside another mail.")                \
	NOTE(PART_REPEATED, "part-repeated", "The message carries this report more than once.")    \
	NOTE(PART_IGNORED, "part-ignored",                                                         \
	     "A further report in the message has no report-id of its own and was not read.")      \
	NOTE(NO_REPORT_DOMAIN, "no-report-domain",                                                 \
	     "The mail has no TLS-Report-Domain field, or several.")                               \
	NOTE(NO_SUBMITTER, "no-submitter", "The mail has no TLS-Report-Submitter field.")          \
	NOTE(SUBMITTER_DIFFERS, "submitter-differs",                                               \
	     "TLS-Report-Submitter is not the domain of contact-info.")                            \
	NOTE(UNSIGNED_METADATA, "unsigned-metadata",                                               \
	     "The mail's signature does not cover the TLS-Report fields.")                         \
	NOTE(SHORT_KEY, "short-key",                                                               \
	     "The mail is signed with an RSA key of fewer than 2048 bits.")                        \
	NOTE(EMAIL_KEY, "email-key", "The key of the mail's signature is for email only (s=).")

enum report_note {
#define NOTE_ENUM(name, code, sentence) NOTE_##name,
	REPORT_NOTES(NOTE_ENUM)
#undef NOTE_ENUM
	        NOTE_COUNT
};

_Static_assert(NOTE_COUNT <= 64, "notes are kept in 64 bits");

/* Notes of one report: bit n is enum report_note n. */
#define NOTE_BIT(note) ((uint64_t)1 << (note))

const char *note_code(enum report_note note);
const char *note_sentence(enum report_note note);
/* ERR_NOTFOUND: no such code; codes are compared byte by byte. */
enum err note_by_code(struct slice code, enum report_note *out) MUST_USE;

#endif

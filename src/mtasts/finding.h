/*
 * What a reader found, for people and scripts: a code, a severity, a place and
 * a sentence.  Every code of the readers of policies and TXT records is a row of
 * one table, so that help texts can be checked against it.
 *
 * Pure.  Findings live in the arena given at birth.  At most FINDINGS_MAX are
 * kept; the last kept one then says that there are more, and the counts go on.
 */
#ifndef MTASTS_FINDING_H
#define MTASTS_FINDING_H

#include "base/mem.h"

#define FINDINGS_MAX 100u

enum finding_severity { FINDING_FAIL, FINDING_WARN, FINDING_INFO };
#define FINDING_SEVERITIES 3u

/* X(name, code, severity, sentence) */
#define FINDING_KINDS(X)                                                                           \
	/* policy documents */                                                                     \
	X(POLICY_TOO_LONG, "policy-too-long", FAIL,                                                \
	  "the policy is longer than 65536 bytes; senders stop reading there")                     \
	X(POLICY_EMPTY, "policy-empty", FAIL, "there is nothing in it")                            \
	X(POLICY_BOM, "policy-bom", FAIL,                                                          \
	  "the file begins with a byte order mark; save it as plain UTF-8 without one")            \
	X(POLICY_HTML, "policy-html", FAIL, "this is a web page, not a policy")                    \
	X(POLICY_ENCODING, "policy-encoding", FAIL, "the line is not UTF-8")                       \
	X(POLICY_CONTROL, "policy-control", FAIL, "a control character stands in the line")        \
	X(POLICY_BARE_CR, "policy-bare-cr", FAIL,                                                  \
	  "a carriage return without a line feed does not end a line")                             \
	X(POLICY_BLANK_LINE, "policy-blank-line", FAIL, "blank lines are not allowed")             \
	X(POLICY_BLANK_END, "policy-blank-line-at-end", FAIL,                                      \
	  "blank lines at the end are not allowed, though some senders forgive them")              \
	X(POLICY_INDENTED, "policy-indented", FAIL, "the line begins with a blank")                \
	X(POLICY_COMMENT, "policy-comment", FAIL, "policies have no comments")                     \
	X(POLICY_NO_COLON, "policy-no-colon", FAIL, "the line is not \"key: value\"")              \
	X(POLICY_BLANK_BEFORE_COLON, "policy-blank-before-colon", FAIL,                            \
	  "no blank may stand before the colon")                                                   \
	X(POLICY_KEY, "policy-key", FAIL,                                                          \
	  "a key is 1 to 32 letters, digits, \"_\", \"-\" or \".\", the first a letter or digit")  \
	X(POLICY_VALUE_EMPTY, "policy-value-empty", FAIL, "the value is missing")                  \
	X(POLICY_VERSION_MISSING, "policy-version-missing", FAIL,                                  \
	  "there is no line \"version: STSv1\"")                                                   \
	X(POLICY_VERSION, "policy-version", FAIL, "the version must be exactly STSv1")             \
	X(POLICY_MODE_MISSING, "policy-mode-missing", FAIL, "there is no mode line")               \
	X(POLICY_MODE, "policy-mode", FAIL, "the mode must be exactly enforce, testing or none")   \
	X(POLICY_MAX_AGE_MISSING, "policy-max-age-missing", FAIL, "there is no max_age line")      \
	X(POLICY_MAX_AGE, "policy-max-age", FAIL,                                                  \
	  "max_age must be 1 to 10 digits and nothing else, in seconds")                           \
	X(POLICY_MAX_AGE_RANGE, "policy-max-age-range", FAIL,                                      \
	  "max_age is above the highest value, 31557600 (about a year)")                           \
	X(POLICY_MX_MISSING, "policy-mx-missing", FAIL,                                            \
	  "modes enforce and testing need at least one mx line")                                   \
	X(POLICY_MX, "policy-mx", FAIL, "this is no MX pattern")                                   \
	X(POLICY_KEY_CASE, "policy-key-case", WARN,                                                \
	  "keys are lower case: senders take this line for an unknown field")                      \
	X(POLICY_DUPLICATE, "policy-duplicate", WARN,                                              \
	  "the key was there before: the first line counts, this one is ignored")                  \
	X(POLICY_MX_DUPLICATE, "policy-mx-duplicate", INFO, "this pattern was there before")       \
	X(POLICY_EXTENSION, "policy-extension", INFO, "senders ignore a key they do not know")     \
	X(POLICY_TRAILING_BLANK, "policy-trailing-blank", INFO, "the line ends with a blank")      \
	X(POLICY_LINE_END, "policy-line-end", INFO,                                                \
	  "lines end with LF; that is allowed, CRLF is what the standard's text asks for")         \
	X(POLICY_AGE_SHORT, "policy-max-age-short", WARN,                                          \
	  "enforce with a max_age below a day protects little")                                    \
	X(POLICY_AGE_WEEK, "policy-max-age-week", INFO,                                            \
	  "a max_age of weeks or more protects better than this one")                              \
	X(POLICY_AGE_LONG, "policy-max-age-long", WARN,                                            \
	  "a testing policy with a max_age above a week keeps a mistake in caches for long")       \
	X(POLICY_MX_BROAD, "policy-mx-broad", WARN,                                                \
	  "this pattern covers a whole top-level domain")                                          \
	X(POLICY_MX_OWN, "policy-mx-own-domain", WARN,                                             \
	  "this pattern trusts every host name of the domain that can get a certificate")          \
	X(POLICY_MX_ADDRESS, "policy-mx-address", WARN,                                            \
	  "this looks like an address; MX hosts have names")                                       \
	X(POLICY_MX_LABEL, "policy-mx-one-label", WARN, "a host name of one label is no MX host")  \
	X(POLICY_MODE_NONE, "policy-mode-none", INFO,                                              \
	  "mode none switches MTA-STS off for senders that read it")                               \
	/* TXT records: what both kinds share */                                                   \
	X(RECORD_UNKNOWN, "record-unknown", FAIL,                                                  \
	  "this is neither an _mta-sts nor an _smtp._tls record: it must begin with v=STSv1; or "  \
	  "v=TLSRPTv1;")                                                                           \
	X(RECORD_TOO_LONG, "record-too-long", FAIL, "no TXT record can be this long")              \
	X(RECORD_EMPTY, "record-empty", FAIL, "the record is empty")                               \
	X(RECORD_BYTES, "record-bytes", FAIL,                                                      \
	  "only printable ASCII characters may stand in the record")                               \
	X(RECORD_LEADING_BLANK, "record-leading-blank", FAIL,                                      \
	  "the record begins with a blank; its first characters must be the version")              \
	X(RECORD_VERSION, "record-version", FAIL,                                                  \
	  "the first field must be the version, in exactly this spelling")                         \
	X(RECORD_NO_FIELD, "record-no-field", FAIL, "nothing follows the version")                 \
	X(RECORD_EMPTY_FIELD, "record-empty-field", FAIL,                                          \
	  "a field is empty: two semicolons stand together")                                       \
	X(RECORD_FIELD, "record-field", FAIL,                                                      \
	  "this field is not name=value, or a semicolon is missing before it")                     \
	X(RECORD_TRAILING_BLANK, "record-trailing-blank", FAIL,                                    \
	  "the record ends with a blank that no semicolon precedes")                               \
	X(RECORD_ID_MISSING, "record-id-missing", FAIL, "there is no id field")                    \
	X(RECORD_ID, "record-id", FAIL, "the id must be 1 to 32 letters and digits")               \
	X(RECORD_NAME_CASE, "record-name-case", WARN,                                              \
	  "field names are lower case: senders take this one for an unknown field")                \
	X(RECORD_DUPLICATE, "record-duplicate", WARN,                                              \
	  "the field was there before: the first one counts, this one is ignored")                 \
	X(RECORD_EXTENSION, "record-extension", INFO, "senders ignore a field they do not know")   \
	X(RECORD_BLANK_BEFORE_SEMICOLON, "record-blank-before-semicolon", WARN,                    \
	  "a blank before the first semicolon makes the record invisible as soon as another TXT "  \
	  "record stands at the name")                                                             \
	X(RECORD_INVISIBLE, "record-invisible", FAIL,                                              \
	  "a blank before the first semicolon: beside other TXT records senders drop this one")    \
	X(RECORD_UNRELATED, "record-unrelated", INFO,                                              \
	  "senders drop this TXT record, it does not begin with the version and a semicolon")      \
	X(RECORD_NONE, "record-none", FAIL,                                                        \
	  "no TXT record here begins with the version and a semicolon")                            \
	X(RECORD_SEVERAL, "record-several", FAIL,                                                  \
	  "more than one such record at one name: senders act as if there were none")              \
	/* _smtp._tls */                                                                           \
	X(RUA_MISSING, "rua-missing", FAIL, "there is no rua field: nobody gets reports")          \
	X(RUA_EMPTY, "rua-empty", FAIL, "an address in the rua list is empty")                     \
	X(RUA_URI, "rua-uri", FAIL, "this is not a URI")                                           \
	X(RUA_RESERVED, "rua-reserved", FAIL,                                                      \
	  "\"!\" must be written as %21 here; size limits as in DMARC do not exist")               \
	X(RUA_NOT_USABLE, "rua-not-usable", FAIL, "no address is left that a report could go to")  \
	X(RUA_SCHEME, "rua-scheme", WARN, "only mailto and https are used; senders skip this")     \
	X(RUA_MAILTO, "rua-mailto", WARN, "this is not one mail address; senders skip it")         \
	X(RUA_MAILTO_FIELDS, "rua-mailto-fields", INFO,                                            \
	  "everything from the question mark on is ignored")                                       \
	X(RUA_HTTPS, "rua-https", WARN, "reports cannot be posted to this address")                \
	X(RUA_PRIVATE, "rua-private", WARN,                                                        \
	  "this address is not on the public Internet; senders refuse it")                         \
	X(RUA_REPEATED, "rua-repeated", WARN,                                                      \
	  "several rua fields: some senders refuse that; write one with commas")                   \
	X(RUA_DUPLICATE, "rua-duplicate", INFO, "this address was there before")                   \
	/* what was taken off pasted text */                                                       \
	X(PASTE_ZONE_LINE, "paste-zone-line", INFO, "read as a line of a zone; taken off")         \
	X(PASTE_QUOTES, "paste-quotes", INFO, "quotation marks taken off")                         \
	X(PASTE_STRINGS, "paste-strings", INFO,                                                    \
	  "several strings joined with nothing between, as senders do")                            \
	X(PASTE_ESCAPES, "paste-escapes", INFO, "backslash escapes undone")                        \
	X(PASTE_BLANKS, "paste-blanks", WARN,                                                      \
	  "blanks at the end taken off; if they stand in DNS too, senders refuse the record")      \
	X(PASTE_LINES, "paste-lines", INFO, "several lines, each read as a record of its own")     \
	X(PASTE_COMMENT, "paste-comment", INFO, "comment taken off")                               \
	X(PASTE_QUOTE_OPEN, "paste-quote-open", FAIL, "a quotation mark is not closed")            \
	X(PASTE_ESCAPE, "paste-escape", FAIL, "a backslash escape is not complete")                \
	X(PASTE_STRING_LONG, "paste-string-long", WARN,                                            \
	  "a string of more than 255 characters must be split for DNS")                            \
	X(PASTE_UNQUOTED, "paste-unquoted", WARN,                                                  \
	  "without quotation marks a name server takes the rest from the semicolon for a comment") \
	X(PASTE_OWNER, "paste-owner", WARN, "senders do not look at this name")                    \
	X(MORE, "more-findings", INFO, "there are more findings than are shown")

enum finding_kind {
#define FINDING_ENUM(name, code, severity, sentence) FINDING_##name,
	FINDING_KINDS(FINDING_ENUM)
#undef FINDING_ENUM
	        FINDING_KIND_COUNT
};

struct finding_kind_row {
	const char *code;
	enum finding_severity severity;
	const char *sentence;
};
extern const struct finding_kind_row finding_kinds[FINDING_KIND_COUNT];

struct finding {
	enum finding_kind kind;
	enum finding_severity severity;
	const char *code, *message; /* constant; in the arena */
	unsigned line;              /* from 1: line of a policy, number of a record; 0: none */
	size_t offset;              /* bytes from the start of that line or record */
};

struct findings {
	struct arena *arena;
	size_t len, cap;
	struct finding *list;
	size_t count[FINDING_SEVERITIES]; /* all that were added, also beyond FINDINGS_MAX */
};

/* Where a finding lies; { 0, 0 } for the whole. */
struct finding_at {
	unsigned line;
	size_t offset;
};

struct findings findings_in(struct arena *a);

/* subject: the bytes in question, quoted in the message (cut and made printable); may be empty. */
void findings_add(struct findings *f, enum finding_kind kind, struct finding_at at,
                  struct slice subject);
/* The same with a further constant half sentence that says why. */
void findings_add_why(struct findings *f, enum finding_kind kind, struct finding_at at,
                      struct slice subject, const char *why);

static inline bool findings_fail(const struct findings *f)
{
	return f->count[FINDING_FAIL] > 0;
}
/* True when one of that severity or a graver one was added. */
bool findings_reach(const struct findings *f, enum finding_severity least);

/* "fail", "warn", "info" */
const char *finding_severity_name(enum finding_severity s);
/* ERR_SYNTAX: not one of the three names. */
enum err finding_severity_parse(struct slice s, enum finding_severity *out) MUST_USE;

#endif

#include "tlsrpt/sift.h"

#include "wire/imap.h"

#define DEPTH_MAX 16u /* of parts in parts; deeper ones may hold anything */

/* Kinds in which no report comes, unless the name of the file says otherwise. */
static bool is_plain(struct slice type, struct slice subtype)
{
	static const char *const types[] = { "image", "audio", "video", "font" };
	static const char *const texts[] = { "plain",    "html",       "calendar",
		                             "enriched", "x-amp-html", "rfc822-headers" };
	static const char *const applications[] = {
		"pdf", "pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "ics", "msword"
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq_i(type, slice_str(types[i])))
			return true;
	for (size_t i = 0; slice_eq_i(type, S("text")) && i < ARRAY_LEN(texts); i++)
		if (slice_eq_i(subtype, slice_str(texts[i])))
			return true;
	for (size_t i = 0; slice_eq_i(type, S("application")) && i < ARRAY_LEN(applications); i++)
		if (slice_eq_i(subtype, slice_str(applications[i])))
			return true;
	return false;
}

static bool is_report_name(struct slice s)
{
	return slice_ends_i(s, S(".json")) || slice_ends_i(s, S(".gz")) ||
	       slice_ends_i(s, S(".zip")) || slice_eq_i(s, S("tlsrpt"));
}

/* The rest of a part up to its parenthesis; false: some text in it tells of a report. */
static bool rest_is_plain(struct slice *rest)
{
	unsigned depth = 0;
	struct slice value;

	for (;;) {
		while (slice_starts(*rest, S(" ")))
			*rest = slice_skip(*rest, 1);
		if (slice_starts(*rest, S(")"))) {
			*rest = slice_skip(*rest, 1);
			if (depth-- == 0)
				return true;
		} else if (slice_starts(*rest, S("("))) {
			*rest = slice_skip(*rest, 1);
			if (++depth > IMAP_DEPTH_MAX)
				return false;
		} else if (!imap_next_string(rest, &value) || is_report_name(value)) {
			return false;
		}
	}
}

/*
 * RFC 3501, 7.4.2: a multipart is a list of parts followed by its subtype; anything else begins
 * with type and subtype.  A message in a message may hold a report.
 */
static bool structure_is_plain(struct slice s)
{
	struct slice type = { NULL, 0 }, subtype = { NULL, 0 };
	unsigned depth = 0;

	do {
		while (slice_starts(s, S(" ")))
			s = slice_skip(s, 1);
		if (slice_starts(s, S("("))) {
			s = slice_skip(s, 1);
			if (++depth > DEPTH_MAX)
				return false;
			if (slice_starts(s, S("(")))
				continue;
			if (!imap_next_string(&s, &type) || !imap_next_string(&s, &subtype) ||
			    !is_plain(type, subtype))
				return false;
		}
		/* Behind a part's type, or behind the last part of a multipart. */
		if (!rest_is_plain(&s))
			return false;
		depth--;
	} while (depth > 0);
	return slice_trim(s).len == 0;
}

/* The header fields that only a TLS report has (RFC 8460, 5.3 and 5.4). */
static bool line_claims(struct slice line, bool in_type)
{
	if (slice_starts_i(line, S("TLS-Report-Domain:")) ||
	    slice_starts_i(line, S("TLS-Report-Submitter:")))
		return true;
	if (!in_type)
		return false;
	for (size_t i = 0; i + 6 <= line.len; i++)
		if (slice_starts_i(slice_skip(line, i), S("tlsrpt")))
			return true;
	return false;
}

bool sift_claims_report(struct slice message)
{
	struct slice line;
	bool in_type = false; /* in a Content-Type field, also when it is folded */

	while (slice_next_line(&message, &line)) {
		bool folded = slice_starts(line, S(" ")) || slice_starts(line, S("\t"));

		in_type = folded ? in_type : slice_starts_i(line, S("Content-Type:"));
		if (line_claims(line, in_type))
			return true;
	}
	return false;
}

bool sift_may_hold_report(struct slice structure, struct slice header)
{
	return sift_claims_report(header) || !structure_is_plain(structure);
}

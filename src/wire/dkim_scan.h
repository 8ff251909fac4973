/*
 * All DKIM signatures of one message as far as the message alone can tell: which are well-formed,
 * whose body is unchanged, and the digest that each signs.
 *
 * Pure.  Keys and times are the caller's; see dkim_key.h and dkim_time_check.
 */
#ifndef WIRE_DKIM_SCAN_H
#define WIRE_DKIM_SCAN_H

#include "base/mem.h"
#include "wire/dkim_signature.h"

#define DKIM_SIGNATURES_MAX 10u     /* looked at in one message; the first ones */
#define DKIM_HEADER_MAX (64u << 10) /* bytes of a message's header */
#define DKIM_FIELDS_MAX 1000u       /* fields in it */

struct dkim_signed {
	enum dkim_fault fault; /* DKIM_NONE: everything but key and time is good */
	/* Lower case; empty when the field could not be read so far. */
	struct slice domain, selector, identity;
	enum dkim_algorithm algorithm;
	unsigned char digest[SHA256_SIZE]; /* of the header's hash input */
	struct slice b;
	bool has_time, has_expiry;
	int64_t time, expiry;
	bool covers_domain, covers_submitter; /* TLS-Report-Domain, TLS-Report-Submitter */
};

struct dkim_scan {
	struct slice from; /* the author's domain, lower case; empty: none, or not one alone */
	size_t count;
	struct dkim_signed signatures[DKIM_SIGNATURES_MAX];
	size_t left_out; /* further DKIM-Signature fields */
};

/* Text in *out lies in arena. */
void dkim_scan(struct slice message, struct arena *arena, struct dkim_scan *out);

#endif

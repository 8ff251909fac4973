/*
 * One DKIM-Signature field, read (RFC 6376, section 3.5; RFC 8301; RFC 8463).
 *
 * Pure.  Nothing is verified here, and times are only compared with each other; slices point into
 * the field.
 */
#ifndef WIRE_DKIM_SIGNATURE_H
#define WIRE_DKIM_SIGNATURE_H

#include "base/enc.h"
#include "wire/dkim_fault.h"
#include "wire/dkim_tags.h"

#define DKIM_NAMES_MAX 256u   /* items of h= */
#define DKIM_H_MAX 8192u      /* bytes of h= */
#define DKIM_B_MAX 1024u      /* bytes of a signature: RSA with 8192 bits */
#define DKIM_DOMAIN_MAX 253u  /* characters of d=, and of the name in DNS */
#define DKIM_QUERY_SIZE 256u  /* room for the name in DNS and a NUL */
#define DKIM_CLOCK_SKEW_S 300 /* how far t= may lie in the future */

enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };
enum dkim_canon { DKIM_SIMPLE, DKIM_RELAXED };

struct dkim_signature {
	enum dkim_algorithm algorithm;
	enum dkim_canon header, body;
	struct slice domain, selector; /* as written */
	struct slice identity;         /* the domain of i=, without i= d=, as written */
	struct slice names;            /* h=: for dkim_item_next */
	unsigned char body_hash[SHA256_SIZE];
	size_t b_len;
	unsigned char b[DKIM_B_MAX];
	struct slice b_text; /* where the value of b= stands, with what is around it */
	bool has_time, has_expiry;
	int64_t time, expiry; /* at most INT64_MAX, however many digits there are */
};

const char *dkim_algorithm_name(enum dkim_algorithm a); /* "rsa-sha256" */

/* A name of two labels or more that a d= may have; of one or more when it is a selector. */
bool dkim_is_domain(struct slice s);
bool dkim_is_selector(struct slice s);

/* value: all behind the field's colon.  *out is complete when the answer is DKIM_NONE. */
enum dkim_fault dkim_signature_parse(struct slice value, struct dkim_signature *out);

/* Whether it is in force at a moment: DKIM_NONE, DKIM_FUTURE or DKIM_EXPIRED. */
enum dkim_fault dkim_time_check(bool has_time, int64_t time, bool has_expiry, int64_t expiry,
                                int64_t now);

/* SELECTOR "._domainkey." DOMAIN, lower case.  ERR_LIMIT: longer than a name may be. */
enum err dkim_query_name(struct slice selector, struct slice domain,
                         char out[DKIM_QUERY_SIZE]) MUST_USE;

/* True when h= names the field. */
bool dkim_names_have(struct slice names, struct slice field);

#endif

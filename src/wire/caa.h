/*
 * Certification Authority Authorization (RFC 8659) with the parameters of RFC 8657: may a CA
 * issue for a name that has these records.
 *
 * Pure.  Finding the records (the nearest name upwards that has any) is the caller's.
 */
#ifndef WIRE_CAA_H
#define WIRE_CAA_H

#include "base/slice.h"

enum caa_verdict {
	CAA_PERMITS,
	CAA_FORBIDS,          /* no issue property names the CA */
	CAA_OTHER_ACCOUNT,    /* accounturi names another account */
	CAA_OTHER_METHOD,     /* validationmethods leaves ours out */
	CAA_UNKNOWN_CRITICAL, /* a critical property that nobody here knows */
	CAA_MALFORMED,
};

struct caa_asker {
	size_t identity_count;
	const struct slice *identities; /* the CA's, from its directory: "letsencrypt.org" */
	struct slice account;           /* URL of our account */
	struct slice method;            /* "http-01" */
};

/* rdata: all CAA records at one name, wire form; none: CAA_PERMITS. */
enum caa_verdict caa_judge(const struct slice *rdata, size_t count, const struct caa_asker *asker);
/* Why not, as a half sentence behind "the CAA record of NAME"; never NULL. */
const char *caa_words(enum caa_verdict v);

#endif

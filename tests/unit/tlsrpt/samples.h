/*
 * Report texts for tests, written with ' where JSON has ": J() turns them into JSON.
 *
 * The pieces build one report: REPORT(POLICY(STS, COUNTS, "")).
 */
#ifndef TESTS_UNIT_TLSRPT_SAMPLES_H
#define TESTS_UNIT_TLSRPT_SAMPLES_H

#include "base/mem.h"

#define RANGE                                                                                     \
	"'date-range':{'start-datetime':'2026-05-12T00:00:00Z','end-datetime':'2026-05-12T23:59:" \
	"59Z'}"
#define HEAD "'organization-name':'Org','contact-info':'tls@org.example','report-id':'id-1'"
#define STS "'policy-type':'sts','policy-domain':'acme.example'"
#define COUNTS "'summary':{'total-successful-session-count':4,'total-failure-session-count':3}"
#define POLICY(policy, rest) "{'policy':{" policy "}," rest "}"
#define REPORT(policies) "{" HEAD "," RANGE ",'policies':[" policies "]}"
#define GOOD_ONE REPORT(POLICY(STS, COUNTS ",'failure-details':[]"))
#define FAILURE(row) REPORT(POLICY(STS, COUNTS ",'failure-details':[" row "]"))
#define EXPIRED "'result-type':'certificate-expired','failed-session-count':3"

/* In a: the same with " for '. */
static inline struct slice J(struct arena *a, const char *text) {
	char *copy = arena_str(a, slice_str(text));

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	return slice_str(copy);
}

#endif

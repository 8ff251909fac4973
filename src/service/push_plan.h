/*
 * What is to change at one name of a customer's zone that mxseal writes itself, so that nobody
 * else's records are overwritten.
 *
 * Pure: what is there, what is wanted and what mxseal put there before come in; records to drop and
 * to add come out.  Records of other kinds at the name are left alone.
 */
#ifndef SERVICE_PUSH_PLAN_H
#define SERVICE_PUSH_PLAN_H

#include "base/mem.h"
#include "store/domains.h"

#define PUSH_RECORDS_MAX 48u

struct push_record {
	uint16_t type; /* A, AAAA, CNAME, TXT */
	uint32_t ttl;
	const char
	        *value; /* an address, a name without final dot, a text with its strings joined */
	struct slice rdata; /* wire form */
};

struct push_set {
	size_t count;
	struct push_record list[PUSH_RECORDS_MAX];
};

/*
 * Adds a record by its text or by its data; the strings live in a.  ERR_SYNTAX: not of that type.
 * ERR_LIMIT: the set is full.
 */
enum err push_add_text(struct arena *a, uint16_t type, uint32_t ttl, const char *value,
                       struct push_set *out) MUST_USE;
enum err push_add_rdata(struct arena *a, uint16_t type, uint32_t ttl, struct slice rdata,
                        struct push_set *out) MUST_USE;

/* "TXT v=STSv1; id=1;", one a line: as it is remembered. */
const char *push_set_text(struct arena *a, const struct push_set *set);

struct push_facts {
	enum domain_record record;
	const struct push_set *have; /* of all types that the record may have */
	const struct push_set *want;
	const char *before; /* push_set_text of all that mxseal may have put there */
	const char
	        *remembered; /* the same of its own part of what it put there last; "": nothing */
	const char
	        *kept; /* report addresses of others that the wanted record has too, one a line */
	const char *report_host; /* report addresses at this host are ours; "": none */
};

enum push_verdict {
	PUSH_NOTHING, /* it is as it should be */
	PUSH_CHANGE,
	PUSH_FOREIGN, /* somebody else's record is in the way, or took ours away */
};

struct push_plan {
	enum push_verdict verdict;
	const char *why; /* with PUSH_FOREIGN; constant or in the arena */
	struct push_set drop, add;
};

/*
 * A TLS reporting record of somebody else is kept and our addresses are added to it, or taken off
 * it when nothing is wanted; any other record of the same purpose that mxseal did not put there
 * stops the change.
 */
void push_plan(struct arena *a, const struct push_facts *f, struct push_plan *out);

#endif

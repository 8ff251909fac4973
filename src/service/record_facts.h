/*
 * What the authoritative servers of a domain's records said, as a model and as the text that is
 * stored of it.
 *
 * Pure: `format` and `parse` are each other's inverse but for what is longer than the ceilings.
 */
#ifndef SERVICE_RECORD_FACTS_H
#define SERVICE_RECORD_FACTS_H

#include "advice/record_judge.h"
#include "base/buf.h"

#define RECORD_FACTS_TEXT_MAX 4096u /* of one record's text */

enum record_zone {
	RECORD_ZONE_FOUND,
	RECORD_ZONE_UNKNOWN, /* could not be found out */
	RECORD_ZONE_BOGUS,   /* DNSSEC validation fails */
	RECORD_ZONE_NONE,    /* the domain is not in DNS */
};

/* The questions that are put to the servers, in this order. */
enum record_asked {
	ASKED_HOST_A,
	ASKED_HOST_AAAA,
	ASKED_ID,
	ASKED_REPORTS,
	ASKED_TARGET, /* TXT behind the CNAME of the id, in the service zone */
	ASKED_COUNT,
};

/* What the validating resolver says once all servers answer, beside them (DNSSEC, caches). */
enum record_resolved { RESOLVED_NOT_ASKED, RESOLVED_SAME, RESOLVED_OTHER, RESOLVED_BOGUS };

struct record_facts {
	enum record_zone zone;
	const char *zone_name; /* "" unless found */
	const char *why;       /* words unless found */
	bool secure;           /* the zone's NS records were validated */
	const char *caa;       /* "": the CA may issue; else a sentence that names the owner */
	enum record_resolved resolved;
	const char *resolved_why;            /* words for RESOLVED_OTHER and RESOLVED_BOGUS */
	struct judge_seen seen[ASKED_COUNT]; /* name NULL: not asked */
};

/* ERR_LIMIT: out is full. */
enum err record_facts_format(const struct record_facts *f, struct buf *out) MUST_USE;
/* Strings live in a.  ERR_SYNTAX: not such a text. */
enum err record_facts_parse(struct slice text, struct arena *a, struct record_facts *out) MUST_USE;

#endif

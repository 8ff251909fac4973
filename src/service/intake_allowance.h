/*
 * How much a domain takes a day from senders nobody vouches for.
 *
 * An allowance counts messages by (domain, trust) and UTC day, a large one for as many as it has
 * mebibytes; domain 0 stands for mail that names no report address.  What arrived before the
 * start is counted from the database.  A place is taken when a message is to be kept, and
 * given back when nothing new came of it or when its sender turned out to be verified.
 */
#ifndef SERVICE_INTAKE_ALLOWANCE_H
#define SERVICE_INTAKE_ALLOWANCE_H

#include "store/reports.h"

#define ALLOWANCE_UNIT (1u << 20) /* bytes that count as one message */
/* Slots of a day; more are ERR_UNAVAILABLE.  Domains that went today keep theirs: the spare ones.
 */
#define ALLOWANCES_EACH 2u /* for each domain that is there: TRUST_UNSIGNED and TRUST_POSTED */
#define ALLOWANCES_SPARE 100000u

struct allowances;

struct allowance_limits {
	uint64_t keep_unsigned, keep_posted; /* of a domain a day; UINT64_MAX: no limit */
};

/* A place that was taken; units 0: none. */
struct allowance_place {
	int64_t domain, day;
	enum report_trust trust;
	uint64_t units;
};

/* The connection and limits live as long as the result. */
struct allowances *allowances_new(struct db *db, const struct allowance_limits *limits);
void allowances_free(struct allowances *a); /* NULL does nothing */

/*
 * A place for a message of size bytes.  Of two messages that fit neither, the first of a day is
 * taken whatever its size.  ERR_LIMIT: used up until the next UTC day.  ERR_UNAVAILABLE: cannot be
 * counted now.
 */
enum err allowance_take(struct allowances *a, int64_t domain, enum report_trust trust, size_t size,
                        int64_t now, struct allowance_place *out) MUST_USE;
/* The units of a place that was taken for so many bytes; for one that is not at hand any more. */
void allowance_resize(struct allowance_place *p, size_t size);
/* The message of a place is larger than was known. */
void allowance_grow(struct allowances *a, struct allowance_place *p, size_t size);
/* p is empty afterwards.  Of what was counted from the database no more goes than was counted. */
void allowance_give_back(struct allowances *a, struct allowance_place *p);

#endif

/*
 * The three records a domain publishes: where they stand, what they say, and who keeps them right.
 *
 * Names and values only; whether resolvers see them is asked elsewhere.  In a demonstration all of
 * them count as seen.
 */
#ifndef SERVICE_RECORDS_H
#define SERVICE_RECORDS_H

#include "service/desk.h"
#include "store/domains.h"

#define RECORDS_MAX 16u /* a policy host may have several addresses */
#define RECORDS_RUA_MAX 16u

struct record_row {
	const char *purpose; /* "policy-host", "policy-id", "reports" */
	const char *way;     /* "cname", "txt", "update", "address" */
	const char *name, *relative;
	const char *type;  /* "CNAME", "TXT", "A", "AAAA" */
	const char *value; /* NULL: cannot be said yet, see mistake */
	uint32_t ttl;
	const char *state;   /* "not-checked" or "seen" */
	const char *mistake; /* a sentence, or NULL */
};

struct records {
	size_t rua_count, count;
	const char *rua[RECORDS_RUA_MAX];
	struct record_row rows[RECORDS_MAX];
};

/* What the records of a domain depend on beside the domain itself. */
struct records_facts {
	bool demo;
	const char *zone; /* "" : none */
	const char *service_host, *report_host, *addresses;
	uint32_t ttl;
	const char *id;    /* of the newest publication served everywhere; NULL: none */
	bool smtp_open;    /* reports can be mailed: listener open */
	bool https_proved; /* reports can be posted: listener open, certificate valid */
};

/* Pure.  Strings live in a. */
void records_make(struct arena *a, const struct domain *domain, const struct records_facts *f,
                  struct records *out);
/* Pure.  The name in the service zone behind a customer's CNAME: kind is "web", "id" or "rpt". */
const char *records_target(struct arena *a, const struct domain *domain, const char *zone,
                           const char *kind);

/* The same with the facts of this service.  The lock is held. */
enum err records_read(struct desk *d, const struct domain *domain, int64_t now, struct arena *a,
                      struct records *out) MUST_USE;

#endif

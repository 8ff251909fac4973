/*
 * The three records a domain publishes: where they stand, what they say, who keeps them right, and
 * whether the authoritative servers answer them as far as they were last asked
 * (service/record_check.h).  In a demonstration all of them count as seen.
 */
#ifndef SERVICE_RECORDS_H
#define SERVICE_RECORDS_H

#include "service/desk.h"
#include "service/record_facts.h"
#include "store/domains.h"

#define RECORDS_MAX 16u /* a policy host may have several addresses */
#define RECORDS_RUA_MAX 16u

struct record_server {
	const char *server, *address, *state;
	uint32_t ttl; /* of what it answers */
	size_t found_count;
	const char *found[JUDGE_FOUND_MAX + 1]; /* "CNAME target", "TXT text", "A 192.0.2.1"; or why
	                                           there is nothing */
};

struct record_row {
	const char *purpose; /* "policy-host", "policy-id", "reports" */
	const char *way;     /* "cname", "txt", "update", "address" */
	const char *name, *relative;
	const char *type;  /* "CNAME", "TXT", "A", "AAAA" */
	const char *value; /* NULL: cannot be said yet, see mistake */
	uint32_t ttl;
	const char *state;        /* the words of advice/record_judge.h */
	const char *mistake;      /* its name and a sentence, or NULL */
	const char *mistake_code; /* as advice/explain.txt has it; NULL: the mistake has none */
	size_t server_count;
	const struct record_server *servers;
};

struct records {
	size_t rua_count, count;
	const char *rua[RECORDS_RUA_MAX];
	struct record_row rows[RECORDS_MAX];
	int64_t checked;      /* 0: never */
	const char *zone;     /* that the names lie in; NULL: not known */
	const char *why;      /* it could not be asked; NULL: it could */
	const char *resolver; /* "same", "other", "bogus"; NULL: no resolver was asked */
	const char *resolver_why;
	bool secure; /* validated */
	bool waits;  /* a person is to type a new id, and it is not seen everywhere */
	bool all_seen;
};

/* What the records of a domain depend on beside the domain itself. */
struct records_facts {
	bool demo;
	const char *zone; /* "" : none */
	const char *service_host, *report_host, *addresses;
	uint32_t ttl;
	const char *id;       /* what is to stand in DNS now; NULL: none yet */
	bool smtp_open;       /* reports can be mailed: listener open */
	bool https_proved;    /* reports can be posted: listener open, certificate valid */
	const char *rua_kept; /* of others, a line each; NULL: none */
	const struct record_facts *seen; /* NULL: never asked */
	int64_t checked;
	const char *caa;   /* why the CA may not issue; NULL: nothing of the kind */
	const char *ahead; /* an id that was in DNS before its text was served; NULL: none */
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

/*
 * One arrived report as far as it speaks of one domain, in the form in which it is stored.
 * Internal to store.
 */
#ifndef STORE_REPORTS_PART_H
#define STORE_REPORTS_PART_H

#include "store/reports_internal.h"
#include "tlsrpt/report.h"

struct part {
	/* Given: */
	int64_t tenant, domain;
	struct slice name; /* of the domain */
	const struct report_arrival *in;
	struct report model; /* with this domain's policies only */
	/* Made by part_finish: */
	enum report_trust trust;
	struct slice signer;
	struct slice organization, key; /* identity, with the domain */
	int64_t identity;               /* a number for domain and key, by which they are found */
	/* The organization-name as written, in lower case. */
	struct slice stated;
	/* What other copies find a signed report by: how sure its name is, and the name. */
	struct slice claimed;
	struct slice display; /* the organisation for people */
	char content[SHA256_HEX_SIZE], raw[SHA256_HEX_SIZE];
	struct figure_key figure;
	struct figure_share share;
};

/* The value of claimed for a name. */
struct slice part_claimed(enum report_claim claim, struct slice stated, struct arena *a);
void part_finish(struct part *p, struct arena *a);
/*
 * Whether the part, which is not stored, may be one that was and is not kept any more: of its day
 * there are more reports in the figures than in the store.
 */
enum err part_is_gone(struct db *db, const struct part *p, bool *out) MUST_USE;
/* The codes of a report's notes, blanks between. */
struct slice part_notes(const struct report *r, struct arena *a);

/* Stores a part whose given members are set; sets members of *out that it has something to say on.
 */
enum err part_store(struct db *db, struct part *p, struct arena *a,
                    struct report_outcome *out) MUST_USE;

#endif

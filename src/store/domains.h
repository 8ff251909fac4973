/*
 * Hosted and observed domains.
 *
 * A removed domain keeps its row, its policies and its figures, out of sight: when the same name
 * is added again the row comes back with a fresh claim and tag, so that policy ids never repeat
 * and the horizon still knows what senders may hold.
 */
#ifndef STORE_DOMAINS_H
#define STORE_DOMAINS_H

#include "store/db.h"

#define DOMAIN_NAME_MAX 253u
#define DOMAIN_RUA_MAX 4096u
#define DOMAIN_TAG_GRACE \
	(INT64_C(30) * 86400) /* seconds for which a rotated tag is still accepted */

enum domain_stage {
	STAGE_OFF,
	STAGE_OBSERVE,
	STAGE_TESTING,
	STAGE_ENFORCE,
	STAGE_RETIRE,
	STAGE_COUNT
};
enum domain_hosting { HOSTING_HERE, HOSTING_BEHIND, HOSTING_EXTERNAL };
enum domain_way { WAY_CNAME, WAY_TXT, WAY_UPDATE, WAY_ADDRESS };
enum domain_record { RECORD_HOST, RECORD_ID, RECORD_REPORTS, RECORD_COUNT };

/* The words of interface.md ("observe", "behind", "cname"); parsing gives ERR_SYNTAX. */
const char *domain_stage_name(enum domain_stage s);
const char *domain_hosting_name(enum domain_hosting h);
const char *domain_way_name(enum domain_way w);
enum err domain_stage_parse(struct slice s, enum domain_stage *out) MUST_USE;
enum err domain_hosting_parse(struct slice s, enum domain_hosting *out) MUST_USE;
enum err domain_way_parse(struct slice s, enum domain_way *out) MUST_USE;

struct domain {
	int64_t id, tenant;
	const char *name; /* A-label, lower case, no final dot */
	enum domain_stage stage;
	const char *profile; /* "default" unless set */
	enum domain_hosting hosting;
	enum domain_way way[RECORD_COUNT];
	const char *rua;        /* override: URIs separated by newlines; "" means none */
	const char *tag;        /* of the report address */
	const char *tag_before; /* the rotated one, "" when there is none */
	int64_t tag_before_until;
	const char *claim;
	bool hosted; /* false: observed only, figures and nothing hosted */
	int64_t added;
	int64_t revision;   /* grows with each change of this row; for ETag */
	int64_t claim_seen; /* its CNAME was seen with this claim since; 0: not yet */
};

/*
 * Adds d: tenant, name, stage, profile, hosting, way, rua, tag, claim, hosted are read.  name is
 * lower case already; tag and claim are random labels made by the caller.  An observed domain
 * that is added as hosted becomes hosted and keeps its tag.
 * *id_out may be NULL.  ERR_CONFLICT: the tenant has it already.
 */
enum err domains_add(struct db *db, const struct domain *d, int64_t now, int64_t *id_out) MUST_USE;

/*
 * Writes stage, profile, hosting, way, rua and hosted of d->id.  revision, when not 0, must be
 * the present one.  ERR_NOTFOUND.  ERR_CONFLICT: changed underneath.
 */
enum err domains_update(struct db *db, const struct domain *d, int64_t revision) MUST_USE;

/* The old tag stays good for DOMAIN_TAG_GRACE.  ERR_NOTFOUND. */
enum err domains_rotate_tag(struct db *db, int64_t id, const char *tag, int64_t now) MUST_USE;

/* The first moment stays.  ERR_NOTFOUND: the domain is gone, or came back with another claim. */
enum err domains_mark_claim_seen(struct db *db, int64_t id, const char *claim,
                                 int64_t now) MUST_USE;

/* Out of sight at once; its publications end now.  ERR_NOTFOUND. */
enum err domains_remove(struct db *db, int64_t id, int64_t now) MUST_USE;

/* One domain; strings live in a.  ERR_NOTFOUND. */
enum err domains_by_name(struct db *db, int64_t tenant, struct slice name, struct arena *a,
                         struct domain *out) MUST_USE;
enum err domains_by_id(struct db *db, int64_t id, struct arena *a, struct domain *out) MUST_USE;
/* By the present tag, or by the one before while it is accepted; exact bytes.  ERR_NOTFOUND. */
enum err domains_by_tag(struct db *db, struct slice tag, int64_t now, struct arena *a,
                        struct domain *out) MUST_USE;

/*
 * Domains in the order of their names, those behind after ("" from the start; the name of the last
 * row is the cursor of the next call), at most limit (and DB_LIST_MAX).
 */
enum err domains_list(struct db *db, int64_t tenant, struct slice after, size_t limit,
                      struct arena *a, struct domain **out, size_t *count_out) MUST_USE;
/* How many are in each stage. */
enum err domains_count_stages(struct db *db, int64_t tenant,
                              int64_t counts_out[STAGE_COUNT]) MUST_USE;

#endif

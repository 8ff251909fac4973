/*
 * Hosted domains and their policies: adding, changing, removing, with the guards in front of what
 * cannot be taken back and the live MX set beside what is saved.
 *
 * Every call that changes something takes the lock itself, in short sections, and asks DNS without
 * it; what was read before is checked again when it is written.  Refusals carry a reason and a
 * fix.  A save that changes nothing writes nothing.
 */
#ifndef SERVICE_HOSTING_H
#define SERVICE_HOSTING_H

#include "advice/guard.h"
#include "mtasts/horizon.h"
#include "net/resolver.h"
#include "service/desk.h"
#include "service/leaving.h"
#include "service/publish.h"
#include "service/refusal.h"

#define HOSTING_MX_MAX 256u  /* patterns of one policy */
#define HOSTING_DNS_MS 3000u /* for all questions of one request */

struct hosting_mx_host {
	const char *name;
	unsigned preference;
	bool matched; /* by a pattern of the policy it was laid over */
};

/* The live MX set laid over a list of patterns.  Strings live in the arena. */
struct hosting_mx {
	bool known;      /* false: DNS could not be asked; the rest is empty */
	const char *why; /* then the reason; or a remark such as "takes no mail" */
	enum dns_state state;
	bool null_mx, implicit, secure;
	size_t host_count, unmatched_count, unused_count, note_count;
	struct hosting_mx_host *hosts;
	const char **unmatched; /* MX hosts that no pattern matches */
	const char **unused;    /* patterns that match no live MX host */
	const char **notes;     /* sentences: why a pattern that looks right is not */
};

/* Asks DNS; the lock is not held (the resolver waits).  patterns may be empty. */
void hosting_look_mx(struct desk *d, const char *domain, const struct slice *patterns, size_t count,
                     struct arena *a, struct hosting_mx *out);
/* Pure: the second half of it. */
void hosting_lay_mx(struct arena *a, const struct mx_set *set, const struct slice *patterns,
                    size_t count, struct hosting_mx *out);

struct policy_request {
	bool has_mode, has_max_age, has_mx;
	enum policy_mode mode;
	uint64_t max_age;
	size_t mx_count, add_count, remove_count;
	const struct slice *mx, *add, *remove;
	struct slice anyway;   /* the reason; empty: none given */
	struct slice if_match; /* the id that the newest policy must have; empty: any */
	bool dry_run;
};

/* How the records are published: all three, then single ones over it. */
struct ways_request {
	bool has_all, has[RECORD_COUNT];
	enum domain_way all, one[RECORD_COUNT];
};

struct domain_request {
	struct slice name;
	struct policy_request policy;
	struct ways_request ways;
	bool observed; /* figures only */
};

/* Members with has_… false stay as they are. */
struct domain_patch {
	bool has_rua, has_profile, has_hosting;
	struct ways_request ways;
	enum domain_hosting hosting;
	struct slice profile;
	size_t rua_count; /* 0 with has_rua: our own again */
	const struct slice *rua;
	int64_t revision; /* of If-Match; 0: whatever it is */
	bool dry_run;
};

/* What a change did, or with dry_run would have done. */
struct hosting_change {
	bool changed, dry_run;
	struct domain domain;
	bool has_policy;
	const struct policy *policy; /* the new one */
	struct slice text;           /* its rendering */
	struct publish_state state;  /* after the change; with dry_run before it */
	bool mx_asked;               /* mx is filled */
	struct hosting_mx mx;
	bool adopted;          /* the policy that the domain had elsewhere is taken over as it is */
	const char *before_id; /* NULL: it had none */
	const char *before_why; /* why its policy could not be taken over; "" or NULL: it could */
	size_t overridden;      /* guards that --anyway put aside */
	bool horizon_known;
	struct horizon_answer horizon;
};

enum err hosting_add(struct desk *d, const char *actor, const struct domain_request *q, int64_t now,
                     struct arena *a, struct hosting_change *out, struct refusal *why) MUST_USE;
enum err hosting_patch(struct desk *d, const char *actor, struct slice name,
                       const struct domain_patch *q, int64_t now, struct arena *a,
                       struct hosting_change *out, struct refusal *why) MUST_USE;
/*
 * Begins to leave: the same as saving mode none with max_age (0: a day), once.  *leaving_out says
 * what may go when; in a dry run as it stands now.
 */
enum err hosting_retire(struct desk *d, const char *actor, struct slice name, uint32_t max_age,
                        bool dry_run, int64_t now, struct arena *a, struct hosting_change *out,
                        struct leaving *leaving_out, struct refusal *why) MUST_USE;
/* ERR_GUARD: senders may still hold a policy of it, unless now_is_fine. */
enum err hosting_remove(struct desk *d, const char *actor, struct slice name, bool now_is_fine,
                        bool dry_run, int64_t now, struct arena *a, struct hosting_change *out,
                        struct refusal *why) MUST_USE;
enum err hosting_policy(struct desk *d, const char *actor, struct slice name,
                        const struct policy_request *q, int64_t now, struct arena *a,
                        struct hosting_change *out, struct refusal *why) MUST_USE;
/* A further publication of the same policy. */
enum err hosting_bump(struct desk *d, const char *actor, struct slice name, bool dry_run,
                      int64_t now, struct arena *a, struct hosting_change *out,
                      struct refusal *why) MUST_USE;

/* A domain by the name a person wrote.  The lock is held. */
enum err hosting_find(struct desk *d, struct slice name, struct arena *a, struct domain *out,
                      struct refusal *why) MUST_USE;

/*
 * The cache horizon of a domain from what the store knows.  retire and wrong may be empty.  The
 * lock is held.  ERR_NOTFOUND: nothing was ever served, or no such id.
 */
enum err hosting_horizon(struct desk *d, const struct domain *domain, struct slice retire,
                         struct slice wrong, int64_t now, struct arena *a,
                         struct horizon_answer *out) MUST_USE;

#endif

/*
 * What somebody is told of (advice/alert.h), by name and cause, with what was said of it; and what
 * the last look from outside at a domain gave.
 *
 * A name is that of a domain, or of a host of the service itself (domain 0 then).  A row stays when
 * its cause has closed: it knows when that was last said.
 *
 * A mail speaks of one or several rows.  Before it goes out they are marked with its number, which
 * is taken off when it is known to be gone or not: after a crash the mark says what to find out.
 * So is the pace of its kind (advice/alert_pace.h), which counts mails that are gone.
 */
#ifndef STORE_ALERTS_H
#define STORE_ALERTS_H

#include "advice/alert_pace.h"
#include "store/db.h"

#define ALERT_TEXT_MAX 4096u /* of subject, detail, step and command each; longer ones are cut */

struct alert_row {
	int64_t tenant, domain;
	const char *name;
	enum alert_cause cause;
	struct alert_state state;
	const char *detail, *step, *command; /* command "": none */
};

/* Writes a row, but for what was said of it.  Text is kept as far as it is UTF-8. */
enum err alerts_put(struct db *db, const struct alert_row *row) MUST_USE;
/* ERR_NOTFOUND: the cause was never open for that name. */
enum err alerts_get(struct db *db, int64_t tenant, const char *name, enum alert_cause cause,
                    struct arena *a, struct alert_row *out) MUST_USE;
/* Nothing is said of that domain any more, nor known from looks at it: it is no longer ours. */
enum err alerts_drop(struct db *db, int64_t domain) MUST_USE;
/* Nor of hosts of the service that are not among these; "" is none. */
enum err alerts_drop_hosts(struct db *db, int64_t tenant, const char *const hosts[2]) MUST_USE;

/* Where a list goes on: behind that name and cause; both "" from the start. */
struct alert_cursor {
	struct slice name, code;
};
/*
 * In the order of names and codes; closed: also those that are closed.  At most limit (and
 * DB_LIST_MAX).
 */
enum err alerts_list(struct db *db, int64_t tenant, bool closed, const struct alert_cursor *after,
                     size_t limit, struct arena *a, struct alert_row **out,
                     size_t *count_out) MUST_USE;
/* The open ones of one name, ALERT_CAUSES at most, in the order of codes. */
enum err alerts_of_name(struct db *db, int64_t tenant, const char *name, struct arena *a,
                        struct alert_row **out, size_t *count_out) MUST_USE;
/* Open ones by cause and level (1 first), of all tenants. */
enum err alerts_count(struct db *db, int64_t counts_out[ALERT_CAUSES][3]) MUST_USE;
/* How many of these are warnings, and how many failures. */
void alerts_sums(int64_t counts[ALERT_CAUSES][3], int64_t sums_out[2]);

/* ALERT_LEAN: without detail, step and command, of which many rows would take much room. */
enum alert_keep { ALERT_LEAVE, ALERT_LEAN, ALERT_WHOLE };
/* What to do with a row, whose strings live until this returns. */
typedef enum alert_keep alert_choose(void *ctx, const struct alert_row *row);
/*
 * Rows whose state is not what was said last, the longest open first, as far as choose keeps them:
 * alert_event tells whether a mail is due.
 */
enum err alerts_unsaid(struct db *db, alert_choose *choose, void *ctx, struct arena *a,
                       struct alert_row **out, size_t *count_out) MUST_USE;
/* A mail that says the present state of rows of one kind, and how long the next one waits. */
struct alert_going {
	int64_t mail;
	struct alert_kind kind;
	unsigned pause;
	const struct alert_row *rows;
	size_t count;
};
/* Marks the rows with it. */
enum err alerts_saying(struct db *db, const struct alert_going *g) MUST_USE;
/* As they are behind the mails that are gone. */
enum err alerts_paces(struct db *db, struct alert_paces *out) MUST_USE;
/* The mail that rows are marked with; ERR_NOTFOUND: none. */
enum err alerts_under_way(struct db *db, int64_t *mail_out) MUST_USE;
/* It is gone, or it is not: the marks are taken off. */
enum err alerts_said(struct db *db, int64_t mail, int64_t now) MUST_USE;
enum err alerts_not_said(struct db *db, int64_t mail) MUST_USE;

/* A look from outside. */
struct self_check {
	int64_t domain, checked; /* 0: never */
	enum alert_look policy, seen, mx;
	int64_t policy_bad, policy_since, policy_good; /* as struct alert_facts has them */
	const char *policy_why, *seen_id, *seen_why, *mx_why;
	int64_t mx_count;
	const char *mx_unmatched; /* a line each */
};
enum err self_check_put(struct db *db, const struct self_check *row) MUST_USE;
/* ERR_NOTFOUND: it was never looked at. */
enum err self_check_get(struct db *db, int64_t domain, struct arena *a,
                        struct self_check *out) MUST_USE;
/* All hosted domains are to be looked at now, by jobs of that kind; how many. */
enum err self_check_all_due(struct db *db, const char *kind, int64_t now,
                            int64_t *count_out) MUST_USE;
/* How many domains were looked at, how many of them since a moment, and the last look of all. */
struct self_check_counts {
	int64_t all, since, newest;
};
enum err self_check_count(struct db *db, int64_t since, struct self_check_counts *out) MUST_USE;

/* Days with a report in the headline figures, the newest limit of them, oldest first. */
enum err alerts_days(struct db *db, int64_t domain, size_t limit, struct arena *a,
                     const int64_t **out, size_t *count_out) MUST_USE;
/* Failed sessions of these figures by day and result type, from that day on. */
enum err alerts_failures(struct db *db, int64_t domain, int64_t from, struct arena *a,
                         const struct alert_failure **out, size_t *count_out) MUST_USE;

#endif

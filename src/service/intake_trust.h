/*
 * Whether a mail is believed: its DKIM signatures against the keys in DNS (RFC 8460, section 3).
 *
 * Between the intake_*.c files only.  A mail goes through trust_begin between its reader and the
 * database; what is found is kept with it.
 */
#ifndef SERVICE_INTAKE_TRUST_H
#define SERVICE_INTAKE_TRUST_H

#include <libpsl.h>

#include "service/archive.h"
#include "store/reports.h"
#include "store/signatures.h"
#include "wire/dkim_scan.h"

struct intake;
struct item;
struct report_item;

#define TRUST_WAITING_MAX 256u /* mails that wait for keys in memory; more go to the table */

/* What became of one mail's signatures; in the item's arena. */
struct proof {
	size_t count, at; /* at: the one being looked at */
	enum dkim_fault faults[DKIM_SIGNATURES_MAX];
	struct signature_row rows[DKIM_SIGNATURES_MAX];
	bool email_only[DKIM_SIGNATURES_MAX]; /* the key names email, not tlsrpt */
	const struct dkim_signed *good;       /* valid and of the author's organisation, or NULL */
	struct slice author;                  /* the organisation of From */
	bool waits; /* some key could not be asked for, and no signature is good without it */
	size_t known_count; /* what was kept at an earlier look */
	struct signature_row *known;
};

void trust_init(struct intake *in); /* after loop and database */
void trust_fini(struct intake *in);

/* True when a record is mail that is believed by its signatures alone. */
bool trust_by_signature(const struct archive_record *r);

/* Looks at it->facts and ends with intake_read_ended, now or later. */
void trust_begin(struct intake *in, struct item *it);

/* What one report of a mail is worth: trust, signer, organization, claim and domain of *out. */
void trust_of_report(const struct intake *in, const struct item *it, const struct report_item *r,
                     struct slice tag_domain, struct report_arrival *out);

/* Notes on every report of a mail with a good signature. */
uint64_t trust_notes(const struct item *it);

#endif

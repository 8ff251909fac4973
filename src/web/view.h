/*
 * What the pages show, as plain values: filled by pages_data.c from the store and the
 * services, or by a test.  Names and texts from reports in here are hostile.
 */
#ifndef WEB_VIEW_H
#define WEB_VIEW_H

#include "advice/explain.h"
#include "mtasts/horizon.h"
#include "service/leaving.h"
#include "service/outside_look.h"
#include "service/records.h"
#include "store/alerts.h"
#include "store/certs.h"
#include "store/domains.h"
#include "store/fetches.h"
#include "store/orders.h"
#include "store/policies.h"
#include "store/summary.h"
#include "store/supplies.h"

/* The six states of everything that was looked at; never told by colour alone. */
enum status {
	STATUS_PROBLEM,
	STATUS_WARNING,
	STATUS_ADVICE,
	STATUS_PASSED,
	STATUS_UNTESTED,
	STATUS_WAITING,
};

#define VIEW_ALERTS 50u

/* Around every page. */
struct frame {
	bool demo;
	const char *csrf;  /* of the session; NULL: nobody is signed in */
	const char *title; /* plain text */
	int64_t now;
};

struct view_mx {
	const char *host;
	unsigned preference;
	bool matched;
};

struct view_domain {
	const struct domain *domain;
	int64_t now;
	const struct publication *newest;     /* NULL: none */
	const struct publication *served;     /* the one senders get now; NULL: none */
	const char *waits;                    /* what the newest waits for; NULL: nothing */
	const char *cert_host;                /* "mta-sts.DOMAIN" */
	const struct cert *cert;              /* NULL: none fits */
	const struct order *order;            /* of a certificate; NULL: nothing is ordered */
	const struct look *look;              /* from outside; NULL: the certificate is ours */
	const struct horizon_answer *horizon; /* NULL: nothing was ever offered */
	struct leaving leaving;               /* what may go when, for a domain that leaves */
	bool mx_known;                        /* false: DNS could not be asked */
	const char *mx_why;                   /* then the reason, in words */
	size_t mx_count, unused_count, record_count;
	const struct view_mx *mx;
	const char *const *unused; /* patterns that match no live MX host */
	const struct record_row *records;
	const struct records *dns;       /* the same with what is known of all; NULL: not read */
	const struct summary *figures;   /* headline trusts */
	const struct summary *unsigned_; /* unsigned reports alone */
	int64_t quarantined;             /* of what came to the domain's address */
	int64_t quarantined_all;         /* in the whole installation */
	size_t fetch_count;
	const struct fetch_day *fetches; /* of its policies, newest day first */
	int64_t fetches_lost;            /* not counted, of all domains */
	size_t way_count;                /* mailboxes and folders that are read, for all domains */
	const struct supply_row *ways;
	size_t alert_count; /* open ones */
	const struct alert_row *alerts;
};

struct view_line {
	const struct domain *domain;
	const struct publication *newest; /* NULL: none */
	const struct cert *cert;          /* NULL: none fits */
	struct summary_counts counts;     /* headline, SUMMARY_DAYS days */
	int64_t last_day;                 /* of a report; 0: none in the range */
	int64_t last_failed;              /* day of a failed session; 0: none in the range */
	const struct order *order;        /* of a certificate; NULL: nothing is ordered */
	const struct look *look;          /* from outside; NULL: the certificate is ours */
	unsigned alerts[ALERT_CAUSES];    /* the level of each that is open; 0: it is not */
};

struct view_domains {
	int64_t now;
	size_t count;
	const struct view_line *lines;
	const char *next; /* name to go on behind; NULL: that was all */
	int64_t quarantined;
	size_t way_count; /* mailboxes and folders that are read */
	const struct supply_row *ways;
	size_t alert_count; /* open ones, the first VIEW_ALERTS of all domains and hosts */
	const struct alert_row *alerts;
};

#endif

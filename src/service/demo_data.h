/*
 * What a demonstration shows: three domains with the history of their policies, and sixty days
 * of reports about them by several senders, each in its own style and rhythm.
 *
 * Pure: the time is an argument, and the same day and seed give the same bytes, so that feeding
 * twice adds nothing.  Who feeds them sends them through the real intake.
 */
#ifndef SERVICE_DEMO_DATA_H
#define SERVICE_DEMO_DATA_H

#include "base/slice.h"

#define DEMO_DAYS 60u            /* UTC days, the last is yesterday */
#define DEMO_SEED UINT64_C(8460) /* what `serve --demo` uses */

/* One policy of a domain's history; it was served from days_ago days before now. */
struct demo_policy {
	const char *mode; /* "testing", "enforce" */
	uint32_t max_age;
	unsigned days_ago;
};

struct demo_domain {
	const char *name;
	const char *const *mx; /* patterns, NULL-terminated; the same in the whole history */
	const struct demo_policy *policies; /* oldest first; the last is the one served now */
	size_t policy_count;
};

/* acme.example, bank.example, clinic.example. */
extern const struct demo_domain demo_domains[];
extern const size_t demo_domain_count;

enum demo_form {
	DEMO_POSTED, /* bytes are the body of a POST */
	DEMO_MAIL    /* bytes are a mail message with CRLF, unsigned */
};

struct demo_report {
	const struct demo_domain *domain;
	enum demo_form form;
	bool gzip;          /* DEMO_POSTED: application/tlsrpt+gzip, else +json */
	struct slice bytes; /* valid during the call */
	int64_t sent;       /* when its sender would have sent it; not after now */
};

/* OK: go on.  Anything else ends demo_reports with that value. */
typedef enum err (*demo_sink)(void *arg, const struct demo_report *report);

/* Makes all reports, oldest day first; to is the recipient of the mails ("r-TAG@host"). */
enum err demo_reports(int64_t now, uint64_t seed, struct slice to, demo_sink sink,
                      void *arg) MUST_USE;

#endif

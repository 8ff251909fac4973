/*
 * When certificates are ordered: renewal, back-off, allowance.  Pure; random numbers are arguments.
 */
#ifndef SERVICE_ACME_PLAN_H
#define SERVICE_ACME_PLAN_H

#include "base/slice.h"

#define ACME_WINDOW_S (3 * 3600) /* over which orders are counted */

/*
 * Without the CA's word: at two thirds of the lifetime, earlier by up to a twentieth of it, so that
 * what was issued together is not renewed together.  foreign: a certificate that somebody else
 * renews gets until five sixths.
 */
int64_t acme_plan_renewal(int64_t not_before, int64_t not_after, bool foreign, uint32_t random);
/* Within the CA's window, uniformly; one that has begun or passed: the rest of it, or now
 * (RFC 9773, 4.2). */
int64_t acme_plan_window(int64_t start, int64_t end, int64_t now, uint32_t random);
/* When to ask for the window again: what the CA says, between a minute and a day; 0 said: six
 * hours. */
int64_t acme_plan_ask(int64_t now, int64_t retry_after);

/* Seconds after the nth refusal in a row (1 is the first): ten minutes to a day. */
int64_t acme_plan_refused(int64_t n);
/* The same when the CA could not be asked, or something here is not ready: seconds to minutes. */
int64_t acme_plan_fault(int64_t n);

struct acme_spending {
	int64_t budget;    /* orders in ACME_WINDOW_S */
	int64_t all;       /* spent */
	int64_t of_tenant; /* of these */
	int64_t tenants;
};
/*
 * May one more be placed?  A third of the budget is kept for renewals, and where there are several
 * tenants one alone has half of what is for new names.
 */
bool acme_plan_may_spend(const struct acme_spending *s, bool renewal);

#endif

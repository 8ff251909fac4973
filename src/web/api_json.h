/* The JSON shapes of the API, each one function.  Objects are the caller's to release. */
#ifndef WEB_API_JSON_H
#define WEB_API_JSON_H

#include <jansson.h>

#include "service/certs.h"
#include "service/hosting.h"
#include "service/outside_look.h"
#include "service/records.h"
#include "store/quarantine.h"
#include "store/summary.h"

json_t *api_time(int64_t t);       /* "2026-05-12T00:00:00Z"; null for 0 */
json_t *api_epoch(int64_t t);      /* seconds; null for 0 */
json_t *api_day(int64_t t);        /* "2026-05-12" */
json_t *api_string(const char *s); /* null for NULL and "" */
json_t *api_strings(const char *const *list, size_t count);
json_t *api_slices(const struct slice *list, size_t count);

/* {"schema":"mxseal.list/1","items":…,"next":…|null}; takes items. */
json_t *api_list(json_t *items, const char *next);

/* why: what it waits for; NULL: nothing known. */
json_t *api_publication(const char *domain, const struct publication *p, const char *why,
                        int64_t now);
json_t *api_policy_text(const char *domain, const struct policy *p, struct slice text);
json_t *api_records(const struct domain *domain, const struct records *r);
json_t *api_summary(const char *domain, const struct summary *s);
/* An id of ours as JSON: text, since numbers beyond 2^53 do not survive every reader. */
json_t *api_id(int64_t id);
json_t *api_report(const char *domain, const struct report_row *r);
json_t *api_quarantined(const struct quarantine_row *q);
/* null for a domain that stays */
json_t *api_leaving(struct arena *a, const struct leaving *l, int64_t now);
json_t *api_change(const struct hosting_change *c, bool served, int64_t now);
/* What is seen from outside of a host whose certificate is not ours. */
json_t *api_look(const struct look *l, int64_t now, struct arena *a);
json_t *api_cert(const struct cert_row *row, bool opens, int64_t now);
json_t *api_certs_import(const struct certs_import *done, bool dry_run, bool served);

#endif

/* What the files of the API share. */
#ifndef WEB_API_INTERNAL_H
#define WEB_API_INTERNAL_H

#include "service/hosting.h"
#include "web/api.h"
#include "web/api_body.h"
#include "web/api_json.h"
#include "web/problem.h"

#define API_PAGE 200u /* items of one page of a list */

/* Handlers, by file.  Their rows stand in api.c. */
void api_domains_list(const struct request *q, struct response *r);
void api_domains_add(const struct request *q, struct response *r);
void api_domains_import(const struct request *q, struct response *r);
void api_domain_show(const struct request *q, struct response *r);
void api_domain_set(const struct request *q, struct response *r);
void api_domain_remove(const struct request *q, struct response *r);
void api_domain_retire(const struct request *q, struct response *r);
void api_policy_show(const struct request *q, struct response *r);
void api_policy_set(const struct request *q, struct response *r);
void api_policy_bump(const struct request *q, struct response *r);
void api_policy_check(const struct request *q, struct response *r);
void api_policy_history(const struct request *q, struct response *r);
void api_domain_records(const struct request *q, struct response *r);
void api_domain_check(const struct request *q, struct response *r);
void api_domain_horizon(const struct request *q, struct response *r);
void api_domain_summary(const struct request *q, struct response *r);
void api_domain_reports(const struct request *q, struct response *r);
void api_domain_fetches(const struct request *q, struct response *r);
void api_quarantine_list(const struct request *q, struct response *r);
void api_quarantine_raw(const struct request *q, struct response *r);
void api_reports_export(const struct request *q, struct response *r);
void api_reports_ways(const struct request *q, struct response *r);
void api_report_signatures(const struct request *q, struct response *r);
void api_way_token(const struct request *q, struct response *r);
void api_reports_retry(const struct request *q, struct response *r);
void api_reports_purge(const struct request *q, struct response *r);
void api_certs_list(const struct request *q, struct response *r);
void api_certs_renew(const struct request *q, struct response *r);
void api_certs_import_files(const struct request *q, struct response *r);
void api_alerts_list(const struct request *q, struct response *r);
void api_alerts_check(const struct request *q, struct response *r);
void api_alerts_test(const struct request *q, struct response *r);
void api_domain_look(const struct request *q, struct response *r);
void api_login(const struct request *q, struct response *r);
void api_backup_begin(const struct request *q, struct response *r);
void api_backup_step(const struct request *q, struct response *r);
void api_backup_end(const struct request *q, struct response *r);
void api_wait(const struct request *q, struct response *r);
void api_status(const struct request *q, struct response *r);
void api_openapi(const struct request *q, struct response *r);
void api_metrics(const struct request *q, struct response *r);
void api_healthz(const struct request *q, struct response *r);
void api_readyz(const struct request *q, struct response *r);

/* The lines of /metrics about mailboxes and folders. */
enum err api_ways_metrics(const struct request *q, struct buf *b) MUST_USE;

/* The same about fetches of policies. */
enum err api_fetches_metrics(const struct request *q, struct buf *b) MUST_USE;
/* The lines of /metrics about what somebody is told of. */
enum err api_alerts_metrics(const struct request *q, struct buf *b) MUST_USE;
/* How many are open, by severity; null when that cannot be read.  The lock is held. */
json_t *api_alerts_brief(const struct request *q);
/* Whether somebody is told, and what keeps it.  The lock is held. */
json_t *api_alerts_sending(const struct request *q);

/* The domain of the path.  The lock is held.  False: *r is the problem. */
bool api_find_domain(const struct request *q, struct domain *out, struct response *r);
/* The store failed: logs and answers. */
void api_store_failed(const struct request *q, enum err e, struct response *r);
/* Waits until a change is served everywhere, for as long as a writer waits. */
bool api_wait_served(const struct request *q, int64_t seq);

#endif

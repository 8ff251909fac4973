#include "web/api_internal.h"

#include "base/log.h"

/* The path of a domain. */
#define D "/api/v1/domains/{d}"

const struct route api_routes[] = {
	{ "GET", "/api/v1/domains", ROUTE_READ, ROUTE_LOCKED, api_domains_list,
	  "List the domains" },
	{ "POST", "/api/v1/domains", ROUTE_WRITE, 0, api_domains_add, "Host or observe a domain" },
	{ "POST", "/api/v1/import/domains", ROUTE_WRITE, 0, api_domains_import,
	  "Host many domains at once" },
	{ "GET", D, ROUTE_READ, 0, api_domain_show, "Show a domain" },
	{ "PATCH", D, ROUTE_WRITE, 0, api_domain_set, "Change how a domain is published" },
	{ "DELETE", D, ROUTE_WRITE, 0, api_domain_remove, "Stop hosting a domain" },
	{ "POST", D "/retire", ROUTE_WRITE, 0, api_domain_retire,
	  "Leave in order: mode none, and what may go when" },
	{ "GET", D "/policy", ROUTE_READ, ROUTE_LOCKED, api_policy_show, "Show the policy" },
	{ "PUT", D "/policy", ROUTE_WRITE, 0, api_policy_set, "Change the policy" },
	{ "POST", D "/policy/bump", ROUTE_WRITE, 0, api_policy_bump,
	  "Publish the same policy under a further id" },
	{ "POST", D "/policy/check", ROUTE_WRITE, 0, api_policy_check,
	  "Look for the policy from outside now" },
	{ "GET", D "/policy/history", ROUTE_READ, ROUTE_LOCKED, api_policy_history,
	  "List everything that was published" },
	{ "GET", D "/records", ROUTE_READ, ROUTE_LOCKED, api_domain_records,
	  "The DNS records to publish, and how they looked last" },
	{ "POST", D "/records/check", ROUTE_WRITE, 0, api_domain_check,
	  "Look at the records at their name servers now" },
	{ "POST", D "/alerts/check", ROUTE_WRITE, 0, api_domain_look,
	  "Look at the domain from outside now, as senders do" },
	{ "GET", D "/horizon", ROUTE_READ, ROUTE_LOCKED, api_domain_horizon,
	  "Until when old policies may be held" },
	{ "GET", D "/summary", ROUTE_READ, ROUTE_LOCKED, api_domain_summary, "Sum reports up" },
	{ "GET", D "/reports", ROUTE_READ, ROUTE_LOCKED, api_domain_reports, "List reports" },
	{ "GET", D "/fetches", ROUTE_READ, ROUTE_LOCKED, api_domain_fetches,
	  "Who fetched its policies, by day, id, status and network" },
	{ "GET", "/api/v1/quarantine", ROUTE_READ, ROUTE_LOCKED, api_quarantine_list,
	  "List what could not be read" },
	{ "GET", "/api/v1/quarantine/{sha256}/raw", ROUTE_READ, ROUTE_LOCKED, api_quarantine_raw,
	  "The bytes of what could not be read" },
	{ "GET", "/api/v1/reports", ROUTE_READ, ROUTE_LOCKED, api_reports_export,
	  "All reports whole, in the order of arrival" },
	{ "GET", "/api/v1/reports/ways", ROUTE_READ, ROUTE_LOCKED, api_reports_ways,
	  "Mailboxes and folders that are read" },
	{ "GET", "/api/v1/reports/signatures/{sha256}", ROUTE_READ, ROUTE_LOCKED,
	  api_report_signatures, "Why a mail was believed or not, by the digest of its bytes" },
	{ "POST", "/api/v1/reports/ways/{w}/token", ROUTE_OWNER, 0, api_way_token,
	  "For the service itself: an access token of a mailbox" },
	{ "POST", "/api/v1/reports/retry", ROUTE_WRITE, 0, api_reports_retry,
	  "Read what lies in quarantine again" },
	{ "POST", "/api/v1/reports/purge", ROUTE_WRITE, 0, api_reports_purge,
	  "Remove raw bytes by age" },
	{ "GET", "/api/v1/certs", ROUTE_READ, ROUTE_LOCKED, api_certs_list, "List certificates" },
	{ "POST", "/api/v1/certs", ROUTE_WRITE, 0, api_certs_import_files,
	  "Take certificates from PEM files" },
	{ "POST", "/api/v1/certs/renew", ROUTE_WRITE, 0, api_certs_renew,
	  "Order a certificate now" },
	{ "GET", "/api/v1/alerts", ROUTE_READ, ROUTE_LOCKED, api_alerts_list,
	  "List what needs a person" },
	{ "POST", "/api/v1/alerts/check", ROUTE_WRITE, 0, api_alerts_check,
	  "Look at all domains from outside as soon as may be" },
	{ "POST", "/api/v1/alerts/test", ROUTE_WRITE, 0, api_alerts_test,
	  "Send a mail that only shows that the way works" },
	{ "POST", "/api/v1/login", ROUTE_WRITE, 0, api_login, "Make a one-time link" },
	{ "POST", "/api/v1/backup", ROUTE_OWNER, 0, api_backup_begin,
	  "Begin to copy the databases for a backup" },
	{ "POST", "/api/v1/backup/steps", ROUTE_OWNER, 0, api_backup_step,
	  "Copy on for a second; again until it is whole" },
	{ "DELETE", "/api/v1/backup", ROUTE_OWNER, 0, api_backup_end,
	  "Remove these copies, done or not" },
	{ "GET", "/api/v1/wait", ROUTE_READ, 0, api_wait,
	  "Answer when a change is served everywhere" },
	{ "GET", "/api/v1/status", ROUTE_READ, ROUTE_LOCKED, api_status, "State of the service" },
	{ "GET", "/api/v1/openapi.json", ROUTE_READ, 0, api_openapi, "This description" },
	{ "GET", "/metrics", ROUTE_OPEN, ROUTE_LOCKED, api_metrics, "Metrics for Prometheus" },
	{ "GET", "/healthz", ROUTE_OPEN, ROUTE_LOCKED, api_healthz, "Is the process alive" },
	{ "GET", "/readyz", ROUTE_OPEN, 0, api_readyz, "Can policies be served" },
};
const size_t api_route_count = ARRAY_LEN(api_routes);

bool api_find_domain(const struct request *q, struct domain *out, struct response *r)
{
	struct refusal why;

	if (hosting_find(q->desk, q->params[0], q->arena, out, &why) == OK)
		return true;
	problem_put(r, &why);
	return false;
}

void api_store_failed(const struct request *q, enum err e, struct response *r)
{
	log_error("a request failed in the store", F("path", q->path), F("why", err_name(e)));
	problem_say(r, e == ERR_UNAVAILABLE ? e : ERR_IO, "store", "the database could not be used",
	            "try again; the log of the service says more");
}

bool api_wait_served(const struct request *q, int64_t seq)
{
	bool served = seq > 0 && publish_wait(q->desk, seq, PUBLISH_WAIT_MS);

	if (served)
		publish_settle(q->desk, q->now);
	return served;
}

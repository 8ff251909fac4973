#include "service/demo_fetch.h"

#include "base/log.h"
#include "net/fetch.h"
#include "service/publish.h"

#define FETCH_MS 5000u

bool demo_fetch_policy(const struct desk *d, const char *domain, struct slice text)
{
	struct dial_rules loopback = { 0 };
	char host[DOMAIN_NAME_MAX + 1];
	struct fetch_request q = {
		.host = host,
		.path = "/.well-known/mta-sts.txt",
		.rules = &loopback,
		.ca_file = d->set.ca_file,
		.timeout_ms = FETCH_MS,
	};
	struct fetch_answer answer;
	struct diag diag = { .why = "another text" };

	if (publish_host_name(domain, host) != OK ||
	    dial_rules_allow(&loopback, S("127.0.0.1"), NULL) != OK ||
	    dial_addr_parse(S("127.0.0.1"), (uint16_t)d->set.https_port, &q.to) != OK)
		return false;
	enum err e = fetch_get(&q, &answer, &diag);
	bool same = e == OK && answer.status == 200 &&
	            slice_starts_i(slice_str(answer.type), S("text/plain")) &&
	            slice_eq(buf_slice(&answer.body), text);
	fetch_answer_fini(&answer);
	if (!same)
		log_warn("policy not fetched before its announcement", F("host", host),
		         F("why", diag.why));
	return same;
}

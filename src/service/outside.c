#include "service/outside.h"

#include "mtasts/name.h"
#include "mtasts/record.h"
#include "net/fetch.h"
#include "net/resolver.h"
#include "service/publish.h"

#define FETCH_MS 10000u
#define DNS_MS 5000u
#define HTTPS_PORT 443u

static const char policy_path[] = "/.well-known/mta-sts.txt";

static void add_address(struct fetch_request *q, size_t *count, const struct dial_addr *a)
{
	if (*count == 0)
		q->to = *a;
	else if (*count < FETCH_ADDRESSES_MAX)
		q->more[q->more_count++] = *a;
	*count += 1;
}

/* The addresses that public DNS has for the host; false: none. */
static bool look_up(const struct desk *d, struct fetch_request *q, struct arena *a,
                    const char **why_out)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	size_t count = 0;

	*why_out = arena_printf(a, "%s is not in DNS yet", q->host);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct dns_answer answer;
		struct dial_addr addr;

		resolver_ask(d->resolver, a, q->host, types[i], DNS_MS, &answer);
		if (answer.state == DNS_UNKNOWN || answer.state == DNS_BOGUS)
			*why_out = arena_printf(a, "the address of %s cannot be found out: %s",
			                        q->host, answer.why);
		for (size_t k = 0; k < answer.count; k++)
			if (dial_addr_of(answer.rdata[k], HTTPS_PORT, &addr) == OK)
				add_address(q, &count, &addr);
	}
	return count > 0;
}

/* With ours_too, as senders do, also our own listener; the other refusals stay. */
static struct dial_rules rules_for(const struct desk *d, bool ours_too)
{
	struct dial_rules rules = *d->rules;

	if (ours_too)
		rules.own_count = 0;
	return rules;
}

/* Parameters may follow the media type. */
static bool is_text_plain(struct slice type)
{
	return slice_eq_i(slice_trim(slice_head(type, slice_find(type, ';'))), S("text/plain"));
}

static const struct policy *read_policy(const struct fetch_answer *answer, struct arena *a,
                                        const char **why_out)
{
	struct policy *got = arena_alloc(a, sizeof(*got));

	if (answer->status != 200)
		*why_out = arena_printf(a, "it is answered with HTTP status %ld", answer->status);
	else if (!is_text_plain(slice_str(answer->type)))
		*why_out = "it is not answered as text/plain";
	else if (policy_parse(a, arena_copy(a, buf_slice(&answer->body)), got, NULL) != OK)
		*why_out = "what is answered is no policy";
	else
		return got;
	return NULL;
}

static bool prepare(const struct desk *d, struct dial_rules *rules, struct fetch_request *q,
                    struct arena *a, const char **why_out)
{
	if (!d->set.demo) {
		q->ca_file = d->set.outside_roots[0] == '\0' ? NULL : d->set.outside_roots;
		return look_up(d, q, a, why_out);
	}
	q->ca_file = d->set.ca_file;
	return dial_rules_allow(rules, S("127.0.0.1"), NULL) == OK &&
	       dial_addr_parse(S("127.0.0.1"), (uint16_t)d->set.https_port, &q->to) == OK;
}

/* Asks the host as anybody outside would; false: *why_out says why nothing was answered. */
static bool ask(const struct desk *d, const char *host, const char *path, bool ours_too,
                struct arena *a, struct fetch_answer *out, const char **why_out)
{
	struct dial_rules rules = rules_for(d, ours_too);
	struct fetch_request q = { .host = host,
		                   .path = path,
		                   .rules = &rules,
		                   .timeout_ms = FETCH_MS,
		                   .want_cert = true };
	struct diag diag = { .why = "" };

	*out = (struct fetch_answer){ 0 };
	*why_out = "the policy host has no address";
	if (!prepare(d, &rules, &q, a, why_out))
		return false;
	if (fetch_get(&q, out, &diag) == OK)
		return true;
	*why_out = arena_printf(a, "%s cannot be fetched from outside: %s", host, diag.why);
	return false;
}

static void take_cert(const struct fetch_answer *answer, struct arena *a, struct outside_cert *out)
{
	*out = (struct outside_cert){ .not_after = answer->not_after,
		                      .issuer = arena_str(a, slice_str(answer->issuer)) };
}

static const struct policy *fetch(const struct desk *d, const char *domain, bool ours_too,
                                  struct arena *a, struct outside_cert *cert_out,
                                  const char **why_out)
{
	char host[DOMAIN_NAME_MAX + 1];
	const struct policy *got = NULL;
	struct fetch_answer answer;

	*why_out = "the policy host has no address";
	if (publish_host_name(domain, host) != OK)
		return NULL;
	if (ask(d, host, policy_path, ours_too, a, &answer, why_out))
		got = read_policy(&answer, a, why_out);
	take_cert(&answer, a, cert_out);
	fetch_answer_fini(&answer);
	return got;
}

const struct policy *outside_fetch(const struct desk *d, const char *domain, bool ours_too,
                                   struct arena *a, const char **why_out)
{
	struct outside_cert cert;

	return fetch(d, domain, ours_too, a, &cert, why_out);
}

bool outside_shows_policy(const struct desk *d, const char *domain, const struct policy *want,
                          struct arena *a, struct outside_cert *cert_out, const char **why_out)
{
	const struct policy *got = fetch(d, domain, true, a, cert_out, why_out);

	if (got == NULL)
		return false;
	*why_out = "another policy is answered";
	return policy_same(got, want);
}

bool outside_has_policy(const struct desk *d, const char *domain, const struct policy *want,
                        struct arena *a, const char **why_out)
{
	struct outside_cert cert;

	return outside_shows_policy(d, domain, want, a, &cert, why_out);
}

/* The report host has no page, and says so in its own way; the admin host says that it lives. */
static bool is_ours(const struct fetch_answer *answer)
{
	struct slice type = slice_str(answer->type);

	return answer->status == 200 ||
	       (answer->status == 404 && slice_starts_i(type, S("application/problem+json")));
}

bool outside_answers(const struct desk *d, const char *host, const char *path, struct arena *a,
                     struct outside_cert *cert_out, const char **why_out)
{
	struct fetch_answer answer;
	bool good = ask(d, host, path, true, a, &answer, why_out);

	if (good && !is_ours(&answer)) {
		*why_out = arena_printf(a, "something else answers for it, with HTTP status %ld",
		                        answer.status);
		good = false;
	}
	take_cert(&answer, a, cert_out);
	fetch_answer_fini(&answer);
	return good;
}

bool outside_has_id(const struct desk *d, const char *domain, const char *id, struct arena *a)
{
	struct txt_set *set = arena_alloc(a, sizeof(*set));
	struct findings findings = findings_in(a);
	struct record record;
	char name[NAME_SIZE];

	if (d->set.demo || name_for(NAME_STS_TXT, slice_str(domain), name) != OK)
		return false;
	resolver_txt(d->resolver, a, name, DNS_MS, set);
	return set->state == DNS_FOUND &&
	       record_set_read(set->text, set->count, &findings, &record) == OK &&
	       slice_eq(record.id, slice_str(id));
}

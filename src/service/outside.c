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

/* What one fetch is about, and what became of it. */
struct asking {
	const struct desk *d;
	struct arena *a;
	const char *why;
	bool unasked; /* DNS could not be asked for the address */
};

/* The addresses that public DNS has for the host; false: none. */
static bool look_up(struct asking *k, struct fetch_request *q)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	size_t count = 0;

	k->why = arena_printf(k->a, "%s is not in DNS yet", q->host);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct dns_answer answer;
		struct dial_addr addr;

		resolver_ask(k->d->resolver, k->a, q->host, types[i], DNS_MS, &answer);
		if (answer.state == DNS_UNKNOWN || answer.state == DNS_BOGUS)
			k->why = arena_printf(k->a, "the address of %s cannot be found out: %s",
			                      q->host, answer.why);
		k->unasked = k->unasked || answer.state == DNS_UNKNOWN;
		for (size_t n = 0; n < answer.count; n++)
			if (dial_addr_of(answer.rdata[n], HTTPS_PORT, &addr) == OK)
				add_address(q, &count, &addr);
	}
	k->unasked = k->unasked && count == 0;
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

static bool prepare(struct asking *k, struct dial_rules *rules, struct fetch_request *q)
{
	const struct desk_settings *set = &k->d->set;

	if (!set->demo) {
		q->ca_file = set->outside_roots[0] == '\0' ? NULL : set->outside_roots;
		return look_up(k, q);
	}
	q->ca_file = set->ca_file;
	return dial_rules_allow(rules, S("127.0.0.1"), NULL) == OK &&
	       dial_addr_parse(S("127.0.0.1"), (uint16_t)set->https_port, &q->to) == OK;
}

/* Asks the host as anybody outside would; false: k->why says why nothing was answered. */
static bool ask(struct asking *k, const char *host, const char *path, bool ours_too,
                struct fetch_answer *out)
{
	struct dial_rules rules = rules_for(k->d, ours_too);
	struct fetch_request q = { .host = host,
		                   .path = path,
		                   .rules = &rules,
		                   .timeout_ms = FETCH_MS,
		                   .want_cert = true };
	struct diag diag = { .why = "" };

	*out = (struct fetch_answer){ 0 };
	k->why = "the policy host has no address";
	if (!prepare(k, &rules, &q))
		return false;
	if (fetch_get(&q, out, &diag) == OK)
		return true;
	k->why = arena_printf(k->a, "%s cannot be fetched from outside: %s", host, diag.why);
	return false;
}

static void take_cert(const struct fetch_answer *answer, struct arena *a, struct outside_cert *out)
{
	*out = (struct outside_cert){ .not_after = answer->not_after,
		                      .issuer = arena_str(a, slice_str(answer->issuer)) };
}

static const struct policy *fetch(struct asking *k, const char *domain, bool ours_too,
                                  struct outside_cert *cert_out)
{
	char host[DOMAIN_NAME_MAX + 1];
	const struct policy *got = NULL;
	struct fetch_answer answer;

	k->why = "the policy host has no address";
	if (publish_host_name(domain, host) != OK)
		return NULL;
	if (ask(k, host, policy_path, ours_too, &answer))
		got = read_policy(&answer, k->a, &k->why);
	take_cert(&answer, k->a, cert_out);
	fetch_answer_fini(&answer);
	return got;
}

const struct policy *outside_fetch(const struct desk *d, const char *domain, bool ours_too,
                                   struct arena *a, const char **why_out)
{
	struct asking k = { .d = d, .a = a };
	struct outside_cert cert;
	const struct policy *got = fetch(&k, domain, ours_too, &cert);

	*why_out = k.why;
	return got;
}

static enum alert_look compare(struct asking *k, const char *domain, const struct policy *want,
                               struct outside_cert *cert_out)
{
	const struct policy *got = fetch(k, domain, true, cert_out);

	if (got == NULL)
		return k->unasked ? ALERT_UNKNOWN : ALERT_BAD;
	k->why = "another policy is answered";
	return policy_same(got, want) ? ALERT_GOOD : ALERT_BAD;
}

enum alert_look outside_compare(const struct desk *d, const char *domain, const struct policy *want,
                                struct arena *a, const char **why_out)
{
	struct asking k = { .d = d, .a = a };
	struct outside_cert cert;
	enum alert_look got = compare(&k, domain, want, &cert);

	*why_out = k.why;
	return got;
}

bool outside_shows_policy(const struct desk *d, const char *domain, const struct policy *want,
                          struct arena *a, struct outside_cert *cert_out, const char **why_out)
{
	struct asking k = { .d = d, .a = a };
	enum alert_look got = compare(&k, domain, want, cert_out);

	*why_out = k.why;
	return got == ALERT_GOOD;
}

bool outside_has_policy(const struct desk *d, const char *domain, const struct policy *want,
                        struct arena *a, const char **why_out)
{
	return outside_compare(d, domain, want, a, why_out) == ALERT_GOOD;
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
	struct asking k = { .d = d, .a = a };
	struct fetch_answer answer;
	bool good = ask(&k, host, path, true, &answer);

	*why_out = k.why;
	if (good && !is_ours(&answer)) {
		*why_out = arena_printf(a, "something else answers for it, with HTTP status %ld",
		                        answer.status);
		good = false;
	}
	take_cert(&answer, a, cert_out);
	fetch_answer_fini(&answer);
	return good;
}

enum alert_look outside_id(const struct desk *d, const char *domain, struct arena *a,
                           const char **id_out, const char **why_out)
{
	struct txt_set *set = arena_alloc(a, sizeof(*set));
	struct findings findings = findings_in(a);
	struct record record;
	char name[NAME_SIZE];

	*id_out = "";
	*why_out = "the name is too long";
	if (d->set.demo || name_for(NAME_STS_TXT, slice_str(domain), name) != OK)
		return ALERT_UNKNOWN;
	resolver_txt(d->resolver, a, name, DNS_MS, set);
	*why_out = set->state == DNS_FOUND ? "" : set->why != NULL ? set->why : "there is none";
	if (set->state == DNS_UNKNOWN)
		return ALERT_UNKNOWN;
	if (set->state != DNS_FOUND)
		return ALERT_BAD;
	if (record_set_read(set->text, set->count, &findings, &record) != OK) {
		*why_out = "what stands there is no valid record";
		return ALERT_BAD;
	}
	*id_out = arena_str(a, record.id);
	return ALERT_GOOD;
}

bool outside_has_id(const struct desk *d, const char *domain, const char *id, struct arena *a)
{
	const char *found, *why;

	return outside_id(d, domain, a, &found, &why) == ALERT_GOOD && strcmp(found, id) == 0;
}

#include "service/acme_check.h"

#include "net/authority.h"
#include "service/records.h"
#include "wire/caa.h"

#define DNS_MS 5000u
#define SERVER_MS 2000u /* for servers of the service zone; one that is down holds nothing up */
#define CAA_WORDS "the CAA record of "

static bool is_ours(const struct dns_answer *answer, const char *addresses)
{
	struct slice rest = slice_str(addresses), word;

	while (slice_next(&rest, ' ', &word)) {
		struct dial_addr ours, seen;
		char a[DIAL_TEXT_SIZE], b[DIAL_TEXT_SIZE];
		if (dial_addr_parse(word, 0, &ours) != OK)
			continue;
		for (size_t i = 0; i < answer->count; i++)
			if (dial_addr_of(answer->rdata[i], 0, &seen) == OK &&
			    strcmp(dial_addr_format(&ours, true, a),
			           dial_addr_format(&seen, true, b)) == 0)
				return true;
	}
	return false;
}

/* The name behind the host's CNAME must be the one of this claim; NULL: any will do. */
static const char *wanted_target(const struct desk *d, const struct domain *domain, struct arena *a)
{
	if (domain == NULL || domain->way[RECORD_HOST] != WAY_CNAME || d->set.zone[0] == '\0')
		return NULL;
	return records_target(a, domain, d->set.zone, "web");
}

static bool fits(const struct desk *d, const struct dns_answer *answer, const char *target)
{
	if (target != NULL && answer->canon != NULL &&
	    slice_eq_i(slice_str(answer->canon), slice_str(target)))
		return true;
	/* Without a CNAME the claim cannot be seen; a provider that flattens it shows addresses. */
	if (d->set.addresses[0] != '\0')
		return is_ours(answer, d->set.addresses);
	return target == NULL;
}

static bool in_zone(const struct desk *d, const char *name)
{
	const char *dot = strchr(name, '.');

	for (; dot != NULL; dot = strchr(dot + 1, '.'))
		if (d->set.zone[0] != '\0' &&
		    slice_eq_i(slice_str(dot + 1), slice_str(d->set.zone)))
			return true;
	return false;
}

/*
 * A CA asks any server of the service zone, also a secondary that has not got the name yet:
 * true when none says that it does not exist.
 */
static bool at_every_server(struct desk *d, const char *name, struct arena *a, const char **why_out)
{
	struct authority_asker who = { d->resolver, d->rules, a, SERVER_MS };
	struct authority_query *list = arena_calloc(a, AUTHORITY_SERVERS_MAX, sizeof(*list));
	struct authority_zone zone;

	authority_find(&who, d->set.zone, &zone);
	for (size_t i = 0; i < zone.count; i++)
		list[i] = (struct authority_query){ .server = &zone.servers[i],
			                            .name = name,
			                            .type = DNS_A };
	authority_ask(&who, list, zone.count);
	for (size_t i = 0; i < zone.count; i++)
		if (list[i].reply.state == AUTHORITY_NAME_ERROR) {
			*why_out = arena_printf(a, "the name server %s has not got %s yet",
			                        zone.servers[i].name, name);
			return false;
		}
	return true;
}

bool acme_check_records(struct desk *d, const struct domain *domain, const char *host,
                        struct arena *a, const char **why_out)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	const char *target = wanted_target(d, domain, a), *name = target == NULL ? host : target;
	bool found = false;

	/* First, so that our resolver does not remember that a server had not got it. */
	if (in_zone(d, name) && !at_every_server(d, name, a, why_out))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct dns_answer answer;
		resolver_ask(d->resolver, a, host, types[i], DNS_MS, &answer);
		if (answer.state == DNS_UNKNOWN || answer.state == DNS_BOGUS) {
			*why_out = arena_printf(a, "the address of %s cannot be found out: %s",
			                        host, answer.why);
			return false;
		}
		found = found || answer.state == DNS_FOUND;
		if (answer.state == DNS_FOUND && fits(d, &answer, target))
			return true;
	}
	*why_out = arena_printf(a, "%s %s", host,
	                        found ? "points elsewhere in DNS" : "is not in DNS yet");
	return false;
}

/* The records at name, or at the nearest name above it that has any. */
static enum dns_state climb(struct desk *d, const char **name, struct arena *a,
                            struct dns_answer *out)
{
	struct slice rest = slice_str(*name), label;

	for (;;) {
		resolver_ask(d->resolver, a, *name, DNS_CAA, DNS_MS, out);
		if (out->state != DNS_NODATA && out->state != DNS_NXDOMAIN)
			return out->state;
		if (!slice_cut(rest, '.', &label, &rest) || rest.len == 0)
			return DNS_NODATA;
		*name = arena_str(a, rest);
	}
}

bool acme_check_caa(struct desk *d, const struct acme_directory *ca, const char *account,
                    const char *method, const char *host, struct arena *a, const char **why_out)
{
	struct caa_asker asker = { ca->identity_count, ca->identities, slice_str(account),
		                   slice_str(method) };
	struct dns_answer answer;
	const char *name = host;
	enum caa_verdict verdict;

	if (ca->identity_count == 0)
		return true;
	switch (climb(d, &name, a, &answer)) {
	case DNS_FOUND:
		verdict = caa_judge(answer.rdata, answer.count, &asker);
		break;
	case DNS_UNKNOWN:
	case DNS_BOGUS:
		*why_out = arena_printf(a, "CAA of %s cannot be found out: %s", name, answer.why);
		return false;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
	default:
		return true;
	}
	if (verdict == CAA_PERMITS)
		return true;
	*why_out = arena_printf(a, CAA_WORDS "%s %s; add there: CAA 0 issue \"%.*s\"", name,
	                        caa_words(verdict), SLICE_ARGS(ca->identities[0]));
	return false;
}

bool acme_check_is_caa(const char *why)
{
	return slice_starts(slice_str(why), S(CAA_WORDS));
}

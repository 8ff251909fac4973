#include "service/demo_mx.h"

#include <stdio.h>

#include "service/demo_data.h"

#define PREFERENCE_STEP 10u

bool demo_mx(const char *domain, struct mx_set *out)
{
	const struct demo_domain *d = NULL;

	for (size_t i = 0; i < demo_domain_count; i++)
		if (strcmp(demo_domains[i].name, domain) == 0)
			d = &demo_domains[i];
	if (d == NULL)
		return false;
	*out = (struct mx_set){ .state = DNS_FOUND, .ttl = 300 };
	for (size_t i = 0; d->mx[i] != NULL && out->count < RESOLVER_MX_MAX; i++) {
		struct mx_host *h = &out->hosts[out->count];
		bool star = d->mx[i][0] == '*';
		h->preference = PREFERENCE_STEP * ((unsigned)out->count + 1);
		h->state = DNS_NODATA; /* the hosts have no addresses that anybody could try */
		/* Names of our own table fit. */
		(void)snprintf(h->name, sizeof(h->name), "%s%s", star ? "mx1" : "",
		               d->mx[i] + (star ? 1 : 0));
		out->count++;
	}
	return true;
}

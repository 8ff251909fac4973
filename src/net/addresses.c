#include "net/addresses.h"

enum err addresses_find(struct resolver *r, struct arena *a, const char *host, uint16_t port,
                        unsigned timeout_ms, struct dial_addr *out, size_t max, size_t *count_out)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	size_t count = 0;

	if (dial_addr_parse(slice_str(host), port, out) == OK) {
		*count_out = 1;
		return OK;
	}
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct dns_answer answer;

		resolver_ask(r, a, host, types[t], timeout_ms, &answer);
		for (size_t i = 0; i < answer.count && count < max; i++)
			if (dial_addr_of(answer.rdata[i], port, &out[count]) == OK)
				count++;
	}
	*count_out = count;
	return count == 0 ? ERR_UNAVAILABLE : OK;
}

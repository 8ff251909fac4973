#include "service/record_proxy.h"

/* As the operators publish them. */
static const struct {
	const char *who, *nets;
} proxies[] = {
	{ "Cloudflare",
	  "103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 104.16.0.0/13 104.24.0.0/14 "
	  "108.162.192.0/18 131.0.72.0/22 141.101.64.0/18 162.158.0.0/15 172.64.0.0/13 "
	  "173.245.48.0/20 188.114.96.0/20 190.93.240.0/20 197.234.240.0/22 198.41.128.0/17 "
	  "2400:cb00::/32 2405:8100::/32 2405:b500::/32 2606:4700::/32 2803:f800::/32 "
	  "2a06:98c0::/29 2c0f:f248::/32" },
	{ "Fastly", "23.235.32.0/20 151.101.0.0/16 199.232.0.0/16 2a04:4e42::/32" },
};

const char *record_proxy_of(struct slice address)
{
	struct dial_addr at;

	if (dial_addr_parse(address, 0, &at) != OK)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(proxies); i++)
		if (dial_is_in(&at, slice_str(proxies[i].nets)))
			return proxies[i].who;
	return NULL;
}

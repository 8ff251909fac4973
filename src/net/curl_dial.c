#include "net/curl_dial.h"

#include "base/buf.h"

#define PIN_MAX 2048u

/* The check is on the address that is about to be connected to, not on one looked up before. */
curl_socket_t curl_dial_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct curl_dial *d = arg;
	struct dial_addr addr = { .len = to->addrlen };

	(void)purpose;
	if (to->addrlen > sizeof(addr.u))
		return CURL_SOCKET_BAD;
	memcpy(&addr.u, &to->addr, to->addrlen);
	if (dial_check(d->rules, &addr, NULL) != OK) {
		d->denied = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool is_v6(const struct dial_addr *a)
{
	return a->u.sa.sa_family == AF_INET6;
}

/* "host:port:address,address" */
struct curl_slist *curl_dial_pin(const char *host, const struct dial_addr *addresses, size_t count)
{
	char addr[DIAL_TEXT_SIZE];
	struct curl_slist *list;
	struct buf b;
	unsigned port =
	        ntohs(is_v6(addresses) ? addresses->u.v6.sin6_port : addresses->u.v4.sin_port);

	buf_init(&b, PIN_MAX);
	buf_printf(&b, "%s:%u:", host, port);
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, is_v6(&addresses[i]) ? "%s[%s]" : "%s%s", i == 0 ? "" : ",",
		           dial_addr_format(&addresses[i], true, addr));
	list = curl_slist_append(NULL, buf_str(&b));
	buf_fini(&b);
	return list;
}

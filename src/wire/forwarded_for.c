#include "wire/forwarded_for.h"

#include <arpa/inet.h>

#include "base/num.h"

static const struct slice field_name = SLICE_INIT("X-Forwarded-For");

static bool host_parse(struct slice text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	char host[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(host) || memchr(text.p, '\0', text.len) != NULL)
		return false;
	memcpy(host, text.p, text.len);
	host[text.len] = '\0';
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		*out = (struct sockaddr_storage){ 0 };
		memcpy(out, &v4, sizeof(v4));
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
		return false;
	*out = (struct sockaddr_storage){ 0 };
	memcpy(out, &v6, sizeof(v6));
	return true;
}

/* Host and port apart; a bare IPv6 address has none.  False: brackets that do not fit. */
static bool split(struct slice text, struct slice *host, struct slice *port)
{
	struct slice rest;

	*host = text;
	*port = (struct slice){ NULL, 0 };
	if (text.len > 0 && text.p[0] == '[') {
		if (!slice_cut(slice_skip(text, 1), ']', host, &rest) ||
		    slice_find(*host, ':') == SIZE_MAX)
			return false;
		return rest.len == 0 || slice_cut(rest, ':', &rest, port);
	}
	if (slice_cut(text, ':', host, port) && slice_find(*port, ':') != SIZE_MAX) {
		*host = text;
		*port = (struct slice){ NULL, 0 };
	}
	return true;
}

enum err forwarded_address(struct slice text, struct sockaddr_storage *out)
{
	struct slice host, port;
	uint64_t n = 0;

	if (!split(text, &host, &port))
		return ERR_SYNTAX;
	if (port.p != NULL && num_parse_u64(port, 65535, &n) != OK)
		return ERR_SYNTAX;
	return host_parse(host, (uint16_t)n, out) ? OK : ERR_SYNTAX;
}

/* Takes the last item off a list; false: nothing is left of it. */
static bool last_item(struct slice *list, bool *more, struct slice *item)
{
	size_t at = list->len;

	if (!*more)
		return false;
	while (at > 0 && list->p[at - 1] != ',')
		at--;
	*item = slice_trim_wsp(slice_skip(*list, at));
	*more = at > 0;
	*list = slice_head(*list, at > 0 ? at - 1 : 0);
	return true;
}

struct walk {
	forwarded_trusts_fn trusts;
	const void *arg;
	size_t passed; /* trusted addresses so far */
	struct sockaddr_storage *out;
};

/* OK: *w->out is the client.  ERR_AGAIN: all of this list are trusted. */
static enum err walk_list(struct walk *w, struct slice list)
{
	bool more = true;
	struct slice item;

	while (last_item(&list, &more, &item)) {
		struct sockaddr_storage address;

		if (forwarded_address(item, &address) != OK)
			return ERR_SYNTAX;
		*w->out = address;
		if (!w->trusts(w->arg, &address))
			return OK;
		if (++w->passed > FORWARDED_FOR_MAX)
			return ERR_LIMIT;
	}
	return ERR_AGAIN;
}

enum err forwarded_for(const struct http_head *h, forwarded_trusts_fn trusts, const void *arg,
                       struct sockaddr_storage *out)
{
	struct sockaddr_storage client = { .ss_family = AF_UNSPEC };
	struct walk w = { .trusts = trusts, .arg = arg, .out = &client };
	enum err e = ERR_NOTFOUND;

	for (size_t i = h->field_count; i > 0 && (e == ERR_NOTFOUND || e == ERR_AGAIN); i--)
		if (slice_eq_i(h->fields[i - 1].name, field_name))
			e = walk_list(&w, h->fields[i - 1].value);
	if (e == ERR_AGAIN) /* all of them are trusted: the first one began it */
		e = OK;
	if (e == OK)
		*out = client;
	return e;
}

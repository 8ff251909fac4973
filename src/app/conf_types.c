/* The kinds of values a setting can have. */
#include <assert.h>

#include "app/conf_schema.h"
#include "base/num.h"
#include "mtasts/name.h"
#include "net/dial.h"
#include "net/fetch.h"
#include "net/trusted.h"

#define DNS_PORT 53u
#define USER_MAX 32u

/* The next value of a list; blanks and commas stand between values. */
static bool next_value(struct slice *rest, struct slice *out)
{
	while (rest->len > 0 && strchr(" \t,", rest->p[0]) != NULL)
		*rest = slice_skip(*rest, 1);
	size_t n = 0;
	while (n < rest->len && strchr(" \t,", rest->p[n]) == NULL)
		n++;
	*out = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return n > 0;
}

static const char *store_text(struct conf *c, void *place, const char *text)
{
	*(const char **)place = arena_str(c->arena, slice_str(text));
	return *(const char **)place;
}

static const char *read_path(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	if (text[0] == '\0' && row->preset[0] != '\0')
		return "needs a path";
	if (text[0] != '\0' && text[0] != '/')
		return "needs a path from the root (/…)";
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_user(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	(void)row; /* nothing depends on it */
	if (strlen(text) > USER_MAX || text[0] == '-' || strspn(text, plain) != strlen(text))
		return "is not a user's name";
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_log(const struct conf_row *row, const char *text, struct conf *c,
                            void *place, const char **normal_out)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	struct slice rest = slice_str(text), word;
	int level = -1, json = -1;

	(void)row;   /* one setting only */
	(void)place; /* two fields */
	while (next_value(&rest, &word)) {
		bool known = false;

		for (int i = 0; i < (int)ARRAY_LEN(levels); i++) {
			if (level < 0 && slice_eq(word, slice_str(levels[i]))) {
				level = i;
				known = true;
			}
		}
		if (json < 0 && (slice_eq(word, S("text")) || slice_eq(word, S("json")))) {
			json = slice_eq(word, S("json"));
			known = true;
		}
		if (!known)
			return "takes one of error, warn, info, debug, and text or json";
	}
	c->server.log_level = level < 0 ? LOG_INFO : (enum log_level)level;
	c->server.log_json = json > 0;
	*normal_out = arena_printf(c->arena, "%s %s", levels[c->server.log_level],
	                           c->server.log_json ? "json" : "text");
	return NULL;
}

static bool same_address(const struct address *a, const struct address *b)
{
	char x[ADDRESS_TEXT_SIZE], y[ADDRESS_TEXT_SIZE];

	return strcmp(address_format(&a->any, x), address_format(&b->any, y)) == 0;
}

/* Where a listener may stand. */
enum scope { ANYWHERE, LOCAL, NAMED, LOOPBACK };

static bool is_wildcard(const struct address *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&a->any;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&a->any;

	return a->any.ss_family == AF_INET ? v4->sin_addr.s_addr == 0
	                                   : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static const char *add_address(struct conf_addresses *list, struct slice text, enum scope scope)
{
	struct address a;
	enum err e = address_parse(text, &a);

	if (scope == LOCAL && e != OK)
		return "takes unix:/PATH of at most 107 bytes, addresses such as 127.0.0.1:24, or "
		       "off";
	if (e == ERR_LIMIT)
		return "a port is at most 65535";
	if (e != OK || (a.any.ss_family == AF_UNIX && scope != LOCAL))
		return "takes addresses such as 192.0.2.1:443, [2001:db8::1]:443 or *:443, or off";
	if (a.any.ss_family != AF_UNIX && address_port(&a.any) == 0)
		return "a port is at least 1";
	if (scope == NAMED && is_wildcard(&a))
		return "takes single addresses of this machine, not *";
	if (scope == LOOPBACK && !address_is_loopback(&a.any))
		return "is plain HTTP and listens on loopback only (127.0.0.1:PORT, [::1]:PORT)";
	for (size_t i = 0; i < list->count; i++)
		if (same_address(&list->at[i], &a))
			return "names an address twice";
	if (list->count == CONF_ADDRESSES_MAX)
		return "takes at most 16 addresses";
	list->at[list->count++] = a;
	return NULL;
}

static const char *addresses(const char *text, struct conf *c, void *place, enum scope scope,
                             const char **normal_out)
{
	struct conf_addresses list = { 0 };
	struct slice rest = slice_str(text), word;
	char out[ADDRESS_TEXT_SIZE];
	const char *normal = "off";

	if (strcmp(text, "off") != 0) {
		while (next_value(&rest, &word)) {
			const char *why = add_address(&list, word, scope);

			if (why != NULL)
				return why;
			(void)address_format(&list.at[list.count - 1].any, out);
			normal = list.count == 1 ? arena_printf(c->arena, "%s", out)
			                         : arena_printf(c->arena, "%s %s", normal, out);
		}
		if (list.count == 0)
			return "needs an address, or off";
	}
	*(struct conf_addresses *)place = list;
	*normal_out = normal;
	return NULL;
}

static const char *read_listen(const struct conf_row *row, const char *text, struct conf *c,
                               void *place, const char **normal_out)
{
	(void)row; /* nothing depends on it */
	return addresses(text, c, place, ANYWHERE, normal_out);
}

static const char *read_local(const struct conf_row *row, const char *text, struct conf *c,
                              void *place, const char **normal_out)
{
	(void)row; /* nothing depends on it */
	return addresses(text, c, place, LOCAL, normal_out);
}

static const char *read_named(const struct conf_row *row, const char *text, struct conf *c,
                              void *place, const char **normal_out)
{
	(void)row; /* nothing depends on it */
	return addresses(text, c, place, NAMED, normal_out);
}

static const char *read_loopback(const struct conf_row *row, const char *text, struct conf *c,
                                 void *place, const char **normal_out)
{
	(void)row; /* nothing depends on it */
	return addresses(text, c, place, LOOPBACK, normal_out);
}

static const char *read_host(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	char name[NAME_SIZE] = "";
	struct diag d = { .why = "is not a host name" };

	(void)row; /* nothing depends on it */
	if (text[0] != '\0' && name_normal(slice_str(text), name, &d) != OK)
		return d.why;
	if (text[0] != '\0' && name_is_numeric(slice_str(name)))
		return "is an address, not a name";
	*normal_out = store_text(c, place, name);
	return NULL;
}

static const char *out_of_range(const struct conf_row *row, struct conf *c, const char *or_else)
{
	return arena_printf(c->arena, "takes a number from %llu to %llu%s%s%s",
	                    (unsigned long long)row->min, (unsigned long long)row->max,
	                    row->unit == NULL ? "" : " ", row->unit == NULL ? "" : row->unit,
	                    or_else);
}

static const char *read_number(const struct conf_row *row, const char *text, struct conf *c,
                               void *place, const char **normal_out)
{
	uint64_t n;

	if (num_parse_u64(slice_str(text), row->max, &n) != OK || n < row->min)
		return out_of_range(row, c, "");
	*(uint64_t *)place = n;
	*normal_out = arena_printf(c->arena, "%llu", (unsigned long long)n);
	return NULL;
}

static const char *read_allowance(const struct conf_row *row, const char *text, struct conf *c,
                                  void *place, const char **normal_out)
{
	if (strcmp(text, "unlimited") == 0) {
		*(uint64_t *)place = CONF_UNLIMITED;
		*normal_out = "unlimited";
		return NULL;
	}
	if (strcmp(text, "off") == 0) {
		*(uint64_t *)place = 0;
		*normal_out = "off";
		return NULL;
	}
	return read_number(row, text, c, place, normal_out) == NULL
	               ? NULL
	               : out_of_range(row, c, ", unlimited or off");
}

static const char *read_days(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	if (strcmp(text, "unlimited") == 0) {
		*(uint64_t *)place = CONF_UNLIMITED;
		*normal_out = "unlimited";
		return NULL;
	}
	return read_number(row, text, c, place, normal_out) == NULL
	               ? NULL
	               : out_of_range(row, c, " or unlimited");
}

static const char *read_url(const struct conf_row *row, const char *text, struct conf *c,
                            void *place, const char **normal_out)
{
	struct fetch_url *url = arena_alloc(c->arena, sizeof(*url));

	(void)row; /* nothing depends on it */
	if (fetch_url_parse(slice_str(text), url) != OK)
		return "needs a URL that begins with https://";
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_mail(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	struct slice local, host;

	(void)row; /* as above */
	if (text[0] != '\0' && (!slice_cut(slice_str(text), '@', &local, &host) || local.len == 0 ||
	                        name_fault(host) != NULL || slice_find(local, ' ') != SIZE_MAX))
		return "is not a mail address";
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_word(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	(void)row; /* as above */
	if (strchr(text, ' ') != NULL)
		return "is one word";
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_command(const struct conf_row *row, const char *text, struct conf *c,
                                void *place, const char **normal_out)
{
	(void)row; /* as above */
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_server(const struct conf_row *row, const char *text, struct conf *c,
                               void *place, const char **normal_out)
{
	struct dial_addr a;

	(void)row; /* as above */
	if (text[0] != '\0' && dial_addr_parse(slice_str(text), DNS_PORT, &a) != OK)
		return "is not an address such as 192.0.2.53 or 192.0.2.53:5353";
	*normal_out = store_text(c, place, text);
	return NULL;
}

static const char *read_says(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	(void)row; /* as above */
	(void)c;
	if (strcmp(text, "xff") != 0 && strcmp(text, "proxy") != 0)
		return "takes xff or proxy";
	*(bool *)place = text[0] == 'p';
	*normal_out = text[0] == 'p' ? "proxy" : "xff";
	return NULL;
}

static const char *read_yes(const struct conf_row *row, const char *text, struct conf *c,
                            void *place, const char **normal_out)
{
	(void)row; /* as above */
	(void)c;
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return "takes yes or no";
	*(bool *)place = text[0] == 'y';
	*normal_out = text[0] == 'y' ? "yes" : "no";
	return NULL;
}

/* Lists that another floor reads: each value is checked by one and kept as text. */
static const char *text_list(const char *text, struct conf *c, void *place,
                             const char *(*one)(struct slice value), const char **normal_out)
{
	struct slice rest = slice_str(text), word;
	const char *normal = "";

	while (next_value(&rest, &word)) {
		const char *why = one(word);

		if (why != NULL)
			return why;
		normal = arena_printf(c->arena, "%s%s%.*s", normal, normal[0] == '\0' ? "" : " ",
		                      SLICE_ARGS(word));
	}
	*normal_out = store_text(c, place, normal);
	return NULL;
}

static const char *one_resolver(struct slice value)
{
	struct dial_addr a;

	return dial_addr_parse(value, 53, &a) == OK
	               ? NULL
	               : "takes addresses such as 192.0.2.1 or 192.0.2.1:53";
}

static const char *one_stub(struct slice value)
{
	struct slice zone, server;
	char name[NAME_SIZE];

	if (!slice_cut(value, '=', &zone, &server) || one_resolver(server) != NULL)
		return "takes pairs such as example.com=192.0.2.1:53";
	if (!slice_eq(zone, S(".")) && name_normal(zone, name, NULL) != OK)
		return "takes pairs such as example.com=192.0.2.1:53; this is not a zone";
	return NULL;
}

static const char *one_address(struct slice value)
{
	struct dial_addr a;

	/* A port would end up in somebody's zone. */
	if (dial_addr_parse(value, 0, &a) != OK ||
	    (a.u.sa.sa_family == AF_INET ? a.u.v4.sin_port : a.u.v6.sin6_port) != 0)
		return "takes addresses without a port, such as 192.0.2.1 or 2001:db8::1";
	return NULL;
}

static const char *one_network(struct slice value)
{
	struct dial_rules rules = { 0 };

	return dial_rules_allow(&rules, value, NULL) == OK
	               ? NULL
	               : "takes networks such as 10.0.0.0/8 or fd00::/8";
}

static const char *one_proxy(struct slice value)
{
	struct trusted t;

	return trusted_parse(value, &t) == OK ? NULL
	                                      : "takes networks such as 10.0.0.0/8, and unix";
}

/* Several addresses of one server are several pairs. */
static const char *one_nameserver(struct slice value)
{
	struct slice host = value, address;
	char name[NAME_SIZE];

	if (slice_cut(value, '=', &host, &address) && one_address(address) != NULL)
		return "takes names, or pairs such as ns1.example.com=192.0.2.1";
	return name_normal(host, name, NULL) == OK && !name_is_numeric(slice_str(name))
	               ? NULL
	               : "takes names of hosts such as ns1.example.com";
}

static const char *one_path(struct slice value)
{
	return value.p[0] == '/' ? NULL : "needs paths from the root (/…)";
}

#define TEXT_LIST(name, one)                                                                  \
	static const char *name(const struct conf_row *row, const char *text, struct conf *c, \
	                        void *place, const char **normal_out)                         \
	{                                                                                     \
		(void)row; /* nothing depends on it */                                        \
		return text_list(text, c, place, one, normal_out);                            \
	}

TEXT_LIST(read_forward, one_resolver)
TEXT_LIST(read_stub, one_stub)
TEXT_LIST(read_addresses, one_address)
TEXT_LIST(read_nameservers, one_nameserver)
TEXT_LIST(read_networks, one_network)
TEXT_LIST(read_paths, one_path)
TEXT_LIST(read_proxies, one_proxy)

static const char *read_anchor(const struct conf_row *row, const char *text, struct conf *c,
                               void *place, const char **normal_out)
{
	if (strcmp(text, "off") != 0)
		return read_path(row, text, c, place, normal_out);
	*normal_out = store_text(c, place, text);
	return NULL;
}

#define ONE_A_LINE "several with blanks between, or one a line on lines that begin with a blank"
#define ADDRESS_SYNTAX                                                                        \
	"ADDRESS:PORT, an IPv6 address in brackets, or *:PORT for every address; " ONE_A_LINE \
	"; off: none"

const struct conf_type conf_type_path = {
	.name = "path",
	.syntax = "an absolute path",
	.read = read_path,
};
const struct conf_type conf_type_user = {
	.name = "user",
	.syntax = "a user's name",
	.read = read_user,
};
const struct conf_type conf_type_log = {
	.name = "level and form",
	.syntax = "error, warn, info or debug, and text or json; what is left out is as by default",
	.read = read_log,
};
const struct conf_type conf_type_listen = {
	.name = "addresses with ports, or off",
	.syntax = ADDRESS_SYNTAX,
	.list = true,
	.read = read_listen,
};
const struct conf_type conf_type_local = {
	.name = "Unix sockets, addresses with ports, or off",
	.syntax = "unix:/PATH, or ADDRESS:PORT; " ONE_A_LINE "; off: none",
	.list = true,
	.read = read_local,
};
const struct conf_type conf_type_named = {
	.name = "addresses with ports, or off",
	.syntax = "ADDRESS:PORT, an IPv6 address in brackets; " ONE_A_LINE "; off: none",
	.list = true,
	.read = read_named,
};
const struct conf_type conf_type_loopback = {
	.name = "loopback addresses with ports, or off",
	.syntax = "127.0.0.1:PORT or [::1]:PORT; " ONE_A_LINE "; off: none",
	.list = true,
	.read = read_loopback,
};
const struct conf_type conf_type_host = {
	.name = "host name",
	.syntax = "a name, not an address; case and a final dot do not count",
	.read = read_host,
};
const struct conf_type conf_type_number = {
	.name = "number",
	.syntax = "a whole number",
	.read = read_number,
};
const struct conf_type conf_type_allowance = {
	.name = "number, unlimited or off",
	.syntax = "a whole number; unlimited: no bound; off: none is kept",
	.read = read_allowance,
};
const struct conf_type conf_type_days = {
	.name = "number or unlimited",
	.syntax = "a whole number of days; unlimited: for ever",
	.read = read_days,
};
const struct conf_type conf_type_addresses = {
	.name = "addresses",
	.syntax = "IPv4 and IPv6 addresses without a port; " ONE_A_LINE,
	.list = true,
	.read = read_addresses,
};
const struct conf_type conf_type_nameservers = {
	.name = "host names",
	.syntax = "NAME or NAME=ADDRESS, several pairs for several addresses; " ONE_A_LINE,
	.list = true,
	.read = read_nameservers,
};
const struct conf_type conf_type_forward = {
	.name = "addresses",
	.syntax = "ADDRESS or ADDRESS:PORT (53 unless told); " ONE_A_LINE,
	.list = true,
	.read = read_forward,
};
const struct conf_type conf_type_stub = {
	.name = "pairs ZONE=ADDRESS",
	.syntax = "ZONE=ADDRESS or ZONE=ADDRESS:PORT (53 unless told), the zone . for the "
	          "root; " ONE_A_LINE,
	.list = true,
	.read = read_stub,
};
const struct conf_type conf_type_anchor = {
	.name = "path, or off",
	.syntax = "an absolute path; off: DNSSEC is not validated",
	.read = read_anchor,
};
const struct conf_type conf_type_url = {
	.name = "URL",
	.syntax = "a URL that begins with https://",
	.read = read_url,
};
const struct conf_type conf_type_mail = {
	.name = "mail address",
	.syntax = "one mail address",
	.read = read_mail,
};
const struct conf_type conf_type_word = {
	.name = "word",
	.syntax = "one word, as the other side gave it",
	.read = read_word,
};
const struct conf_type conf_type_command = {
	.name = "command",
	.syntax = "a command line, which is given to /bin/sh",
	.read = read_command,
};
const struct conf_type conf_type_server = {
	.name = "address",
	.syntax = "ADDRESS or ADDRESS:PORT (53 unless told)",
	.read = read_server,
};
const struct conf_type conf_type_yes = {
	.name = "yes or no",
	.syntax = "yes or no",
	.read = read_yes,
};
const struct conf_type conf_type_networks = {
	.name = "networks",
	.syntax = "ADDRESS/BITS; " ONE_A_LINE,
	.list = true,
	.read = read_networks,
};
const struct conf_type conf_type_proxies = {
	.name = "networks, unix",
	.syntax = "ADDRESS/BITS, or unix for whoever reaches a Unix socket; " ONE_A_LINE,
	.list = true,
	.read = read_proxies,
};
const struct conf_type conf_type_says = {
	.name = "xff or proxy",
	.syntax = "xff: the header X-Forwarded-For; proxy: the PROXY protocol, version 1 or 2",
	.read = read_says,
};
const struct conf_type conf_type_paths = {
	.name = "paths",
	.syntax = "absolute paths without blanks in them; " ONE_A_LINE,
	.list = true,
	.read = read_paths,
};

/* What resolver_conf says, told to libunbound. */
#include <stdio.h>
#include <unbound.h>
#include <unistd.h>

#include "net/resolver_internal.h"

#define SYSTEM_ANCHOR "/usr/share/dns/root.key"

static struct slice next_word(struct slice *rest)
{
	struct slice word;

	do {
		size_t n = 0;
		while (n < rest->len && strchr(" ,\t\n", rest->p[n]) == NULL)
			n++;
		word = slice_head(*rest, n);
		*rest = slice_skip(*rest, n + 1);
	} while (word.len == 0 && rest->len > 0);
	return word;
}

/* libunbound writes ports behind an at sign. */
static bool server_text(struct slice text, char out[DIAL_TEXT_SIZE + 8], struct dial_addr *a)
{
	char host[DIAL_TEXT_SIZE];

	if (dial_addr_parse(text, 53, a) != OK)
		return false;
	(void)dial_addr_format(a, true, host);
	unsigned port = ntohs(a->u.sa.sa_family == AF_INET ? a->u.v4.sin_port : a->u.v6.sin6_port);
	(void)snprintf(out, DIAL_TEXT_SIZE + 8, "%s@%u", host, port); /* room for both */
	return true;
}

static enum err set_forward(struct ub_ctx *ctx, struct slice list, struct diag *diag)
{
	char server[DIAL_TEXT_SIZE + 8];
	struct dial_addr a;

	for (struct slice w = next_word(&list); w.len > 0; w = next_word(&list)) {
		if (!server_text(w, server, &a))
			return diag_set(diag, ERR_SYNTAX, 0, "forward: not an address");
		if (ub_ctx_set_fwd(ctx, server) != 0)
			return diag_set(diag, ERR_IO, 0, "the resolver refuses a forward address");
	}
	return OK;
}

static enum err set_stubs(struct ub_ctx *ctx, struct slice list, struct diag *diag)
{
	char server[DIAL_TEXT_SIZE + 8], zone_name[RESOLVER_NAME_SIZE];
	struct slice zone, addr;
	struct dial_addr a;

	for (struct slice w = next_word(&list); w.len > 0; w = next_word(&list)) {
		if (!slice_cut(w, '=', &zone, &addr) || zone.len == 0 ||
		    zone.len >= sizeof(zone_name) || !server_text(addr, server, &a))
			return diag_set(diag, ERR_SYNTAX, 0, "stub: not zone=address");
		(void)snprintf(zone_name, sizeof(zone_name), "%.*s", SLICE_ARGS(zone));
		if (ub_ctx_set_stub(ctx, zone_name, server, 0) != 0)
			return diag_set(diag, ERR_IO, 0, "the resolver refuses a stub");
	}
	return OK;
}

static enum err set_anchor(struct ub_ctx *ctx, struct slice file, struct diag *diag)
{
	char path[4096];

	if (slice_eq(file, S("off")))
		return OK;
	if (file.len >= sizeof(path))
		return diag_set(diag, ERR_SYNTAX, 0, "trust_anchor: path too long");
	(void)snprintf(path, sizeof(path), "%.*s", SLICE_ARGS(file));
	if (file.len == 0)
		(void)snprintf(path, sizeof(path), "%s", SYSTEM_ANCHOR);
	/* The system's anchor may be missing: then nothing is secure, and nothing is bogus. */
	if (access(path, R_OK) != 0)
		return file.len == 0 ? OK
		                     : diag_set(diag, ERR_IO, 0, "trust_anchor: cannot be read");
	return ub_ctx_add_ta_file(ctx, path) == 0
	               ? OK
	               : diag_set(diag, ERR_IO, 0, "trust_anchor: not a trust anchor");
}

/* The library's defaults are made for one question at a time. */
static bool set_options(struct ub_ctx *ctx, bool local)
{
	static const char *const options[][2] = {
		{ "outgoing-range:", "256" },
		{ "num-queries-per-thread:", "256" },
		{ "msg-cache-size:", "8m" },
		{ "rrset-cache-size:", "16m" },
		{ "cache-max-negative-ttl:", "60" },
		{ "cache-max-ttl:", "300" },
		{ "edns-buffer-size:", "1232" },
		{ "qname-minimisation:", "yes" },
		{ "module-config:", "validator iterator" },
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (ub_ctx_set_option(ctx, options[i][0], options[i][1]) != 0)
			return false;
	return !local || ub_ctx_set_option(ctx, "do-not-query-localhost:", "no") == 0;
}

/* Servers that are not named by the configuration come from strangers' zones. */
static bool refuse_private_servers(struct ub_ctx *ctx, const struct dial_rules *rules)
{
	static const char *const nets[] = {
		"0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10",  "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24",   "192.168.0.0/16", "198.18.0.0/15",
		"224.0.0.0/3",   "fc00::/7",       "fe80::/10",      "ff00::/8",
		"::ffff:0:0/96", "64:ff9b:1::/48",
	};

	if (rules != NULL && rules->net_count > 0)
		return true; /* an installation of its own network decides for itself */
	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		if (ub_ctx_set_option(ctx, "do-not-query-address:", nets[i]) != 0)
			return false;
	return true;
}

enum err resolver_configure(struct ub_ctx *ctx, const struct resolver_conf *conf, struct diag *diag)
{
	bool named = conf->forward.len > 0 || conf->stub.len > 0;

	if (!set_options(ctx, named))
		return diag_set(diag, ERR_IO, 0, "libunbound refuses an option");
	if (!named && !refuse_private_servers(ctx, conf->rules))
		return diag_set(diag, ERR_IO, 0, "libunbound refuses an option");
	enum err e = set_anchor(ctx, conf->trust_anchor, diag);
	if (e == OK)
		e = set_forward(ctx, conf->forward, diag);
	return e == OK ? set_stubs(ctx, conf->stub, diag) : e;
}

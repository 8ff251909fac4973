/* What resolver_conf says, told to libunbound. */
#include <stdio.h>
#include <unbound.h>
#include <unistd.h>

#include "net/resolver_internal.h"

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
		(void)snprintf(path, sizeof(path), "%s", RESOLVER_SYSTEM_ANCHOR);
	/* The system's anchor may be missing: then nothing is secure, and nothing is bogus. */
	if (access(path, R_OK) != 0)
		return file.len == 0 ? OK
		                     : diag_set(diag, ERR_IO, 0, "trust_anchor: cannot be read");
	return ub_ctx_add_ta_file(ctx, path) == 0
	               ? OK
	               : diag_set(diag, ERR_IO, 0, "trust_anchor: not a trust anchor");
}

/* The library's defaults are made for one question at a time. */
static bool set_options(struct ub_ctx *ctx)
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
		{ "do-not-query-localhost:", "no" }, /* refuse_servers has it, less what is named */
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (ub_ctx_set_option(ctx, options[i][0], options[i][1]) != 0)
			return false;
	return true;
}

struct refusing {
	struct ub_ctx *ctx;
	bool failed;
};

static void refuse_net(void *arg, const char *net)
{
	struct refusing *f = arg;

	f->failed = f->failed || ub_ctx_set_option(f->ctx, "do-not-query-address:", net) != 0;
}

/* Servers that the configuration names are let through, wherever they are. */
static enum err let_through(struct dial_rules *rules, struct slice list, bool zones,
                            struct diag *diag)
{
	enum err e = OK;

	for (struct slice w = next_word(&list); e == OK && w.len > 0; w = next_word(&list)) {
		struct slice zone, server = w;
		char host[DIAL_TEXT_SIZE];
		struct dial_addr a;
		if (zones && !slice_cut(w, '=', &zone, &server))
			continue; /* set_stubs says so */
		if (dial_addr_parse(server, 53, &a) == OK)
			e = dial_rules_allow(rules, slice_str(dial_addr_format(&a, true, host)),
			                     diag);
	}
	return e;
}

/*
 * libunbound opens its sockets itself, so the rule of net/dial.h becomes its list of addresses
 * that are not asked.  It looks there at the numeric address each time before it sends, whatever
 * a delegation said before.
 */
static enum err refuse_servers(struct ub_ctx *ctx, const struct resolver_conf *conf,
                               struct diag *diag)
{
	struct refusing f = { ctx, false };
	struct dial_rules rules = { 0 };
	enum err e;

	if (conf->rules != NULL)
		rules = *conf->rules;
	e = let_through(&rules, conf->forward, false, diag);
	if (e == OK)
		e = let_through(&rules, conf->stub, true, diag);
	if (e != OK)
		return e;
	dial_refused(&rules, refuse_net, &f);
	return f.failed ? diag_set(diag, ERR_IO, 0, "libunbound refuses an option") : OK;
}

enum err resolver_configure(struct ub_ctx *ctx, const struct resolver_conf *conf, struct diag *diag)
{
	enum err e;

	if (!set_options(ctx))
		return diag_set(diag, ERR_IO, 0, "libunbound refuses an option");
	e = refuse_servers(ctx, conf, diag);
	if (e == OK)
		e = set_anchor(ctx, conf->trust_anchor, diag);
	if (e == OK)
		e = set_forward(ctx, conf->forward, diag);
	return e == OK ? set_stubs(ctx, conf->stub, diag) : e;
}

/* records DOMAIN: what to type into DNS, and whether its name servers answer it. */
#include <poll.h>

#include "app/client.h"
#include "app/commands.h"

#define WATCH_MS 5000
#define STRING_MAX 255u /* of one string of a TXT record */

static const struct option_spec options[] = {
	{ .name = "format",
	  .arg = "FORM",
	  .values = (const char *const[]){ "table", "zone", "mail", NULL },
	  .help = "table, zone (lines of a zone file) or mail (for whoever keeps the zone)" },
	{ .name = "watch", .help = "look again every five seconds until all are seen" },
	{ .name = "no-check", .help = "show what was found last, ask nobody now" },
};

struct record {
	const char *purpose, *name, *relative, *type, *value, *state, *mistake;
	long long ttl;
	const json_t *servers;
};

static struct record record_of(const json_t *r)
{
	return (struct record){
		.purpose = client_str(r, "purpose", "-"),
		.name = client_str(r, "name", "-"),
		.relative = client_str(r, "relative", "-"),
		.type = client_str(r, "type", "-"),
		.value = client_str(r, "value", NULL),
		.state = client_str(r, "state", "-"),
		.mistake = client_str(r, "mistake", NULL),
		.ttl = client_int(r, "ttl"),
		.servers = json_object_get(r, "servers"),
	};
}

static bool is_seen(const struct record *r)
{
	return strcmp(r->state, "seen") == 0 || strcmp(r->state, "flattened") == 0;
}

static const char *state_words(const struct record *r)
{
	static const char *const words[][2] = {
		{ "not-checked", "not checked" },
		{ "pending", "not yet seen" },
		{ "flattened", "seen as what is behind it (flattened), which is as good" },
		{ "wrong", "wrong: something else is there" },
		{ "waiting-for-you", "waiting for you to type this value" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i][0], r->state) == 0)
			return words[i][1];
	return r->state;
}

static const char *found_words(const struct cli *cli, const json_t *server)
{
	const json_t *found = json_object_get(server, "found");
	const char *text = "";

	for (size_t i = 0; i < json_array_size(found); i++)
		text = arena_printf(cli->arena, "%s%s%s", text, i == 0 ? "   " : "; ",
		                    json_string_value(json_array_get(found, i)));
	return text;
}

static void print_servers(const struct cli *cli, const struct record *r)
{
	for (size_t i = 0; i < json_array_size(r->servers); i++) {
		const json_t *s = json_array_get(r->servers, i);
		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "    %s %s  %s%s\n",
		                            client_str(s, "server", "-"),
		                            client_str(s, "address", "(no address)"),
		                            client_str(s, "state", "-"), found_words(cli, s)));
	}
}

static void print_table(const struct cli *cli, const struct record *r)
{
	cli_print_safe(cli->out,
	               arena_printf(cli->arena,
	                            "%s   %s\n  type   %s\n  value  %s\n  short name to type: "
	                            "%s\n  state  %s\n",
	                            r->name, r->purpose, r->type, r->value != NULL ? r->value : "-",
	                            r->relative, state_words(r)));
	print_servers(cli, r);
	if (r->mistake != NULL)
		cli_print_safe(cli->out, arena_printf(cli->arena, "  note   %s\n", r->mistake));
	(void)fputc('\n', cli->out);
}

/* Strings of at most 255 bytes each, in quotes: an unquoted semicolon would begin a comment. */
static const char *zone_text(const struct cli *cli, const char *value)
{
	struct slice rest = slice_str(value);
	const char *text = "";

	do {
		struct slice part = slice_head(rest, STRING_MAX);
		rest = slice_skip(rest, part.len);
		text = arena_printf(cli->arena, "%s%s\"", text, text[0] == '\0' ? "" : " ");
		for (size_t i = 0; i < part.len; i++)
			text = arena_printf(cli->arena, "%s%s%c", text,
			                    part.p[i] == '"' || part.p[i] == '\\' ? "\\" : "",
			                    part.p[i]);
		text = arena_printf(cli->arena, "%s\"", text);
	} while (rest.len > 0);
	return text;
}

static const char *zone_value(const struct cli *cli, const struct record *r)
{
	if (strcmp(r->type, "TXT") == 0)
		return zone_text(cli, r->value);
	return strcmp(r->type, "CNAME") == 0 ? arena_printf(cli->arena, "%s.", r->value) : r->value;
}

static void print_zone(const struct cli *cli, const struct record *r)
{
	if (r->value == NULL)
		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "; %s.: %s\n", r->name,
		                            r->mistake != NULL ? r->mistake : "nothing yet"));
	else
		cli_print_safe(cli->out, arena_printf(cli->arena, "%s. %lld IN %s %s\n", r->name,
		                                      r->ttl, r->type, zone_value(cli, r)));
}

static void print_mail(const struct cli *cli, const struct record *r)
{
	if (r->value == NULL)
		return;
	cli_print_safe(cli->out,
	               arena_printf(cli->arena,
	                            "Name:  %s  (in the zone: %s)\nType:  %s\nValue: %s\nTTL:   "
	                            "%lld\n%s%s%s\n",
	                            r->name, r->relative, r->type, r->value, r->ttl,
	                            r->mistake != NULL && !is_seen(r) ? "Note:  " : "",
	                            r->mistake != NULL && !is_seen(r) ? r->mistake : "",
	                            r->mistake != NULL && !is_seen(r) ? "\n" : ""));
}

/* A text to pass on as it stands. */
static void print_mail_head(const struct cli *cli, const json_t *answer)
{
	const char *domain = client_str(answer, "domain", cli->args[0]);

	cli_print_safe(
	        cli->out,
	        arena_printf(
	                cli->arena,
	                "Subject: DNS records for %s\n\nPlease add these records for %s. They "
	                "announce that mail to us is encrypted\n(MTA-STS, RFC 8461) and where "
	                "reports about it go (TLS-RPT, RFC 8460). They change\nnothing about how "
	                "mail is delivered today.\n\nMost DNS panels want the name as it is in the "
	                "zone and add the domain by themselves.\nType values without quotes and "
	                "without backslashes; do not switch a proxy on for them.\nA name that gets "
	                "a CNAME may have no other record: please remove what stands there.\n\n",
	                domain, domain));
}

static void print_all(const struct cli *cli, const json_t *answer)
{
	static const struct {
		const char *name;
		void (*print)(const struct cli *, const struct record *);
	} forms[] = { { "table", print_table }, { "zone", print_zone }, { "mail", print_mail } };
	const char *format = cli_has(cli, "format") ? cli_get(cli, "format") : "table";
	const json_t *records = json_object_get(answer, "records");
	size_t form = 0;

	while (form + 1 < ARRAY_LEN(forms) && strcmp(forms[form].name, format) != 0)
		form++;
	if (strcmp(format, "mail") == 0)
		print_mail_head(cli, answer);
	for (size_t i = 0; i < json_array_size(records); i++) {
		struct record r = record_of(json_array_get(records, i));
		forms[form].print(cli, &r);
	}
	const char *why = client_str(answer, "why", NULL);
	if (why != NULL && strcmp(format, "table") == 0)
		cli_print_safe(
		        cli->out,
		        arena_printf(cli->arena, "The name servers were not asked: %s\n", why));
}

/* Fresh from the name servers, or as it was found last. */
static int ask(const struct cli *cli, json_t **answer)
{
	if (cli_has(cli, "no-check"))
		return client_get(cli, client_path(cli, "/api/v1/domains/%s/records", cli->args[0]),
		                  answer);
	return client_request(cli, "POST",
	                      client_path(cli, "/api/v1/domains/%s/records/check", cli->args[0]),
	                      NULL, answer);
}

static bool all_seen(const json_t *answer)
{
	const json_t *records = json_object_get(answer, "records");

	for (size_t i = 0; i < json_array_size(records); i++) {
		struct record r = record_of(json_array_get(records, i));
		if (!is_seen(&r))
			return false;
	}
	return true;
}

/* One line for each record and look, on stderr, as long as something is missing. */
static void print_progress(const struct cli *cli, const json_t *answer)
{
	const json_t *records = json_object_get(answer, "records");

	for (size_t i = 0; i < json_array_size(records); i++) {
		struct record r = record_of(json_array_get(records, i));
		cli_print_safe(cli->err,
		               arena_printf(cli->arena, "%s %s: %s%s%s\n", r.name, r.type,
		                            state_words(&r), r.mistake != NULL ? "; " : "",
		                            r.mistake != NULL ? r.mistake : ""));
	}
	(void)fputc('\n', cli->err);
}

static int run(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = ask(cli, &answer);

	while (code == EXIT_GOOD && cli_has(cli, "watch") && !all_seen(answer)) {
		print_progress(cli, answer);
		json_decref(answer);
		(void)poll(NULL, 0, WATCH_MS); /* only passes time */
		code = ask(cli, &answer);
	}
	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	print_all(cli, answer);
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_records = {
	.name = "records",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "print the DNS records to publish, and whether they are seen",
	.details =
	        "Each authoritative server of the zone is asked directly, so that no cache delays\n"
	        "what you see. Other resolvers may remember an earlier answer for a while.",
	.examples = "mxseal records example.com\nmxseal records example.com --watch\n"
	            "mxseal records example.com --format mail\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

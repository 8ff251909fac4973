/* records DOMAIN: what to type into DNS. */
#include "app/client.h"
#include "app/commands.h"

static const struct option_spec options[] = {
	{ .name = "format",
	  .arg = "FORM",
	  .values = (const char *const[]){ "table", "zone", "mail", NULL },
	  .help = "a list, lines of a zone file, or a mail to whoever keeps the zone" },
};

struct record {
	const char *purpose, *name, *relative, *type, *value, *state, *mistake;
	long long ttl;
};

static struct record record_of(const json_t *r)
{
	return (struct record){
		.purpose = client_str(r, "purpose", "-"),
		.name = client_str(r, "name", "-"),
		.relative = client_str(r, "relative", "-"),
		.type = client_str(r, "type", "-"),
		.value = client_str(r, "value", "-"),
		.state = client_str(r, "state", "-"),
		.mistake = client_str(r, "mistake", NULL),
		.ttl = client_int(r, "ttl"),
	};
}

static void print_table(const struct cli *cli, const struct record *r)
{
	cli_print_safe(cli->out,
	               arena_printf(cli->arena,
	                            "%s   %s\n  type   %s\n  value  %s\n  short name to type: "
	                            "%s\n  state  %s%s%s\n\n",
	                            r->name, r->purpose, r->type, r->value, r->relative, r->state,
	                            r->mistake != NULL ? ": " : "",
	                            r->mistake != NULL ? r->mistake : ""));
}

/* Targets and text as a zone file wants them: a final dot, or quotes. */
static void print_zone(const struct cli *cli, const struct record *r)
{
	bool text = strcmp(r->type, "TXT") == 0, name = strcmp(r->type, "CNAME") == 0;

	cli_print_safe(cli->out, arena_printf(cli->arena, "%s. %lld IN %s %s%s%s\n", r->name,
	                                      r->ttl, r->type, text ? "\"" : "", r->value,
	                                      text   ? "\""
	                                      : name ? "."
	                                             : ""));
}

static void print_mail(const struct cli *cli, const struct record *r)
{
	cli_print_safe(cli->out,
	               arena_printf(cli->arena,
	                            "Name:  %s  (in the zone: %s)\nType:  %s\nValue: %s\n\n",
	                            r->name, r->relative, r->type, r->value));
}

static int run(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_get(cli, client_path(cli, "/api/v1/domains/%s/records", cli->args[0]),
	                      &answer);
	const char *format = cli_has(cli, "format") ? cli_get(cli, "format") : "table";

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	if (strcmp(format, "mail") == 0)
		cli_print_safe(
		        cli->out,
		        arena_printf(cli->arena,
		                     "Please add these records for %s. They announce that "
		                     "mail to us is encrypted (MTA-STS, RFC 8461)\nand where "
		                     "reports about it go (TLS-RPT, RFC 8460).\n\n",
		                     client_str(answer, "domain", cli->args[0])));
	const json_t *records = json_object_get(answer, "records");
	for (size_t i = 0; i < json_array_size(records); i++) {
		struct record r = record_of(json_array_get(records, i));

		if (strcmp(format, "zone") == 0)
			print_zone(cli, &r);
		else if (strcmp(format, "mail") == 0)
			print_mail(cli, &r);
		else
			print_table(cli, &r);
	}
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
	.summary = "print the DNS records to publish",
	.examples = "mxseal records example.com\nmxseal records example.com --format zone\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

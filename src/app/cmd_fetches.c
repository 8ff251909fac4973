/* domain fetches */
#include "app/client.h"
#include "app/commands.h"

static void print_row(const struct cli *cli, const json_t *f)
{
	int length = strcmp(client_str(f, "span", "day"), "month") == 0 ? 7 : 10; /* YYYY-MM-DD */

	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "%-10.*s  %-14s  %6lld  %-24s %9lld  %s\n", length,
	                            client_str(f, "day", "-"), client_str(f, "id", "-"),
	                            (long long)client_int(f, "status"),
	                            client_str(f, "network", "-"),
	                            (long long)client_int(f, "fetches"),
	                            client_time(cli, json_object_get(f, "last"))));
}

static void print_lost(const struct cli *cli, json_int_t lost)
{
	if (lost > 0)
		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "Not counted since the service started, of all "
		                            "domains: %lld\n",
		                            (long long)lost));
}

/* Edges answer this service like anybody else. */
static void print_own(const struct cli *cli, const json_t *own)
{
	json_int_t sum = 0;
	json_t *day;
	size_t i;

	json_array_foreach(own, i, day)
	{
		sum += client_int(day, "fetches");
	}
	if (sum > 0)
		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "Looks of this service itself among them, status 200: "
		                            "%lld\n",
		                            (long long)sum));
}

static int run(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(cli, client_path(cli, "/api/v1/domains/%s/fetches", cli->args[0]),
	                       &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	if (json_array_size(items) == 0)
		(void)fputs("Nobody has asked for its policy yet.\n", cli->err);
	else
		(void)fprintf(cli->out, "%-10s  %-14s  %6s  %-24s %9s  %s\n", "DAY", "ID", "STATUS",
		              "NETWORK", "FETCHES", "LAST");
	for (size_t i = 0; i < json_array_size(items); i++)
		print_row(cli, json_array_get(items, i));
	print_own(cli, json_object_get(answer, "own"));
	print_lost(cli, client_int(answer, "lost"));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_domain_fetches = {
	.name = "domain",
	.sub = "fetches",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "who fetched the policy of a domain, by day, id, status and network",
	.details =
	        "Senders fetch before any of them reports, so this is the first sign that the "
	        "chain\n"
	        "works. Networks are kept for 14 days, then only the counts; after 400 days those\n"
	        "of a month are one. What could not be counted is said, and how many of them were\n"
	        "looks of this service itself.",
	.examples =
	        "mxseal domain fetches example.com\nmxseal domain fetches example.com --jsonl\n",
	.run = run,
};

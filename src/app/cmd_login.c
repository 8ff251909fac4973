/* login and wait */
#include "app/client.h"
#include "app/commands.h"

static int run_login(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_request(cli, "POST", "/api/v1/login", NULL, &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	cli_print_safe(cli->out, arena_printf(cli->arena, "%s\n", client_str(answer, "url", "")));
	cli_print_safe(cli->err,
	               arena_printf(cli->arena, "Good once, until %s.\n",
	                            client_time(cli, json_object_get(answer, "expires"))));
	if (client_str(answer, "ssh", NULL) != NULL)
		cli_print_safe(cli->err,
		               arena_printf(cli->arena, "From another machine first: %s\n",
		                            client_str(answer, "ssh", "")));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_login = {
	.name = "login",
	.group = GROUP_SERVICE,
	.common = COMMON_JSON,
	.summary = "print a fresh one-time link to the dashboard",
	.examples = "mxseal login\n",
	.run = run_login,
};

static int run_wait(const struct cli *cli)
{
	json_t *answer = NULL;

	if (!cli_has(cli, "seq"))
		return cli_usage(cli, "--seq is missing");
	int code = client_get(cli, client_path(cli, "/api/v1/wait?seq=%s", cli_get(cli, "seq")),
	                      &answer);
	if (code != EXIT_GOOD)
		return code;
	if (!client_print_json(cli, answer))
		json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

static const struct option_spec wait_options[] = {
	{ .name = "seq", .arg = "N", .help = "the number that a change printed with --json" },
};

const struct command cmd_wait = {
	.name = "wait",
	.group = GROUP_SERVICE,
	.common = COMMON_JSON,
	.summary = "return when a change is served everywhere",
	.examples = "mxseal wait --seq 42\n",
	.options = wait_options,
	.option_count = ARRAY_LEN(wait_options),
	.run = run_wait,
};

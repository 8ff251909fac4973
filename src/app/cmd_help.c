#include "app/commands.h"
#include "app/help.h"

static int run(const struct cli *cli)
{
	size_t used = 0;
	const struct command *c = command_find(cli->args, cli->arg_count, &used);

	if (cli->arg_count == 0)
		help_program(cli->out, cli->arena);
	else if (c != NULL)
		help_command(cli->out, c, cli->arena);
	else if (command_is_family(cli->args[0]))
		help_family(cli->out, cli->args[0], cli->arena);
	else
		return cli_error(cli, EXIT_USAGE, cli->args[0], "no such command",
		                 "see mxseal help");
	return EXIT_GOOD;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.args_max = 2,
	.summary = "explain a command",
	.examples = "mxseal help\nmxseal help serve\n",
	.group = GROUP_TOOLS,
	.run = run,
};

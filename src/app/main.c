/* Where the program begins: a role of the service, or a command. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "app/boot.h"
#include "app/commands.h"
#include "app/help.h"
#include "app/options.h"

/* How the parent calls this program for a duty; not for people. */
#define ROLE_OPTION "--role="

static int no_command(const struct cli *cli, const char *const *words, size_t count)
{
	const char *near = command_nearest(words, count, cli->arena);
	const char *fix = near == NULL ? "see mxseal help"
	                               : arena_printf(cli->arena, "did you mean mxseal %s?", near);

	if (count == 1 && command_is_family(words[0])) {
		help_family(cli->err, words[0], cli->arena);
		return EXIT_USAGE;
	}
	if (count > 1 && command_is_family(words[0]))
		return cli_error(cli, EXIT_USAGE,
		                 arena_printf(cli->arena, "%s %s", words[0], words[1]),
		                 "no such command", fix);
	return cli_error(cli, EXIT_USAGE, words[0], "no such command", fix);
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int run_command(struct cli *cli, const char *const *words, size_t count)
{
	size_t used = 0;
	bool help = false;
	int code;

	if (count == 0 || is_one_of(words[0], "--help", "-h")) {
		help_program(cli->out, cli->arena);
		return EXIT_GOOD;
	}
	if (strcmp(words[0], "--version") == 0)
		return cmd_version.run(cli);
	if (count == 2 && is_one_of(words[1], "--help", "-h") && command_is_family(words[0]) &&
	    command_find(words, 1, &used) == NULL) {
		help_family(cli->out, words[0], cli->arena);
		return EXIT_GOOD;
	}
	cli->command = command_find(words, count, &used);
	if (cli->command == NULL)
		return no_command(cli, words, count);
	code = options_parse(cli, words + used, count - used, &help);
	if (code != EXIT_GOOD)
		return code;
	if (help) {
		help_command(cli->out, cli->command, cli->arena);
		return EXIT_GOOD;
	}
	return cli->command->run(cli);
}

int main(int argc, char **argv)
{
	struct cli cli = { .out = stdout, .err = stderr };
	int code;

	(void)prctl(PR_SET_NAME, "mxseal"); /* a child that starts /proc/self/exe is called exe */
	if (argc == 2 && strncmp(argv[1], ROLE_OPTION, strlen(ROLE_OPTION)) == 0)
		return boot_main(argv[1] + strlen(ROLE_OPTION));
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal; writes give EPIPE instead */
	cli.arena = arena_new();
	code = run_command(&cli, (const char *const *)argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
	code = cli_finish(&cli, code);
	arena_free(cli.arena);
	return code;
}

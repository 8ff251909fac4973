#include "app/command.h"

#include <errno.h>

#include "app/help.h"
#include "base/utf8.h"

static bool is(const struct cli_option *o, const char *name)
{
	return strcmp(o->spec->name, name) == 0;
}

size_t cli_count(const struct cli *cli, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < cli->given_count; i++)
		n += is(&cli->given[i], name) ? 1 : 0;
	return n;
}

const char *cli_nth(const struct cli *cli, const char *name, size_t i)
{
	for (size_t k = 0; k < cli->given_count; k++)
		if (is(&cli->given[k], name) && i-- == 0)
			return cli->given[k].value;
	return NULL;
}

bool cli_has(const struct cli *cli, const char *name)
{
	return cli_count(cli, name) > 0;
}

const char *cli_get(const struct cli *cli, const char *name)
{
	size_t n = cli_count(cli, name);

	return n == 0 ? NULL : cli_nth(cli, name, n - 1);
}

void cli_print_safe(FILE *f, const char *text)
{
	struct slice rest = slice_str(text);

	while (rest.len > 0) {
		uint32_t code;
		size_t n = utf8_next(rest, &code);

		/* err is the last resort; out is checked at the end */
		if ((code == UTF8_BROKEN && n == 1) || utf8_is_deceptive(code))
			(void)fputc('?', f);
		else
			(void)fwrite(rest.p, 1, n, f);
		rest = slice_skip(rest, n);
	}
}

int cli_error(const struct cli *cli, int code, const char *what, const char *why, const char *fix)
{
	cli_print_safe(cli->err, "mxseal: ");
	if (what != NULL) {
		cli_print_safe(cli->err, what);
		cli_print_safe(cli->err, ": ");
	}
	cli_print_safe(cli->err, why);
	cli_print_safe(cli->err, "\nfix: ");
	cli_print_safe(cli->err, fix != NULL ? fix : "look at the service's log, then try again");
	cli_print_safe(cli->err, "\n");
	return code;
}

int cli_usage(const struct cli *cli, const char *why)
{
	return cli_error(cli, EXIT_USAGE, NULL, why, help_usage(cli->command, cli->arena));
}

int cli_finish(const struct cli *cli, int code)
{
	if (fflush(cli->out) == 0 && ferror(cli->out) == 0)
		return code;
	if (errno == EPIPE)
		return code; /* the reader has seen enough */
	return cli_error(cli, EXIT_UNKNOWN, "standard output", "the result could not be written",
	                 "free some space or choose another place");
}

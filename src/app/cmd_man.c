/* `mxseal man SECTION`: a manual page in mdoc on stdout.  The build calls it; it is not shown. */
#include <stdlib.h>

#include "app/commands.h"
#include "app/man.h"
#include "base/num.h"
#include "net/clock.h"

static const char *const sections[] = { "1", "5", "7", NULL };

/* A build that can be repeated says its own time (reproducible-builds.org). */
static int64_t page_time(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t t;

	if (epoch != NULL && num_parse_i64(slice_str(epoch), &t) == OK && t >= 0)
		return t;
	return clock_now_s();
}

static int run(const struct cli *cli)
{
	static void (*const writers[])(FILE * out, int64_t now, struct arena * a) = {
		man_commands,
		man_conf,
		man_findings,
	};

	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		if (strcmp(sections[i], cli->args[0]) == 0)
			writers[i](cli->out, page_time(), cli->arena);
	return EXIT_GOOD;
}

const struct command cmd_man = {
	.name = "man",
	.args = "SECTION",
	.args_min = 1,
	.args_max = 1,
	.values = sections,
	.group = GROUP_HIDDEN,
	.summary = "print a manual page as mdoc",
	.examples = "mxseal man 5 | mandoc\n",
	.run = run,
};

#include "app/help.h"

#include "app/commands.h"
#include "app/options.h"
#include "app/prose.h"

const struct help_exit help_exits[] = {
	{ EXIT_GOOD, "good" },
	{ EXIT_FINDINGS, "findings at or above --fail-on, or input refused" },
	{ EXIT_USAGE, "wrong use" },
	{ EXIT_UNKNOWN, "could not find out: network, DNS, service not running" },
	{ EXIT_DENIED, "not allowed" },
	{ EXIT_CONFLICT, "conflict: taken, or changed meanwhile" },
	{ EXIT_GUARD, "a guard or gate of the rollout is not met" },
	{ EXIT_TEMPFAIL, "try again later" },
	{ 0, NULL },
};

const char *help_group(enum command_group group)
{
	static const char *const headings[] = {
		[GROUP_RUN] = "The service",
		[GROUP_OFFLINE] = "Without a service",
		[GROUP_SERVICE] = "With a running service",
		[GROUP_TOOLS] = "About this program",
		[GROUP_HIDDEN] = "Hidden",
	};

	return headings[group];
}

const char *help_usage(const struct command *c, struct arena *a)
{
	return arena_printf(a, "mxseal %s [OPTION…]%s%s", command_title(c, a),
	                    c->args == NULL ? "" : " ", c->args == NULL ? "" : c->args);
}

const char *help_option(const struct option_spec *o, struct arena *a)
{
	const char *letter = o->letter == 0 ? "" : arena_printf(a, "-%c, ", o->letter);

	return arena_printf(a, "%s--%s%s%s", letter, o->name, o->arg == NULL ? "" : " ",
	                    o->arg == NULL ? "" : o->arg);
}

static int columns(const char *s)
{
	return (int)prose_columns(slice_str(s));
}

static void two_columns(FILE *out, int width, const char *left, const char *right, struct arena *a)
{
	prose_fill(out, arena_printf(a, "  %s", left), slice_str(right), (unsigned)width + 4);
}

const char *help_option_text(const struct option_spec *o, struct arena *a)
{
	const char *text = o->help;

	for (size_t i = 0; o->values != NULL && o->values[i] != NULL; i++)
		text = arena_printf(a, "%s%s%s", text, i == 0 ? ": " : ", ", o->values[i]);
	return o->repeats ? arena_printf(a, "%s (may be repeated)", text) : text;
}

static void print_options(FILE *out, const struct command *c, struct arena *a)
{
	const struct option_spec *o;
	int width = 0;

	for (size_t i = 0; (o = options_nth(c, i)) != NULL; i++) {
		int n = columns(help_option(o, a));

		width = n > width ? n : width;
	}
	(void)fputs("\nOptions:\n", out);
	for (size_t i = 0; (o = options_nth(c, i)) != NULL; i++)
		two_columns(out, width, help_option(o, a), help_option_text(o, a), a);
}

static void indented(FILE *out, const char *text)
{
	struct slice rest = slice_str(text), line;

	while (slice_next_line(&rest, &line))
		(void)fprintf(out, "  %.*s\n", SLICE_ARGS(line));
}

void help_command(FILE *out, const struct command *c, struct arena *a)
{
	prose_fill(out, arena_printf(a, "mxseal %s: ", command_title(c, a)), slice_str(c->summary),
	           0);
	if (c->examples != NULL) {
		(void)fputs("\nExamples:\n", out);
		indented(out, c->examples);
	}
	(void)fprintf(out, "\nUsage:\n  %s\n", help_usage(c, a));
	print_options(out, c, a);
	if (c->details == NULL)
		return;
	(void)fputc('\n', out);
	prose_put(out, c->details, 0);
}

static void print_commands(FILE *out, const char *family, enum command_group group, int width,
                           struct arena *a)
{
	bool first = true;

	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = commands[i];

		if (c->group != group || (family != NULL && strcmp(family, c->name) != 0))
			continue;
		if (first)
			(void)fprintf(out, "\n%s:\n", help_group(group));
		first = false;
		two_columns(out, width, command_title(c, a), c->summary, a);
	}
}

static void print_groups(FILE *out, const char *family, struct arena *a)
{
	int width = 0;

	for (size_t i = 0; i < command_count; i++) {
		int n = columns(command_title(commands[i], a));

		width = n > width ? n : width;
	}
	for (unsigned g = GROUP_RUN; g < GROUP_HIDDEN; g++)
		print_commands(out, family, (enum command_group)g, width, a);
}

void help_family(FILE *out, const char *name, struct arena *a)
{
	(void)fprintf(out, "mxseal %s COMMAND\n", name);
	print_groups(out, name, a);
	(void)fprintf(out, "\nMore: mxseal %s COMMAND --help\n", name);
}

void help_program(FILE *out, struct arena *a)
{
	(void)fputs("mxseal: MTA-STS and TLS reports, hosted, watched and safely changed\n"
	            "\nExamples:\n"
	            "  mxseal serve --demo                   try it; nothing to configure\n"
	            "  mxseal policy lint mta-sts.txt        read a policy file\n"
	            "  mxseal report show google.json.gz     read a TLS report\n"
	            "\nUsage:\n  mxseal COMMAND [OPTION…] [ARGUMENT…]\n",
	            out);
	print_groups(out, NULL, a);
	(void)fputs("\nMore: mxseal COMMAND --help, man mxseal\n", out);
}

/*
 * `mxseal completion SHELL`: a script for bash, zsh or fish, from the table of commands.
 *
 * What an argument or a value can be is told by the word it is shown with (FILE, DOMAIN …), or
 * by its list of values.  Domains are asked of the running service when somebody presses the
 * key, quietly.  What a script does with the table stands in completion/SHELL.
 */
#include "advice/explain.h"
#include "app/commands.h"
#include "app/completion.h"
#include "app/options.h"
#include "base/buf.h"

#define QUOTED_MAX 4096u /* far beyond any line of the table */

enum kind { KIND_ANY, KIND_WORDS, KIND_FILE, KIND_DIR, KIND_DOMAIN };

/* What can stand at one place of a command line. */
struct place {
	enum kind kind;
	const char *shown; /* "FILE"; empty: there is no such place */
	const char *words; /* of KIND_WORDS: with a blank between */
};

static const struct {
	const char *shown;
	enum kind kind;
} kinds[] = {
	{ "FILE", KIND_FILE },
	{ "PATH", KIND_FILE },
	{ "DIR", KIND_DIR },
	{ "DOMAIN", KIND_DOMAIN },
};

static bool is_shown(const struct command *c)
{
	return c->group != GROUP_HIDDEN;
}

/* Whether commands[i] is the first that is shown with its first word. */
static bool is_first(size_t i)
{
	bool first = is_shown(commands[i]);

	for (size_t k = 0; first && k < i; k++)
		first = !is_shown(commands[k]) || strcmp(commands[k]->name, commands[i]->name) != 0;
	return first;
}

static bool is_sub_of(const struct command *c, const char *family)
{
	return is_shown(c) && c->sub != NULL && strcmp(c->name, family) == 0;
}

static const char *with(const char *text, const char *word, struct arena *a)
{
	return arena_printf(a, "%s%s%s", text, text[0] == '\0' ? "" : " ", word);
}

static const char *all_commands(struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < command_count; i++)
		if (is_first(i))
			text = with(text, commands[i]->name, a);
	return text;
}

static const char *all_codes(struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < explain_count(); i++)
		text = with(text, explain_at(i)->id, a);
	return text;
}

/* shown is as --help has it, e.g. "[DOMAIN]" or "PATH…"; its first word in capitals counts. */
static struct place place_of(const char *shown, const char *const *values, struct arena *a)
{
	struct slice word = slice_str(shown == NULL ? "" : shown);
	struct place p = { .kind = KIND_ANY, .words = "" };
	size_t n = 0;

	while (word.len > 0 && (word.p[0] < 'A' || word.p[0] > 'Z'))
		word = slice_skip(word, 1);
	while (n < word.len && word.p[n] >= 'A' && word.p[n] <= 'Z')
		n++;
	p.shown = arena_str(a, slice_head(word, n));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].shown, p.shown) == 0)
			p.kind = kinds[i].kind;
	for (size_t i = 0; values != NULL && values[i] != NULL; i++)
		p.words = with(p.words, values[i], a);
	if (strcmp(p.shown, "CODE") == 0)
		p.words = all_codes(a);
	if (strcmp(p.shown, "COMMAND") == 0)
		p.words = all_commands(a);
	if (p.words[0] != '\0')
		p.kind = KIND_WORDS;
	return p;
}

static struct place place_of_args(const struct command *c, struct arena *a)
{
	struct place p = place_of(c->args, c->values, a);

	if (c->new_name)
		p.kind = KIND_ANY;
	return p;
}

/*
 * text for a place between single quotes: a backslash before each of special, and quote for a
 * quote in it.  Backticks are marks (prose.h) and dropped.
 */
static const char *quoted(const char *text, const char *special, const char *quote, struct arena *a)
{
	struct buf out;

	buf_init(&out, QUOTED_MAX);
	for (; *text != '\0'; text++) {
		if (strchr(special, *text) != NULL)
			buf_add_char(&out, '\\');
		if (*text == '\'')
			buf_add_str(&out, quote);
		else if (*text != '`')
			buf_add_char(&out, *text);
	}
	const char *done = arena_str(a, buf_slice(&out));
	buf_fini(&out);
	return done;
}

/* Bash: three functions that echo words. */

static void bash_row(const struct cli *cli, const char *at, const char *words)
{
	(void)fprintf(cli->out, "\t'%s') echo '%s' ;;\n", at, words);
}

static void bash_offer(const struct cli *cli, const char *at, const struct place *p)
{
	static const char *const marks[] = { [KIND_ANY] = "<any>",
		                             [KIND_FILE] = "<file>",
		                             [KIND_DIR] = "<dir>",
		                             [KIND_DOMAIN] = "<domain>" };

	bash_row(cli, at, p->kind == KIND_WORDS ? p->words : marks[p->kind]);
}

static void bash_command_options(const struct cli *cli, const struct command *c)
{
	const struct option_spec *o;
	const char *words = "";

	for (size_t k = 0; (o = options_nth(c, k)) != NULL; k++)
		words = with(words, arena_printf(cli->arena, "--%s", o->name), cli->arena);
	bash_row(cli, command_title(c, cli->arena), words);
}

static void bash_command_offers(const struct cli *cli, const struct command *c)
{
	const char *title = command_title(c, cli->arena);
	const struct option_spec *o;
	struct place p = place_of_args(c, cli->arena);

	bash_offer(cli, title, &p);
	for (size_t k = 0; (o = options_nth(c, k)) != NULL; k++) {
		if (o->arg == NULL)
			continue;
		p = place_of(o->arg, o->values, cli->arena);
		bash_offer(cli, arena_printf(cli->arena, "%s --%s", title, o->name), &p);
	}
}

static void bash_families(const struct cli *cli)
{
	bash_row(cli, "", all_commands(cli->arena));
	for (size_t i = 0; i < command_count; i++) {
		const char *words = "";

		if (!is_first(i) || commands[i]->sub == NULL)
			continue;
		for (size_t k = i; k < command_count; k++)
			if (is_sub_of(commands[k], commands[i]->name))
				words = with(words, commands[k]->sub, cli->arena);
		bash_row(cli, commands[i]->name, words);
	}
}

static void bash_function(const struct cli *cli, const char *name,
                          void (*row)(const struct cli *cli, const struct command *c))
{
	(void)fprintf(cli->out, "%s() {\n\tcase $1 in\n", name);
	for (size_t i = 0; row != NULL && i < command_count; i++)
		if (is_shown(commands[i]))
			row(cli, commands[i]);
	if (row == NULL)
		bash_families(cli);
	(void)fputs("\tesac\n}\n\n", cli->out);
}

static void bash(const struct cli *cli)
{
	(void)fputs("# made by: mxseal completion bash\n\n# What follows a first word.\n",
	            cli->out);
	bash_function(cli, "_mxseal_subs", NULL);
	(void)fputs("# The options of a command.\n", cli->out);
	bash_function(cli, "_mxseal_options", bash_command_options);
	(void)fputs("# What goes behind a command, or behind a command and its option.\n",
	            cli->out);
	bash_function(cli, "_mxseal_offer", bash_command_offers);
	(void)fputs(completion_bash, cli->out);
}

/* Zsh: arrays for _describe, and a line of _arguments for each command. */

static void zsh_describe(const struct cli *cli, const char *word, const char *summary)
{
	(void)fprintf(cli->out, "\t\t\t'%s:%s'\n", word,
	              quoted(summary, ":\\", "'\\''", cli->arena));
}

static void zsh_families(const struct cli *cli)
{
	(void)fputs("# What follows a first word.\n_mxseal_subs() {\n\tcase $1 in\n\t'')\n"
	            "\t\toffer=(\n",
	            cli->out);
	for (size_t i = 0; i < command_count; i++)
		if (is_first(i))
			zsh_describe(cli, commands[i]->name,
			             commands[i]->sub == NULL ? commands[i]->summary : "…");
	(void)fputs("\t\t) ;;\n", cli->out);
	for (size_t i = 0; i < command_count; i++) {
		if (!is_first(i) || commands[i]->sub == NULL)
			continue;
		(void)fprintf(cli->out, "\t%s)\n\t\toffer=(\n", commands[i]->name);
		for (size_t k = i; k < command_count; k++)
			if (is_sub_of(commands[k], commands[i]->name))
				zsh_describe(cli, commands[k]->sub, commands[k]->summary);
		(void)fputs("\t\t) ;;\n", cli->out);
	}
	(void)fputs("\tesac\n}\n\n", cli->out);
}

static const char *zsh_action(const struct place *p, struct arena *a)
{
	static const char *const actions[] = { [KIND_ANY] = " ",
		                               [KIND_FILE] = "_files",
		                               [KIND_DIR] = "_files -/",
		                               [KIND_DOMAIN] = "_mxseal_domains" };

	return p->kind == KIND_WORDS ? arena_printf(a, "(%s)", p->words) : actions[p->kind];
}

static void zsh_option(const struct cli *cli, const struct option_spec *o)
{
	struct place p = place_of(o->arg, o->values, cli->arena);

	(void)fprintf(cli->out, " \\\n\t\t\t'%s--%s%s[%s]", o->repeats ? "*" : "", o->name,
	              o->arg == NULL ? "" : "=", quoted(o->help, "[]\\", "'\\''", cli->arena));
	if (o->arg != NULL)
		(void)fprintf(cli->out, ":%s:%s", p.shown, zsh_action(&p, cli->arena));
	(void)fputc('\'', cli->out);
}

static void zsh_arguments(const struct cli *cli, const struct command *c)
{
	struct place p = place_of_args(c, cli->arena);
	const struct option_spec *o;

	(void)fprintf(cli->out, "\t'%s')\n\t\t_arguments", command_title(c, cli->arena));
	for (size_t k = 0; (o = options_nth(c, k)) != NULL; k++)
		zsh_option(cli, o);
	if (c->args != NULL)
		(void)fprintf(cli->out, " \\\n\t\t\t'%s:%s:%s'", c->args_max > 1 ? "*" : "1",
		              p.shown, zsh_action(&p, cli->arena));
	(void)fputs(" ;;\n", cli->out);
}

static void zsh(const struct cli *cli)
{
	(void)fputs("#compdef mxseal\n# made by: mxseal completion zsh\n\n", cli->out);
	zsh_families(cli);
	(void)fputs("# What a command takes.\n_mxseal_arguments() {\n\tcase $1 in\n", cli->out);
	for (size_t i = 0; i < command_count; i++)
		if (is_shown(commands[i]))
			zsh_arguments(cli, commands[i]);
	(void)fputs("\tesac\n}\n\n", cli->out);
	(void)fputs(completion_zsh, cli->out);
}

/* Fish: a line for each thing that can be completed. */

static void fish_line(const struct cli *cli, const char *where, const char *what,
                      const char *description)
{
	(void)fprintf(cli->out, "complete -c mxseal -n '%s' %s%s%s%s\n", where, what,
	              description == NULL ? "" : " -d '",
	              description == NULL ? "" : quoted(description, "\\", "\\'", cli->arena),
	              description == NULL ? "" : "'");
}

static const char *fish_source(const struct place *p, struct arena *a)
{
	static const char *const sources[] = { [KIND_ANY] = "-x",
		                               [KIND_FILE] = "-r -F",
		                               [KIND_DIR] = "-x -a '(__fish_complete_directories)'",
		                               [KIND_DOMAIN] = "-x -a '(__mxseal_domains)'" };

	return p->kind == KIND_WORDS ? arena_printf(a, "-x -a '%s'", p->words) : sources[p->kind];
}

static void fish_command(const struct cli *cli, const struct command *c)
{
	struct place p = place_of_args(c, cli->arena);
	const char *at = arena_printf(cli->arena, "__mxseal_at %s", command_title(c, cli->arena));
	const struct option_spec *o;

	if (c->sub != NULL)
		fish_line(cli, arena_printf(cli->arena, "__mxseal_just %s", c->name),
		          arena_printf(cli->arena, "-a %s", c->sub), c->summary);
	if (p.kind != KIND_ANY)
		fish_line(cli, at, p.kind == KIND_FILE ? "-F" : fish_source(&p, cli->arena), NULL);
	for (size_t k = 0; (o = options_nth(c, k)) != NULL; k++) {
		p = place_of(o->arg, o->values, cli->arena);
		fish_line(cli, at,
		          arena_printf(cli->arena, "-l %s%s%s", o->name, o->arg == NULL ? "" : " ",
		                       o->arg == NULL ? "" : fish_source(&p, cli->arena)),
		          o->help);
	}
}

static void fish(const struct cli *cli)
{
	(void)fputs(completion_fish, cli->out);
	for (size_t i = 0; i < command_count; i++) {
		if (is_first(i))
			fish_line(cli, "__mxseal_just",
			          arena_printf(cli->arena, "-a %s", commands[i]->name),
			          commands[i]->sub == NULL ? commands[i]->summary : NULL);
		if (is_shown(commands[i]))
			fish_command(cli, commands[i]);
	}
}

static const struct {
	const char *name;
	void (*write)(const struct cli *cli);
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

static const char *const shell_names[] = { "bash", "zsh", "fish", NULL };

static int run(const struct cli *cli)
{
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i].name, cli->args[0]) == 0)
			shells[i].write(cli);
	return EXIT_GOOD;
}

const struct command cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.args_min = 1,
	.args_max = 1,
	.values = shell_names,
	.group = GROUP_TOOLS,
	.summary = "print the completion script of a shell: bash, zsh or fish",
	.details =
	        "An installed mxseal brings these scripts along. Domains are completed while the "
	        "service runs.",
	.examples = "source <(mxseal completion bash)\n"
	            "mxseal completion zsh > \"${fpath[1]}/_mxseal\"\n"
	            "mxseal completion fish > ~/.config/fish/completions/mxseal.fish\n",
	.run = run,
};

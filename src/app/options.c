#include "app/options.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/nearest.h"

static const char *const color_values[] = { "auto", "always", "never", NULL };

/* set: the bit of enum common that brings the option; 0: always there. */
static const struct shared {
	unsigned set;
	struct option_spec spec;
} shared[] = {
	{ COMMON_JSON, { .name = "json", .help = "print one JSON object" } },
	{ COMMON_JSONL, { .name = "jsonl", .help = "print one JSON object a line" } },
	{ COMMON_YES, { .name = "yes", .help = "ask nothing" } },
	{ COMMON_DRY_RUN, { .name = "dry-run", .help = "say what would happen, change nothing" } },
	{ COMMON_STATE,
	  { .name = "state", .arg = "DIR", .help = "the state directory of the service" } },
	{ 0,
	  { .name = "color", .arg = "WHEN", .help = "colours and bold", .values = color_values } },
	{ 0, { .name = "help", .help = "show this", .letter = 'h' } },
};

static unsigned common_of(const struct command *c)
{
	return c->common | (c->group == GROUP_SERVICE ? (unsigned)COMMON_STATE : 0);
}

const struct option_spec *options_nth(const struct command *c, size_t i)
{
	if (i < c->option_count)
		return &c->options[i];
	i -= c->option_count;
	for (size_t k = 0; k < ARRAY_LEN(shared); k++) {
		if (shared[k].set != 0 && (shared[k].set & common_of(c)) == 0)
			continue;
		if (i-- == 0)
			return &shared[k].spec;
	}
	return NULL;
}

const struct option_spec *options_shared(size_t i)
{
	return i < ARRAY_LEN(shared) ? &shared[i].spec : NULL;
}

static const struct option_spec *by_name(const struct command *c, struct slice name)
{
	const struct option_spec *o;

	for (size_t i = 0; (o = options_nth(c, i)) != NULL; i++)
		if (slice_eq(slice_str(o->name), name))
			return o;
	return NULL;
}

static const struct option_spec *by_letter(const struct command *c, char letter)
{
	const struct option_spec *o;

	for (size_t i = 0; (o = options_nth(c, i)) != NULL; i++)
		if (o->letter != 0 && o->letter == letter)
			return o;
	return NULL;
}

static const char *see_help(const struct cli *cli)
{
	return arena_printf(cli->arena, "see mxseal %s --help",
	                    command_title(cli->command, cli->arena));
}

static int unknown(const struct cli *cli, const char *word)
{
	struct nearest n;
	const struct option_spec *o;
	const char *name = arena_str(cli->arena, slice_head(slice_str(word), strcspn(word, "=")));

	nearest_init(&n, name);
	for (size_t i = 0; (o = options_nth(cli->command, i)) != NULL; i++)
		nearest_offer(&n, arena_printf(cli->arena, "--%s", o->name));
	return cli_error(cli, EXIT_USAGE, name, "no such option",
	                 n.best == NULL ? see_help(cli)
	                                : arena_printf(cli->arena, "did you mean %s?", n.best));
}

/* values as in struct option_spec: NULL allows everything. */
static bool allowed(const char *const *values, const char *value)
{
	bool found = values == NULL;

	for (size_t i = 0; !found && values[i] != NULL; i++)
		found = strcmp(values[i], value) == 0;
	return found;
}

static const char *choices(const struct cli *cli, const char *const *values)
{
	char *text = arena_printf(cli->arena, "use %s", values[0]);

	for (size_t i = 1; values[i] != NULL; i++)
		text = arena_printf(cli->arena, "%s%s%s", text,
		                    values[i + 1] == NULL ? " or " : ", ", values[i]);
	return text;
}

/* The state of one parse: lists that grow up to the number of words. */
struct parse {
	struct cli *cli;
	struct cli_option *given;
	const char **args;
	bool only_args;
};

static int keep(struct parse *p, const struct option_spec *o, const char *value)
{
	const char *name = arena_printf(p->cli->arena, "--%s", o->name);

	if (!o->repeats && cli_has(p->cli, o->name))
		return cli_error(p->cli, EXIT_USAGE, name, "given twice", "give it once");
	if (value != NULL && !allowed(o->values, value))
		return cli_error(p->cli, EXIT_USAGE, name, "no such value",
		                 choices(p->cli, o->values));
	p->given[p->cli->given_count++] = (struct cli_option){ o, value };
	return EXIT_GOOD;
}

/* Handles words[*i], which begins with a dash; takes the next word when it is the value. */
static int option(struct parse *p, const char *const *words, size_t count, size_t *i)
{
	const char *word = words[*i], *value = NULL;
	const struct option_spec *o;

	if (word[1] == '-') {
		struct slice name = slice_str(word + 2), after;

		if (slice_cut(name, '=', &name, &after))
			value = after.p; /* ends where the word ends */
		o = by_name(p->cli->command, name);
	} else {
		o = by_letter(p->cli->command, word[1]);
		value = word[2] != '\0' ? word + 2 : NULL;
	}
	if (o == NULL)
		return unknown(p->cli, word);
	if (o->arg == NULL && value != NULL)
		return cli_error(p->cli, EXIT_USAGE, word, "this option takes no value",
		                 see_help(p->cli));
	if (o->arg != NULL && value == NULL) {
		if (*i + 1 >= count)
			return cli_error(p->cli, EXIT_USAGE, word, "needs a value",
			                 arena_printf(p->cli->arena, "write %s %s", word, o->arg));
		value = words[++*i];
	}
	return keep(p, o, value);
}

static bool wants_color(const struct cli *cli)
{
	const char *when = cli_get(cli, "color");
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != NULL && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	if (none != NULL && none[0] != '\0')
		return false;
	if (term != NULL && strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(cli->out)) == 1;
}

static int finish(struct cli *cli)
{
	cli->json = cli_has(cli, "json");
	cli->jsonl = cli_has(cli, "jsonl");
	cli->yes = cli_has(cli, "yes");
	cli->dry_run = cli_has(cli, "dry-run");
	cli->state = cli_get(cli, "state");
	cli->color = wants_color(cli);
	cli->progress = isatty(fileno(cli->err)) == 1;
	if (cli->json && cli->jsonl)
		return cli_usage(cli, "--json and --jsonl exclude each other");
	if (cli->arg_count < cli->command->args_min)
		return cli_usage(cli, "something is missing");
	if (cli->arg_count > cli->command->args_max)
		return cli_usage(cli, "too many arguments");
	for (size_t i = 0; i < cli->arg_count; i++)
		if (!allowed(cli->command->values, cli->args[i]))
			return cli_error(cli, EXIT_USAGE, cli->args[i], "no such choice",
			                 choices(cli, cli->command->values));
	return EXIT_GOOD;
}

int options_parse(struct cli *cli, const char *const *words, size_t count, bool *help_out)
{
	struct parse p = { .cli = cli };
	int code = EXIT_GOOD;

	p.given = arena_calloc(cli->arena, count + 1, sizeof(*p.given));
	p.args = arena_calloc(cli->arena, count + 1, sizeof(*p.args));
	cli->given = p.given;
	cli->args = p.args;
	for (size_t i = 0; i < count && code == EXIT_GOOD; i++) {
		if (!p.only_args && strcmp(words[i], "--") == 0)
			p.only_args = true;
		else if (!p.only_args && words[i][0] == '-' && words[i][1] != '\0')
			code = option(&p, words, count, &i);
		else
			p.args[cli->arg_count++] = words[i];
		if (code == EXIT_GOOD && cli_has(cli, "help")) {
			*help_out = true;
			return EXIT_GOOD;
		}
	}
	return code == EXIT_GOOD ? finish(cli) : code;
}

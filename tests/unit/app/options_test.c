#include "app/commands.h"
#include "app/help.h"
#include "app/nearest.h"
#include "app/options.h"
#include "unit/test.h"

static const char *const modes[] = { "testing", "enforce", NULL };
static const struct option_spec options[] = {
	{ .name = "mode", .arg = "MODE", .help = "x", .values = modes },
	{ .name = "mx", .arg = "PATTERN", .help = "x", .repeats = true },
	{ .name = "now", .help = "x" },
	{ .name = "file", .arg = "FILE", .help = "x", .letter = 'f' },
};
static const struct command command = {
	.name = "try",
	.sub = "it",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 2,
	.summary = "x",
	.common = COMMON_READER | COMMON_WRITER,
	.group = GROUP_SERVICE,
	.options = options,
	.option_count = ARRAY_LEN(options),
};

#define WORDS_MAX 6u

static const struct row {
	const char *label;
	const char *words[WORDS_MAX];
	int code;
	const char *says; /* on err, when refused */
} rows[] = {
	{ "one argument", { "a" }, EXIT_GOOD, NULL },
	{ "none", { NULL }, EXIT_USAGE, "something is missing" },
	{ "three", { "a", "b", "c" }, EXIT_USAGE, "too many arguments" },
	{ "value behind =", { "a", "--mode=enforce" }, EXIT_GOOD, NULL },
	{ "value in the next word", { "--mode", "enforce", "a" }, EXIT_GOOD, NULL },
	{ "value that looks like an option", { "--mx", "--now", "a" }, EXIT_GOOD, NULL },
	{ "short form", { "-f", "x", "a" }, EXIT_GOOD, NULL },
	{ "short form with its value", { "-fx", "a" }, EXIT_GOOD, NULL },
	{ "repeated", { "--mx=a", "--mx=b", "a" }, EXIT_GOOD, NULL },
	{ "repeated but may not be", { "--now", "--now", "a" }, EXIT_USAGE, "given twice" },
	{ "value not in the list", { "--mode=off", "a" }, EXIT_USAGE, "use testing or enforce" },
	{ "value missing", { "a", "--mode" }, EXIT_USAGE, "needs a value" },
	{ "value for a flag", { "a", "--now=1" }, EXIT_USAGE, "takes no value" },
	{ "unknown", { "a", "--mdoe=x" }, EXIT_USAGE, "did you mean --mode?" },
	{ "unknown letter", { "a", "-x" }, EXIT_USAGE, "no such option" },
	{ "abbreviated", { "a", "--mod=enforce" }, EXIT_USAGE, "did you mean --mode?" },
	{ "behind --", { "--", "--mode" }, EXIT_GOOD, NULL },
	{ "a lone dash", { "-" }, EXIT_GOOD, NULL },
	{ "both forms of output", { "a", "--json", "--jsonl" }, EXIT_USAGE, "exclude each other" },
	{ "common options",
	  { "a", "--json", "--yes", "--dry-run", "--state=/x" },
	  EXIT_GOOD,
	  NULL },
};

/* Parses words with err going to text; everything else lives in the arena. */
static int parse(struct cli *cli, const char *const *words, bool *help, char *text, size_t size)
{
	size_t n = 0;
	int code;

	memset(text, 0, size);
	cli->err = fmemopen(text, size - 1, "w");
	cli->out = cli->err;
	cli->command = &command;
	while (n < WORDS_MAX && words[n] != NULL)
		n++;
	code = options_parse(cli, words, n, help);
	(void)fclose(cli->err); /* memory only */
	return code;
}

TEST(words_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cli cli = { .arena = arena_new() };
		char text[1024];
		bool help = false;

		EXPECT(parse(&cli, rows[i].words, &help, text, sizeof(text)) == rows[i].code,
		       rows[i].label);
		EXPECT(!help, rows[i].label);
		EXPECT(rows[i].says == NULL || strstr(text, rows[i].says) != NULL, rows[i].label);
		EXPECT(rows[i].code == EXIT_GOOD || strstr(text, "fix: ") != NULL, rows[i].label);
		arena_free(cli.arena);
	}
}

TEST(values_are_found)
{
	const char *const words[] = { "--mx=a", "dom", "--mx", "b", "--json", NULL };
	struct cli cli = { .arena = arena_new() };
	char text[256];
	bool help = false;

	EXPECT(parse(&cli, words, &help, text, sizeof(text)) == EXIT_GOOD, "good");
	EXPECT(cli_count(&cli, "mx") == 2 && cli_count(&cli, "mode") == 0, "how often");
	EXPECT(strcmp(cli_nth(&cli, "mx", 0), "a") == 0, "the first");
	EXPECT(strcmp(cli_get(&cli, "mx"), "b") == 0, "the last");
	EXPECT(cli_get(&cli, "mode") == NULL && cli_nth(&cli, "mx", 2) == NULL, "none");
	EXPECT(cli.json && !cli.jsonl && !cli.color, "flags; no colour without a terminal");
	EXPECT(cli.arg_count == 1 && strcmp(cli.args[0], "dom") == 0, "the argument between");
	arena_free(cli.arena);
}

TEST(help_wins_over_mistakes_behind_it)
{
	const char *const words[] = { "--help", "--nonsense", NULL };
	struct cli cli = { .arena = arena_new() };
	char text[256];
	bool help = false;

	EXPECT(parse(&cli, words, &help, text, sizeof(text)) == EXIT_GOOD && help, "help");
	arena_free(cli.arena);
}

TEST(errors_cannot_drive_a_terminal)
{
	const char *const words[] = { "a", "--\033[31m", NULL };
	struct cli cli = { .arena = arena_new() };
	char text[256];
	bool help = false;

	EXPECT(parse(&cli, words, &help, text, sizeof(text)) == EXIT_USAGE, "refused");
	EXPECT(strchr(text, '\033') == NULL, "no escape comes through");
	arena_free(cli.arena);
}

TEST(near_words_are_found)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} words[] = {
		{ "", "", 0 },
		{ "lint", "lint", 0 },
		{ "lint", "LINT", 0 },
		{ "lnit", "lint", 1 },
		{ "lin", "lint", 1 },
		{ "lintx", "lint", 1 },
		{ "dry_run", "dry-run", 0 },
		{ "abc", "xyz", 3 },
		{ "", "abc", 3 },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		EXPECT(nearest_distance(words[i].a, words[i].b) == words[i].distance, words[i].a);
		EXPECT(nearest_distance(words[i].b, words[i].a) == words[i].distance, words[i].a);
	}
}

TEST(commands_are_found)
{
	const char *const serve[] = { "serve", "--demo" }, *const near[] = { "polcy", "lint" };
	const char *const family[] = { "policy" }, *const sub[] = { "policy", "lnt" };
	struct arena *a = arena_new();
	size_t used = 0;

	EXPECT(command_find(serve, 2, &used) == &cmd_serve && used == 1, "a single word");
	EXPECT(command_find(family, 1, &used) == NULL && command_is_family("policy"), "a family");
	EXPECT(strcmp(command_nearest(near, 2, a), "policy lint") == 0, "a family mistyped");
	EXPECT(strcmp(command_nearest(sub, 2, a), "policy lint") == 0, "a member mistyped");
	arena_free(a);
}

/* Every row of the real table is complete, so that help, manual page and completion are. */
TEST(every_command_is_documented)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = commands[i];
		const char *title = command_title(c, a);
		const struct option_spec *o;
		size_t used;
		const char *const words[] = { c->name, c->sub };

		EXPECT(command_find(words, c->sub == NULL ? 1 : 2, &used) == c, title);
		EXPECT(c->run != NULL && c->args_min <= c->args_max, title);
		EXPECT((c->args != NULL) == (c->args_max > 0), title);
		EXPECT(c->summary[strlen(c->summary) - 1] != '.', title);
		EXPECT(c->group == GROUP_HIDDEN || c->examples != NULL, title);
		for (size_t k = 0; (o = options_nth(c, k)) != NULL; k++) {
			EXPECT(o->help[0] != '\0' && o->help[strlen(o->help) - 1] != '.', o->name);
			for (size_t m = 0; m < k; m++)
				EXPECT(strcmp(o->name, options_nth(c, m)->name) != 0, o->name);
		}
	}
	arena_free(a);
}

TEST_MAIN(UNIT(words_are_read), UNIT(values_are_found), UNIT(help_wins_over_mistakes_behind_it),
          UNIT(errors_cannot_drive_a_terminal), UNIT(near_words_are_found),
          UNIT(commands_are_found), UNIT(every_command_is_documented))

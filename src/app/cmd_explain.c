/* `mxseal explain`: what a code means and what to do, from the texts of advice/explain. */
#include <jansson.h>

#include "advice/explain.h"
#include "app/command.h"
#include "app/commands.h"
#include "app/prose.h"
#include "base/buf.h"

static const char *const platforms[] = { "GW", "M365", "PF", "EX", NULL };

/* One paragraph; a line that begins with "$ " stands alone and is not wrapped. */
static void put_paragraph(FILE *out, const char *lead, struct slice line, unsigned indent)
{
	if (slice_starts(line, S("$ ")))
		(void)fprintf(out, "%*s%.*s\n", (int)indent + 2, "", SLICE_ARGS(line));
	else
		prose_fill(out, lead, line, indent);
}

static void put_text(FILE *out, const char *text, unsigned indent)
{
	struct slice rest = slice_str(text), line;

	while (slice_next_line(&rest, &line))
		put_paragraph(out, "", line, indent);
}

static void put_heading(const struct cli *cli, const char *words)
{
	(void)fprintf(cli->out, cli->color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", words);
}

static bool wanted(const struct cli *cli, enum platform p)
{
	const char *only = cli_get(cli, "platform");

	return only == NULL || strcmp(only, platform_key(p)) == 0;
}

static void put_fixes(const struct cli *cli, const struct explain_entry *e)
{
	put_heading(cli, "Fix");
	if (e->same_fix) {
		put_text(cli->out, e->fix[0], 2);
		return;
	}
	for (enum platform p = PLATFORM_GW; p < PLATFORM_COUNT; p++) {
		if (!wanted(cli, p))
			continue;
		(void)fprintf(cli->out, "  %s\n", platform_name(p));
		put_text(cli->out, e->fix[p], 4);
	}
}

static void put_entry(const struct cli *cli, const struct explain_entry *e)
{
	(void)fprintf(cli->out, cli->color ? "\033[1m%s\033[0m (%s)\n" : "%s (%s)\n", e->id,
	              explain_kind_name(e->kind));
	put_text(cli->out, e->title, 0);
	(void)fputc('\n', cli->out);
	put_text(cli->out, e->plain, 2);
	put_heading(cli, "Impact");
	if (e->testing == e->enforce)
		(void)fprintf(cli->out, "  %s\n", explain_impact_words(e->enforce));
	else
		(void)fprintf(cli->out, "  testing  %s\n  enforce  %s\n",
		              explain_impact_words(e->testing), explain_impact_words(e->enforce));
	put_heading(cli, "Causes, most likely first");
	for (size_t i = 0; e->causes[i] != NULL; i++) {
		put_paragraph(cli->out, arena_printf(cli->arena, "  %zu.", i + 1),
		              slice_str(e->causes[i]), 5);
	}
	put_fixes(cli, e);
	put_heading(cli, "Verify");
	put_text(cli->out, e->verify, 2);
	(void)fprintf(cli->out, "\nSee %s.\n", e->see);
}

/* Prints one line of JSON; the strings are constants of ours and always fit. */
static void put_json(const struct cli *cli, json_t *root)
{
	(void)json_dumpf(root, cli->out, JSON_COMPACT); /* cli_finish asks for errors */
	(void)fputc('\n', cli->out);
	json_decref(root);
}

static json_t *json_entry(const struct explain_entry *e)
{
	json_t *causes = json_array(), *fix = json_object();

	for (size_t i = 0; e->causes[i] != NULL; i++)
		(void)json_array_append_new(causes, json_string(e->causes[i]));
	for (enum platform p = PLATFORM_GW; p < PLATFORM_COUNT; p++)
		(void)json_object_set_new(fix, platform_key(p), json_string(e->fix[p]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:o, s:s, s:s}", "schema",
	                 "mxseal.explain/1", "id", e->id, "kind", explain_kind_name(e->kind),
	                 "title", e->title, "plain", e->plain, "impact", "testing",
	                 explain_impact_words(e->testing), "enforce",
	                 explain_impact_words(e->enforce), "causes", causes, "fix", fix, "verify",
	                 e->verify, "see", e->see);
}

static int unknown(const struct cli *cli, const char *text)
{
	const struct explain_entry *near[EXPLAIN_NEAREST];

	explain_nearest(slice_str(text), near);
	if (cli->json || cli->jsonl) {
		put_json(cli, json_pack("{s:s, s:n, s:[s, s, s]}", "schema", "mxseal.explain/1",
		                        "id", "nearest", near[0]->id, near[1]->id, near[2]->id));
		return cli_finish(cli, EXIT_FINDINGS);
	}
	const char *fix = arena_printf(cli->arena, "nearest are: %s, %s, %s", near[0]->id,
	                               near[1]->id, near[2]->id);
	return cli_error(cli, EXIT_FINDINGS, text, "no such code is known here", fix);
}

/* Words that were not quoted are one code: explain bad https response code: 404 */
static const char *joined(const struct cli *cli)
{
	struct buf b;

	buf_init(&b, EXPLAIN_TEXT_MAX);
	for (size_t i = 0; i < cli->arg_count; i++) {
		if (i > 0)
			buf_add_char(&b, ' ');
		buf_add(&b, slice_head(slice_str(cli->args[i]), EXPLAIN_TEXT_MAX / 2));
	}
	const char *text = arena_str(cli->arena, buf_slice(&b));
	buf_fini(&b);
	return text;
}

static int run(const struct cli *cli)
{
	const char *text = joined(cli);
	const struct explain_entry *e = explain_find(slice_str(text));

	if (e == NULL)
		return unknown(cli, text);
	if (cli->json || cli->jsonl)
		put_json(cli, json_entry(e));
	else
		put_entry(cli, e);
	return cli_finish(cli, EXIT_GOOD);
}

static const struct option_spec options[] = {
	{ .name = "platform",
	  .arg = "KEY",
	  .help = "only the fix for Google Workspace, Microsoft 365, Postfix or Exchange",
	  .values = platforms },
};

const struct command cmd_explain = {
	.name = "explain",
	.args = "CODE…",
	.args_min = 1,
	.args_max = ARGS_MANY,
	.group = GROUP_OFFLINE,
	.common = COMMON_READER,
	.summary = "say what a code means and what to do about it",
	.details = "CODE is a result type or reason code of a report, a note or fault code of\n"
	           "mxseal, a finding, the word dane, an SMTP status such as 5.7.5, or a whole\n"
	           "line of a bounce. Case, blanks, underscores and quotes are forgiven.\n"
	           "mxseal-findings(7) has all texts.",
	.examples = "mxseal explain certificate-expired\n"
	            "mxseal explain 'bad https response code: 404'\n"
	            "mxseal explain dane --platform PF\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

/* record lint TEXT… */
#include "app/commands.h"
#include "app/input.h"
#include "app/lint_out.h"
#include "tlsrpt/txt_lint.h"

static json_t *kind_json(enum txt_kind kind)
{
	return kind == TXT_UNKNOWN ? json_null() : json_string(txt_kind_name(kind));
}

static void put_json(const struct cli *cli, const struct txt_lint *lint, const struct findings *f)
{
	json_t *rua = json_array();

	for (size_t i = 0; i < lint->tlsrpt.rua_count; i++)
		(void)json_array_append_new(rua, lint_string(lint->tlsrpt.rua[i].uri));
	lint_put_json(cli, json_pack("{s:s, s:o, s:b, s:o, s:o, s:o}", "schema", "mxseal.record/1",
	                             "kind", kind_json(lint->kind), "valid", lint->valid, "id",
	                             lint->id.len > 0 ? lint_string(lint->id) : json_null(), "rua",
	                             rua, "findings", lint_json(f)));
}

static void put_text(const struct cli *cli, const struct txt_lint *lint, const struct findings *f)
{
	static const char *const names[] = { [TXT_UNKNOWN] = "no record of MTA-STS or TLS-RPT",
		                             [TXT_STS] = "_mta-sts record",
		                             [TXT_TLSRPT] = "_smtp._tls record" };

	(void)fprintf(cli->out, "%s%s\n", names[lint->kind],
	              lint->valid                 ? ": valid"
	              : lint->kind == TXT_UNKNOWN ? ""
	                                          : ": not valid, senders ignore it");
	if (lint->id.len > 0)
		(void)fprintf(cli->out, "id   %.*s\n", SLICE_ARGS(lint->id));
	for (size_t i = 0; i < lint->tlsrpt.rua_count; i++)
		(void)fprintf(cli->out, "rua  %.*s\n", SLICE_ARGS(lint->tlsrpt.rua[i].uri));
	lint_put_lines(cli, f, "record");
}

/* An argument is the text itself; "-" stands for standard input. */
static int read_args(const struct cli *cli, struct slice *texts)
{
	for (size_t i = 0; i < cli->arg_count; i++) {
		int code = EXIT_GOOD;

		if (strcmp(cli->args[i], "-") == 0)
			code = input_read(cli, "-", PASTE_TEXT_MAX, &texts[i]);
		else
			texts[i] = slice_str(cli->args[i]);
		if (code != EXIT_GOOD)
			return code;
	}
	return EXIT_GOOD;
}

static int run(const struct cli *cli)
{
	struct slice *texts = arena_calloc(cli->arena, cli->arg_count, sizeof(*texts));
	struct findings f = findings_in(cli->arena);
	struct txt_lint lint;
	int code = read_args(cli, texts);

	if (code != EXIT_GOOD)
		return code;
	if (txt_lint_read(texts, cli->arg_count, &f, &lint) != OK)
		return cli_error(cli, EXIT_FINDINGS, "record lint", "there is too much text",
		                 "give the records of one name only");
	if (cli->json || cli->jsonl)
		put_json(cli, &lint, &f);
	else
		put_text(cli, &lint, &f);
	return cli_finish(cli, lint_code(cli, &f));
}

static const struct option_spec options[] = { FAIL_ON_OPTION };

const struct command cmd_record_lint = {
	.name = "record",
	.sub = "lint",
	.args = "TEXT…",
	.args_min = 1,
	.args_max = ARGS_MANY,
	.group = GROUP_OFFLINE,
	.common = COMMON_READER,
	.summary = "read an _mta-sts or _smtp._tls TXT record",
	.details = "TEXT is the record as it stands, or as it was pasted: a whole line of a zone,\n"
	           "quotation marks, split strings and the escapes of dig are taken off, and what\n"
	           "was taken off is said. Several TEXTs are several records at one name. The\n"
	           "TEXT - stands for standard input.",
	.examples = "mxseal record lint 'v=STSv1; id=20260101T000000;'\n"
	            "dig +noall +answer TXT _smtp._tls.example.com | mxseal record lint -\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

/* report export | ways */
#include "app/client.h"
#include "app/commands.h"

static void print_lines(const struct cli *cli, const json_t *items)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		/* cli_finish looks at the stream */
		(void)json_dumpf(json_array_get(items, i), cli->out, JSON_COMPACT);
		(void)fputc('\n', cli->out);
	}
}

/* One page after the other, so that any number of reports needs little memory. */
static int stream(const struct cli *cli, const char *path)
{
	const char *next = path;
	char sep = strchr(path, '?') != NULL ? '&' : '?';

	while (next != NULL) {
		json_t *page = NULL;
		int code = client_get(cli, next, &page);

		if (code != EXIT_GOOD)
			return code;
		print_lines(cli, json_object_get(page, "items"));
		const char *cursor = client_str(page, "next", NULL);
		next = cursor == NULL ? NULL
		                      : arena_printf(cli->arena, "%s%ccursor=%s", path, sep,
		                                     client_path(cli, "%s", cursor));
		json_decref(page);
	}
	return cli_finish(cli, EXIT_GOOD);
}

static int run_export(const struct cli *cli)
{
	const char *since = cli_get(cli, "since"), *path = "/api/v1/reports";
	json_t *answer = NULL;

	if (since != NULL)
		path = client_path(cli, "/api/v1/reports?since=%s", since);
	if (!cli->json)
		return stream(cli, path);
	int code = client_list(cli, path, &answer);
	if (code == EXIT_GOOD && client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	return code;
}

static const struct option_spec export_options[] = {
	{ .name = "since",
	  .arg = "TIME",
	  .help = "only what arrived then or later: a UTC day or an RFC 3339 time" },
};

const struct command cmd_report_export = {
	.name = "report",
	.sub = "export",
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "print every stored report as one JSON object a line",
	.details =
	        "The objects are those of `mxseal report show --jsonl`, with the domain, the "
	        "trust, "
	        "the signer and the moment of arrival behind them. They come in the order of "
	        "arrival; a report that speaks of several domains comes once for each. A program "
	        "that asks again passes the last `arrived` it has seen and knows a report by its "
	        "`id`.",
	.examples = "mxseal report export --jsonl --since 2026-05-12\n",
	.options = export_options,
	.option_count = ARRAY_LEN(export_options),
	.run = run_export,
};

static int run_ways(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(cli, "/api/v1/reports/ways", &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	if (json_array_size(items) == 0)
		(void)fputs("No mailbox and no folder is read; see [imap NAME] and [report] watch "
		            "in man mxseal.conf.\n",
		            cli->out);
	else
		(void)fprintf(cli->out, "%-6s %-24s %-8s %9s %9s %8s  %-20s %s\n", "KIND", "NAME",
		              "STATE", "LOOKED AT", "REPORTS", "SKIPPED", "LAST GOOD", "WHY");
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *w = json_array_get(items, i);

		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "%-6s %-24s %-8s %9lld %9lld %8lld  %-20s %s\n",
		                            client_str(w, "kind", "-"), client_str(w, "name", "-"),
		                            client_str(w, "state", "-"),
		                            (long long)client_int(w, "looked_at"),
		                            (long long)client_int(w, "with_reports"),
		                            (long long)client_int(w, "skipped"),
		                            client_time(cli, json_object_get(w, "good")),
		                            client_str(w, "why", client_str(w, "note", ""))));
	}
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_report_ways = {
	.name = "report",
	.sub = "ways",
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list the mailboxes and folders that are read, and how each fares",
	.examples = "mxseal report ways\n",
	.run = run_ways,
};

/* report list | summary | retry | purge */
#include "advice/rhythm.h"
#include "app/client.h"
#include "app/commands.h"
#include "base/num.h"

#include <unistd.h>

static int run_list(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(cli, client_path(cli, "/api/v1/domains/%s/reports", cli->args[0]),
	                       &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	(void)fprintf(cli->out, "%-10s  %-8s %10s %8s  %-28s %s\n", "DAY", "TRUST", "SESSIONS",
	              "FAILED", "ORGANIZATION", "REPORT-ID");
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *r = json_array_get(items, i);
		long long good = client_int(r, "successful"), bad = client_int(r, "failed");

		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "%-10s  %-8s %10lld %8lld  %-28.28s %s\n",
		                            client_str(r, "day", "-"), client_str(r, "trust", "-"),
		                            good + bad, bad, client_str(r, "organization", "-"),
		                            client_str(r, "report_id", "-")));
	}
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_report_list = {
	.name = "report",
	.sub = "list",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list the reports of a domain, newest first",
	.examples = "mxseal report list example.com\n",
	.run = run_list,
};

static void print_trusts(const struct cli *cli, json_t *summary)
{
	const char *trust;
	json_t *row;

	json_object_foreach(json_object_get(summary, "trust"), trust, row)
	{
		if (client_int(row, "reports") > 0)
			(void)fprintf(cli->out, "  %-9s %6lld reports %10lld ok %8lld failed%s\n",
			              trust, (long long)client_int(row, "reports"),
			              (long long)client_int(row, "successful"),
			              (long long)client_int(row, "failed"),
			              strcmp(trust, "unsigned") == 0
			                      ? "   (shown apart, not counted)"
			                      : "");
	}
}

/* "; nothing for 3 days", or nothing. */
static const char *silence(const struct cli *cli, json_int_t days)
{
	return days == 0 ? ""
	                 : arena_printf(cli->arena, "; nothing for %lld days", (long long)days);
}

static void print_organizations(const struct cli *cli, const json_t *summary)
{
	const json_t *rows = json_object_get(summary, "organizations");

	if (json_array_size(rows) > 0)
		(void)fputs("\nWho reported\n", cli->out);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *o = json_array_get(rows, i);
		long long share = client_int(o, "share_permille");
		char words[32];

		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "  %-28.28s %5lld reports %10lld ok %8lld failed "
		                            "%3lld.%lld%%   %s to %s, %s%s\n",
		                            client_str(o, "name", "-"),
		                            (long long)client_int(o, "reports"),
		                            (long long)client_int(o, "successful"),
		                            (long long)client_int(o, "failed"), share / 10,
		                            share % 10, client_str(o, "first_ever", "-"),
		                            client_str(o, "last_ever", "-"),
		                            rhythm_words(client_int(o, "every_days"), words),
		                            silence(cli, client_int(o, "silent_days"))));
	}
}

static void print_failures(const struct cli *cli, const json_t *summary)
{
	const json_t *rows = json_object_get(summary, "failures");

	if (json_array_size(rows) > 0)
		(void)fputs("\nWhy sessions failed (mxseal explain CODE)\n", cli->out);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *f = json_array_get(rows, i);

		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "  %8lld  %-28s %-40.40s last %s\n",
		                            (long long)client_int(f, "sessions"),
		                            client_str(f, "result_type", "-"),
		                            client_str(f, "reason_code", ""),
		                            client_str(f, "last", "-")));
	}
}

static void print_days(const struct cli *cli, const json_t *summary)
{
	const json_t *rows = json_object_get(summary, "days");

	(void)fputs("\nPer UTC day (a day without a report is not listed as zero)\n", cli->out);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *d = json_array_get(rows, i);

		if (client_int(d, "reports") == 0)
			(void)fprintf(cli->out, "  %s   no report\n", client_str(d, "day", "-"));
		else
			(void)fprintf(cli->out, "  %s %8lld ok %8lld failed   %lld reports\n",
			              client_str(d, "day", "-"),
			              (long long)client_int(d, "successful"),
			              (long long)client_int(d, "failed"),
			              (long long)client_int(d, "reports"));
	}
}

static void print_summary(const struct cli *cli, json_t *s)
{
	cli_print_safe(
	        cli->out,
	        arena_printf(
	                cli->arena,
	                "%s   %s to %s (UTC days)\n%lld sessions in %lld reports, %lld of them "
	                "failed, as reported by %zu senders.\n",
	                client_str(s, "domain", "-"), client_str(s, "from", "-"),
	                client_str(s, "to", "-"),
	                (long long)(client_int(s, "successful") + client_int(s, "failed")),
	                (long long)client_int(s, "reports"), (long long)client_int(s, "failed"),
	                json_array_size(json_object_get(s, "organizations"))));
	print_trusts(cli, s);
	print_organizations(cli, s);
	print_failures(cli, s);
	print_days(cli, s);
}

static const struct option_spec summary_options[] = {
	{ .name = "from", .arg = "DAY", .help = "first UTC day, e.g. 2026-05-01" },
	{ .name = "to", .arg = "DAY", .help = "last UTC day" },
	{ .name = "trust",
	  .arg = "TRUST",
	  .repeats = true,
	  .values = (const char *const[]){ "dkim", "imported", "posted", "unsigned", NULL },
	  .help = "only reports of this trust" },
};

static int run_summary(const struct cli *cli)
{
	const char *path = client_path(cli, "/api/v1/domains/%s/summary", cli->args[0]);
	char sep = '?';
	json_t *answer = NULL;

	for (size_t i = 0; i < cli->given_count; i++) {
		const char *name = cli->given[i].spec->name;

		if (strcmp(name, "from") != 0 && strcmp(name, "to") != 0 &&
		    strcmp(name, "trust") != 0)
			continue;
		path = arena_printf(cli->arena, "%s%c%s=%s", path, sep, name,
		                    client_path(cli, "%s", cli->given[i].value));
		sep = '&';
	}
	int code = client_get(cli, path, &answer);
	if (code != EXIT_GOOD)
		return code;
	if (!client_print_json(cli, answer)) {
		print_summary(cli, answer);
		json_decref(answer);
	}
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_report_summary = {
	.name = "report",
	.sub = "summary",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "sum the reports of a domain up, the last 60 UTC days unless told",
	.examples = "mxseal report summary example.com\n"
	            "mxseal report summary example.com --from 2026-05-01 --to 2026-05-31 --json\n",
	.options = summary_options,
	.option_count = ARRAY_LEN(summary_options),
	.run = run_summary,
};

static void print_quarantine(const struct cli *cli, const json_t *items)
{
	if (json_array_size(items) == 0)
		(void)fputs("Everything that came could be read.\n", cli->out);
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *q = json_array_get(items, i);

		cli_print_safe(
		        cli->out,
		        arena_printf(cli->arena, "%s\n  %s  by %s  %lld bytes  %s  %s\n  %s: %s\n",
		                     client_str(q, "sha256", "-"),
		                     client_time(cli, json_object_get(q, "arrived")),
		                     client_str(q, "way", "-"), (long long)client_int(q, "bytes"),
		                     client_str(q, "domain", ""), client_str(q, "name", ""),
		                     client_str(q, "reason", "-"), client_str(q, "message", "")));
	}
}

static int run_quarantine(const struct cli *cli)
{
	const char *domain = cli_get(cli, "domain");
	json_t *answer = NULL;
	int code;

	if (cli->arg_count > 0 && isatty(fileno(cli->out)) == 1)
		return cli_error(cli, EXIT_USAGE, cli->args[0],
		                 "bytes of a stranger are not written to a terminal",
		                 "send them to a file: mxseal report quarantine SHA256 > FILE");
	if (cli->arg_count > 0) {
		code = client_raw(cli, client_path(cli, "/api/v1/quarantine/%s/raw", cli->args[0]));
		return code == EXIT_GOOD ? cli_finish(cli, EXIT_GOOD) : code;
	}
	code = client_list(cli,
	                   domain == NULL
	                           ? "/api/v1/quarantine"
	                           : client_path(cli, "/api/v1/quarantine?domain=%s", domain),
	                   &answer);
	if (code != EXIT_GOOD)
		return code;
	if (!client_print_json(cli, answer)) {
		print_quarantine(cli, json_object_get(answer, "items"));
		json_decref(answer);
	}
	return cli_finish(cli, EXIT_GOOD);
}

static const struct option_spec quarantine_options[] = {
	{ .name = "domain",
	  .arg = "DOMAIN",
	  .help = "only what came to the address of this domain" },
};

const struct command cmd_report_quarantine = {
	.name = "report",
	.sub = "quarantine",
	.args = "[SHA256]",
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list what could not be read as a report, or write one of them out",
	.details = "With SHA256 the bytes go to standard output as they came. What lies here is "
	           "read again by each newer version, and by `mxseal report retry`; after [report] "
	           "keep_quarantine days it is dropped from the list.",
	.examples = "mxseal report quarantine\n"
	            "mxseal report quarantine --domain example.com --json\n"
	            "mxseal report quarantine SHA256 > message.eml\n",
	.options = quarantine_options,
	.option_count = ARRAY_LEN(quarantine_options),
	.run = run_quarantine,
};

static int run_retry(const struct cli *cli)
{
	json_t *answer = NULL, *body = json_pack("{s:b}", "dry_run", cli->dry_run);
	int code = client_request(cli, "POST", "/api/v1/reports/retry", body, &answer);

	json_decref(body);
	if (code != EXIT_GOOD)
		return code;
	if (!client_print_json(cli, answer)) {
		(void)fprintf(cli->out,
		              "%lld messages read again: %lld new reports, %lld %s quarantine\n",
		              (long long)client_int(answer, "retried"),
		              (long long)client_int(answer, "new"),
		              (long long)client_int(answer, "quarantined"),
		              cli->dry_run ? "would stay in" : "still in");
		json_decref(answer);
	}
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_report_retry = {
	.name = "report",
	.sub = "retry",
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "read what lies in quarantine again",
	.examples = "mxseal report retry\nmxseal report retry --dry-run\n",
	.run = run_retry,
};

static const struct option_spec purge_options[] = {
	{ .name = "older-than",
	  .arg = "DAYS",
	  .help = "another age than [report] keep_raw, from 1 to 36500" },
};

static void print_purge(const struct cli *cli, const json_t *answer)
{
	const char *before = client_str(answer, "before", NULL);

	if (before == NULL) {
		(void)fputs("raw reports are kept for ever ([report] keep_raw = unlimited)\n",
		            cli->out);
		return;
	}
	(void)fprintf(cli->out,
	              "%s what arrived before %s: %lld messages in %lld days, %lld bytes; "
	              "reports and figures stay\n",
	              cli->dry_run ? "would remove" : "removed", before,
	              (long long)client_int(answer, "messages"),
	              (long long)client_int(answer, "segments"),
	              (long long)client_int(answer, "bytes"));
}

static int run_purge(const struct cli *cli)
{
	const char *days = cli_get(cli, "older-than");
	json_t *answer = NULL;
	uint64_t n = 0;

	if (days != NULL && (num_parse_u64(slice_str(days), 36500, &n) != OK || n == 0))
		return cli_error(cli, EXIT_USAGE, "--older-than", "is a number from 1 to 36500",
		                 "give the age in days, for example --older-than 400");
	json_t *body = json_object();
	if (days != NULL)
		(void)json_object_set_new(body, "days", json_integer((json_int_t)n));
	if (cli->dry_run)
		(void)json_object_set_new(body, "dry_run", json_true());
	int code = client_request(cli, "POST", "/api/v1/reports/purge", body, &answer);
	json_decref(body);
	if (code != EXIT_GOOD)
		return code;
	const char *error = client_str(answer, "error", NULL);
	if (error != NULL)
		code = cli_error(cli, EXIT_UNKNOWN, "archive", error,
		                 "make sure that the service may write in its state directory");
	if (!client_print_json(cli, answer)) {
		print_purge(cli, answer);
		json_decref(answer);
	}
	return cli_finish(cli, code);
}

const struct command cmd_report_purge = {
	.name = "report",
	.sub = "purge",
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "remove the raw bytes of old reports; figures stay",
	.details = "The service does this once a day by itself, as [report] keep_raw says.  Whole "
	           "days of\n"
	           "arrival go; reports, failures and figures that were read from them are kept.\n",
	.examples =
	        "mxseal report purge --dry-run\nmxseal report purge --older-than 90 --dry-run\n",
	.options = purge_options,
	.option_count = ARRAY_LEN(purge_options),
	.run = run_purge,
};

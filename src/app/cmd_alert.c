/* alert list | check | test */
#include "app/client.h"
#include "app/commands.h"

static const char *mark_of(const json_t *alert)
{
	const char *severity = client_str(alert, "severity", "");

	if (strcmp(severity, "fail") == 0)
		return "[FAIL]";
	return strcmp(severity, "warn") == 0 ? "[WARN]" : "[ OK ]";
}

static void print_one(const struct cli *cli, const json_t *alert)
{
	bool open = strcmp(client_str(alert, "state", ""), "open") == 0;
	const char *said = json_is_null(json_object_get(alert, "said"))
	                           ? "not said yet"
	                           : arena_printf(cli->arena, "said %s",
	                                          client_time(cli, json_object_get(alert, "said")));

	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "%s %-40s %s\n", mark_of(alert),
	                            client_str(alert, "name", "-"),
	                            client_str(alert, "title", client_str(alert, "cause", "-"))));
	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "       %s, since %s, %s\n",
	                            client_str(alert, "cause", "-"),
	                            client_time(cli, json_object_get(alert, "since")), said));
	if (!open) {
		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "       closed %s\n",
		                            client_time(cli, json_object_get(alert, "closed"))));
		return;
	}
	cli_print_safe(cli->out, arena_printf(cli->arena, "       %s\n       %s\n",
	                                      client_str(alert, "detail", ""),
	                                      client_str(alert, "step", "")));
	if (client_str(alert, "command", "")[0] != '\0')
		cli_print_safe(cli->out, arena_printf(cli->arena, "         %s\n",
		                                      client_str(alert, "command", "")));
}

static int run_list(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(
	        cli, cli_has(cli, "closed") ? "/api/v1/alerts?closed=1" : "/api/v1/alerts",
	        &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	if (json_array_size(items) == 0)
		(void)fputs("Nothing is open.\n", cli->out);
	for (size_t i = 0; i < json_array_size(items); i++)
		print_one(cli, json_array_get(items, i));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

static const struct option_spec list_options[] = {
	{ .name = "closed", .help = "also what has closed by itself" },
};

const struct command cmd_alert_list = {
	.name = "alert",
	.sub = "list",
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list what needs a person",
	.details = "A certificate that will not last, a policy that senders cannot fetch, an id in "
	           "DNS\n"
	           "that differs, an MX host that no pattern matches, a record to be typed, "
	           "reports that\n"
	           "stopped, failures that enforce refuses. Each closes by itself. Whoever [alert] "
	           "names\n"
	           "is told once when one opens, when it gets worse and when it is over.",
	.examples = "mxseal alert list\nmxseal alert list --closed --json\n",
	.options = list_options,
	.option_count = ARRAY_LEN(list_options),
	.run = run_list,
};

/* One line of a look: its mark, what it is, what was found. */
static void print_look(const struct cli *cli, const json_t *answer, const char *key,
                       const char *what)
{
	const json_t *o = json_object_get(answer, key), *list = json_object_get(o, "unmatched");
	const char *state = client_str(o, "state", "unknown"), *more = client_str(o, "why", "");
	const char *mark = strcmp(state, "good") == 0  ? "[ OK ]"
	                   : strcmp(state, "bad") == 0 ? "[FAIL]"
	                                               : "[ -- ]";

	if (more[0] == '\0')
		more = client_str(o, "found", "");
	if (strcmp(state, "not-looked") == 0)
		more = "nothing is announced, so no sender looks";
	for (size_t i = 0; i < json_array_size(list); i++)
		more = arena_printf(cli->arena, "%s%s%s", i == 0 ? "not matched: " : more,
		                    i == 0 ? "" : ", ", json_string_value(json_array_get(list, i)));
	cli_print_safe(cli->out, arena_printf(cli->arena, "  %s %-22s %s\n", mark, what, more));
}

static bool is_unknown(const json_t *answer)
{
	static const char *const keys[] = { "policy", "id", "mx" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(client_str(json_object_get(answer, keys[i]), "state", ""), "unknown") ==
		    0)
			return true;
	return false;
}

static int check_one(const struct cli *cli, const char *domain)
{
	json_t *answer = NULL;
	int code = client_request(cli, "POST",
	                          client_path(cli, "/api/v1/domains/%s/alerts/check", domain), NULL,
	                          &answer);

	if (code != EXIT_GOOD)
		return code;
	const json_t *open = json_object_get(answer, "alerts");
	if (json_array_size(open) > 0)
		code = EXIT_FINDINGS;
	else if (is_unknown(answer))
		code = EXIT_UNKNOWN;
	if (client_print_json(cli, answer))
		return code;
	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "%s\n", client_str(answer, "domain", "")));
	print_look(cli, answer, "policy", "policy, from outside");
	print_look(cli, answer, "id", "id in DNS");
	print_look(cli, answer, "mx", "MX hosts");
	for (size_t i = 0; i < json_array_size(open); i++)
		print_one(cli, json_array_get(open, i));
	json_decref(answer);
	return code;
}

static int check_all(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_request(cli, "POST", "/api/v1/alerts/check", NULL, &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return EXIT_GOOD;
	(void)fprintf(cli->out,
	              "%lld hosted domains are looked at now, one after another; mxseal alert list "
	              "shows what is found.\n",
	              (long long)client_int(answer, "domains"));
	json_decref(answer);
	return EXIT_GOOD;
}

static int run_check(const struct cli *cli)
{
	int worst = EXIT_GOOD;

	if (cli->arg_count == 0)
		return cli_finish(cli, check_all(cli));
	for (size_t i = 0; i < cli->arg_count; i++) {
		int code = check_one(cli, cli->args[i]);
		worst = code > worst ? code : worst;
	}
	return cli_finish(cli, worst);
}

const struct command cmd_alert_check = {
	.name = "alert",
	.sub = "check",
	.args = "[DOMAIN…]",
	.args_max = ARGS_MANY,
	.group = GROUP_SERVICE,
	.common = COMMON_JSON,
	.summary = "look at domains from outside now, as is done once a day",
	.details =
	        "Fetches the policy through public DNS with a verified certificate, looks for "
	        "the id,\n"
	        "and compares the live MX hosts with the policy. Without DOMAIN all hosted "
	        "domains are\n"
	        "looked at one after another, and the command does not wait for it.\n"
	        "Exit 1: something is open for one of the domains; 3: it could not be found out.",
	.examples = "mxseal alert check example.com\n",
	.run = run_check,
};

static int run_test(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_request(cli, "POST", "/api/v1/alerts/test", NULL, &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	cli_print_safe(cli->out, arena_printf(cli->arena, "A mail was given to: %s\n",
	                                      client_str(answer, "command", "")));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_alert_test = {
	.name = "alert",
	.sub = "test",
	.group = GROUP_SERVICE,
	.common = COMMON_JSON,
	.summary = "send a mail that only shows that the way works",
	.details = "Runs the command of [alert] as the service does, and says how it ended.",
	.examples = "mxseal alert test\n",
	.run = run_test,
};

/* horizon DOMAIN, and without a service horizon --history FILE. */
#include "app/client.h"
#include "app/commands.h"
#include "app/input.h"
#include "base/num.h"
#include "mtasts/horizon_json.h"
#include "mtasts/name.h"
#include "net/clock.h"

static void put_line(const struct cli *cli, const char *what, const json_t *time, const char *none)
{
	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "%-38s %s\n", what,
	                            json_is_integer(time) ? client_time(cli, time) : none));
}

static void put_policies(const struct cli *cli, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		put_line(cli,
		         arena_printf(cli->arena, "policy %s held until",
		                      client_str(item, "id", "-")),
		         json_object_get(item, "held_until"), "no end yet: it is served");
	}
}

static void put_retire(const struct cli *cli, const json_t *retire)
{
	const json_t *blocking = json_object_get(retire, "blocking");

	put_line(cli, arena_printf(cli->arena, "%s may go from", client_str(retire, "mx", "-")),
	         json_object_get(retire, "after"), "never, as things are");
	put_line(cli, "  if delayed mail is acceptable, from",
	         json_object_get(retire, "after_if_delays_are_acceptable"), "not known");
	for (size_t i = 0; i < json_array_size(blocking); i++)
		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "  in the way: policy %s\n",
		                            json_string_value(json_array_get(blocking, i))));
}

static void put_wrong(const struct cli *cli, const json_t *wrong)
{
	put_line(cli, "resolvers may answer the wrong id until",
	         json_object_get(wrong, "resolvers_may_answer_until"), "no end known");
	(void)fputs(json_is_true(json_object_get(wrong, "bounce_free"))
	                    ? "no message bounces because of it\n"
	                    : "messages may bounce because of it\n",
	            cli->out);
}

static void put_warnings(const struct cli *cli, const json_t *warnings)
{
	for (size_t i = 0; i < json_array_size(warnings); i++) {
		const char *code = json_string_value(json_array_get(warnings, i));
		const char *text = "";

		for (enum horizon_warning w = 0; code != NULL && w < HORIZON_WARNING_COUNT; w++)
			if (strcmp(code, horizon_warning_code(w)) == 0)
				text = horizon_warning_text(w);
		cli_print_safe(cli->out, arena_printf(cli->arena, "warn  %s [%s]\n", text, code));
	}
}

/* Both ways end here: the answer of the service and our own have one shape. */
static int put_answer(const struct cli *cli, json_t *answer)
{
	const json_t *retire, *wrong;

	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	retire = json_object_get(answer, "retire");
	wrong = json_object_get(answer, "wrong");
	put_policies(cli, json_object_get(answer, "policies"));
	put_line(cli, "an old policy may be held until",
	         json_object_get(answer, "old_policy_until"), "none is held");
	put_line(cli, "MTA-STS may be removed after", json_object_get(answer, "remove_after"),
	         "publish mode none first");
	if (json_is_object(retire))
		put_retire(cli, retire);
	if (json_is_object(wrong))
		put_wrong(cli, wrong);
	put_warnings(cli, json_object_get(answer, "warnings"));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

static int from_service(const struct cli *cli)
{
	const char *path = client_path(cli, "/api/v1/domains/%s/horizon", cli->args[0]);
	const char *sep = "?";
	json_t *answer = NULL;
	int code;

	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "retire" : "wrong";

		if (!cli_has(cli, name))
			continue;
		path = arena_printf(cli->arena, "%s%s%s=%s", path, sep, name,
		                    client_path(cli, "%s", cli_get(cli, name)));
		sep = "&";
	}
	code = client_get(cli, path, &answer);
	return code == EXIT_GOOD ? put_answer(cli, answer) : code;
}

static int refuse(const struct cli *cli, const char *path, const struct diag *d)
{
	const char *why = d->why;

	if (d->line > 0)
		why = arena_printf(cli->arena, "%s %u: %s",
		                   strcmp(why, "this is not JSON") == 0 ? "line" : "policy",
		                   d->line, why);
	return cli_error(cli, EXIT_FINDINGS, input_name(path), why,
	                 "see the section about histories in mxseal help horizon");
}

static int from_file(const struct cli *cli, const struct horizon_question *question)
{
	const char *path = cli_get(cli, "history");
	struct horizon_history history;
	struct horizon_answer answer;
	struct diag diag = { .why = "" };
	struct slice text;
	enum err e;
	int code = input_read(cli, path, HORIZON_JSON_MAX, &text);

	if (code != EXIT_GOOD)
		return code;
	e = horizon_history_parse(cli->arena, text, &history, &diag);
	if (e == OK)
		e = horizon_compute(cli->arena, &history, question, &answer, &diag);
	if (e != OK)
		return refuse(cli, path, &diag);
	return put_answer(cli, horizon_answer_json(&answer));
}

static int run(const struct cli *cli)
{
	struct horizon_question question = { .retire = slice_str(cli_get(cli, "retire")),
		                             .wrong = slice_str(cli_get(cli, "wrong")) };
	const char *now = cli_get(cli, "now");
	struct slice host = question.retire;

	if (cli_has(cli, "history") == (cli->arg_count > 0))
		return cli_usage(cli, "either a domain of the service or --history FILE is needed");
	if (now != NULL && !cli_has(cli, "history"))
		return cli_usage(cli, "--now goes with --history only");
	if (slice_ends(host, S(".")))
		host.len--;
	if (cli_has(cli, "retire") && name_fault(host) != NULL)
		return cli_usage(cli, "--retire wants the name of an MX host");
	if (cli_has(cli, "wrong") &&
	    (question.wrong.len == 0 || !slice_is_printable(question.wrong)))
		return cli_usage(cli, "--wrong wants the id of a policy");
	question.now = clock_now_s();
	if (now != NULL && (num_parse_i64(slice_str(now), &question.now) != OK ||
	                    question.now < 0 || question.now > HORIZON_TIME_MAX))
		return cli_usage(cli, "--now wants seconds since 1970");
	return cli_has(cli, "history") ? from_file(cli, &question) : from_service(cli);
}

static const struct option_spec options[] = {
	{ .name = "history",
	  .arg = "FILE",
	  .help = "compute from this history (-: standard input)" },
	{ .name = "now", .arg = "T", .help = "seconds since 1970 instead of the clock" },
	{ .name = "retire", .arg = "MX", .help = "when this MX host may go" },
	{ .name = "wrong", .arg = "ID", .help = "how long the policy of this id does harm" },
};

const struct command cmd_horizon = {
	.name = "horizon",
	.args = "[DOMAIN]",
	.args_min = 0,
	.args_max = 1,
	.group = GROUP_OFFLINE,
	.common = COMMON_READER | COMMON_STATE,
	.summary = "say until when senders may hold old policies",
	.details = "For a DOMAIN of the service, or without a service for a history:\n"
	           "{\"policies\":[{\"id\",\"mode\",\"max_age\",\"mx\":[],\"served_from\":T,\n"
	           "\"served_until\":T|null,\"ended\":false,\"id_seen\":T|null,\"ttl\":S|null}],\n"
	           "\"leftover\":60,\"fetch\":60,\"give_up\":86400}, times in seconds since 1970,\n"
	           "policies in the order they were served. served_until is when the next one was\n"
	           "served; ended says that service stopped then. The answer is mxseal.horizon/1.",
	.examples = "mxseal horizon example.com --retire mx1.example.com\n"
	            "mxseal horizon --history history.json --now 1767225600 --json\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

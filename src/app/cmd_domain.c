/* domain add | list | show | set | remove */
#include "app/client_body.h"
#include "app/commands.h"

static const char *const ways[] = { "cname", "txt", "update", NULL };
static const char *const host_ways[] = { "cname", "address", "update", NULL };

/* Options of add and set. */
#define WAY_OPTIONS                                                  \
	{ .name = "way",                                             \
	  .arg = "WAY",                                              \
	  .values = ways,                                            \
	  .help = "how its three records are published" },           \
	        { .name = "way-host",                                \
		  .arg = "WAY",                                      \
		  .values = host_ways,                               \
		  .help = "how the record of the policy host is" },  \
	        { .name = "way-id",                                  \
		  .arg = "WAY",                                      \
		  .values = ways,                                    \
		  .help = "how the record of the policy id is" },    \
	{                                                            \
		.name = "way-reports", .arg = "WAY", .values = ways, \
		.help = "how the record of the report address is"    \
	}
#define WAY_MEMBERS                                                         \
	{ "way", "way", BODY_TEXT }, { "way-host", "way_host", BODY_TEXT }, \
	        { "way-id", "way_id", BODY_TEXT },                          \
	{                                                                   \
		"way-reports", "way_reports", BODY_TEXT                     \
	}

static const struct option_spec add_options[] = {
	POLICY_OPTIONS,
	WAY_OPTIONS,
};

static int run_add(const struct cli *cli)
{
	static const struct body_member members[] = {
		{ "mode", "mode", BODY_TEXT },
		{ "max-age", "max_age", BODY_NUMBER },
		{ "mx", "mx", BODY_LIST },
		{ "anyway", "anyway", BODY_TEXT },
		WAY_MEMBERS,
	};
	json_t *body;
	int code = client_body(cli, members, ARRAY_LEN(members), &body);

	if (code != EXIT_GOOD)
		return code;
	json_t *name = json_string(cli->args[0]);
	if (name == NULL) {
		json_decref(body);
		return cli_error(cli, EXIT_FINDINGS, NULL, "the domain is not text in UTF-8",
		                 "type it in UTF-8, or in A-labels (xn--…)");
	}
	(void)json_object_set_new(body, "domain", name); /* fails for lack of memory only */
	code = client_change(cli, "POST", "/api/v1/domains", body);
	if (code == EXIT_GOOD && !cli->json && !cli->dry_run)
		cli_print_safe(cli->err,
		               arena_printf(cli->arena,
		                            "Next: publish what `mxseal records %s` prints.\n",
		                            cli->args[0]));
	return code;
}

const struct command cmd_domain_add = {
	.name = "domain",
	.sub = "add",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.new_name = true,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "host the policy of a domain",
	.details =
	        "Looks the live MX hosts up and proposes them as patterns unless --mx is given.\n"
	        "Starts in testing with max_age 86400 unless told otherwise.",
	.examples = "mxseal domain add example.com\n"
	            "mxseal domain add example.com --mx mx1.example.com --mx mx2.example.com\n",
	.options = add_options,
	.option_count = ARRAY_LEN(add_options),
	.run = run_add,
};

static void print_domain_row(const struct cli *cli, const json_t *d)
{
	const json_t *age = json_object_get(d, "max_age");
	const char *text = json_is_integer(age) ? arena_printf(cli->arena, "%lld",
	                                                       (long long)json_integer_value(age))
	                                        : "-";

	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "%-32s %-8s %-8s %9s %-14s %-9s %s\n",
	                            client_str(d, "domain", "-"), client_str(d, "stage", "-"),
	                            client_str(d, "mode", "-"), text, client_str(d, "id", "-"),
	                            client_str(d, "hosting", "-"), client_str(d, "health", "-")));
}

static int run_list(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(cli, "/api/v1/domains", &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	if (json_array_size(items) == 0)
		(void)fputs("No domains yet: mxseal domain add DOMAIN\n", cli->err);
	else
		(void)fprintf(cli->out, "%-32s %-8s %-8s %9s %-14s %-9s %s\n", "DOMAIN", "STAGE",
		              "MODE", "MAX_AGE", "ID", "HOSTING", "HEALTH");
	for (size_t i = 0; i < json_array_size(items); i++)
		print_domain_row(cli, json_array_get(items, i));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_domain_list = {
	.name = "domain",
	.sub = "list",
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list the domains",
	.examples = "mxseal domain list\nmxseal domain list --jsonl\n",
	.run = run_list,
};

/* A member as text, whatever its type; lists are joined.  NULL: an object without a title. */
static const char *as_text(const struct cli *cli, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		return arena_printf(cli->arena, "%lld", (long long)json_integer_value(value));
	if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	if (json_is_object(value)) /* one of a list: what needs a person has a title */
		return json_string_value(json_object_get(value, "title"));
	if (!json_is_array(value))
		return "-";
	if (json_array_size(value) > 0 && as_text(cli, json_array_get(value, 0)) == NULL)
		return arena_printf(cli->arena, "%zu, see --json", json_array_size(value));
	const char *text = "";
	for (size_t i = 0; i < json_array_size(value); i++)
		text = arena_printf(cli->arena, "%s%s%s", text, i == 0 ? "" : ", ",
		                    as_text(cli, json_array_get(value, i)));
	return text[0] == '\0' ? "-" : text;
}

/* Moments come as numbers of seconds, which nobody reads. */
static bool is_moment(const char *key)
{
	static const char *const moments[] = {
		"staged",  "served",     "fetched",    "announced",        "id_seen",      "ended",
		"checked", "since",      "held_until", "old_policy_until", "remove_after", "may_go",
		"gone",    "not_before", "not_after",  "renew_at"
	};

	for (size_t i = 0; i < ARRAY_LEN(moments); i++)
		if (strcmp(key, moments[i]) == 0)
			return true;
	return false;
}

static const char *member_text(const struct cli *cli, const char *key, const json_t *value)
{
	if (strcmp(key, "finding") == 0)
		return arena_printf(cli->arena, "%s: %s", client_str(value, "severity", "-"),
		                    client_str(value, "detail", ""));
	if (json_is_object(value))
		return "";
	return json_is_integer(value) && is_moment(key) ? client_time(cli, value)
	                                                : as_text(cli, value);
}

static void print_members(const struct cli *cli, json_t *object, const char *indent)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (strcmp(key, "schema") == 0 || strcmp(key, "text") == 0)
			continue;
		if (strcmp(key, "steps") == 0) {
			client_print_steps(cli, cli->out, value);
			continue;
		}
		cli_print_safe(cli->out, arena_printf(cli->arena, "%s%-18s %s\n", indent, key,
		                                      member_text(cli, key, value)));
		if (json_is_object(value) && indent[0] == '\0')
			print_members(cli, value, "  ");
	}
}

static int run_show(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_get(cli, client_path(cli, "/api/v1/domains/%s", cli->args[0]), &answer);

	if (code != EXIT_GOOD)
		return code;
	if (!client_print_json(cli, answer)) {
		print_members(cli, answer, "");
		json_decref(answer);
	}
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_domain_show = {
	.name = "domain",
	.sub = "show",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "show one domain",
	.examples = "mxseal domain show example.com\n",
	.run = run_show,
};

static const struct option_spec set_options[] = {
	WAY_OPTIONS,
	{ .name = "rua",
	  .arg = "URI",
	  .repeats = true,
	  .help = "report address to publish instead of ours; mailto: or https:" },
	{ .name = "no-rua", .help = "publish our own report addresses again" },
	{ .name = "profile", .arg = "NAME", .help = "rollout profile" },
	{ .name = "hosting",
	  .arg = "HOW",
	  .values = (const char *const[]){ "here", "behind", "external", NULL },
	  .help = "who serves the policy" },
};

static int run_set(const struct cli *cli)
{
	static const struct body_member members[] = {
		WAY_MEMBERS,
		{ "rua", "rua", BODY_LIST },
		{ "profile", "profile", BODY_TEXT },
		{ "hosting", "hosting", BODY_TEXT },
	};
	json_t *body;

	if (cli->given_count == 0)
		return cli_usage(cli, "nothing to set was given");
	int code = client_body(cli, members, ARRAY_LEN(members), &body);
	if (code != EXIT_GOOD)
		return code;
	if (cli_has(cli, "no-rua"))
		(void)json_object_set_new(body, "rua",
		                          json_array()); /* fails for lack of memory only */
	return client_change(cli, "PATCH", client_path(cli, "/api/v1/domains/%s", cli->args[0]),
	                     body);
}

const struct command cmd_domain_set = {
	.name = "domain",
	.sub = "set",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "change how a domain is published",
	.examples = "mxseal domain set example.com --way txt\n"
	            "mxseal domain set example.com --rua mailto:tls@example.com\n",
	.options = set_options,
	.option_count = ARRAY_LEN(set_options),
	.run = run_set,
};

static void print_leaving(const struct cli *cli, const json_t *l)
{
	const json_t *records = json_object_get(l, "records");

	if (!json_is_object(l))
		return;
	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "  [ .. ] %s\n", client_str(l, "words", "")));
	for (size_t i = 0; i < json_array_size(records); i++) {
		const json_t *r = json_array_get(records, i), *may = json_object_get(r, "may_go");
		const json_t *gone = json_object_get(r, "gone");

		cli_print_safe(cli->out, arena_printf(cli->arena, "  %-32s may go %s%s%s\n",
		                                      client_str(r, "name", ""),
		                                      json_is_integer(may) ? "from " : "",
		                                      json_is_integer(may)
		                                              ? client_time(cli, may)
		                                              : "later: the day is not known yet",
		                                      json_is_integer(gone) ? "; gone" : ""));
	}
}

static int run_retire(const struct cli *cli)
{
	static const struct body_member members[] = { { "max-age", "max_age", BODY_NUMBER } };
	json_t *body, *answer = NULL;
	int code = client_body(cli, members, ARRAY_LEN(members), &body);

	if (code != EXIT_GOOD)
		return code;
	code = client_request(cli, "POST",
	                      client_path(cli, "/api/v1/domains/%s/retire", cli->args[0]), body,
	                      &answer);
	json_decref(body);
	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	client_print_change(cli, answer);
	print_leaving(cli, json_object_get(answer, "leaving"));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

static const struct option_spec retire_options[] = {
	{ .name = "max-age",
	  .arg = "SECONDS",
	  .help = "how long senders keep the policy that says none; 86400 unless told" },
};

const struct command cmd_domain_retire = {
	.name = "domain",
	.sub = "retire",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "leave MTA-STS in order, and say which record may go on which day",
	.details =
	        "Serves a policy of mode none. Senders that hold an older one act on it until its "
	        "time is\n"
	        "over; until then no record may go. After that the id goes first, then the policy "
	        "host, then\n"
	        "the domain here (mxseal domain remove). Given again it changes nothing and says "
	        "how far it\n"
	        "is. Records of the way update are taken away by themselves when their day comes.",
	.examples =
	        "mxseal domain retire example.com\nmxseal domain retire example.com --dry-run\n",
	.options = retire_options,
	.option_count = ARRAY_LEN(retire_options),
	.run = run_retire,
};

static const struct option_spec remove_options[] = {
	{ .name = "now", .help = "although senders may still hold a policy of it" },
};

/* A policy that senders hold outlives its host, so the way out is `retire`; --now asks first. */
static int run_remove(const struct cli *cli)
{
	char line[300] = "";
	const char *path = client_path(cli, "/api/v1/domains/%s", cli->args[0]);

	if (cli_has(cli, "now") && !cli->yes && !cli->dry_run) {
		if (!cli->progress)
			return cli_error(cli, EXIT_USAGE, cli->args[0],
			                 "removing it now needs --yes without a terminal",
			                 "add --yes when you are sure");
		cli_print_safe(cli->err,
		               arena_printf(cli->arena,
		                            "Senders that hold a policy of %s keep acting on it.\n"
		                            "Type the domain to remove it now: ",
		                            cli->args[0]));
		if (fgets(line, sizeof(line), stdin) == NULL ||
		    !slice_eq_i(slice_trim(slice_str(line)), slice_str(cli->args[0])))
			return cli_error(cli, EXIT_FINDINGS, cli->args[0], "not removed",
			                 "type the domain's name to confirm, or give --yes");
	}
	json_t *body = json_object();
	if (cli->dry_run)
		(void)json_object_set_new(body, "dry_run",
		                          json_true()); /* fails for lack of memory only */
	return client_change(
	        cli, "DELETE",
	        cli_has(cli, "now") ? arena_printf(cli->arena, "%s?now=1", path) : path, body);
}

const struct command cmd_domain_remove = {
	.name = "domain",
	.sub = "remove",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "stop hosting a domain",
	.details = "Refused (exit 6) while senders may hold a policy of it: mxseal domain retire "
	           "leads\n"
	           "out in order. With --now it goes at once, after a question.",
	.examples =
	        "mxseal domain remove example.com\nmxseal domain remove example.com --now --yes\n",
	.options = remove_options,
	.option_count = ARRAY_LEN(remove_options),
	.run = run_remove,
};

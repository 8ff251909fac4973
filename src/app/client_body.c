#include "app/client_body.h"

#include "base/num.h"

/* One value of an option as JSON; NULL: the number is none. */
static json_t *member_value(const struct cli *cli, const struct body_member *m)
{
	uint64_t n;
	json_t *list;

	switch (m->kind) {
	case BODY_NUMBER:
		if (num_parse_u64(slice_str(cli_get(cli, m->option)), INT64_MAX, &n) != OK)
			return NULL;
		return json_integer((json_int_t)n);
	case BODY_LIST:
		list = json_array();
		for (size_t i = 0; i < cli_count(cli, m->option); i++)
			(void)json_array_append_new(
			        list, json_string(cli_nth(cli, m->option, i))); /* memory */
		return list;
	case BODY_FLAG:
		return json_true();
	case BODY_TEXT:
		break;
	}
	return json_string(cli_get(cli, m->option));
}

int client_body(const struct cli *cli, const struct body_member *members, size_t count,
                json_t **body_out)
{
	json_t *body = json_object();

	for (size_t i = 0; i < count; i++) {
		if (!cli_has(cli, members[i].option))
			continue;
		json_t *value = member_value(cli, &members[i]);
		if (value == NULL) {
			json_decref(body);
			return cli_usage(cli, arena_printf(cli->arena,
			                                   "--%s takes text in UTF-8, or a "
			                                   "whole number where one is asked for",
			                                   members[i].option));
		}
		(void)json_object_set_new(body, members[i].key,
		                          value); /* fails for lack of memory only */
	}
	if (cli->dry_run)
		(void)json_object_set_new(body, "dry_run", json_true()); /* as above */
	*body_out = body;
	return EXIT_GOOD;
}

static void print_names(const struct cli *cli, const json_t *answer, const char *key,
                        const char *what)
{
	const json_t *names = json_object_get(answer, key);

	for (size_t i = 0; i < json_array_size(names); i++) {
		const json_t *item = json_array_get(names, i);
		const char *name =
		        json_is_string(item)
		                ? json_string_value(item)
		                : client_str(item, "host", client_str(item, "pattern", ""));
		const char *hint = client_str(item, "why", NULL);

		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "  [WARN] %s %s%s%s\n", name, what,
		                            hint != NULL ? ": " : "", hint != NULL ? hint : ""));
	}
}

static void print_policy(const struct cli *cli, const json_t *policy)
{
	const json_t *mx = json_object_get(policy, "mx");

	if (!json_is_object(policy))
		return;
	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "  id %s   mode %s   max_age %lld   %s\n",
	                            client_str(policy, "id", "-"), client_str(policy, "mode", "-"),
	                            (long long)client_int(policy, "max_age"),
	                            client_str(policy, "state", "-")));
	for (size_t i = 0; i < json_array_size(mx); i++)
		cli_print_safe(cli->out, arena_printf(cli->arena, "  mx: %s\n",
		                                      json_string_value(json_array_get(mx, i))));
}

void client_print_steps(const struct cli *cli, FILE *to, const json_t *steps)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *s = json_array_get(steps, i), *at = json_object_get(s, "at");
		const char *state = client_str(s, "state", ""), *why = client_str(s, "why", NULL);
		const char *mark = strcmp(state, "done") == 0      ? "[ OK ]"
		                   : strcmp(state, "waiting") == 0 ? "[ .. ]"
		                                                   : "[ -- ]";

		cli_print_safe(to, arena_printf(cli->arena, "  %s %-30s %s%s\n", mark,
		                                client_str(s, "words", ""),
		                                json_is_integer(at) ? client_time(cli, at) : "",
		                                why != NULL ? why : ""));
	}
}

static void print_horizon(const struct cli *cli, const json_t *answer)
{
	const json_t *horizon = json_object_get(answer, "horizon");

	if (!json_is_object(horizon) || json_array_size(json_object_get(horizon, "policies")) < 2)
		return;
	const json_t *until = json_object_get(horizon, "old_policy_until");
	if (json_is_null(until) || until == NULL)
		(void)fputs("  Senders may hold an older policy; there is no bound yet.\n",
		            cli->out);
	else
		(void)fprintf(cli->out, "  Senders may act on an older policy until %s.\n",
		              client_time(cli, until));
}

/* What became of a policy that the domain had elsewhere. */
static void print_adopted(const struct cli *cli, const json_t *answer)
{
	const char *id = client_str(answer, "id_before", NULL);
	const char *why = client_str(answer, "adopted_why", NULL);

	if (id == NULL)
		return;
	if (json_is_true(json_object_get(answer, "adopted")))
		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "  [ OK ] Its policy is taken over as it is, with id "
		                            "%s.\n",
		                            id));
	else
		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "  [INFO] It had a policy with id %s, which is "
		                            "replaced%s%s.\n",
		                            id, why != NULL ? ": " : "", why != NULL ? why : ""));
}

static void print_to_type(const struct cli *cli, const json_t *answer)
{
	const json_t *line = json_object_get(answer, "waiting_for_you");

	if (json_is_object(line))
		cli_print_safe(cli->out,
		               arena_printf(cli->arena,
		                            "  [ .. ] Waiting for you: set the TXT record at %s "
		                            "to\n         %s\n",
		                            client_str(line, "name", "-"),
		                            client_str(line, "value", "-")));
}

void client_print_change(const struct cli *cli, const json_t *answer)
{
	const char *domain = client_domain(cli), *why = client_str(answer, "why", NULL);
	const char *what = cli->dry_run ? "would change" : "changed";

	if (!json_is_true(json_object_get(answer, "changed")))
		what = "unchanged";
	cli_print_safe(cli->out, arena_printf(cli->arena, "%s: %s\n",
	                                      domain != NULL ? domain : "done", what));
	print_policy(cli, json_object_get(answer, "policy"));
	print_names(cli, answer, "unmatched_mx", "is an MX host that no pattern matches");
	print_names(cli, answer, "unused_patterns", "matches none of the live MX hosts");
	const json_t *notes = json_object_get(answer, "mx_notes");
	for (size_t i = 0; i < json_array_size(notes); i++)
		cli_print_safe(cli->out, arena_printf(cli->arena, "         %s\n",
		                                      json_string_value(json_array_get(notes, i))));
	if (json_is_false(json_object_get(answer, "mx_checked")))
		(void)fputs("  [ -- ] The live MX hosts could not be asked; the patterns were not "
		            "checked.\n",
		            cli->out);
	if (why != NULL)
		cli_print_safe(cli->out, arena_printf(cli->arena, "  [ .. ] %s\n", why));
	print_adopted(cli, answer);
	print_to_type(cli, answer);
	print_horizon(cli, answer);
}

int client_change(const struct cli *cli, const char *method, const char *path, json_t *body)
{
	json_t *answer = NULL;
	int code = client_request(cli, method, path, body, &answer);

	json_decref(body);
	if (code != EXIT_GOOD)
		return code;
	if (!client_print_json(cli, answer)) {
		client_print_change(cli, answer);
		json_decref(answer);
	}
	return cli_finish(cli, EXIT_GOOD);
}

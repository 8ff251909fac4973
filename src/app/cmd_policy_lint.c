/* policy lint FILE|- */
#include "app/commands.h"
#include "app/input.h"
#include "app/lint_out.h"
#include "mtasts/policy.h"

static json_t *mode_json(const struct policy_reading *r)
{
	return r->has_mode ? json_string(policy_mode_name(r->policy.mode)) : json_null();
}

static void put_json(const struct cli *cli, const struct policy_reading *r,
                     const struct findings *f)
{
	json_t *mx = json_array();

	for (size_t i = 0; i < r->policy.mx_count; i++)
		(void)json_array_append_new(mx, lint_string(r->policy.mx[i]));
	lint_put_json(cli,
	              json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "schema", "mxseal.policy/1",
	                        "valid", r->valid, "mode", mode_json(r), "max_age",
	                        r->has_max_age ? json_integer((json_int_t)r->max_age) : json_null(),
	                        "mx", mx, "findings", lint_json(f)));
}

static void put_text(const struct cli *cli, const struct policy_reading *r,
                     const struct findings *f)
{
	(void)fprintf(cli->out, "%s\n", r->valid ? "valid" : "not valid: senders ignore it");
	if (r->has_mode)
		(void)fprintf(cli->out, "mode     %s\n", policy_mode_name(r->policy.mode));
	if (r->has_max_age)
		(void)fprintf(cli->out, "max_age  %llu\n", (unsigned long long)r->max_age);
	for (size_t i = 0; i < r->policy.mx_count; i++)
		(void)fprintf(cli->out, "mx       %.*s\n", SLICE_ARGS(r->policy.mx[i]));
	lint_put_lines(cli, f, "line");
}

static int run(const struct cli *cli)
{
	struct findings f = findings_in(cli->arena);
	struct policy_reading reading;
	struct slice text;
	int code = input_read(cli, cli->args[0], POLICY_TEXT_MAX, &text);

	if (code != EXIT_GOOD)
		return code;
	policy_read(text, &f, &reading);
	if (cli->json || cli->jsonl)
		put_json(cli, &reading, &f);
	else
		put_text(cli, &reading, &f);
	return cli_finish(cli, lint_code(cli, &f));
}

static const struct option_spec options[] = { FAIL_ON_OPTION };

const struct command cmd_policy_lint = {
	.name = "policy",
	.sub = "lint",
	.args = "FILE|-",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_OFFLINE,
	.common = COMMON_READER,
	.summary = "read a policy file and say what senders make of it",
	.details = "Valid means that RFC 8461 makes a sender accept the policy. What is doubtful\n"
	           "and still valid is a finding of severity warn or info.",
	.examples = "mxseal policy lint mta-sts.txt\n"
	            "curl -s https://mta-sts.example.com/.well-known/mta-sts.txt | mxseal policy "
	            "lint -\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

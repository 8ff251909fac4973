/* policy show | set | bump | history | export */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/client_body.h"
#include "app/commands.h"

extern char **environ;

static const char *policy_path(const struct cli *cli, const char *tail)
{
	return arena_printf(cli->arena, "%s%s",
	                    client_path(cli, "/api/v1/domains/%s/policy", cli->args[0]), tail);
}

/* The policy as it is served: on a terminal and in a pipe alike, CRLF included. */
static int run_show(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_get(cli, policy_path(cli, ""), &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	(void)fputs(client_str(answer, "text", ""), cli->out);
	cli_print_safe(cli->err,
	               arena_printf(cli->arena, "id %s, %s\n", client_str(answer, "id", "-"),
	                            client_str(answer, "state", "-")));
	client_print_steps(cli, cli->err, json_object_get(answer, "steps"));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_policy_show = {
	.name = "policy",
	.sub = "show",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "print the policy as it is served",
	.details =
	        "On standard error stand its id and how far it has come: certificate, text served\n"
	        "everywhere, fetched from outside, id answered in DNS, each with its time, and\n"
	        "what the next step waits for.",
	.examples = "mxseal policy show example.com\n",
	.run = run_show,
};

static const struct option_spec set_options[] = {
	POLICY_OPTIONS,
	{ .name = "add-mx",
	  .arg = "PATTERN",
	  .repeats = true,
	  .help = "add a pattern to the list" },
	{ .name = "remove-mx",
	  .arg = "PATTERN",
	  .repeats = true,
	  .help = "take a pattern off the list" },
};

static int run_set(const struct cli *cli)
{
	static const struct body_member members[] = {
		{ "mode", "mode", BODY_TEXT },
		{ "max-age", "max_age", BODY_NUMBER },
		{ "mx", "mx", BODY_LIST },
		{ "add-mx", "add_mx", BODY_LIST },
		{ "remove-mx", "remove_mx", BODY_LIST },
		{ "anyway", "anyway", BODY_TEXT },
	};
	json_t *body;

	if (cli_has(cli, "mx") && (cli_has(cli, "add-mx") || cli_has(cli, "remove-mx")))
		return cli_usage(
		        cli, "--mx replaces the list; it does not go with --add-mx or --remove-mx");
	int code = client_body(cli, members, ARRAY_LEN(members), &body);
	if (code != EXIT_GOOD)
		return code;
	return client_change(cli, "PUT", policy_path(cli, ""), body);
}

const struct command cmd_policy_set = {
	.name = "policy",
	.sub = "set",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "change the policy; what is not given stays",
	.details = "A change gets a new id and is served everywhere before that id is announced.\n"
	           "Saving what is there already changes nothing.",
	.examples = "mxseal policy set example.com --add-mx mx3.example.com\n"
	            "mxseal policy set example.com --mode enforce\n",
	.options = set_options,
	.option_count = ARRAY_LEN(set_options),
	.run = run_set,
};

static int run_bump(const struct cli *cli)
{
	json_t *body = json_object();

	if (cli->dry_run)
		(void)json_object_set_new(body, "dry_run",
		                          json_true()); /* fails for lack of memory only */
	return client_change(cli, "POST", policy_path(cli, "/bump"), body);
}

const struct command cmd_policy_bump = {
	.name = "policy",
	.sub = "bump",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "publish the same policy under a further id",
	.examples = "mxseal policy bump example.com\n",
	.run = run_bump,
};

static void print_publication(const struct cli *cli, const json_t *p)
{
	const json_t *ended = json_object_get(p, "ended");

	cli_print_safe(cli->out,
	               arena_printf(cli->arena, "%s  mode %s  max_age %lld%s%s\n",
	                            client_str(p, "id", "-"), client_str(p, "mode", "-"),
	                            (long long)client_int(p, "max_age"),
	                            json_is_integer(ended) ? "  ended " : "",
	                            json_is_integer(ended) ? client_time(cli, ended) : ""));
	client_print_steps(cli, cli->out, json_object_get(p, "steps"));
}

static int run_history(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(cli, policy_path(cli, "/history"), &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	for (size_t i = 0; i < json_array_size(items); i++)
		print_publication(cli, json_array_get(items, i));
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_policy_history = {
	.name = "policy",
	.sub = "history",
	.args = "DOMAIN",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list everything that was published, step by step",
	.examples = "mxseal policy history example.com\n",
	.run = run_history,
};

/* Writes text to dir/name by way of a file beside it, so that a reader never sees half of it. */
static int write_atomically(const struct cli *cli, const char *dir, const char *text,
                            bool *changed_out)
{
	const char *path = arena_printf(cli->arena, "%s/mta-sts.txt", dir);
	const char *aside = arena_printf(cli->arena, "%s/.mta-sts.txt.%d", dir, (int)getpid());
	size_t len = strlen(text);
	char *old = arena_alloc(cli->arena, len + 2);
	FILE *f = fopen(path, "rb");

	*changed_out = true;
	if (f != NULL) {
		*changed_out = fread(old, 1, len + 1, f) != len || memcmp(old, text, len) != 0;
		(void)fclose(f); /* only read */
	}
	if (!*changed_out || cli->dry_run)
		return 0;
	int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return errno;
	bool good = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	good = close(fd) == 0 && good && rename(aside, path) == 0;
	if (good)
		return 0;
	int error = errno;
	(void)unlink(aside); /* what is left of a failed try */
	return error == 0 ? EIO : error;
}

static int make_folder(const char *path)
{
	return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
}

/* DIR/mta-sts.DOMAIN/.well-known/mta-sts.txt */
static int export_one(const struct cli *cli, const char *domain, bool *changed_out)
{
	const char *host = arena_printf(cli->arena, "%s/mta-sts.%s", cli->args[0], domain);
	const char *dir = arena_printf(cli->arena, "%s/.well-known", host);
	json_t *policy = NULL;
	int code = client_get(cli, client_path(cli, "/api/v1/domains/%s/policy", domain), &policy);

	if (code != EXIT_GOOD)
		return code;
	int error = cli->dry_run ? 0 : make_folder(cli->args[0]);
	error = error != 0 || cli->dry_run ? error : make_folder(host);
	error = error != 0 || cli->dry_run ? error : make_folder(dir);
	error = error != 0
	                ? error
	                : write_atomically(cli, dir, client_str(policy, "text", ""), changed_out);
	json_decref(policy);
	if (error != 0)
		return cli_error(cli, EXIT_UNKNOWN, dir, strerror(error),
		                 "check the directory and its space");
	if (*changed_out)
		cli_print_safe(cli->out, arena_printf(cli->arena, "%s/mta-sts.txt\n", dir));
	return EXIT_GOOD;
}

/* The hook is the operator's own command line; it runs in the exported directory. */
static int run_hook(const struct cli *cli, const char *hook)
{
	char *const argv[] = { arena_str(cli->arena, S("sh")), arena_str(cli->arena, S("-c")),
		               arena_str(cli->arena, slice_str(hook)), NULL };
	pid_t pid;
	int status;

	if (chdir(cli->args[0]) != 0 ||
	    posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		return cli_error(cli, EXIT_UNKNOWN, hook, "the hook could not be run",
		                 "the files are written; run it by hand to see why");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return cli_error(cli, EXIT_UNKNOWN, hook, "the hook failed; the files are written",
		                 "run it by hand to see why");
	return EXIT_GOOD;
}

/* Whether its newest text was not seen on its web space yet: an earlier hook may have failed. */
static bool is_awaited(const struct cli *cli, const json_t *d)
{
	json_t *policy = NULL;

	if (strcmp(client_str(d, "hosting", ""), "external") != 0 ||
	    client_get(cli,
	               client_path(cli, "/api/v1/domains/%s/policy", client_str(d, "domain", "")),
	               &policy) != EXIT_GOOD)
		return false;
	bool awaited = json_is_null(json_object_get(policy, "fetched")) &&
	               json_is_null(json_object_get(policy, "announced"));
	json_decref(policy);
	return awaited;
}

/* What now lies on web space elsewhere is looked for at once. */
static int look_for(const struct cli *cli, const json_t *items)
{
	int code = EXIT_GOOD;

	for (size_t i = 0; i < json_array_size(items) && code == EXIT_GOOD; i++) {
		const json_t *d = json_array_get(items, i);
		json_t *answer = NULL;

		if (!is_awaited(cli, d))
			continue;
		code = client_request(cli, "POST",
		                      client_path(cli, "/api/v1/domains/%s/policy/check",
		                                  client_str(d, "domain", "")),
		                      NULL, &answer);
		json_decref(answer);
	}
	return code;
}

static int export_all(const struct cli *cli, const json_t *items, bool *any)
{
	int code = EXIT_GOOD;

	for (size_t i = 0; i < json_array_size(items) && code == EXIT_GOOD; i++) {
		const json_t *d = json_array_get(items, i);
		bool changed = false;

		if (client_str(d, "id", NULL) != NULL)
			code = export_one(cli, client_str(d, "domain", ""), &changed);
		*any = *any || changed || (code == EXIT_GOOD && is_awaited(cli, d));
	}
	return code;
}

static int run_export(const struct cli *cli)
{
	json_t *answer = NULL;
	bool any = false;
	int code = client_list(cli, "/api/v1/domains", &answer);

	if (code != EXIT_GOOD)
		return code;
	code = export_all(cli, json_object_get(answer, "items"), &any);
	if (code == EXIT_GOOD && any && !cli->dry_run && cli_has(cli, "hook"))
		code = run_hook(cli, cli_get(cli, "hook"));
	if (code == EXIT_GOOD && !cli->dry_run)
		code = look_for(cli, json_object_get(answer, "items"));
	json_decref(answer);
	return cli_finish(cli, code);
}

static const struct option_spec export_options[] = {
	{ .name = "hook",
	  .arg = "CMD",
	  .help = "run CMD in DIR after a file changed, or while one is awaited" },
};

const struct command cmd_policy_export = {
	.name = "policy",
	.sub = "export",
	.args = "DIR",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_YES | COMMON_DRY_RUN,
	.summary = "write all policies as files for web space elsewhere",
	.details =
	        "Writes DIR/mta-sts.DOMAIN/.well-known/mta-sts.txt, each atomically, and prints "
	        "the\n"
	        "paths that changed. For a domain with hosting external the text counts as served\n"
	        "once it is seen at its policy host, and its id is announced a minute later; "
	        "until\n"
	        "then the hook runs at each export, so that one that failed is made up for.",
	.examples = "mxseal policy export /srv/www --hook 'rsync -a . web:/srv/www'\n",
	.options = export_options,
	.option_count = ARRAY_LEN(export_options),
	.run = run_export,
};

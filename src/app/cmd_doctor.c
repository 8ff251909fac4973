/* doctor: what is wrong here, and what to do about it. */
#include <jansson.h>
#include <unistd.h>

#include "app/client.h"
#include "app/commands.h"
#include "app/demo.h"
#include "app/doctor.h"
#include "app/lint_out.h"
#include "app/state.h"

#define CONFIG_FILE "/etc/mxseal/mxseal.conf"

extern char **environ;

static const char *const severities[] = { "pass", "skip", "info", "warn", "fail" };
static const char *const marks[] = { "[ OK ]", "[ -- ]", "[INFO]", "[WARN]", "[FAIL]" };

static void read_conf(struct doctor *d)
{
	struct conf_errors errors = { .arena = d->cli->arena };
	struct conf_sources sources = { .environment = environ };
	const char *file = cli_get(d->cli, "config");
	struct conf *conf;

	if (d->demo)
		sources.preset = demo_preset(&sources.preset_count);
	else
		sources.file = file != NULL ? file : CONFIG_FILE;
	if (conf_load(&sources, &conf, &errors) == OK) {
		d->conf = conf;
		doctor_add(d, DOCTOR_PASS, "configuration", "it can be read", NULL);
		return;
	}
	for (size_t i = 0; i < errors.count && i < CONF_ERRORS_MAX; i++)
		doctor_add(d, DOCTOR_FAIL, "configuration",
		           arena_printf(d->cli->arena, "%s: %s", errors.list[i].where,
		                        errors.list[i].why),
		           conf_error_fix(&errors.list[i]));
}

/* The state that the file names, unless another one was asked for. */
static void find_state(struct doctor *d, struct cli *there)
{
	if (d->demo || d->conf == NULL || client_state_told(there) != NULL)
		return;
	there->state = d->conf->server.state;
	d->state = there->state;
}

static void look(struct doctor *d, struct cli *there)
{
	d->demo = state_is_demo(d->state, d->cli->arena);
	read_conf(d);
	find_state(d, there);
	doctor_service(d);
	doctor_database(d);
	doctor_ports(d);
	doctor_certificates(d);
	doctor_alerts(d);
	doctor_resolver(d);
	doctor_clock(d);
	doctor_disk(d);
	doctor_permissions(d);
	doctor_master_key(d);
	doctor_cages(d);
	doctor_backup(d);
}

/* The gravest first: what was found, then what could not be found out. */
static int code_of(const struct doctor *d)
{
	const char *on = cli_get(d->cli, "fail-on");
	bool skipped = false;

	for (size_t i = 0; i < d->count; i++) {
		enum doctor_severity s = d->rows[i].severity;

		if (s == DOCTOR_FAIL ||
		    (on != NULL && strcmp(on, "warn") == 0 && s == DOCTOR_WARN) ||
		    (on != NULL && strcmp(on, "info") == 0 && s >= DOCTOR_INFO))
			return EXIT_FINDINGS;
		skipped = skipped || s == DOCTOR_SKIP;
	}
	return skipped ? EXIT_UNKNOWN : EXIT_GOOD;
}

static json_t *rows_json(const struct doctor *d)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < d->count; i++)
		(void)json_array_append_new(
		        rows, json_pack("{s:s, s:s, s:s, s:s?}", "check", d->rows[i].check,
		                        "severity", severities[d->rows[i].severity], "detail",
		                        d->rows[i].detail, "fix", d->rows[i].fix));
	return rows;
}

static int run(const struct cli *cli)
{
	struct doctor *d = arena_alloc(cli->arena, sizeof(*d));
	struct cli there = *cli;
	int code;

	*d = (struct doctor){ .cli = &there, .state = client_state(cli) };
	look(d, &there);
	code = code_of(d);
	if (cli->json || cli->jsonl) {
		lint_put_json(cli, json_pack("{s:s, s:s, s:b, s:o}", "schema", "mxseal.doctor/1",
		                             "state", d->state, "running", (int)d->running,
		                             "checks", rows_json(d)));
	} else {
		for (size_t i = 0; i < d->count; i++) {
			const struct doctor_row *row = &d->rows[i];

			cli_print_safe(cli->out,
			               arena_printf(cli->arena, "%s %-13s %s\n",
			                            marks[row->severity], row->check, row->detail));
			if (row->fix != NULL)
				cli_print_safe(cli->out, arena_printf(cli->arena, "%-20s fix: %s\n",
				                                      "", row->fix));
		}
	}
	if (d->conf != NULL)
		conf_free((struct conf *)(uintptr_t)d->conf); /* read here */
	return cli_finish(cli, code);
}

static const struct option_spec options[] = {
	{ .name = "config", .arg = "FILE", .help = "the configuration, else " CONFIG_FILE },
	FAIL_ON_OPTION,
};

const struct command cmd_doctor = {
	.name = "doctor",
	.group = GROUP_RUN,
	.common = COMMON_READER | COMMON_STATE,
	.summary = "look for what is wrong on this machine, with or without the service",
	.details = "Looks at the configuration, the service, its ports and certificates, the "
	           "resolver\n"
	           "and its trust anchor, the clock, the disk, permissions, the master key, the "
	           "cages\n"
	           "of this kernel, and the age of the last backup. Each finding has a line that "
	           "says\n"
	           "what to do.\n"
	           "Exit 1: something is wrong; 3: something could not be found out.",
	.examples = "mxseal doctor\nmxseal doctor --json --fail-on warn\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

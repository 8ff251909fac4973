/* setup: the first run of a real installation. */
#include <jansson.h>

#include "app/client.h"
#include "app/commands.h"
#include "app/doctor.h"
#include "app/setup.h"
#include "app/setup_probe.h"

#define CONFIG_FILE "/etc/mxseal/mxseal.conf"

/* A flag, and what the file says of it; as text. */
struct told {
	const char *flag, *present;
};

/* What was given, several times with blanks between; NULL: nothing. */
static const char *given_as_list(const struct setup *s, const char *flag)
{
	const char *list = NULL;

	for (size_t i = 0; i < cli_count(s->cli, flag); i++)
		list = list == NULL ? cli_nth(s->cli, flag, i)
		                    : arena_printf(s->cli->arena, "%s %s", list,
		                                   cli_nth(s->cli, flag, i));
	return list;
}

static int differs(const struct setup *s, const struct told *t)
{
	const char *given = given_as_list(s, t->flag);

	if (given == NULL || strcmp(given, t->present) == 0)
		return EXIT_GOOD;
	return cli_error(s->cli, EXIT_CONFLICT, s->file,
	                 arena_printf(s->cli->arena,
	                              "says something else than --%s %s, and is not changed",
	                              t->flag, given),
	                 "edit the file, or set it up anew with --replace, which keeps it beside");
}

/* Without the authority's terms it is only who is told of trouble. */
static const char *email_of_file(const struct conf *c)
{
	return c->acme.email[0] != '\0' ? c->acme.email : c->alert.to;
}

static int check_flags(const struct setup *s)
{
	const struct conf *c = s->conf;
	const struct told rows[] = {
		{ "for", c->service.zone[0] == '\0' ? "own" : "others" },
		{ "host", c->service.host },
		{ "zone", c->service.zone },
		{ "report-host", c->report.host },
		{ "reports", c->report.host[0] == '\0' ? "no" : "yes" },
		{ "email", email_of_file(c) },
		{ "alert-to", c->alert.to },
		{ "accept-terms", c->acme.accept_terms ? "yes" : "no" },
		{ "address", c->service.addresses },
	};
	int code = EXIT_GOOD;

	for (size_t i = 0; i < ARRAY_LEN(rows) && code == EXIT_GOOD; i++)
		code = differs(s, &rows[i]);
	return code;
}

/* The records of the configuration that is there. */
static void records_of_file(struct setup *s)
{
	const struct conf *c = s->conf;
	struct slice rest = slice_str(c->service.addresses), one;

	s->q = (struct setup_answers){ .others = c->service.zone[0] != '\0',
		                       .host = c->service.host,
		                       .zone = c->service.zone,
		                       .report_host = c->report.host,
		                       .email = email_of_file(c),
		                       .alert_to = c->alert.to,
		                       .reports = c->report.host[0] != '\0',
		                       .terms = c->acme.accept_terms };
	while (s->q.address_count < SETUP_ADDRESSES_MAX && slice_next(&rest, ' ', &one))
		if (one.len > 0)
			s->q.addresses[s->q.address_count++] = arena_str(s->cli->arena, one);
	setup_plan_make(&s->q, &s->facts, s->cli->arena, &s->plan);
	s->plan.setting_count = s->plan.check_count = s->plan.step_count = 0;
}

static void settings_of_file(struct setup *s)
{
	struct setup_plan *p = &s->plan;
	struct conf_setting one;
	struct slice section, key;
	bool end = false;

	for (size_t i = 0; !end && p->setting_count < SETUP_SETTINGS_MAX; i++) {
		if (!setup_file_nth(s, i, &one, &end) ||
		    !slice_cut(slice_str(one.key), '.', &section, &key))
			continue;
		p->settings[p->setting_count++] =
		        (struct setup_setting){ arena_str(s->cli->arena, section),
			                        arena_str(s->cli->arena, key), one.value };
	}
}

/* What doctor says, of the service whose state the file names.  That it is down is no fault. */
static bool checks_of_machine(struct setup *s)
{
	static const enum setup_severity severities[] = {
		[DOCTOR_PASS] = SETUP_PASS, [DOCTOR_SKIP] = SETUP_SKIP, [DOCTOR_INFO] = SETUP_PASS,
		[DOCTOR_WARN] = SETUP_WARN, [DOCTOR_FAIL] = SETUP_FAIL,
	};
	struct doctor *d = arena_alloc(s->cli->arena, sizeof(*d));
	struct cli there = *s->cli;
	bool good = true;

	if (there.state == NULL)
		there.state = s->conf->server.state;
	*d = (struct doctor){ .cli = &there, .state = there.state, .conf = s->conf };
	doctor_service(d);
	doctor_ports(d);
	for (size_t i = 0; i < d->count && s->plan.check_count < SETUP_CHECKS_MAX; i++) {
		const struct doctor_row *r = &d->rows[i];
		bool down = !d->running && strcmp(r->check, "service") == 0;
		enum setup_severity severity = down ? SETUP_WARN : severities[r->severity];

		good = good && severity != SETUP_FAIL;
		s->plan.checks[s->plan.check_count++] =
		        (struct setup_check){ severity, r->check, r->detail, r->fix };
	}
	return good;
}

/* There is a configuration: shown, not changed. */
static int show(struct setup *s)
{
	int code = check_flags(s);
	bool good;

	if (code != EXIT_GOOD)
		return code;
	records_of_file(s);
	settings_of_file(s);
	good = checks_of_machine(s);
	setup_print(s, "unchanged");
	if (!s->cli->json)
		cli_print_safe(s->cli->err,
		               arena_printf(s->cli->arena,
		                            "%s is there already; nothing was changed.\n",
		                            s->file));
	return good ? EXIT_GOOD : EXIT_FINDINGS;
}

static int set_up(struct setup *s)
{
	int code = setup_ask(s);

	if (code != EXIT_GOOD)
		return code;
	setup_probe(s->cli->arena, &s->facts);
	setup_plan_make(&s->q, &s->facts, s->cli->arena, &s->plan);
	if (!s->cli->json)
		setup_print(s, "planned");
	if (!s->plan.possible) {
		if (s->cli->json)
			setup_print(s, "planned");
		return cli_error(s->cli, EXIT_FINDINGS, s->file, "not written: a check failed",
		                 "do what stands behind [FAIL], and run setup again");
	}
	if (!setup_agreed(s))
		return cli_error(s->cli, EXIT_FINDINGS, s->file, "not written",
		                 "answer yes, or give other answers as flags");
	code = setup_file_write(s);
	if (code == EXIT_GOOD && s->cli->json)
		setup_print(s, s->cli->dry_run ? "planned" : "written");
	else if (code == EXIT_GOOD && !s->cli->dry_run)
		cli_print_safe(s->cli->err,
		               arena_printf(s->cli->arena, "%s is written.\n", s->file));
	return code;
}

static int run(const struct cli *cli)
{
	struct setup *s = arena_alloc(cli->arena, sizeof(*s));
	const char *file = cli_get(cli, "config");
	int code;

	*s = (struct setup){ .cli = cli, .file = file != NULL ? file : CONFIG_FILE };
	code = setup_file_read(s);
	if (code == EXIT_GOOD)
		code = s->conf != NULL && !cli_has(cli, "replace") ? show(s) : set_up(s);
	conf_free(s->conf);
	return cli_finish(cli, code);
}

static const char *const yes_no[] = { "yes", "no", NULL };

static const struct option_spec options[] = {
	{ .name = "for",
	  .arg = "WHOSE",
	  .values = (const char *const[]){ "own", "others", NULL },
	  .help = "own domains only (default), or domains of others, too" },
	{ .name = "host", .arg = "NAME", .help = "public name of this machine" },
	{ .name = "zone", .arg = "NAME", .help = "zone that customers' CNAMEs point into" },
	{ .name = "reports",
	  .arg = "YES",
	  .values = yes_no,
	  .help = "whether TLS reports are taken here (default yes)" },
	{ .name = "report-host", .arg = "NAME", .help = "where they are taken" },
	{ .name = "accept-terms",
	  .arg = "YES",
	  .values = yes_no,
	  .help = "agree to the terms of Let's Encrypt, and order (default no)" },
	{ .name = "email",
	  .arg = "ADDRESS",
	  .help = "contact for the certificate authority, who is told of trouble, too" },
	{ .name = "alert-to",
	  .arg = "ADDRESS",
	  .help = "somebody else who is told of what needs a person" },
	{ .name = "address",
	  .arg = "ADDRESS",
	  .repeats = true,
	  .help = "public address of this machine, where it has others" },
	{ .name = "config", .arg = "FILE", .help = "the file to write, else " CONFIG_FILE },
	{ .name = "replace", .help = "set up anew; the present file is kept beside it" },
};

const struct command cmd_setup = {
	.name = "setup",
	.group = GROUP_RUN,
	.common = COMMON_WRITER,
	.summary = "make the configuration of a real installation",
	.details = "Asks at most four questions, each of which is also a flag, and guesses the "
	           "rest from\n"
	           "this machine: free ports, who holds the others, its addresses. What it would "
	           "write\n"
	           "is shown for one yes. Without a terminal nothing is asked.\n"
	           "\n"
	           "That a port can be listened on is told apart from its being reached from "
	           "outside,\n"
	           "which cannot be tested from here. DNS listens on single addresses. An IPv6 "
	           "address\n"
	           "is named in records only when a root name server answered to it.\n"
	           "\n"
	           "Where a configuration is there already it is shown, and nothing is changed; "
	           "flags\n"
	           "that say something else than the file are an error (exit 5).",
	.examples = "mxseal setup\n"
	            "mxseal setup --for own --host mxseal.example.net --accept-terms yes --yes\n"
	            "mxseal setup --for others --zone sts.example.net --dry-run --json\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};

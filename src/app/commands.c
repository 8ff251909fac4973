#include "app/commands.h"

#include "app/nearest.h"

/* One line each, in the order people meet them. */
const struct command *const commands[] = {
	/* clang-format off */
	&cmd_serve,
	&cmd_restore,
	&cmd_setup,
	&cmd_doctor,
	&cmd_explain,
	&cmd_policy_lint,
	&cmd_record_lint,
	&cmd_horizon,
	&cmd_report_show,
	&cmd_domain_add,
	&cmd_domain_import,
	&cmd_domain_list,
	&cmd_domain_show,
	&cmd_domain_fetches,
	&cmd_domain_set,
	&cmd_domain_retire,
	&cmd_domain_remove,
	&cmd_policy_show,
	&cmd_policy_set,
	&cmd_policy_bump,
	&cmd_policy_history,
	&cmd_policy_export,
	&cmd_records,
	&cmd_report_import,
	&cmd_report_list,
	&cmd_report_summary,
	&cmd_report_quarantine,
	&cmd_report_retry,
	&cmd_report_purge,
	&cmd_report_export,
	&cmd_report_ways,
	&cmd_ingest,
	&cmd_cert_list,
	&cmd_cert_import,
	&cmd_cert_renew,
	&cmd_alert_list,
	&cmd_alert_check,
	&cmd_alert_test,
	&cmd_backup,
	&cmd_login,
	&cmd_wait,
	&cmd_completion,
	&cmd_man,
	&cmd_help,
	&cmd_version,
	/* clang-format on */
};
const size_t command_count = ARRAY_LEN(commands);

static bool is(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

const struct command *command_find(const char *const *words, size_t count, size_t *used_out)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = commands[i];

		if (count < 1 || !is(c->name, words[0]))
			continue;
		if (c->sub == NULL) {
			*used_out = 1;
			return c;
		}
		if (count > 1 && is(c->sub, words[1])) {
			*used_out = 2;
			return c;
		}
	}
	return NULL;
}

bool command_is_family(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (is(commands[i]->name, name))
			return true;
	return false;
}

const char *command_title(const struct command *c, struct arena *a)
{
	return c->sub == NULL ? c->name : arena_printf(a, "%s %s", c->name, c->sub);
}

const char *command_nearest(const char *const *words, size_t count, struct arena *a)
{
	struct nearest one, two;

	nearest_init(&one, count > 0 ? words[0] : "");
	nearest_init(&two, count > 1 ? arena_printf(a, "%s %s", words[0], words[1]) : "");
	for (size_t i = 0; i < command_count; i++) {
		if (commands[i]->group == GROUP_HIDDEN)
			continue;
		nearest_offer(&one, commands[i]->name);
		nearest_offer(&two, command_title(commands[i], a));
	}
	return two.best != NULL ? two.best : one.best;
}
